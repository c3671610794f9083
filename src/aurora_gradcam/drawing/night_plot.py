"""One night at a glance: its keogram over P(yes), twilight and Moon, on one axis of time; alone or many on a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.dates import AutoDateLocator, DateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..conditions import MOON_CLASSES, SUN_CLASSES
from ..corpus.frame_ids import night_of, sort_key
from ..corpus.images import read_frame
from ..tables.kinds import CLOUD, CLOUDS
from . import style
from .keogram import edges, frame_at_columns, keogram, stretches
from .style import plain

SUN_COLOURS = dict(zip(SUN_CLASSES, ("#26243A", "#5F5B80", "#9D96B5", "#D9BFA9", "#FFF6D6"), strict=True))
"""From dark to bright like the sky, so that the order survives printing in grey."""
CLOUD_COLOURS = dict(zip(CLOUDS, ("#DCEBF7", "#A9B4BD", "#5C646B"), strict=True))
LABELS = {"yes": ("^", style.YES, 1.14), "no": ("v", style.NO, -0.14)}
"""Marker, colour and height of a label in the strip of P(yes)."""
TIME = "UTC (hours:minutes)"
NO_FRAME: dict[str, Any] = {"facecolor": "white", "edgecolor": "#bbbbbb", "hatch": "/////", "linewidth": 0}
PER_PAGE, COLUMNS = 8, 2
LETTER = 0.07
"""Mean width of a letter of 8 pt, inches."""
ROOM = 5.5
"""Length of the time axis in a figure of the whole page's width, inches."""


@dataclass(frozen=True)
class Night:
    """A night's frames and its keogram.

    frames
        Night, utc (ascending, known), p_aurora, is_aurora, label (no, yes or null), sun_class, moon_class,
        moon_altitude (degrees), moon_illumination (0 to 1); one row per frame, at least one. The last four may be
        absent where the sky classes are not known. Cloud (clear, broken, overcast) where the classifier tells it.
    lines
        The middle line of each frame in the same order, uint8 RGB (rows, frames, 3), as `keogram` makes it.
    """

    frames: pd.DataFrame
    lines: np.ndarray


def by_night(predictions: pd.DataFrame, sky: pd.DataFrame, labels: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The frames of each night by its name, in order, as `Night` takes them; frames of unknown time are left out.

    Parameters
    ----------
    predictions, sky
        As in `tables`.
    labels
        Frame_id and label, one row a labelled frame.
    """
    rows = predictions.merge(sky.dropna(subset=["utc"]), on="frame_id").merge(labels, on="frame_id", how="left")
    rows = rows.assign(night=rows["frame_id"].map(night_of)).sort_values(["utc", "frame_id"], key=sort_key)
    return {str(night): part.reset_index(drop=True) for night, part in rows.groupby("night")}


def minutes(frames: pd.DataFrame) -> float:
    """Minutes from the first frame of a night of `by_night` to its last one."""
    return (frames["utc"].iloc[-1] - frames["utc"].iloc[0]).total_seconds() / 60


def read_night(frames: pd.DataFrame) -> Night:
    """A night of `by_night` with its pictures, read from the archives below the current folder."""
    return Night(frames, keogram(map(read_frame, frames["frame_id"]), np.arange(len(frames))))


def moon_texts(frames: pd.DataFrame) -> list[str]:
    """Texts on the Moon during these frames, from long to short."""
    name, lit = plain(frames["moon_class"].iloc[0]), f"{frames['moon_illumination'].mean():.0%} lit"
    altitudes = [f"{frames['moon_altitude'].iloc[place]:.0f}°" for place in (0, -1)]
    return [f"{name}: {lit}, altitude {' to '.join(dict.fromkeys(altitudes))}", f"{name}: {lit}", name]


def draw_bar(
    axes: Axes,
    night: Night,
    frame_at: np.ndarray,
    between: np.ndarray,
    column: str,
    colours: dict[str, str],
    room: float,
) -> None:
    """The stretches of one class (column sun_class or moon_class), each with the longest text that has room."""
    for first, after in stretches(frame_at, night.frames[column]):
        frames = night.frames.iloc[frame_at[first:after]]
        name = frames[column].iloc[0]
        axes.axvspan(between[first], between[after], color=colours[name], linewidth=0)
        texts = moon_texts(frames) if column == "moon_class" else [plain(name)]
        inches = room * (between[after] - between[first]) / np.ptp(between)
        fitting = [text for text in texts if (len(text) + 1) * LETTER < inches]
        ink = "white" if np.dot(to_rgb(colours[name]), (0.2126, 0.7152, 0.0722)) < 0.45 else style.INK
        middle, text = between[[first, after]].mean(), fitting[0] if fitting else ""
        axes.text(middle, 0.48, text, color=ink, ha="center", va="center")
    axes.set(ylim=(0, 1), yticks=[])


def draw_p_yes(axes: Axes, frames: pd.DataFrame, frame_at: np.ndarray, between: np.ndarray, threshold: float) -> None:
    """P(yes) of each frame as a step, filled where it is called yes; labels as ticks above (yes) and below (no)."""
    p_yes = np.append(frames["p_aurora"].to_numpy(), np.nan)[frame_at]
    called = np.append(frames["is_aurora"].to_numpy(dtype=bool), False)[frame_at]
    axes.stairs(np.where(called, p_yes, np.nan), between, fill=True, color=style.YES, alpha=0.35)
    axes.stairs(p_yes, between, baseline=None, color=style.INK, linewidth=0.9)
    axes.axhline(threshold, color=style.ACCENT, linewidth=0.8, linestyle="--")
    for label, (marker, colour, height) in LABELS.items():
        when = date2num(frames.loc[frames["label"] == label, "utc"])
        axes.plot(when, np.full(len(when), height), marker, ms=3.2, color=colour, mew=0)
    axes.set(ylim=(-0.28, 1.28), yticks=(0, 1), ylabel="P(yes)")


def bars_of(frames: pd.DataFrame) -> list[tuple[str, dict[str, str], str]]:
    """Column, colours and name of each bar that these frames have: cloud, Sun, Moon."""
    bars = [
        (CLOUD, CLOUD_COLOURS, "Cloud"),
        ("sun_class", SUN_COLOURS, "Sun"),
        ("moon_class", style.MOON_COLOURS, "Moon"),
    ]
    return [bar for bar in bars if bar[0] in frames]


def draw_night(panels: Sequence[Axes], night: Night, threshold: float, interval_s: float, room: float = 0.0) -> None:
    """Keogram, P(yes) and the night's `bars` into axes that share their axis of time; `room` in inches, for texts."""
    sky, p_yes, *bars = panels
    frames, name = night.frames, night.frames["night"].iloc[0]
    frame_at = frame_at_columns(frames["utc"], interval_s)
    between = date2num(edges(frames["utc"], interval_s, len(frame_at)))
    picture = style.brightened(night.lines)[:, frame_at]
    sky.imshow(picture, aspect="auto", extent=(between[0], between[-1], 0, 1), interpolation="nearest")
    sky.set(yticks=[], ylabel="keogram")
    draw_p_yes(p_yes, frames, frame_at, between, threshold)
    for axes, (column, colours, label) in zip(bars, bars_of(frames), strict=True):
        draw_bar(axes, night, frame_at, between, column, colours, room)
        axes.set_ylabel(label, rotation=0, ha="right", va="center")
    for axes in panels:
        for first, after in stretches(frame_at):
            axes.axvspan(between[first], between[after], zorder=2.5, **NO_FRAME)
        axes.set_xlim(between[0], between[-1])
        axes.tick_params(axis="x", labelbottom=axes is panels[-1], length=3.5 if axes is panels[-1] else 0)
        axes.spines[:].set_visible(False)
    panels[-1].xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=9 if room else 5))
    panels[-1].xaxis.set_major_formatter(DateFormatter("%H:%M"))
    share = f"{frames['is_aurora'].mean():.0%} yes"
    date = f"{name[:4]}-{name[4:6]}-{name[6:]}" if name.isdecimal() else name
    sky.set_title(f"{date}: {len(frames):,} frames, {share}")


