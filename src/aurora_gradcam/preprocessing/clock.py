"""Texts of a night's time strips -> UTC, through a model of the camera's clock.

The video runs evenly: time = offset + elapsed sky time, with one offset for as long as the camera takes every frame and
a larger one after a gap. Readings vote for offsets; what fits no offset is a misreading, whatever tesseract made of it.
All of this is in UTC, so that neither change of clocks is a step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from ..config import OcrUtc

AGREEING = 4
"""Readings that must agree before an offset is believed, at the start and after a gap."""
STEADY_WINDOW = 9
"""Readings whose median is the offset at one place; a clock that drifts by seconds a night is followed."""
EXACT_S = 0.6
"""A reading in whole seconds stands for a moment at most half a second away."""
SURE_EDITS, LIKELY_EDITS, CLEAR_EDITS = 5, 2, 2
"""Edits between a text and the model's time up to which the text counts as a misreading of it: where the model is
beyond doubt, and where it needs the text's support; and how much nearer one side of a gap must be than the other.
The study met misreadings of one and two edits."""
LEGIBLE_DIGITS = 7
"""Digits, half a time, from which a text that is unlike the model's time speaks against it."""


@dataclass(frozen=True)
class Reading:
    """A local time as printed, and the minutes from UTC of its printed zone (None: no zone was legible)."""

    local: datetime
    utc_offset_min: float | None

    def moments(self, zone: ZoneInfo) -> list[float]:
        """UTC in seconds since 1970: one moment, or two in the doubled hour of autumn if no zone is printed."""
        if self.utc_offset_min is not None:
            return [_seconds(self.local - timedelta(minutes=self.utc_offset_min))]
        return sorted({self.local.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1)})

    def offset_min(self, moment: float) -> float:
        """Minutes from UTC of this local time at one of its moments."""
        return (_seconds(self.local) - moment) / 60


def _seconds(naive_utc: datetime) -> float:
    return naive_utc.replace(tzinfo=UTC).timestamp()


def _rules_min(seconds: float, zone: ZoneInfo) -> float:
    return datetime.fromtimestamp(seconds, zone).utcoffset().total_seconds() / 60


@lru_cache
def _pattern(form: str) -> re.Pattern[str]:
    # separators are often lost or taken for others; digits are what tells the time, and exactly as many as there are
    names = re.findall(r"%([YmdHMS])", form)
    groups = (rf"(?P<{field}>[0-9]{{{4 if field == 'Y' else 2}}})" for field in names)
    return re.compile(rf"(?<![0-9A-Za-z]){r'[^0-9A-Za-z]{0,4}'.join(groups)}(?![0-9])")


def parse(text: str, formats: Sequence[str], zones: dict[str, float]) -> list[Reading]:
    """Every time that the text can be read as, in order of the formats; none for a text that is no whole time.

    Parameters
    ----------
    text
        As tesseract gave it.
    formats
        Strptime formats of %Y %m %d %H %M %S.
    zones
        Printed zone name -> hours from UTC.
    """
    readings: list[Reading] = []
    for form in formats:
        for found in _pattern(form).finditer(text):
            try:
                local = datetime(*(int(found[field]) for field in "YmdHMS"))
            except ValueError:
                continue
            rest = text[found.end() :].upper()
            names = [name for name in sorted(zones, key=len, reverse=True) if name.upper() in rest]
            reading = Reading(local, zones[names[0]] * 60 if names else None)
            if reading not in readings:
                readings.append(reading)
    return readings


def without_lone_zones(readings: Sequence[Sequence[Reading]], zone: ZoneInfo) -> list[list[Reading]]:
    """The readings, without a printed zone where it breaks the rules and those before and after keep to them.

    A camera that does not follow the rules breaks them for long; a single frame that does so is misread.
    """
    kept = [list(some) for some in readings]
    zoned = [number for number, some in enumerate(kept) if some and some[0].utc_offset_min is not None]
    breaks = [kept[n][0].utc_offset_min != _rules_min(kept[n][0].moments(zone)[0], zone) for n in zoned]
    for index, number in enumerate(zoned):
        if breaks[index] and not any(breaks[max(index - 1, 0) : index] + breaks[index + 1 : index + 2]):
            kept[number] = [replace(reading, utc_offset_min=None) for reading in kept[number]]
    return kept


def edits(expected: str, text: str) -> int:
    """Fewest insertions, deletions and replacements that turn some part of `text` into `expected` (Sellers 1980)."""
    above = [0] * (len(text) + 1)
    for row, wanted in enumerate(expected, start=1):
        current = [row]
        for column, seen in enumerate(text, start=1):
            current.append(min(above[column] + 1, current[-1] + 1, above[column - 1] + (wanted != seen)))
        above = current
    return min(above)


