"""The picture of the README: a frame on its way through the stages, over its night's keogram and P(aurora)."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter, date2num
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import FancyArrowPatch
from PIL import Image

from ..config import Params
from ..corpus.frame_ids import night_of
from ..corpus.images import read_frame
from ..drawing import style
from ..drawing.keogram import EMPTY, edges, frame_at_columns, keogram
from ..drawing.style import plain
from ..files import atomic_write
from ..tables.frames import is_simulated
from . import selection
from .inputs import Inputs, read_overlay
from .photo_layouts import show

WIDTH_PX, DPI = 1600, 160
MOST_BYTES = 400_000


def facts(row: pd.Series) -> str:
    """Results of the stages between the two pictures, a line each."""
    lines = [
        ("ocr_utc", f"{row['utc']:%Y-%m-%d %H:%M:%S} UTC"),
        ("illuminate", f"Sun {row['sun_altitude']:.1f}°, Moon {row['moon_altitude']:.1f}°"),
        ("", f"{row['sun_class']} x {plain(row['moon_class'])}"),
        ("evaluate", f"P(aurora) = {row['p_aurora']:.2f}"),
    ]
    return "\n".join(f"{stage:>10}  {text}" for stage, text in lines)


def draw_stages(figure: SubFigure, frame: np.ndarray, overlay: np.ndarray | None, row: pd.Series) -> None:
    """Frame, results and overlay, with an arrow below."""
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1.35, 1))
    for axes, name, picture in ((left, "extract", frame), (right, "gradcam", overlay)):
        show(axes, picture)
        axes.set_title(name, size=12, weight="bold", loc="center")
    style.bare(middle)
    text = {"family": "DejaVu Sans Mono", "size": 9, "linespacing": 2}
    middle.text(0.5, 0.62, facts(row), ha="center", va="center", multialignment="left", **text)
    arrow = FancyArrowPatch((0.02, 0.2), (0.98, 0.2), arrowstyle="-|>", mutation_scale=22, lw=2, color=style.INK)
    middle.add_patch(arrow)


def draw_night(sky_axes: Axes, p_axes: Axes, night: pd.DataFrame, lines: np.ndarray, interval_s: float) -> None:
    """The keogram over P(aurora) on one axis of time, both with gaps where there is no frame."""
    frame_at = frame_at_columns(night["utc"], interval_s)
    between = date2num(edges(night["utc"], interval_s, len(frame_at)))
    sky = np.where(frame_at[:, None] < 0, np.uint8(EMPTY), style.brightened(lines)[:, frame_at])
    sky_axes.imshow(sky, aspect="auto", extent=(between[0], between[-1], 0, 1), interpolation="nearest")
    sky_axes.set(yticks=[], ylabel="keogram")
    sky_axes.tick_params(labelbottom=False)
    p_aurora = np.append(night["p_aurora"].to_numpy(), np.nan)[frame_at]
    p_axes.plot((between[:-1] + between[1:]) / 2, p_aurora, color=style.YES, lw=1.6, marker="o", ms=3)
    p_axes.set(ylim=(-0.05, 1.05), yticks=(0, 0.5, 1), ylabel="P(aurora)", xlabel="UTC")
    p_axes.xaxis.set_major_locator(AutoDateLocator())
    p_axes.xaxis.set_major_formatter(DateFormatter("%H:%M"))
    p_axes.grid(axis="y")


def draw(
    frame: np.ndarray,
    overlay: np.ndarray | None,
    row: pd.Series,
    night: pd.DataFrame,
    lines: np.ndarray,
    interval_s: float = 60.0,
) -> Figure:
    """The picture.

    Parameters
    ----------
    frame, overlay
        uint8 RGB of the example, and its Grad-CAM overlay for class yes.
    row
        Utc, sun_class, moon_class, sun_altitude, moon_altitude (degrees) and p_aurora of the example.
    night
        Utc and p_aurora of the frames of its night, in order of time.
    lines
        The middle line of each of them in the same order, uint8 RGB (rows, frames, 3), as `keogram` makes it.
    interval_s
        Nominal seconds between frames.
    """
    figure = style.blank(5.0, WIDTH_PX / DPI)
    top, bottom = figure.subfigures(2, 1, height_ratios=(2.9, 2.1))
    draw_stages(top, frame, overlay, row)
    sky_axes, p_axes = bottom.subplots(2, 1, sharex=True)
    draw_night(sky_axes, p_axes, night, lines, interval_s)
    for axes in (sky_axes, p_axes):
        axes.axvline(date2num(row["utc"]), color=style.ACCENT, lw=1.2, ls="--")
    return figure


def compose(data: Inputs, params: Params) -> Figure:
    """Choose the example, read its night and draw."""
    explained = selection.explained_frames(data.cams, data.sky.dropna(), data.labels).dropna(subset=["utc"])
    chosen = selection.showcase(explained, data.predictions)
    if chosen is None:
        return style.without_material("no explained frame has a known time")
    night = data.predictions.merge(data.sky[["frame_id", "utc"]].dropna(), on="frame_id").sort_values("utc")
    night = night[night["frame_id"].map(night_of) == night_of(chosen)]
    lines = keogram(map(read_frame, night["frame_id"]), np.arange(len(night)))
    row = explained.set_index("frame_id").loc[chosen]
    return draw(read_frame(chosen), read_overlay(chosen, "yes"), row, night, lines, params.extract.interval_s)


def write(path: Path, data: Inputs, params: Params) -> None:
    """Write the picture as a PNG of 1600 px width; with 256 colours where it would be too large for a README."""
    figure = compose(data, params)
    if is_simulated(data.frames):
        style.say_simulated(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, facecolor="white")
    picture = Image.open(buffer).convert("RGB")
    with atomic_write(path) as temporary:
        picture.save(temporary, "PNG", optimize=True)
        if temporary.stat().st_size > MOST_BYTES:
            picture.quantize(256).save(temporary, "PNG", optimize=True)
