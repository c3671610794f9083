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
    values, elapsed = offsets[voters], elapsed_s[voters]
    count, width = values.shape
    total = np.full((count, width), np.inf)
    pace = np.full((count, width), np.nan)
    came_from = np.full((count, width), -1)
    is_break = np.zeros((count, width), bool)
    nearest, nearest_total = -1, np.inf  # the cheapest earlier reading to break from, without the ones left out since
    for number in range(count):
        first = max(number - LOOK_BACK, 0)
        left_out = number - 1 - np.arange(first, number)
        for alternative in np.flatnonzero(np.isfinite(values[number])):
            total[number, alternative] = number
            if number == 0:
                continue
            earlier = slice(first, number)
            cost = _cost_of_steps(
                values[earlier], elapsed[earlier, None], pace[earlier], values[number, alternative], elapsed[number],
                tolerance_s,
            )  # fmt: skip
            ways = np.nan_to_num(total[earlier] + left_out[:, None] + cost, nan=np.inf)
            best = int(ways.argmin())
            row, column = divmod(best, width)
            if ways.flat[best] < total[number, alternative]:
                total[number, alternative] = ways.flat[best]
                came_from[number, alternative] = (first + row) * width + column
                step_cost = cost[row, column]
                is_break[number, alternative] = step_cost == BREAK_COST
                passed = elapsed[number] - elapsed[first + row]
                if step_cost != BREAK_COST and passed > 0:
                    pace[number, alternative] = (values[number, alternative] - values[first + row, column]) / passed
            if nearest_total + number - 1 + BREAK_COST < total[number, alternative]:
                total[number, alternative] = nearest_total + number - 1 + BREAK_COST
                came_from[number, alternative] = nearest
                is_break[number, alternative] = True
                pace[number, alternative] = np.nan
        cheapest = int(total[number].argmin())
        if total[number, cheapest] - number < nearest_total:
            nearest, nearest_total = number * width + cheapest, total[number, cheapest] - number
    ends = total + (count - 1 - np.arange(count))[:, None]
    node = int(ends.argmin())
    nodes = []
    while node >= 0:
        nodes.append(node)
        node = came_from.flat[node]
    order = np.array(nodes[::-1])
    path = Path(voters[order // width], order % width, is_break.reshape(-1)[order])
    return _believed(path, offsets, tolerance_s)


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
