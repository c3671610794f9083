"""Which readings of a night its clock confirms: misreadings left out, clocks that were set and late exposures kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd

from .readings import Reading
from .timeline import AGREEING, LEVEL_S, Clock, Path, scatter

EXACT_S = 0.6
"""A reading in whole seconds stands for a moment at most half a second away."""
SCATTERS = 3.0
"""Scatters from the clock within which a damaged frame's reading is believed."""
UNEVEN_SHARE = 0.3
"""Share of the odd readings that differ in several digits from which they are late exposures, and no misreadings."""
VARIED_DIGITS = 4
"""Different digits in one place of odd times from which they are late exposures, and no misreadings."""
REGULAR_SHARE = 0.1
"""Share of all readings that are off by the same digit from which every so many exposures are late."""

Moments = list[tuple[float, Reading]]
"""What a text can mean: moments in UTC, s since 1970, each with its reading."""


def changed_digits(local: datetime, deviation_s: float) -> list[tuple[int, str]]:
    """Places and digits in which a printed time differs from what it would be without its deviation."""
    expected = f"{local - timedelta(seconds=round(deviation_s)):%Y%m%d%H%M%S}"
    return [(place, seen) for place, (seen, right) in enumerate(zip(f"{local:%Y%m%d%H%M%S}", expected, strict=True))
            if seen != right]  # fmt: skip


def without_misread_runs(path: Path, moments: Sequence[Moments], elapsed_s: np.ndarray, tolerance_s: float) -> Path:
    """The path without long stretches in which tesseract misreads the same digit in the same way.

    Such a stretch breaks the order of time, has a single digit wrong, and comes back to the very same clock. Times in
    order are a clock that was set back and forth.
    """
    segments = path.segments()
    chosen = [moments[frame][alternative] for frame, alternative in zip(path.frames, path.alternatives, strict=True)]
    values = np.array([moment for moment, _ in chosen]) - elapsed_s[path.frames]
    for segment in range(1, int(segments.max(initial=0))):
        members = np.flatnonzero(segments == segment)
        before, after = values[members[0] - 1], values[members[-1] + 1]
        steps = values[members] - before
        changes = [changed_digits(chosen[n][1].local, step) for n, step in zip(members, steps, strict=True)]
        is_one_digit = len(changes[0]) == 1 and all(change == changes[0] for change in changes)
        is_in_order = np.abs(steps).max() < np.median(np.diff(elapsed_s[path.frames]))
        if abs(after - before) <= tolerance_s and is_one_digit and not is_in_order:
            rest = path.where(segments != segment)
            rest.breaks[np.count_nonzero(segments < segment)] = False
            return without_misread_runs(rest, moments, elapsed_s, tolerance_s)
    return path


def with_short_ends(
    path: Path, votes: np.ndarray, moments: Sequence[Moments], elapsed_s: np.ndarray, tolerance_s: float
) -> Path:
    """The path with the last few readings of a night, or the first, where the clock was set just then.

    They agree with each other, and differ from the clock beside them in several digits each: no misreading does both.
    """
    if not path.frames.size:
        return path
    voters = np.flatnonzero(np.isfinite(votes).any(axis=1))
    sides = {-1: voters[voters < path.frames[0]], 1: voters[voters > path.frames[-1]]}
    for side, frames in sides.items():
        joint = 0 if side < 0 else -1
        beside = votes[path.frames[joint], path.alternatives[joint]]
        steps = votes[frames, 0] - beside
        if not 2 <= len(frames) < AGREEING or np.ptp(steps) > tolerance_s:
            continue
        if all(len(changed_digits(moments[n][0][1].local, s)) > 1 for n, s in zip(frames, steps, strict=True)):
            path = path.extended(frames, side)
    return path


