"""How all figures look, and how they are saved so that equal data give equal bytes."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from ..files import atomic_write

PAGE_WIDTH = 6.3
"""Inches: the text width of the thesis, so that 8 pt here are 8 pt on paper."""

RC = {
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same on every machine
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "svg.hashsalt": "aurora-gradcam",
    "svg.fonttype": "path",
}

# Okabe and Ito 2008, the colours that most colour-blind readers tell apart; within a group they also differ in grey.
YES, NO, ACCENT, INK = "#009E73", "#5B3A8C", "#D55E00", "#222222"
MOON_COLOURS = {"No_Moon": "#22304A", "Moon_Quarter": "#5E8FBF", "Moon_Full": "#EFCB5A"}
SEQUENTIAL = "cividis"
NOTE, NOTE_ROOM = "simulated sky", 0.16
"""What is written below figures of a simulated sky, and its height in inches."""
PLACES = 6
OPAQUE, JPEG_QUALITY = 0.9, 88
"""Share of opaque pixels from which a picture in an SVG may become a JPEG, and its quality."""


@contextmanager
def applied() -> Iterator[None]:
    """Use the style for all figures made or saved inside the block."""
    with mpl.rc_context({**mpl.rcParamsDefault, **RC, "backend": "agg"}):
        yield


def blank(height: float, width: float = PAGE_WIDTH) -> Figure:
    """An empty figure, in inches, whose layout keeps its axes from overlapping."""
    return Figure(figsize=(width, height), layout="constrained")


PRINT_GAMMA = 1.6
"""Night frames are nearly black on paper: all photographs are brightened alike, and the thesis says so."""


def brightened(picture: np.ndarray) -> np.ndarray:
    """uint8 RGB -> uint8 RGB with the brightest channel raised by `PRINT_GAMMA`; hue and saturation are kept."""
    brightest = picture.max(axis=-1, keepdims=True).clip(1) / 255
    return np.rint(picture * brightest ** (1 / PRINT_GAMMA - 1)).astype(np.uint8)


def plain(name: str) -> str:
    """A class as figures write it: `Moon_Quarter` -> `Moon Quarter`."""
    return name.replace("_", " ")


def bare(axes: Axes) -> None:
    """Remove ticks and frame from axes that hold a picture."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def without_material(reason: str) -> Figure:
    """A figure that says why there is nothing to draw."""
    figure = blank(1.0)
    figure.text(0.5, 0.5, f"No material for this figure:\n{reason}", ha="center", va="center", color=INK)
    return figure


def say_simulated(figure: Figure) -> None:
    """Write the note on the simulated sky into the lower right corner, below everything else."""
    room = NOTE_ROOM / figure.get_figheight()
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(rect=(0, room, 1, 1 - room))
    figure.text(0.995, 0.02 / figure.get_figheight(), NOTE, ha="right", va="bottom", size=8, style="italic", color=INK)


def settle(figure: Figure) -> None:
    """Run the layout and freeze it with rounded positions.

    The last digits of matplotlib's layout depend on the order of a hash table, which changes from process to process,
    and identifiers in an SVG are made from all digits.
    """
    if figure.get_layout_engine() is None:
        return
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    parts = list(figure.subfigs)
    for part in parts:
        parts += part.subfigs
        part.bbox_relative.set_points(part.bbox_relative.get_points().round(PLACES))
    for axes in figure.axes:
        axes.set_position(np.round(axes.get_position(original=True).bounds, PLACES))
    if any(text.get_text() == NOTE for text in figure.texts):
        room = NOTE_ROOM / figure.get_figheight()  # a legend outside the axes stands at the edge, where the note is
        for legend in figure.legends:
            legend.set_bbox_to_anchor((0, room, 1, 1 - room), transform=figure.transFigure)


def with_jpegs(svg: str) -> str:
    """The same SVG with its photographs as JPEG, which takes a quarter of the room; pictures with gaps stay PNG."""

    def smaller(found: re.Match[str]) -> str:
        with Image.open(io.BytesIO(base64.b64decode(found[2]))) as opened:
            picture = opened.convert("RGBA")
        opaque = np.asarray(picture)[..., 3] == 255
        if opaque.mean() < OPAQUE:
            return found[0]
        flat = Image.new("RGB", picture.size, "white")
        flat.paste(picture, mask=picture)  # resampling leaves a half-transparent edge
        jpeg = io.BytesIO()
        flat.save(jpeg, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        if jpeg.tell() >= 0.75 * len(found[2]):  # base64 is a third longer
            return found[0]
        return f'{found[1]}jpeg;base64,{base64.b64encode(jpeg.getvalue()).decode()}"'

    return re.sub(r'("data:image/)png;base64,\s*([A-Za-z0-9+/=\s]+)"', smaller, svg)


def save(figure: Figure, path: Path, dpi: int) -> None:
    """Write a PNG or SVG (by the path's suffix), whole and without dates; photos inside an SVG have `dpi` too."""
    kind = path.suffix.removeprefix(".")
    settle(figure)
    metadata = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}[kind]
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format=kind, dpi=dpi, metadata=metadata, facecolor="white")
        if kind == "svg":
            temporary.write_text(with_jpegs(temporary.read_text(encoding="utf-8")), encoding="utf-8")