def fit(offsets: np.ndarray, tolerance_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Find the clock's offsets and the readings that confirm them.

    The path through the readings is the one with the fewest unexplained readings plus jumps, where a jump costs as
    much as AGREEING readings and only goes forward: a lone outlier is no gap.

    Parameters
    ----------
    offsets
        Reading minus elapsed, s, shape (readings, alternatives); NaN where there is none.
    tolerance_s
        A reading this close to an offset confirms it.

    Returns
    -------
    segment
        Shape (readings,), the stretch without gaps that a reading confirms, from 0; -1 where it confirms none.
    offset
        Shape (readings,), the local offset in s where a reading confirms it, else NaN.
    """
    count = len(offsets)
    segment, local = np.full(count, -1), np.full(count, np.nan)
    values = np.sort(offsets[np.isfinite(offsets)])
    states = np.unique(np.round(values))
    near = np.searchsorted(values, states + tolerance_s, "right") - np.searchsorted(values, states - tolerance_s)
    states = states[near >= AGREEING]
    if not states.size:
        return segment, local
    distance = np.nan_to_num(np.abs(offsets[:, :, None] - states), nan=np.inf).min(axis=1)
    # a hundredth for the distance, so that of the offsets that explain as many readings the median one wins
    price = np.where(distance <= tolerance_s, 0.01 * distance / tolerance_s, 1.0)
    price[np.isnan(offsets).all(axis=1)] = 0
    columns = np.arange(len(states))
    total, came_from = price[0], np.zeros((count, len(states)), int)
    for number in range(1, count):
        lowest = np.minimum.accumulate(total)
        best = np.maximum.accumulate(np.where(total == lowest, columns, 0))
        jump = lowest + AGREEING - 0.5 < total
        came_from[number] = np.where(jump, best, columns)
        total = np.where(jump, lowest + AGREEING - 0.5, total) + price[number]
    path = np.full(count, np.argmin(total))
    for number in range(count - 1, 0, -1):
        path[number - 1] = came_from[number, path[number]]
    confirms = distance[np.arange(count), path] <= tolerance_s
    segment[confirms] = np.cumsum(np.diff(path, prepend=path[0]) != 0)[confirms]
    alternative = np.abs(offsets - states[path][:, None])
    chosen = offsets[np.arange(count), np.where(np.isnan(alternative), np.inf, alternative).argmin(axis=1)]
    for one in range(segment.max() + 1):
        members = segment == one
        steady = pd.Series(chosen[members]).rolling(STEADY_WINDOW, center=True, min_periods=1)
        local[members] = steady.quantile(0.5, interpolation="lower")
        # a misreading of the seconds can lie within the tolerance: what is close depends on how steady the clock is
        residual = np.abs(chosen[members] - local[members])
        spread = max(EXACT_S, np.quantile(residual, 0.75, method="lower"))
        segment[np.flatnonzero(members)[residual > spread]] = -1
    return segment, local


@dataclass(frozen=True)
class Placed:
    """A frame's time: UTC in s since 1970 (None: unknown), how it was got, reading minus model, and the zone."""

    seconds: float | None = None
    time_status: str = "failed"
    residual_s: float | None = None
    utc_offset_min: float | None = None


def _likeness(text: str, seconds: float, utc_offset_min: float, formats: Sequence[str]) -> int:
    """Edits between a text and the time that the model expects on the frame, digits and letters only."""
    local = datetime.fromtimestamp(round(seconds), timezone(timedelta(minutes=utc_offset_min)))
    seen = re.sub("[^0-9A-Z]", "", text.upper())
    return min(edits(re.sub("[^0-9]", "", local.strftime(form)), seen) for form in formats)


@dataclass(frozen=True)
class Beside:
    """What the confirmed readings next to a frame say about it.

    models: the times (UTC, s) that it may have; one, or two at a gap. sure: the readings on both sides lie in the same
    stretch without gaps. contested: a sound frame here reads another time, so a gap may lie on the wrong side of it.
    near: a confirmed reading is not too far.
    """

    models: Sequence[float]
    sure: bool
    contested: bool
    near: bool


def _place_one(
    text: str, found: Sequence[tuple[float, Reading]], beside: Beside, zone_min: Callable, formats: Sequence[str]
) -> Placed:
    """Place a frame whose own reading, if any, has no voice in the model."""
    for model in beside.models:
        for moment, reading in found:
            if abs(moment - model) <= EXACT_S:
                return Placed(moment, "read", moment - model, reading.offset_min(moment))
    if not beside.sure and (found or beside.contested):
        return Placed()
    likeness = sorted((_likeness(text, model, zone_min(model), formats), model) for model in beside.models)
    fewest, model = likeness[0]
    clear = len(likeness) == 1 or likeness[1][0] - fewest >= CLEAR_EDITS
    if clear and fewest <= (SURE_EDITS if beside.sure else LIKELY_EDITS):
        residual = min((moment - model for moment, _ in found), key=abs, default=None)
        return Placed(float(round(model)), "repaired", residual, zone_min(model))
    unlike = not beside.sure and sum(c.isdigit() for c in text) >= LEGIBLE_DIGITS
    if beside.near and len(beside.models) == 1 and not unlike:
        return Placed(float(round(model)), "interpolated", None, zone_min(model))
    return Placed()


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
        Sky time since the video's first frame, s, shape (frames,).
    trusted
        False for damaged frames, whose readings do not vote; shape (frames,).
    night
        The date in the video's name.
    timezone_name
        The site's IANA zone; it decides where no zone was legible.

    Returns
    -------
    The columns local_time, utc_offset_min, utc, time_status and residual_s of TIMES_TABLE, a row a frame; and what a
    person should know about the night (gaps, a zone against the rules), in phrases.
    """
    zone = ZoneInfo(timezone_name)
    parsed = [parse(text or "", ocr.formats, ocr.zones) for text in texts]
    plausible = [[r for r in some if abs((r.local.date() - night).days) <= ocr.days_around_night] for some in parsed]
    readings = [
        [(moment, reading) for reading in some for moment in reading.moments(zone)]
        for some in without_lone_zones(plausible, zone)
    ]
    offsets = np.full((len(texts), max(map(len, readings), default=0) or 1), np.nan)
    for number, found in enumerate(readings):
        offsets[number, : len(found)] = [moment - elapsed_s[number] for moment, _ in found]
    segment, local = fit(np.where(trusted[:, None], offsets, np.nan), ocr.tolerance_s)

    placed = [Placed()] * len(texts)
    anchors = np.flatnonzero(segment >= 0)
    for number in anchors:
        model = local[number] + elapsed_s[number]
        moment, reading = min(readings[number], key=lambda found: abs(found[0] - model))
        placed[number] = Placed(moment, "read", moment - model, reading.offset_min(moment))
    against = np.array([placed[i].utc_offset_min - _rules_min(placed[i].seconds, zone) for i in anchors])
    # where no zone is legible: the zone of the rules, or what the camera prints instead throughout the night
    correction = float(np.median(against)) if against.size else 0.0

    def zone_min(seconds: float) -> float:
        return _rules_min(seconds, zone) + correction

    between = np.searchsorted(anchors, np.arange(len(texts)))  # frames of one number lie between the same anchors
    opposed = {int(between[i]) for i in np.flatnonzero((segment < 0) & trusted) if readings[i]}
    for number in np.flatnonzero(segment < 0) if anchors.size else ():
        after = int(between[number])
        ends = anchors[max(after - 1, 0) : after + 1]
        sure = len(ends) == 2 and bool(segment[ends[0]] == segment[ends[1]])
        models = [local[i] + elapsed_s[number] for i in (ends[:1] if sure else ends)]
        near = bool(np.abs(elapsed_s[ends] - elapsed_s[number]).min() <= ocr.max_gap_s)
        beside = Beside(models, sure, after in opposed, near)
        placed[number] = _place_one(texts[number] or "", readings[number], beside, zone_min, ocr.formats)

    jumps = [round(local[b] - local[a]) for a, b in pairwise(anchors) if segment[a] != segment[b]]
    notes = [f"gaps of {', '.join(f'{jump} s' for jump in jumps)}"] if jumps else []
    if contrary := np.count_nonzero(against):
        notes.append(f"{contrary} frames print a zone that {timezone_name} does not have then; the printed one decides")
    return _table(placed), notes


def _table(placed: Sequence[Placed]) -> pd.DataFrame:
    table = pd.DataFrame([vars(one) for one in placed], columns=[field.name for field in fields(Placed)])
    table = table.astype({"seconds": float, "residual_s": float, "utc_offset_min": float})
    utc = pd.to_datetime(table.pop("seconds"), unit="s", utc=True)
    local = utc.dt.tz_localize(None) + pd.to_timedelta(table["utc_offset_min"], unit="min")
    return table.assign(local_time=local.astype("datetime64[us]"), utc=utc.astype("datetime64[us, UTC]"))
