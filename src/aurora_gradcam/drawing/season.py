"""A whole season at a glance: a column for each night, its keogram above and P(yes) by hour below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from ..corpus.frame_ids import month_of
from . import style
from .night_plot import Night

ROWS, COLUMNS = 120, 4
"""Pixels that a night's keogram has here, from top to bottom and from dusk to dawn."""
BINS = 48
"""Parts of the day that P(yes) is given for: half hours."""
WIDTH, MONTH_WIDTH = 5.0, 0.17
"""Length of the axis of nights and the least room of a month, on which its name stands, inches."""
NO_FRAME = "#E4E4E4"


@dataclass(frozen=True)
class Column:
    """One night: its date as YYYYMMDD, its keogram uint8 (ROWS, COLUMNS, 3), mean P(yes) by part of the day (BINS,)."""

    night: str
    keogram: np.ndarray
    p_yes: np.ndarray


def column(night: Night) -> Column:
    """What the season shows of a night; parts of the day (UTC) without a frame have nan."""
    picture = Image.fromarray(style.brightened(night.lines)).resize((COLUMNS, ROWS), Image.Resampling.BOX)
    utc = night.frames["utc"].dt
    part = (utc.hour * 60 + utc.minute) * BINS // (24 * 60)
    p_yes = night.frames.groupby(part)["p_aurora"].mean().reindex(range(BINS))
    return Column(str(night.frames["night"].iloc[0]), np.asarray(picture), p_yes.to_numpy(dtype=np.float64))


def night_order(present: Iterable[int], of: int) -> list[int]:
    """Parts of a day from the first to the last one present, also over midnight; those between have their place.

    The day is cut in its longest run of absent parts.

    Parameters
    ----------
    present
        Numbers of parts, 0 to `of` - 1, in any order.
    of
        Parts that a day has.
    """
    parts = sorted(set(present))
    if not parts:
        return []
    gaps = [(later - earlier - 1) % of for earlier, later in pairwise([*parts, parts[0]])]
    longest = int(np.argmax(gaps)) if len(parts) > 1 else 0
    start = parts[(longest + 1) % len(parts)]
    return [(start + step) % of for step in range(of - (gaps[longest] if len(parts) > 1 else of - 1))]


def places(nights: Sequence[str]) -> tuple[np.ndarray, dict[str, tuple[int, int]], int]:
    """Where each night stands on the axis: its place, the first place and the one after the last of each month, length.

    Nights follow each other without gaps inside a month; at least one empty place parts the months.
    """
    months = {month: len(list(of)) for month, of in groupby(nights, key=month_of)}
    least = int(np.ceil(MONTH_WIDTH / WIDTH * (len(nights) + 2 * len(months))))
    place: list[int] = []
    bounds: dict[str, tuple[int, int]] = {}
    at = 0
    for month, count in months.items():
        bounds[month] = (at, at + count)
        place += range(at, at + count)
        at += max(count + 1, least)
    return np.array(place), bounds, max(after for _, after in bounds.values())


def season_keogram(nights: Sequence[Column]) -> Figure | None:
    """The season; None with fewer than two nights.

    Parameters
    ----------
    nights
        In the order of their dates.
    """
    if len(nights) < 2:
        return None
    place, months, length = places([night.night for night in nights])
    sky = np.full((ROWS, length, COLUMNS, 3), 255, np.uint8)
    sky[:, place] = np.stack([night.keogram for night in nights], axis=1)
    p_yes = np.stack([night.p_yes for night in nights], axis=1)
    parts = night_order(np.flatnonzero(np.isfinite(p_yes).any(axis=1)).tolist(), BINS)
    shares = np.full((len(parts), length), np.nan)
    shares[:, place] = p_yes[parts]

    figure = style.blank(4.4)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.25))
    extent = (0, length, 0, 1)
    above.imshow(sky.reshape(ROWS, -1, 3), aspect="auto", extent=extent, interpolation="nearest")
    above.set(yticks=[], ylabel="keogram of each night")
    for first, after in months.values():
        below.axvspan(first, after, color=NO_FRAME, lw=0)
    drawn = below.imshow(
        np.ma.masked_invalid(shares), vmin=0, vmax=1, cmap=style.SEQUENTIAL, aspect="auto", interpolation="nearest",
        extent=(0, length, len(parts), 0), zorder=2,
    )  # fmt: skip
    whole = [at for at, part in enumerate(parts) if part % (BINS // 24) == 0]
    shown = whole[:: max(1, -(-len(whole) // 9))]
    below.set(yticks=shown, yticklabels=[f"{parts[at] * 24 // BINS:02d}" for at in shown], ylabel="hour (UTC)")
    middles = [(first + after) / 2 for first, after in months.values()]
    below.set(xlim=(0, length), xticks=middles, xlabel=f"{len(nights)} nights, by month")
    wide = length / WIDTH * 0.55 < min(after - first for first, after in months.values())
    below.set_xticklabels(list(months), rotation=0 if wide else 90)
    for axes in (above, below):
        axes.spines[:].set_visible(False)
        axes.tick_params(axis="x", length=0)
    figure.colorbar(drawn, ax=below, label="mean P(yes)", pad=0.01, aspect=25)
    return figure
