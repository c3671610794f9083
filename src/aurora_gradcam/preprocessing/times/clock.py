"""Texts of a night's time strips -> UTC, through a model of the camera's clock.

Time is offset + elapsed sky time. The readings of a night show how the offset behaves (`timeline`): constant, drifting,
scattered, with steps at gaps and where the clock is set. A legible time that suits this clock is taken as printed,
whatever the model says; what suits no clock is a misreading, and repaired where its text supports that.
All of this is in UTC, so that neither change of clocks is a step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from ...config import OcrUtc
from ...tables.times import TimeStatus
from ...zones import zone_named
from . import notes
from .confirmation import (
    Confirmed,
    Moments,
    confirm,
    with_short_ends,
    without_misread_runs,
    without_undecided_hours,
)
from .placed import Placed
from .readings import Reading, edits, parse, without_lone_zones, zone_min
from .timeline import AGREEING, path_of_night

SURE_EDITS = 5
"""Edits between a text and the model's time up to which it is a misreading of it, where the model is beyond doubt."""
LIKELY_EDITS = 2
"""The same where the model needs the text's support. The study met misreadings of one and two edits."""
CLEAR_EDITS = 2
"""How many edits nearer one side of a gap must be than the other."""
LEGIBLE_DIGITS = 7
"""Digits, half a time, from which a text that is unlike the model's time speaks against it."""


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
    phrases = [
        *notes.on_steps(confirmed),
        *notes.on_pace(confirmed, placed, elapsed_s, ocr.tolerance_s),
        *notes.on_zones(placed, readings, zone),
        *notes.on_changes(undecided, unchanged_from, zone),
    ]
    return _table(placed), phrases


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


def _table(placed: Sequence[Placed]) -> pd.DataFrame:
    rows = [vars(frame) | {"time_status": str(frame.time_status)} for frame in placed]
    table = pd.DataFrame(rows, columns=[field.name for field in fields(Placed)])
    table = table.astype({"seconds": float, "residual_s": float, "utc_offset_min": float})
    utc = pd.to_datetime(table.pop("seconds"), unit="s", utc=True)
    local = utc.dt.tz_localize(None) + pd.to_timedelta(table["utc_offset_min"], unit="min")
    return table.assign(local_time=local.astype("datetime64[us]"), utc=utc.astype("datetime64[us, UTC]"))
