"""Texts of a night's time strips -> UTC, through a model of the camera's clock.

Time is offset + elapsed sky time. The readings of a night show how the offset behaves (`timeline`): constant, drifting,
scattered, with steps at gaps and where the clock is set. A legible time that suits this clock is taken as printed,
whatever the model says; what suits no clock is a misreading, and repaired where its text supports that.
All of this is in UTC, so that neither change of clocks is a step.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from ..config import OcrUtc
from ..tables.times import TimeStatus
from ..zones import zone_named
from .readings import Reading, edits, parse, without_lone_zones, zone_min
from .timeline import AGREEING, LEVEL_S, Clock, Path, path_of_night, scatter

EXACT_S = 0.6
"""A reading in whole seconds stands for a moment at most half a second away."""
SURE_EDITS = 5
"""Edits between a text and the model's time up to which it is a misreading of it, where the model is beyond doubt."""
LIKELY_EDITS = 2
"""The same where the model needs the text's support. The study met misreadings of one and two edits."""
CLEAR_EDITS = 2
"""How many edits nearer one side of a gap must be than the other."""
LEGIBLE_DIGITS = 7
"""Digits, half a time, from which a text that is unlike the model's time speaks against it."""
SCATTERS = 3.0
"""Scatters from the clock within which a damaged frame's reading is believed."""
UNEVEN_SHARE = 0.3
"""Share of the odd readings that differ in several digits from which they are late exposures, and no misreadings."""
VARIED_DIGITS = 4
"""Different digits in one place of odd times from which they are late exposures, and no misreadings."""
REGULAR_SHARE = 0.1
"""Share of all readings that are off by the same digit from which every so many exposures are late."""
PACE_NOTE = 0.005
"""Share by which a clock is faster or slower than the settings from which a person should know."""

Moments = list[tuple[float, Reading]]
"""What a text can mean: moments in UTC, s since 1970, each with its reading."""


@dataclass(frozen=True)
class Placed:
    """A frame's time: UTC in s since 1970 (None: unknown), how it was got, reading minus model, and the zone."""

    seconds: float | None = None
    time_status: TimeStatus = TimeStatus.FAILED
    residual_s: float | None = None
    utc_offset_min: float | None = None


def place(
    texts: Sequence[str | None],
    elapsed_s: np.ndarray,
    trusted: np.ndarray,
    night: date,
    ocr: OcrUtc,
    timezone_name: str,
) -> tuple[pd.DataFrame, list[str]]:
    """Give every frame of a night its time, and say how it was got.

    Parameters
    ----------
    texts
        What tesseract read, one a frame in order of time; None where nothing.
    elapsed_s
        Sky time since the video's first frame by the settings, s, shape (frames,).
    trusted
        False for damaged frames, whose readings do not vote; shape (frames,).
    night
        The date in the video's name.
    timezone_name
        The site's IANA zone; it decides where no zone was legible.

    Returns
    -------
    table
        The columns local_time, utc_offset_min, utc, time_status and residual_s of TIMES_TABLE, a row a frame.
    notes
        What a person should know about the night (gaps, steps, a zone against the rules), in phrases.
    """
    zone = zone_named(timezone_name)
    readings = plausible_readings(texts, night, ocr, zone)
    unchanged_from = unchanged_in_spring(readings, trusted, zone)
    moments = [_moments(alternatives, zone, unchanged_from) for alternatives in readings]
    offsets = _offsets(moments, elapsed_s)
    votes = np.where(np.asarray(trusted)[:, None], offsets, np.nan)

    path = path_of_night(votes, elapsed_s, ocr.tolerance_s)
    path = without_misread_runs(path, moments, elapsed_s, ocr.tolerance_s)
    path = with_short_ends(path, votes, moments, elapsed_s, ocr.tolerance_s)
    path, undecided = without_undecided_hours(path, moments, elapsed_s, ocr.tolerance_s)
    confirmed = confirm(path, votes, moments, elapsed_s, ocr.tolerance_s)

    placed = _place_all(texts, moments, elapsed_s, np.asarray(trusted), confirmed, ocr, zone)
    for number in np.flatnonzero(undecided):
        placed[number] = Placed()
    notes = [
        *_notes_on_steps(confirmed),
        *_notes_on_pace(confirmed, placed, elapsed_s, ocr.tolerance_s),
        *_notes_on_zones(placed, readings, zone),
        *_notes_on_changes(undecided, unchanged_from, zone),
    ]
    return _table(placed), notes


def plausible_readings(texts: Sequence[str | None], night: date, ocr: OcrUtc, zone: ZoneInfo) -> list[list[Reading]]:
    """What each text can be read as, of dates near the night's only."""
    parsed = [parse(text or "", ocr.formats, ocr.zones) for text in texts]
    near = [[r for r in readings if abs((r.local.date() - night).days) <= ocr.days_around_night] for readings in parsed]
    return without_lone_zones(near, zone)


