"""The pictures of the page: figures, nights, and frames beside their heat maps for yes and for no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..conditions import CONDITIONS, condition_name
from ..corpus.frame_ids import month_of, night_of, sort_key
from ..corpus.images import read_frame
from ..drawing import style
from ..web.pages import picture_uri
from . import selection
from .formats import plain
from .inputs import Inputs, read_overlay
from .page_tables import SETS
from .photo_figures import held_out_frames

FIGURE_WIDTH, KEOGRAM_WIDTH, FRAME_WIDTH = 1000, 900, 240
KEOGRAM_QUALITY, FRAME_QUALITY = 60, 65
CAPTIONS = {
    "full_workflow": "From night videos to this page: the stages, with the counts of this run.",
    "moon_phase_distribution": "Frames by sun and moon class, and by the Moon's phase angle (folded; 180° is full). "
    "Dashed: the limits of the moon classes. A Moon near or below the horizon counts as No Moon.",
    "acc_loss": "Loss and accuracy by epoch. Dotted: from here on, all layers are trained. Star: the kept epoch.",
    "season_keogram": "The season, a column a night: above, the vertical line through the middle of its frames, first "
    "to last, brightened; below, the mean P(yes) of each half hour. Grey: no frames. White: between months.",
    "p_yes_heatmap": "Mean and standard deviation of P(yes) in the nine conditions. White: fewer than five nights.",
    "p_yes_histograms": "Distribution of P(yes) in each condition. Dashed: the threshold for aurora.",
    "reliability": "Reliability: the observed share of aurora against P(yes), before and after temperature scaling.",
    "occurrence_by_condition": "Share of frames with aurora by condition: apparent, and corrected with audit labels. "
    "Blue, if drawn: the truth of the simulation.",
    "occurrence_by_time": "Share of frames with aurora by month, hour of universal time, and magnetic local time.",
    "occurrence_by_kp": "Share of frames with aurora by Kp, with nights and frames. The Kp of three hours is known "
    "only when they are over.",
}
OUTCOMES = ("true positive", "false positive", "false negative", "true negative")
ERRORS, UNCERTAIN, OF_GROUP = 24, 12, 4
"""Upper limits: errors; uncertain frames where there are no errors; frames of one condition or outcome."""


@dataclass(frozen=True)
class Picture:
    """A picture as a data URI; None where the class was not explained."""

    uri: str | None
    name: str


@dataclass(frozen=True)
class FrameCard:
    """A frame beside its heat maps for yes and for no, and what is known of it, line by line."""

    frame_id: str
    pictures: tuple[Picture, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Night:
    """A night's keogram and classification; `share` of its classified frames are yes.

    keogram : None for a night that is too short for one of its own (`report.keogram_minutes`) or has no known time.
    """

    date: str
    keogram: str | None
    timed: bool
    frames: int
    share: float | None
    used_for: str


def figures(folder: Path) -> dict[str, tuple[str, str, str]]:
    """Name in words, caption and data URI of the figures that are in a folder, by their names."""
    paths = {name: folder / f"{name}.png" for name in CAPTIONS}
    return {
        name: (plain(name), CAPTIONS[name], picture_uri(path, FIGURE_WIDTH))
        for name, path in paths.items()
        if path.exists()
    }


def nights(data: Inputs, folder: Path) -> dict[str, list[Night]]:
    """All nights by month, in order of time; keograms are `<night>.png` in `folder`."""
    calls = data.predictions.groupby(data.predictions["frame_id"].map(night_of))["is_aurora"].agg(["size", "mean"])
    timed = set(data.sky.dropna(subset=["utc"])["frame_id"].map(night_of))
    used = data.split.groupby("night")["split"].agg(lambda names: [SETS[name] for name in SETS if name in set(names)])
    by_month: dict[str, list[Night]] = {}
    for name in sorted(data.frames["night"].unique()):
        path = folder / f"{name}.png"
        by_month.setdefault(month_of(name), []).append(
            Night(
                date=f"{name[:4]}-{name[4:6]}-{name[6:]}",
                keogram=picture_uri(path, KEOGRAM_WIDTH, KEOGRAM_QUALITY) if path.exists() else None,
                timed=name in timed,
                frames=int(calls["size"].get(name, 0)),
                share=float(calls["mean"][name]) if name in calls.index else None,
                used_for=" and ".join(used.get(name, [])),
            )
        )
    return by_month


def _picture(pixels: np.ndarray | None, name: str) -> Picture:
    return Picture(None if pixels is None else picture_uri(pixels, FRAME_WIDTH, FRAME_QUALITY), name)


def frame_card(row: pd.Series) -> FrameCard:
    """A frame's card; `row` has frame_id, utc, sun_class, moon_class, label (or null), is_aurora and p_aurora."""
    frame_id = row["frame_id"]
    when = "time unknown" if pd.isna(row["utc"]) else f"{row['utc']:%Y-%m-%d %H:%M:%S} UTC"
    known = not (pd.isna(row["sun_class"]) or pd.isna(row["moon_class"]))
    label = "no label" if pd.isna(row["label"]) else f"labelled {row['label']}"
    pictures = [_picture(style.brightened(read_frame(frame_id)), "frame")]
    overlays = {target: read_overlay(frame_id, target) for target in ("yes", "no")}
    if any(overlay is not None for overlay in overlays.values()):
        pictures += [_picture(overlay, f"heat for {target}") for target, overlay in overlays.items()]
    return FrameCard(
        frame_id=frame_id,
        pictures=tuple(pictures),
        lines=(
            when,
            plain(condition_name(row["sun_class"], row["moon_class"])) if known else "condition unknown",
            f"{label}, classified {'yes' if row['is_aurora'] else 'no'}",
            f"P(yes) = {row['p_aurora']:.3f}",
        ),
    )


