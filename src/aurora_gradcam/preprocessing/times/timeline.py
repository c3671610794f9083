"""Readings of a night's clock -> the clock itself: stretches in which it runs on, and its offset at every reading.

`offset` is the printed time minus the sky time that the settings promise, both in seconds. It is constant where the
camera keeps its pace, drifts where exposures are longer or shorter than promised, scatters where they are uneven, and
steps at a gap and where the clock is set. A misreading fits none of these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

AGREEING = 4
"""Readings that must agree before a stretch is believed, at the start and after a break."""
BREAK_COST = AGREEING - 0.5
"""Cost of a break in readings left out: fewer than AGREEING readings are left out rather than believed."""
DISTANCE_COST = 0.01
"""Cost of a distance of `tolerance_s`: small, so that it only decides between paths that leave out as many readings."""
LEARNING_COST = 0.9
"""Cost of learning the pace from a pair of readings: a little less than leaving one of them out."""
LOOK_BACK = 32
"""Readings in a row that may be misread without a break."""
FASTEST = 3.0
"""Printed seconds in a second of sky time by the settings, up to which a steady pace is believed; more is a fault of
the settings, and the time between frames unknown."""
PACE_TOLERANCE = 0.1
"""Share by which the pace may change from one reading to the next: exposures get longer at dusk."""
ORDERLY_SHARE = 0.01
"""Share of the readings that may be left out though they are in order: misreadings seldom are."""
WINDOW = 9
"""Readings whose median is the offset at one place."""
LEVEL_S = 1.0
"""Drift in half a window that is taken for the rounding to whole seconds, s."""
SCATTER_WINDOWS = (15, 61)
"""Readings from which the scatter at one place is measured: the larger of both counts, as a part of the night or all of
it may be uneven."""
SCATTER_QUANTILE = 0.75
"""Quantile of the distances that measures it: more misreadings than a quarter seldom lie near the clock."""


@dataclass(frozen=True)
class Path:
    """Readings that the clock explains, in order of time.

    Parameters
    ----------
    frames
        Numbers of the frames, shape (readings,).
    alternatives
        Which of a frame's alternatives it is, shape (readings,).
    breaks
        Whether the clock breaks before a reading, shape (readings,); the first is False.
    """

    frames: np.ndarray
    alternatives: np.ndarray
    breaks: np.ndarray

    def segments(self) -> np.ndarray:
        """Number of the stretch that each reading lies in, from 0."""
        return np.cumsum(self.breaks)

    def where(self, kept: np.ndarray) -> Path:
        """The path through some of the readings; a break before one that is left out moves to the next one kept."""
        segments = self.segments()[kept]
        return Path(self.frames[kept], self.alternatives[kept], np.diff(segments, prepend=segments[:1]) != 0)

    def extended(self, frames: np.ndarray, side: int) -> Path:
        """The path with a stretch of first alternatives before it (side -1) or after it (1)."""
        added = Path(frames, np.zeros(len(frames), int), np.zeros(len(frames), bool))
        first, second = (added, self) if side < 0 else (self, added)
        joined = Path(*(np.concatenate([getattr(first, name), getattr(second, name)]) for name in vars(self)))
        joined.breaks[len(first.frames)] = True
        return joined

    def left_out(self, offsets: np.ndarray, elapsed_s: np.ndarray) -> int:
        """How many readings that are not on the path lie in the order of time between those that are."""
        times = offsets + elapsed_s[:, None]
        on_path = np.full(len(offsets), np.nan)
        on_path[self.frames] = times[self.frames, self.alternatives]
        lowest = pd.Series(on_path).ffill().fillna(-np.inf).to_numpy()[:, None]
        highest = pd.Series(on_path).bfill().fillna(np.inf).to_numpy()[:, None]
        between = ((lowest < times) & (times < highest)).any(axis=1)
        return int(np.count_nonzero(between & np.isnan(on_path)))


EMPTY = Path(np.zeros(0, int), np.zeros(0, int), np.zeros(0, bool))


def _cost_of_steps(
    from_offset: np.ndarray,
    from_elapsed: np.ndarray,
    pace: np.ndarray,
    offset: float,
    elapsed: float,
    tolerance_s: float,
) -> np.ndarray:
    """Cost of going on from earlier readings, of any shape, to one reading.

    The clock goes on as before where the offset stays or keeps drifting at its `pace` (NaN: not yet known).
    """
    passed = elapsed - from_elapsed
    drift = offset - from_offset
    off_level = np.abs(drift) / tolerance_s
    off_pace = np.abs(drift - pace * passed) / (tolerance_s + PACE_TOLERANCE * np.abs(pace) * passed)
    off = np.fmin(off_level, off_pace)
    cost = np.where(off <= 1, DISTANCE_COST * off, BREAK_COST)
    advance = passed + drift
    is_pace = (advance > 0) & (advance <= FASTEST * passed)
    return np.where(np.isnan(pace) & is_pace & (off > 1), LEARNING_COST, cost)


def path_of_night(offsets: np.ndarray, elapsed_s: np.ndarray, tolerance_s: float) -> Path:
    """The cheapest path; where it leaves out many readings that are in order, with a tolerance that lets them in.

    Parameters
    ----------
    offsets, elapsed_s, tolerance_s
        As `cheapest_path` takes them.
    """
    path = cheapest_path(offsets, elapsed_s, tolerance_s)
    few = max(1.0, ORDERLY_SHARE * np.isfinite(offsets).any(axis=1).sum())
    left_out = path.left_out(offsets, elapsed_s)
    frame_s = float(np.median(np.diff(elapsed_s))) if len(elapsed_s) > 1 else 0.0
    while left_out > few and (tolerance_s := 2 * tolerance_s) <= frame_s / 2:
        wider = cheapest_path(offsets, elapsed_s, tolerance_s)
        if (fewer := wider.left_out(offsets, elapsed_s)) < left_out:
            path, left_out = wider, fewer
    return path


def cheapest_path(offsets: np.ndarray, elapsed_s: np.ndarray, tolerance_s: float) -> Path:
    """The way through the readings with the fewest left out, where a break costs BREAK_COST.

    Parameters
    ----------
    offsets
        Of each frame's reading, s, shape (frames, alternatives); NaN where there is none.
    elapsed_s
        Sky time of each frame by the settings, s, shape (frames,).
    tolerance_s
        Distance from the clock's course up to which a reading is explained.
    """
    voters = np.flatnonzero(np.isfinite(offsets).any(axis=1))
    if not voters.size:
        return EMPTY
    search = _Search(offsets[voters], elapsed_s[voters], tolerance_s)
    nodes = search.cheapest()
    path = Path(voters[nodes // search.width], nodes % search.width, search.is_break.reshape(-1)[nodes])
    return _believed(path, offsets, tolerance_s)


class _Search:
    """Cheapest ways to every reading from the first one on (Bellman 1957). A node is reading * width + alternative."""

    def __init__(self, values: np.ndarray, elapsed: np.ndarray, tolerance_s: float) -> None:
        self.values, self.elapsed, self.tolerance_s = values, elapsed, tolerance_s
        self.count, self.width = values.shape
        self.total = np.full(values.shape, np.inf)
        self.pace = np.full(values.shape, np.nan)
        self.came_from = np.full(values.shape, -1)
        self.is_break = np.zeros(values.shape, bool)

    def cheapest(self) -> np.ndarray:
        """The nodes of the cheapest way through all readings, in order."""
        nearest, nearest_total = -1, np.inf  # the best node to break from, its cost as if it were the first reading
        for number in range(self.count):
            for alternative in np.flatnonzero(np.isfinite(self.values[number])).tolist():
                self.total[number, alternative] = number  # a start here leaves out all before
                self._go_on(number, alternative)
                self._break_from(nearest, nearest_total + number - 1, number, alternative)
            best = int(self.total[number].argmin())
            if self.total[number, best] - number < nearest_total:
                nearest, nearest_total = number * self.width + best, self.total[number, best] - number
        left_out = np.arange(self.count)[::-1, None]
        return self._back_from(int((self.total + left_out).argmin()))

    def _go_on(self, number: int, alternative: int) -> None:
        """Reach a node from one of the LOOK_BACK readings before it, where that is cheaper."""
        first = max(number - LOOK_BACK, 0)
        if first == number:
            return
        value, elapsed = self.values[number, alternative], self.elapsed[number]
        before = self.values[first:number], self.elapsed[first:number, None], self.pace[first:number]
        cost = _cost_of_steps(*before, value, elapsed, self.tolerance_s)
        left_out = np.arange(number - first)[::-1, None]
        ways = np.nan_to_num(self.total[first:number] + left_out + cost, nan=np.inf)
        row, column = divmod(int(ways.argmin()), self.width)
        if ways[row, column] >= self.total[number, alternative]:
            return
        self.total[number, alternative] = ways[row, column]
        self.came_from[number, alternative] = (first + row) * self.width + column
        self.is_break[number, alternative] = cost[row, column] == BREAK_COST
        passed = elapsed - self.elapsed[first + row]
        if cost[row, column] != BREAK_COST and passed > 0:
            self.pace[number, alternative] = (value - self.values[first + row, column]) / passed

    def _break_from(self, node: int, total: float, number: int, alternative: int) -> None:
        """Reach a node by a break from any earlier one, where that is cheaper."""
        if total + BREAK_COST < self.total[number, alternative]:
            self.total[number, alternative] = total + BREAK_COST
            self.came_from[number, alternative] = node
            self.is_break[number, alternative] = True
            self.pace[number, alternative] = np.nan

    def _back_from(self, node: int) -> np.ndarray:
        """The nodes of the way that ends at one."""
        nodes = []
        while node >= 0:
            nodes.append(node)
            node = int(self.came_from.flat[node])
        return np.array(nodes[::-1])


def _believed(path: Path, offsets: np.ndarray, tolerance_s: float) -> Path:
    """The path without stretches of fewer than AGREEING readings, and without breaks across which the clock goes on."""
    sizes = np.bincount(path.segments())
    path = path.where(sizes[path.segments()] >= AGREEING)
    values = offsets[path.frames, path.alternatives]
    goes_on = np.abs(np.diff(values, prepend=values[:1])) <= tolerance_s
    return Path(path.frames, path.alternatives, path.breaks & ~goes_on)


def _windows(values: np.ndarray, size: int) -> np.ndarray:
    """The values around each one, shape (values, size); NaN beyond the ends."""
    half = size // 2
    return sliding_window_view(np.pad(values, half, constant_values=np.nan), size)


def _lower_median(values: np.ndarray) -> np.ndarray:
    """Median of each row without its NaN, of an even number of values the lower one: a value that was read."""
    ordered = np.sort(values, axis=1)  # NaN last
    middle = (np.isfinite(values).sum(axis=1) - 1) // 2
    return ordered[np.arange(len(ordered)), middle]


def follow_drift(offset: np.ndarray, elapsed_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The clock's offset and pace at each reading of a stretch without breaks.

    Pace: the median slope between the readings of a window (Theil 1950, Sen 1968); 0 where it is no more than rounding.

    Parameters
    ----------
    offset
        Of the readings, s, shape (readings,).
    elapsed_s
        Sky time of the readings by the settings, s, shape (readings,).
    """
    values, times = _windows(offset, WINDOW), _windows(elapsed_s, WINDOW)
    first, second = np.triu_indices(WINDOW, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        slopes = (values[:, second] - values[:, first]) / (times[:, second] - times[:, first])
    slopes[~np.isfinite(slopes)] = np.nan
    has_slope = np.isfinite(slopes).any(axis=1)
    pace = np.where(has_slope, _lower_median(np.where(has_slope[:, None], slopes, 0)), 0.0)
    reach = (np.nanmax(times, axis=1) - np.nanmin(times, axis=1)) / 2
    pace[np.abs(pace) * reach <= LEVEL_S] = 0
    level = values - pace[:, None] * (times - elapsed_s[:, None])
    return _lower_median(level), pace


@dataclass(frozen=True)
class Clock:
    """The clock in one stretch: offset and pace at its readings, s, shape (readings,)."""

    elapsed_s: np.ndarray
    offset: np.ndarray
    pace: np.ndarray

    @classmethod
    def through(cls, offset: np.ndarray, elapsed_s: np.ndarray) -> Clock:
        """The clock that readings of one stretch show."""
        return cls(elapsed_s, *follow_drift(offset, elapsed_s))

    def at(self, elapsed_s: np.ndarray) -> np.ndarray:
        """Offset at any sky time: between readings, and beyond the ends at the pace of the last one."""
        inside = np.interp(elapsed_s, self.elapsed_s, self.offset)
        before = np.minimum(elapsed_s - self.elapsed_s[0], 0) * self.pace[0]
        after = np.maximum(elapsed_s - self.elapsed_s[-1], 0) * self.pace[-1]
        return inside + before + after


def scatter(distance: np.ndarray, limit_s: float) -> np.ndarray:
    """Quantile of the distances of the readings around each one from the clock, s.

    Parameters
    ----------
    distance
        Of each reading from the clock, s, shape (readings,).
    limit_s
        A reading further away than this is a misreading and says nothing about the clock.
    """
    ordinary = pd.Series(np.where(np.abs(distance) <= limit_s, np.abs(distance), np.nan))
    spreads = [
        ordinary.rolling(window, center=True, min_periods=1).quantile(SCATTER_QUANTILE, interpolation="lower").fillna(0)
        for window in SCATTER_WINDOWS
    ]
    return np.max(spreads, axis=0)
