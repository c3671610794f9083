"""Dates and times that stand in file names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise

import numpy as np

from ..config import OcrUtc, Predict
from ..errors import ConfigError
from ..preprocessing import video_names
from ..preprocessing.times.readings import Reading, parse
from ..preprocessing.video_names import is_date
from ..zones import zone_named

FIELDS = {"Y": r"\d{4}", "y": r"\d{2}", "m": r"\d{2}", "d": r"\d{2}", "j": r"\d{3}", "H": r"\d{2}", "I": r"\d{2}",
          "M": r"\d{2}", "S": r"\d{2}", "f": r"\d{1,6}", "p": r"[AaPp][Mm]", "z": r"(?:Z|[+-]\d{2}:?\d{2})",
          "b": r"[A-Za-z]{3}", "B": r"[A-Za-z]{3,9}", "%": "%"}  # fmt: skip
"""The fields of strptime that a name can hold, as expressions."""


YEARS = (1900, 2052)
"""Of the ephemeris de421; a number that looks like a time of other years is taken for a serial number."""
DATE = "%Y%m%d"
UTC_ASSUMED = "the times in the names are taken as UTC; if they are local times, set predict.image_zone"
NEEDED = (("Y", "y"), ("m", "b", "B", "j"), ("d", "j"), ("H", "I"))
"""Of each of these one, or the time would not be known."""


@lru_cache
def _pattern(form: str) -> re.Pattern[str]:
    expression, fields = "", []
    for field, text in re.findall(r"%(.)|([^%]+)", form):
        expression += FIELDS.get(field, "") if field else re.escape(text)
        fields += [field] if field and field != "%" else []
    distinct = len(set(fields)) == len(fields) and set(fields) <= set(FIELDS)
    if not distinct or not all(set(needed) & set(fields) for needed in NEEDED):
        fix = f"write it like %Y%m%d_%H%M%S; there are {' '.join(f'%{name}' for name in FIELDS)}"
        raise ConfigError(f"'{form}' is no date and time of day", "predict.image_time", fix)
    # more digits at either end would make it another number: 180206 in 20180206 is no date
    return re.compile(rf"(?<!\d){expression}(?!\d)")


def local_time_in(name: str, rule: Predict) -> datetime | None:
    """The time that stands in a file name, as it stands there; None where none does. It is aware where %z is read.

    Raises
    ------
    ConfigError
        `rule.image_time` holds a field that no name can hold.
    """
    if not rule.image_time:
        return None
    for match in _pattern(rule.image_time).finditer(name):
        try:
            local = datetime.strptime(match[0], rule.image_time)
        except ValueError:
            continue
        if YEARS[0] <= local.year <= YEARS[1]:  # else a serial number that looks like a time
            return local
    return None


def time_in(name: str, rule: Predict) -> datetime | None:
    """The time that stands in a file name, in UTC; None where none does, or where it can mean no one moment.

    A local time in the hour that the zone `rule.image_zone` skips in spring is none, and one in the hour that comes
    twice in autumn can be either. The order of names does not decide: a night's names hold each time once, and an hour
    without pictures looks the same on both sides.

    Raises
    ------
    ConfigError
        `rule.image_time` holds a field that no name can hold.
    """
    local = local_time_in(name, rule)
    if local is None or local.tzinfo is not None:
        return local and local.astimezone(UTC)
    zone = zone_named(rule.image_zone)
    reading = Reading(local.replace(microsecond=0), None)
    moments = [] if reading.is_skipped(zone) else reading.moments(zone)
    return local.replace(tzinfo=zone).astimezone(UTC) if len(moments) == 1 else None


def notes_on_times(names: Sequence[str], rule: Predict) -> list[str]:
    """What a person should know about the times in file names, in phrases."""
    pairs = [(name, local) for name in names if (local := local_time_in(name, rule)) and local.tzinfo is None]
    if not pairs:
        return []
    notes = [UTC_ASSUMED] if rule.image_zone == "UTC" else []
    zone = zone_named(rule.image_zone)
    readings = [(name, Reading(local.replace(microsecond=0), None)) for name, local in pairs]
    skipped = [name for name, reading in readings if reading.is_skipped(zone)]
    doubled = [name for name, reading in readings if len(reading.moments(zone)) > 1]
    for kind, open_names in ((f"that {rule.image_zone} skips in spring", skipped),
                             (f"in the hour that comes twice in {rule.image_zone}", doubled)):  # fmt: skip
        if open_names:
            notes.append(f"{len(open_names)} names hold a time {kind}, such as {open_names[0]}; these have no time")
    return notes


def night_in(name: str, file_pattern: str) -> str | None:
    """The date YYYYMMDD that a video's name holds: by `extract.file_pattern`, or else any eight digits that are one."""
    by_pattern = [night] if (night := video_names.night_in(name, file_pattern)) else []
    # a time of day may follow without a space
    dates = [*by_pattern, *re.findall(r"(?<!\d)(\d{8})(?:\d{4}|\d{6})?(?!\d)", name)]
    return next((date for date in dates if is_date(date)), None)


def _legible(texts: Sequence[str | None], rule: OcrUtc) -> list[tuple[int, datetime]]:
    """Numbers of the texts that are whole times, and these, as printed."""
    readings = (parse(text or "", rule.formats, rule.zones) for text in texts)
    return [(number, found[0].local) for number, found in enumerate(readings) if found]


def night_of_texts(texts: Sequence[str | None], rule: OcrUtc) -> str | None:
    """The date YYYYMMDD that most of the times printed on frames have; None where no time is legible."""
    dates = Counter(local.strftime("%Y%m%d") for _, local in _legible(texts, rule))
    return dates.most_common(1)[0][0] if dates else None


def why_failed(texts: Sequence[str | None], elapsed_s: np.ndarray, night: str, rule: OcrUtc) -> list[str]:
    """Why legible times fit no clock, in phrases: they are of another date, or run at another rate.

    elapsed_s : sky time of each frame since the video's first by the params, shape (frames,).
    """
    legible = _legible(texts, rule)
    notes = []
    date = night_of_texts(texts, rule)
    if date and abs((datetime.strptime(date, DATE) - datetime.strptime(night, DATE)).days) > rule.days_around_night:
        notes.append(f"the date of its name is {night}, but the times on its frames are of {date}")
    steps = [
        ((after - before).total_seconds(), elapsed_s[second] - elapsed_s[first])
        for (first, before), (second, after) in pairwise(legible)
    ]
    if steps:
        printed, expected = np.median(steps, axis=0)
        if abs(printed - expected) > rule.tolerance_s:
            notes.append(f"the times on its frames advance by {printed:g} s where extract.seconds_per_frame makes it "
                        f"{expected:g} s")  # fmt: skip
    return notes