def without_undecided_hours(
    path: Path, moments: Sequence[Moments], elapsed_s: np.ndarray, tolerance_s: float
) -> tuple[Path, np.ndarray]:
    """The path without times that can mean two moments equally well, and whether a frame lies among these.

    A run of times in the doubled hour of autumn, printed without a zone, is decided by its neighbours: the other hour
    would break the clock more often, or the order of the night.
    """
    undecided = np.zeros(len(moments), bool)
    kept = np.ones(len(path.frames), bool)
    chosen = [moments[frame][alternative] for frame, alternative in zip(path.frames, path.alternatives, strict=True)]
    times = np.array([moment for moment, _ in chosen])
    shifts = np.array([_other_moment(moments[frame], pair) for frame, pair in zip(path.frames, chosen, strict=True)])
    edges = np.flatnonzero(np.diff(shifts, prepend=np.nan, append=np.nan) != 0)
    for start, end in pairwise(edges):
        shift = shifts[start]
        if shift == 0:
            continue
        now = other = 0
        in_order = True
        for left, right in ((start - 1, start), (end - 1, end)):
            if left < 0 or right >= len(times):
                continue
            drift = times[right] - times[left] - (elapsed_s[path.frames[right]] - elapsed_s[path.frames[left]])
            moved = shift if right == start else -shift
            now += bool(path.breaks[right])
            other += abs(drift + moved) > tolerance_s
            in_order &= times[right] + moved > times[left]
        if in_order and other <= now:
            kept[start:end] = False
            undecided[path.frames[start] : path.frames[end - 1] + 1] = True
    return path.where(kept), undecided


def _other_moment(candidates: Moments, chosen: tuple[float, Reading]) -> float:
    """Seconds from the chosen moment to the other one that the same reading can mean; 0 where there is none."""
    others = [moment - chosen[0] for moment, reading in candidates if reading == chosen[1] and moment != chosen[0]]
    return others[0] if others else 0.0


@dataclass(frozen=True)
class Confirmed:
    """The clock of a night, and the readings that it confirms.

    Parameters
    ----------
    segment
        Stretch without breaks whose clock confirms a frame's reading, from 0; -1 where none does; shape (frames,).
    alternative
        Which of a frame's moments that is, shape (frames,).
    model
        Offset of the clock at a confirmed frame, s, else NaN; shape (frames,).
    fit_s
        Distance from the clock within which a damaged frame's reading is believed, s, shape (frames,).
    clocks
        The clock of each stretch.
    """

    segment: np.ndarray
    alternative: np.ndarray
    model: np.ndarray
    fit_s: np.ndarray
    clocks: list[Clock]

    @property
    def anchors(self) -> np.ndarray:
        """Numbers of the confirmed frames."""
        return np.flatnonzero(self.segment >= 0)


def confirm(
    path: Path, votes: np.ndarray, moments: Sequence[Moments], elapsed_s: np.ndarray, tolerance_s: float
) -> Confirmed:
    """Find the clock of every stretch of the path, and all readings that suit it.

    Parameters
    ----------
    votes
        Offsets of the trusted readings, s, shape (frames, alternatives); NaN where there is none.
    """
    count = len(votes)
    night = Confirmed(
        np.full(count, -1), np.zeros(count, int), np.full(count, np.nan), np.full(count, np.nan), []
    )  # fmt: skip
    segments = path.segments()
    last = int(segments.max(initial=-1))
    for number in range(last + 1):
        on_path = segments == number
        frames = path.frames[on_path]
        span = np.arange(0 if number == 0 else frames[0], count if number == last else frames[-1] + 1)
        clock = Clock.through(votes[frames, path.alternatives[on_path]], elapsed_s[frames])
        stretch = Stretch.beside(clock, span, votes, elapsed_s, frames)
        spread = stretch.scatter()
        suits = _suiting(stretch, spread, moments, tolerance_s)
        members, alternatives = span[suits], stretch.nearest[suits]
        clock = Clock.through(votes[members, alternatives], elapsed_s[members])
        night.clocks.append(clock)
        night.segment[members], night.alternative[members], night.model[members] = number, alternatives, clock.offset
        night.fit_s[span] = np.maximum(EXACT_S, np.where(spread > LEVEL_S, SCATTERS * spread, 0))
    fit_s = pd.Series(night.fit_s)  # at a break that of either side, where that is larger
    night.fit_s[:] = np.nan_to_num(np.fmax(fit_s.ffill().to_numpy(), fit_s.bfill().to_numpy()), nan=EXACT_S)
    return night


