"""The pictures of the page: figures, nights, and frames beside the heat that speaks for yes and for no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..conditions import CONDITIONS, condition_name
from ..drawing import style
from ..frame_ids import month_of, night_of, sort_key
from ..images import read_frame
from ..web.pages import picture_uri
from . import choice
from .inputs import Inputs, read_overlay
from .page_numbers import plain
from .page_tables import SETS
from .photos import judged

FIGURE_WIDTH, KEOGRAM_WIDTH, FRAME_WIDTH = 1000, 900, 240
KEOGRAM_QUALITY, FRAME_QUALITY = 60, 65
CAPTIONS = {
    "full_workflow": "From night videos to this page: the stages, with the counts of this run.",
    "moon_phase_distribution": "Frames by sun and moon class, and by the Moon's folded phase angle; dashed: the limits "
    "of the moon classes. A Moon that stands too low counts as no Moon.",
    "acc_loss": "Loss and accuracy by epoch. Dotted: from here all layers learn. Star: the epoch that was kept.",
    "p_yes_heatmap": "Mean and standard deviation of P(yes) in the nine conditions.",
    "p_yes_histograms": "How P(yes) is spread in each condition. Dashed: the threshold from which a frame is yes.",
    "reliability": "How often aurora is there among frames of a given P(yes), before and after temperature scaling.",
    "occurrence_by_condition": "Share of frames with aurora by condition, as called and corrected by audit labels.",
    "occurrence_by_time": "Share of frames with aurora by hour of universal time, magnetic local time and month.",
}
OUTCOMES = ("true positive", "false positive", "false negative", "true negative")
ERRORS, UNCERTAIN, OF_GROUP = 24, 12, 4
"""At most so many errors, frames shown where there are none, and frames of a condition or an outcome."""


@dataclass(frozen=True)
class Picture:
    """A picture as a data address; none where there is no material."""

    uri: str | None
    name: str


@dataclass(frozen=True)
class Card:
    """A frame with what is known of it, line by line, beside its heat for yes and for no."""

    frame_id: str
    pictures: tuple[Picture, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Night:
    """A night's keogram and calls; `share` is the share of its classified frames that are called yes."""

    date: str
    keogram: str | None
    frames: int
    share: float | None
    used_for: str


def figures(folder: Path) -> list[tuple[str, str, str | None]]:
    """(name, caption, data address) of the figures in a folder."""
    paths = {name: folder / f"{name}.png" for name in CAPTIONS}
    return [
        (plain(name), CAPTIONS[name], picture_uri(path, FIGURE_WIDTH) if path.exists() else None)
        for name, path in paths.items()
    ]


def nights(data: Inputs, folder: Path) -> dict[str, list[Night]]:
    """All nights by month, in order of time; keograms are `<night>.png` in `folder`."""
    calls = data.predictions.groupby(data.predictions["frame_id"].map(night_of))["is_aurora"].agg(["size", "mean"])
    used = data.split.groupby("night")["split"].agg(lambda names: [SETS[name] for name in SETS if name in set(names)])
    found: dict[str, list[Night]] = {}
    for name in sorted(data.frames["night"].unique()):
        path = folder / f"{name}.png"
        found.setdefault(month_of(name), []).append(
            Night(
                date=f"{name[:4]}-{name[4:6]}-{name[6:]}",
                keogram=picture_uri(path, KEOGRAM_WIDTH, KEOGRAM_QUALITY) if path.exists() else None,
                frames=int(calls["size"].get(name, 0)),
                share=float(calls["mean"][name]) if name in calls.index else None,
                used_for=" and ".join(used.get(name, [])),
            )
        )
    return found


def _picture(pixels: np.ndarray | None, name: str) -> Picture:
    return Picture(None if pixels is None else picture_uri(pixels, FRAME_WIDTH, FRAME_QUALITY), name)


def card(row: pd.Series) -> Card:
    """A frame's card; `row` has frame_id, utc, sun_class, moon_class, label (or null), is_aurora and p_aurora."""
    frame_id = row["frame_id"]
    when = "time unknown" if pd.isna(row["utc"]) else f"{row['utc']:%Y-%m-%d %H:%M:%S} UTC"
    known = not (pd.isna(row["sun_class"]) or pd.isna(row["moon_class"]))
    label = "no label" if pd.isna(row["label"]) else f"labelled {row['label']}"
    pictures = [_picture(style.brightened(read_frame(frame_id)), "frame")]
    overlays = {target: read_overlay(frame_id, target) for target in ("yes", "no")}
    if any(overlay is not None for overlay in overlays.values()):
        pictures += [_picture(overlay, f"heat for {target}") for target, overlay in overlays.items()]
    return Card(
        frame_id=frame_id,
        pictures=tuple(pictures),
        lines=(
            when,
            plain(condition_name(row["sun_class"], row["moon_class"])) if known else "condition unknown",
            f"{label}, called {'yes' if row['is_aurora'] else 'no'}",
            f"P(yes) = {row['p_aurora']:.3f}",
        ),
    )


def unmet(data: Inputs) -> pd.DataFrame:
    """Labelled frames of nights that shaped nothing, with predictions and sky; the held-out set where there are none.

    Under the study's split by frame every labelled night has shaped the classifier.
    """
    learnt = set(data.split.loc[data.split["split"] != "test", "night"])
    rows = data.labels.merge(data.predictions, on="frame_id")
    rows = rows[~rows["frame_id"].map(night_of).isin(learnt)]
    return rows.merge(data.sky, on="frame_id", how="left") if len(rows) else judged(data)


def surest_errors(rows: pd.DataFrame) -> pd.DataFrame:
    """The wrong rows, the most confident first."""
    wrong = rows[(rows["label"] == "yes") != rows["is_aurora"]]
    sure = wrong["p_aurora"].where(wrong["is_aurora"], 1 - wrong["p_aurora"])
    return wrong.assign(sure=sure).sort_values(["sure", "frame_id"], ascending=[False, True], key=sort_key)


def least_certain(rows: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """The rows in order of their distance from the threshold, the nearest first."""
    away = (rows["p_aurora"] - threshold).abs()
    return rows.assign(away=away).sort_values(["away", "frame_id"], key=sort_key)


def cards(rows: pd.DataFrame, count: int) -> list[Card]:
    """Cards of the first `count` rows."""
    return [card(row) for _, row in rows.head(count).iterrows()]


def _of_ids(explained: pd.DataFrame, frame_ids: Sequence[str]) -> list[Card]:
    by_id = explained.set_index("frame_id", drop=False)
    return [card(by_id.loc[frame_id]) for frame_id in frame_ids]


def explained_groups(data: Inputs) -> dict[str, list[Card]]:
    """Explained frames by condition, then by outcome: surest of yes and of no alike, each night before any twice."""
    explained = choice.explained_frames(data.cams, data.sky, data.labels)
    explained = explained.merge(data.predictions[["frame_id", "is_aurora"]], on="frame_id")
    found = {}
    for sun, moon in CONDITIONS:
        name = condition_name(sun, moon)
        here = choice.chosen_as(explained, name)
        sides = ((here[here["is_aurora"] == called], target) for called, target in ((True, "yes"), (False, "no")))
        found[plain(name)] = [
            frame_id for rows, target in sides for frame_id in choice.surest(rows, OF_GROUP // 2, target)
        ]
    found |= choice.by_reason(explained, OUTCOMES, OF_GROUP)
    return {name: _of_ids(explained, frame_ids) for name, frame_ids in found.items()}