def unchanged_in_spring(readings: Sequence[Sequence[Reading]], trusted: np.ndarray, zone: ZoneInfo) -> datetime | None:
    """The first legible time in the skipped hour of spring, where the camera's clock was not put forward; or None."""
    skipped = [
        reading.local
        for alternatives, is_sound in zip(readings, trusted, strict=True)
        for reading in alternatives[:1]
        if is_sound and reading.is_skipped(zone)
    ]
    return min(skipped) if len(skipped) >= AGREEING else None


def _moments(alternatives: Sequence[Reading], zone: ZoneInfo, unchanged_from: datetime | None) -> Moments:
    """All that a frame's readings can mean; after a missed change also the time of the clock left as it was."""
    moments = [(moment, reading) for reading in alternatives for moment in reading.moments(zone)]
    if unchanged_from is None:
        return moments
    skip_s = Reading(unchanged_from, None).skip_s(zone)
    late = [
        (moment + skip_s, reading)
        for moment, reading in moments
        if reading.utc_offset_min is None and reading.local > unchanged_from and not reading.is_skipped(zone)
    ]
    return moments + late


def _offsets(moments: Sequence[Moments], elapsed_s: np.ndarray) -> np.ndarray:
    """Moments minus elapsed, s, shape (frames, alternatives); NaN where there is none."""
    offsets = np.full((len(moments), max(map(len, moments), default=0) or 1), np.nan)
    for number, candidates in enumerate(moments):
        offsets[number, : len(candidates)] = [moment - elapsed_s[number] for moment, _ in candidates]
    return offsets


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


def _likeness(text: str, seconds: float, utc_offset_min: float, formats: Sequence[str]) -> int:
    """Edits between a text and the time that the model expects on the frame, digits and letters only."""
    local = datetime.fromtimestamp(round(seconds), timezone(timedelta(minutes=utc_offset_min)))
    seen = re.sub("[^0-9A-Z]", "", text.upper())
    return min(edits(re.sub("[^0-9]", "", local.strftime(form)), seen) for form in formats)


@dataclass(frozen=True)
class Beside:
    """What the confirmed readings next to a frame say about it.

    Parameters
    ----------
    models
        The times (UTC, s) that it may have; one, or two at a break.
    fit_s
        Distance from a model within which a reading is believed, s.
    sure
        The readings on both sides lie in the same stretch without breaks.
    contested
        A sound frame here reads another time, so a break may lie on the wrong side of it.
    near
        A confirmed reading is not too far.
    """

    models: Sequence[float]
    fit_s: float
    sure: bool
    contested: bool
    near: bool


def _place_unconfirmed(
    text: str, moments: Moments, beside: Beside, zone_at: Callable[[float], float], formats: Sequence[str]
) -> Placed:
    """Place a frame whose own reading, if any, has no voice in the model."""
    for model in beside.models:
        for moment, reading in moments:
            if abs(moment - model) <= beside.fit_s:
                return Placed(moment, TimeStatus.READ, moment - model, reading.offset_min(moment))
    if not beside.sure and (moments or beside.contested):
        return Placed()
    likeness = sorted((_likeness(text, model, zone_at(model), formats), model) for model in beside.models)
    fewest, model = likeness[0]
    clear = len(likeness) == 1 or likeness[1][0] - fewest >= CLEAR_EDITS
    if clear and fewest <= (SURE_EDITS if beside.sure else LIKELY_EDITS):
        residual = min((moment - model for moment, _ in moments), key=abs, default=None)
        return Placed(float(round(model)), TimeStatus.REPAIRED, residual, zone_at(model))
    unlike = not beside.sure and sum(c.isdigit() for c in text) >= LEGIBLE_DIGITS
    if beside.near and len(beside.models) == 1 and not unlike:
        return Placed(float(round(model)), TimeStatus.INTERPOLATED, None, zone_at(model))
    return Placed()


def _place_all(
    texts: Sequence[str | None],
    moments: Sequence[Moments],
    elapsed_s: np.ndarray,
    trusted: np.ndarray,
    confirmed: Confirmed,
    ocr: OcrUtc,
    zone: ZoneInfo,
) -> list[Placed]:
    """Every frame's place: its own reading where that is confirmed, else by those beside it."""
    placed = [Placed()] * len(texts)
    anchors, segment = confirmed.anchors, confirmed.segment
    against = []
    for number in anchors.tolist():
        model = confirmed.model[number] + elapsed_s[number]
        moment, reading = moments[number][confirmed.alternative[number]]
        placed[number] = Placed(moment, TimeStatus.READ, moment - model, reading.offset_min(moment))
        against.append(reading.offset_min(moment) - zone_min(moment, zone))
    if not anchors.size:
        return placed
    # where no zone is legible: the zone of the rules, or what the camera prints instead throughout the night
    correction = float(np.median(against))

    def zone_at(seconds: float) -> float:
        return zone_min(seconds, zone) + correction

    between = np.searchsorted(anchors, np.arange(len(texts)))  # frames of one number lie between the same anchors
    opposed = {int(between[i]) for i in np.flatnonzero((segment < 0) & trusted) if moments[i]}
    for number in np.flatnonzero(segment < 0).tolist():
        after = int(between[number])
        ends = anchors[max(after - 1, 0) : after + 1]
        sure = len(ends) == 2 and bool(segment[ends[0]] == segment[ends[1]])
        sides = segment[ends[:1] if sure else ends]
        models = [float(confirmed.clocks[side].at(elapsed_s[number]) + elapsed_s[number]) for side in sides]
        near = bool(np.abs(elapsed_s[ends] - elapsed_s[number]).min() <= ocr.max_gap_s)
        beside = Beside(models, float(confirmed.fit_s[number]), sure, after in opposed, near)
        placed[number] = _place_unconfirmed(texts[number] or "", moments[number], beside, zone_at, ocr.formats)
    return placed