@dataclass(frozen=True)
class Stretch:
    """The readings of a stretch without breaks beside its clock.

    Parameters
    ----------
    span
        Numbers of its frames, shape (frames,).
    nearest
        The alternative of each frame that is nearest to the clock, shape (frames,).
    times, deviation
        That alternative as a time (UTC, s since 1970), and its distance from the clock, s; NaN where there is none.
    on_path
        Which of the frames are on the path, shape (readings,).
    frame_s
        Sky time from frame to frame by the settings, s.
    """

    span: np.ndarray
    nearest: np.ndarray
    times: np.ndarray
    deviation: np.ndarray
    on_path: np.ndarray
    frame_s: float

    @classmethod
    def beside(
        cls, clock: Clock, span: np.ndarray, votes: np.ndarray, elapsed_s: np.ndarray, path_frames: np.ndarray
    ) -> Stretch:
        """The stretch of the frames `span` beside a clock."""
        distance = votes[span] - clock.at(elapsed_s[span])[:, None]
        nearest = np.nan_to_num(np.abs(distance), nan=np.inf).argmin(axis=1)
        times = votes[span, nearest] + elapsed_s[span]
        frame_s = float(np.median(np.diff(elapsed_s[span])))
        return cls(span, nearest, times, distance[np.arange(len(span)), nearest], path_frames - span[0], frame_s)

    def scatter(self) -> np.ndarray:
        """How far readings around each frame lie from the clock, s; 0 where a frame has none itself."""
        voters = np.isfinite(self.deviation)
        spread = np.zeros(len(self.span))
        spread[voters] = scatter(self.deviation[voters], self.frame_s / 2)
        return spread

    def is_in_order(self) -> np.ndarray:
        """Whether readings lie between those on the path beside them, and within a frame's time of the clock."""
        numbers = np.arange(len(self.span))
        bounds = np.concatenate([[-np.inf], self.times[self.on_path], [np.inf]])
        lowest = bounds[np.searchsorted(self.on_path, numbers, side="left")]
        highest = bounds[np.searchsorted(self.on_path, numbers, side="right") + 1]
        return (lowest < self.times) & (self.times < highest) & (np.abs(self.deviation) < self.frame_s)


def _suiting(stretch: Stretch, spread: np.ndarray, moments: Sequence[Moments], tolerance_s: float) -> np.ndarray:
    """Which readings of a stretch are times of its clock, misreadings left out.

    Those that are in order and near the clock; on a clock that is not even itself, all that are in order; and else
    those that misreading does not explain.
    """
    in_order = stretch.is_in_order()
    suits = in_order & ((np.abs(stretch.deviation) <= tolerance_s) | (spread >= LEVEL_S))
    odd = np.flatnonzero(in_order & ~suits)
    changes = [changed_digits(moments[stretch.span[n]][stretch.nearest[n]][1].local, stretch.deviation[n]) for n in odd]
    several = np.array([len(change) > 1 for change in changes], bool)
    suits[odd[several | are_late_exposures(changes, int(np.isfinite(stretch.deviation).sum()))]] = True
    return suits


def are_late_exposures(changes: Sequence[list[tuple[int, str]]], readings: int) -> bool:
    """Whether odd times that are in order come from exposures at uneven times, not from misreading.

    Parameters
    ----------
    changes
        What `changed_digits` gives for each odd time. Tesseract takes a digit for one or two others, and seldom two
        digits of a time at once so that it still lies between its neighbours.
    readings
        How many readings there are in all.
    """
    single = Counter(change[0] for change in changes if len(change) == 1)
    several = len(changes) - single.total()
    varied = max(Counter(place for place, _ in single).values(), default=0)
    same = max(single.values(), default=0)
    return (
        several >= max(2, UNEVEN_SHARE * len(changes))
        or varied >= VARIED_DIGITS
        or same >= max(AGREEING, REGULAR_SHARE * readings)
    )
