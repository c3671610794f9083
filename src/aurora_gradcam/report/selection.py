"""Which explained frames stand in which figure: pure rules on tables, so that a re-run shows the same frames."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..conditions import DARK_SUN_CLASSES
from ..corpus.frame_ids import night_of, sort_key
from ..corpus.nights import in_turn

Groups = dict[str, list[str]]
"""Heading -> frame_ids, in the order of the picture."""


def explained_frames(
    cams: pd.DataFrame, sky: pd.DataFrame, labels: pd.DataFrame, truth: pd.DataFrame | None = None
) -> pd.DataFrame:
    """One row a frame that has overlays, sorted: p_aurora, chosen_as (a set), night, label, the sky's columns, truth's.

    `labels` holds frame_id and label, one row a frame; `truth` is as `truth_groups.described` gives it, or None.
    """
    groups = cams.groupby("frame_id", sort=True)
    rows = groups["p_aurora"].first().to_frame().assign(chosen_as=groups["chosen_as"].agg(frozenset)).reset_index()
    rows["night"] = rows["frame_id"].map(night_of)
    rows = rows.merge(sky, on="frame_id", how="left").merge(labels, on="frame_id", how="left")
    if truth is not None:
        rows = rows.merge(truth, on="frame_id", how="left")
    return rows


def most_confident(rows: pd.DataFrame, count: int, target: str = "yes") -> list[str]:
    """The `count` frames with the most confidence in class `target`, of equals the earlier; nights take turns."""
    ordered = rows.sort_values(["p_aurora", "frame_id"], ascending=[target == "no", True], key=sort_key)
    return in_turn(ordered, count)["frame_id"].tolist()


def chosen_as(explained: pd.DataFrame, reason: str) -> pd.DataFrame:
    """The frames that gradcam chose for a reason, such as `true positive`."""
    return explained[explained["chosen_as"].map(lambda reasons: reason in reasons).astype(bool)]


def by_reason(explained: pd.DataFrame, reasons: Sequence[str], count: int) -> Groups:
    """Frames by outcome, such as `true positive`; the most confident calls first."""
    targets = {reason: "yes" if reason.endswith("positive") else "no" for reason in reasons}
    return {reason: most_confident(chosen_as(explained, reason), count, target) for reason, target in targets.items()}


def by_value(explained: pd.DataFrame, column: str, values: Sequence[str], count: int, target: str = "yes") -> Groups:
    """Frames by a column's values, the most confident in `target` first; empty without the column."""
    if column not in explained:
        return {}
    return {value: most_confident(explained[explained[column] == value], count, target) for value in values}


def by_brightness(explained: pd.DataFrame, count: int) -> Groups:
    """Frames by sun class, all of one night where a night has the three classes (the most certain of them)."""
    dark = explained[explained["sun_class"].isin(DARK_SUN_CLASSES)]
    best = dark.groupby(["night", "sun_class"])["p_aurora"].max().groupby("night").agg(["size", "sum"])
    whole = best[best["size"] == len(DARK_SUN_CLASSES)]
    if len(whole):
        dark = dark[dark["night"] == whole["sum"].idxmax()]
    return by_value(dark, "sun_class", DARK_SUN_CLASSES, count)


def showcase(explained: pd.DataFrame, predictions: pd.DataFrame) -> str | None:
    """The frame for the overview: from the long night whose P(yes) varies most; None if no frame was explained.

    Long is at least half as many frames as the longest night among those that have a frame to show.
    """
    if explained.empty:
        return None
    right = chosen_as(explained, "true positive")
    candidates = right if len(right) else explained
    by_night = predictions.groupby(predictions["frame_id"].map(night_of))["p_aurora"].agg(
        frames="size", spread=lambda p_aurora: p_aurora.std(ddof=0)
    )
    by_night = by_night[by_night.index.isin(candidates["night"])]
    night = by_night.loc[by_night["frames"] >= by_night["frames"].max() / 2, "spread"].idxmax()
    return most_confident(candidates[candidates["night"] == night], 1)[0]