def _notes_on_steps(confirmed: Confirmed) -> list[str]:
    """The clock's steps at breaks: forward, which gaps look like, and back."""
    anchors, segment, model = confirmed.anchors, confirmed.segment, confirmed.model
    joints = np.flatnonzero(np.diff(segment[anchors]) != 0)
    steps = [round(model[anchors[joint + 1]] - model[anchors[joint]]) for joint in joints]
    gaps = ", ".join(f"{step} s" for step in steps if step > 0)
    backward = ", ".join(f"{-step} s" for step in steps if step < 0)
    return [f"gaps of {gaps}"] * bool(gaps) + [f"the clock was set back by {backward}"] * bool(backward)


def _notes_on_pace(
    confirmed: Confirmed, placed: Sequence[Placed], elapsed_s: np.ndarray, tolerance_s: float
) -> list[str]:
    """A clock whose pace is not that of the settings, and exposures at uneven times."""
    notes = []
    drift = sum(float(clock.offset[-1] - clock.offset[0]) for clock in confirmed.clocks)
    passed = sum(float(clock.elapsed_s[-1] - clock.elapsed_s[0]) for clock in confirmed.clocks)
    if abs(drift) > max(PACE_NOTE * passed, 2 * tolerance_s):
        frame_s = float(np.median(np.diff(elapsed_s)))
        notes.append(f"printed times advance by {frame_s * (1 + drift / passed):.4g} s a frame where "
                     f"extract.seconds_per_frame makes it {frame_s:g} s")  # fmt: skip
    late = [abs(placed[number].residual_s or 0) for number in confirmed.anchors]
    uneven = [deviation for deviation in late if deviation > tolerance_s]
    if uneven:
        notes.append(f"{len(uneven)} printed times lie up to {max(uneven):.0f} s off an even clock and are kept")
    return notes


def _notes_on_zones(placed: Sequence[Placed], readings: Sequence[Sequence[Reading]], zone: ZoneInfo) -> list[str]:
    """Zones that the rules of the site do not have then, and names that are no configured zone."""
    contrary, unknown = 0, Counter[str]()
    for place, alternatives in zip(placed, readings, strict=True):
        if place.time_status != TimeStatus.READ or place.seconds is None or not alternatives:
            continue
        contrary += place.utc_offset_min != zone_min(place.seconds, zone)
        name = alternatives[0].unknown_zone
        if name and datetime.fromtimestamp(place.seconds, zone).tzname() != name:
            unknown[name] += 1
    notes = []
    if contrary:
        notes.append(f"{contrary} frames print a zone that {zone.key} does not have then; the printed one decides")
    for name, count in unknown.most_common(1):
        if count >= AGREEING:
            notes.append(f"{count} frames print '{name}', which ocr_utc.zones does not hold; {zone.key} decides")
    return notes


def _notes_on_changes(undecided: np.ndarray, unchanged_from: datetime | None, zone: ZoneInfo) -> list[str]:
    """Times that the changes of clocks leave open."""
    notes = []
    if count := np.count_nonzero(undecided):
        notes.append(f"{count} frames lie in the hour that comes twice in {zone.key}, without a printed zone: no time")
    if unchanged_from:
        notes.append(
            f"times from {unchanged_from:%H:%M} are printed, which {zone.key} skips: the clock was not put forward"
        )
    return notes


def _table(placed: Sequence[Placed]) -> pd.DataFrame:
    rows = [vars(frame) | {"time_status": str(frame.time_status)} for frame in placed]
    table = pd.DataFrame(rows, columns=[field.name for field in fields(Placed)])
    table = table.astype({"seconds": float, "residual_s": float, "utc_offset_min": float})
    utc = pd.to_datetime(table.pop("seconds"), unit="s", utc=True)
    local = utc.dt.tz_localize(None) + pd.to_timedelta(table["utc_offset_min"], unit="min")
    return table.assign(local_time=local.astype("datetime64[us]"), utc=utc.astype("datetime64[us, UTC]"))