def unseen_labelled(data: Inputs) -> pd.DataFrame:
    """Labelled frames of nights outside training and validation, with predictions and sky.

    Where there are none, as under the study's split by frame, the held-out set.
    """
    rows = data.labels.merge(data.predictions, on="frame_id")
    rows = rows[~rows["frame_id"].map(night_of).isin(data.shaping_nights)]
    return rows.merge(data.sky, on="frame_id", how="left") if len(rows) else held_out_frames(data)


def confident_errors(rows: pd.DataFrame) -> pd.DataFrame:
    """The misclassified rows, the most confident first."""
    wrong = rows[(rows["label"] == "yes") != rows["is_aurora"]]
    confidence = wrong["p_aurora"].where(wrong["is_aurora"], 1 - wrong["p_aurora"])
    return wrong.assign(confidence=confidence).sort_values(
        ["confidence", "frame_id"], ascending=[False, True], key=sort_key
    )


def least_certain(rows: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """The rows in order of their distance from the threshold, the nearest first."""
    away = (rows["p_aurora"] - threshold).abs()
    return rows.assign(away=away).sort_values(["away", "frame_id"], key=sort_key)


def frame_cards(rows: pd.DataFrame, count: int) -> list[FrameCard]:
    """Cards of the first `count` rows."""
    return [frame_card(row) for _, row in rows.head(count).iterrows()]


def _of_ids(explained: pd.DataFrame, frame_ids: Sequence[str]) -> list[FrameCard]:
    by_id = explained.set_index("frame_id", drop=False)
    return [frame_card(by_id.loc[frame_id]) for frame_id in frame_ids]


def explained_groups(data: Inputs) -> dict[str, list[FrameCard]]:
    """Explained frames by condition, then by outcome: the most confident yes and no, nights taking turns."""
    explained = selection.explained_frames(data.cams, data.sky, data.labels)
    explained = explained.merge(data.predictions[["frame_id", "is_aurora"]], on="frame_id")
    groups: selection.Groups = {}
    for sun, moon in CONDITIONS:
        name = condition_name(sun, moon)
        here = selection.chosen_as(explained, name)
        sides = ((here[here["is_aurora"] == called], target) for called, target in ((True, "yes"), (False, "no")))
        groups[plain(name)] = [
            frame_id for rows, target in sides for frame_id in selection.most_confident(rows, OF_GROUP // 2, target)
        ]
    groups |= selection.by_reason(explained, OUTCOMES, OF_GROUP)
    return {name: _of_ids(explained, frame_ids) for name, frame_ids in groups.items()}
