"""Layouts of figures with photographs: pure functions of pictures that return a matplotlib figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Circle

from ..corpus.frame_ids import sort_key
from ..drawing import style
from ..drawing.style import plain
from . import selection
from .charts import curve

GALLERY_COLUMNS = 6


@dataclass(frozen=True)
class Example:
    """One column of a gallery: uint8 RGB pictures from top to bottom (None: there is none) over a caption."""

    pictures: tuple[np.ndarray | None, ...]
    caption: str


def show(axes: Axes, picture: np.ndarray | None) -> None:
    """A square picture, cut to its sky circle so that the black corners do not fill the page."""
    style.bare(axes)
    if picture is None:
        axes.text(0.5, 0.5, "not\nexplained", ha="center", va="center", transform=axes.transAxes)
        axes.set_aspect("equal")
        return
    image = axes.imshow(style.brightened(picture))
    image.set_clip_path(Circle((0.5, 0.5), 0.5, transform=axes.transAxes))


def lay_out(figure: Figure | SubFigure, groups: Sequence[tuple[str, list[Example]]], row_names: Sequence[str]) -> None:
    """Groups of examples side by side: a heading over each group, a name beside each row, captions below."""
    columns = max(sum(max(len(examples), 1) for _, examples in groups), GALLERY_COLUMNS)
    grid = figure.subplots(len(row_names), columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    column = 0
    for heading, examples in groups:
        grid[0, column].set_title(heading, size=8.5, weight="bold")
        if not examples:
            grid[0, column].set_axis_on()
            style.bare(grid[0, column])
            grid[0, column].text(0, 0.5, "none among\nthe explained", va="center", transform=grid[0, column].transAxes)
            column += 1
        for example in examples:
            for axes, picture in zip(grid[:, column], example.pictures, strict=True):
                axes.set_axis_on()
                show(axes, picture)
            grid[-1, column].set_xlabel(example.caption, size=8)
            column += 1
    for axes, name in zip(grid[:, 0], row_names, strict=True):
        if not axes.axison:  # the first group is empty
            axes.set_axis_on()
            style.bare(axes)
        axes.set_ylabel(name, size=8)


def gallery(groups: Sequence[tuple[str, list[Example]]], row_names: Sequence[str]) -> Figure | None:
    """Frames over their heat maps, in groups; None without any frame."""
    if not any(examples for _, examples in groups):
        return None
    figure = style.blank(0.75 + 1.05 * len(row_names))
    lay_out(figure, groups, row_names)
    return figure


def confident_errors(judged: pd.DataFrame, count: int) -> selection.Groups:
    """The errors made with the most confidence, the most confident first: false positives and false negatives.

    Nights take turns before any is chosen twice, or one bad hour would fill the picture.

    Parameters
    ----------
    judged
        Frame_id, night, label, is_aurora, p_aurora; frames that the classifier has not learnt from.
    count
        Frames in each of the two groups, where there are as many.
    """
    groups = {}
    for name, target, label in (("false positive", "yes", "no"), ("false negative", "no", "yes")):
        wrong = judged[(judged["label"] == label) & (judged["is_aurora"] == (target == "yes"))]
        chosen = wrong[wrong["frame_id"].isin(selection.most_confident(wrong, count, target))]
        ordered = chosen.sort_values(["p_aurora", "frame_id"], ascending=[target == "no", True], key=sort_key)
        groups[name] = ordered["frame_id"].tolist()
    return groups


def full_caption(row: pd.Series) -> str:
    """Night, UTC, condition and P(yes) of a frame; always five lines, so that captions stand level."""
    night, time = row["night"], "time unknown" if pd.isna(row["utc"]) else f"{row['utc']:%H:%M} UTC"
    classes = ["unknown" if pd.isna(row[name]) else plain(row[name]) for name in ("sun_class", "moon_class")]
    return "\n".join([f"{night[:4]}-{night[4:6]}-{night[6:]}", time, *classes, f"P(yes) = {row['p_aurora']:.2f}"])


def error_gallery(groups: Sequence[tuple[str, list[Example]]], row_names: Sequence[str]) -> Figure | None:
    """Groups one below the other, each of up to `GALLERY_COLUMNS` examples, over captions of five lines."""
    if not any(examples for _, examples in groups):
        return None
    figure = style.blank(len(groups) * (0.95 + 1.05 * len(row_names)))
    figure.get_layout_engine().set(h_pad=0.07)  # room above the headings
    for part, (heading, examples) in zip(figure.subfigures(len(groups), 1, squeeze=False).flat, groups, strict=True):
        # over the whole row: as the first picture's title it would push the second one away
        part.suptitle(f"{heading}, the most confident first", x=0.02, ha="left", size=8.5, weight="bold")
        lay_out(part, [("", examples)], row_names)
    return figure


def validation_gradcam(groups: Sequence[tuple[str, list[Example]]], training: pd.DataFrame) -> Figure:
    """Example frames over their overlays, and below them the curves of training."""
    figure = style.blank(5.0)
    top, bottom = figure.subfigures(2, 1, height_ratios=(2.9, 2.1))
    lay_out(top, groups, ("frame", "heat"))
    loss, accuracy = bottom.subplots(1, 2)
    curve(loss, training, "loss", "cross-entropy loss")
    curve(accuracy, training, "accuracy", "accuracy")
    bottom.legend(*accuracy.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def augmentation(rows: Sequence[tuple[np.ndarray, Sequence[np.ndarray]]]) -> Figure | None:
    """Frames (first column) and what training sees of them after random changes (other columns); uint8 RGB.

    None without any frame.
    """
    if not rows:
        return None
    figure = style.blank(0.3 + 1.05 * len(rows))
    grid = figure.subplots(len(rows), 1 + len(rows[0][1]), squeeze=False)
    for line, (frame, changed) in zip(grid, rows, strict=True):
        for axes, picture in zip(line, (frame, *changed), strict=True):
            style.bare(axes)
            axes.imshow(style.brightened(picture))
    grid[0, 0].set_title("as extracted")
    grid[0, 1].set_title("as training sees it, at random")
    return figure