def legend_entries(nights: Sequence[Night], interval_s: float) -> list[Artist]:
    """The legend entries that these nights need."""
    every = pd.concat([night.frames for night in nights])
    gaps = any(stretches(frame_at_columns(night.frames["utc"], interval_s)) for night in nights)
    entries: list[Artist] = [Line2D([], [], color=style.ACCENT, ls="--", lw=0.8, label="threshold")]
    entries.append(Patch(color=style.YES, alpha=0.35, label="called yes"))
    for label, (marker, colour, _) in LABELS.items():
        if (every["label"] == label).any():
            entries.append(Line2D([], [], color=colour, marker=marker, ms=4, ls="", label=f"labelled {label}"))
    if gaps:
        entries.append(Patch(**NO_FRAME, label="no frame"))
    classes = (
        (CLOUD, "sky ", CLOUDS, CLOUD_COLOURS),
        ("sun_class", "Sun: ", SUN_CLASSES, SUN_COLOURS),
        ("moon_class", "", MOON_CLASSES, style.MOON_COLOURS),
    )
    for column, prefix, names, colours in [of_column for of_column in classes if of_column[0] in every]:
        for name in [name for name in names if (every[column] == name).any()]:
            entries.append(Patch(fc=colours[name], ec=style.INK, lw=0.4, label=prefix + plain(name)))
    return entries


def add_legend(figure: Figure, nights: Sequence[Night], interval_s: float) -> None:
    """The legend of these nights below a figure; with cloud it has wider columns, and fewer."""
    columns = 4 if any(CLOUD in night.frames for night in nights) else 5
    figure.legend(handles=legend_entries(nights, interval_s), loc="outside lower left", ncols=columns)


def night_keogram(night: Night, threshold: float, interval_s: float, time: str = TIME) -> Figure:
    """One night, as wide as the page; with the bars for which its frames have columns.

    Parameters
    ----------
    threshold
        P(yes) from which a frame is called yes.
    interval_s
        Nominal seconds between frames; times without a frame are hatched.
    time
        What the axis of time shows.
    """
    bars = len(bars_of(night.frames))
    ratios = (1.3, 0.7, *[0.17] * bars)
    figure = style.blank(2.8 + 0.25 * bars)
    panels = figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios)
    draw_night(panels, night, threshold, interval_s, ROOM)
    panels[-1].set_xlabel(time)
    add_legend(figure, [night], interval_s)
    return figure


def all_nights(nights: Sequence[Night], threshold: float, interval_s: float) -> Iterator[Figure]:
    """Pages of up to `PER_PAGE` nights each, in the order given, with one legend a page; arguments as above."""
    for start in range(0, len(nights), PER_PAGE):
        page = nights[start : start + PER_PAGE]
        rows = -(-len(page) // COLUMNS)
        figure = style.blank(0.8 + 1.95 * rows)
        for place, part in enumerate(figure.subfigures(rows, COLUMNS, squeeze=False).flat[: len(page)]):
            ratios = (1.0, 0.6, *[0.1] * len(bars_of(page[place].frames)))
            panels = part.subplots(len(ratios), 1, sharex=True, height_ratios=ratios)
            draw_night(panels, page[place], threshold, interval_s)
            if place + COLUMNS >= len(page):
                panels[-1].set_xlabel(TIME)
        add_legend(figure, page, interval_s)
        yield figure
