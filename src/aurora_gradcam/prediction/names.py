"""Dates and times that stand in file names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from ..config import OcrUtc, Predict
from ..errors import ConfigError
from ..preprocessing import video_names
from ..preprocessing.clock import parse
from ..preprocessing.video_names import is_date

FIELDS = {"Y": r"\d{4}", "y": r"\d{2}", "m": r"\d{2}", "d": r"\d{2}", "j": r"\d{3}", "H": r"\d{2}", "I": r"\d{2}",
          "M": r"\d{2}", "S": r"\d{2}", "f": r"\d{1,6}", "p": r"[AaPp][Mm]", "b": r"[A-Za-z]{3}", "B": r"[A-Za-z]{3,9}",
          "%": "%"}  # fmt: skip
"""The fields of strptime that a name can hold, as expressions."""


YEARS = (1900, 2052)
"""Of the ephemeris de421; a number that looks like a time of other years is taken for a serial number."""
DATE = "%Y%m%d"
NEEDED = (("Y", "y"), ("m", "b", "B", "j"), ("d", "j"), ("H", "I"))
"""Of each of these one, or the time would not be known."""


@lru_cache
def _pattern(form: str) -> re.Pattern[str]:
    expression, fields = "", []
    for field, text in re.findall(r"%(.)|([^%]+)", form):
        expression += FIELDS.get(field, "") if field else re.escape(text)
        fields += [field] if field and field != "%" else []
    distinct = len(set(fields)) == len(fields) and set(fields) <= set(FIELDS)
    if not distinct or not all(set(some) & set(fields) for some in NEEDED):
        fix = f"write it like %Y%m%d_%H%M%S; there are {' '.join(f'%{name}' for name in FIELDS)}"
        raise ConfigError(f"'{form}' is no date and time of day", "predict.image_time", fix)
    # more digits at either end would make it another number: 180206 in 20180206 is no date
    return re.compile(rf"(?<!\d){expression}(?!\d)")


def time_in(name: str, rule: Predict) -> datetime | None:
    """The time that stands in a file name, in UTC; None where none does.

    Raises
    ------
    ConfigError
        `rule.image_time` holds a field that no name can hold.
    """
    if not rule.image_time:
        return None
    for found in _pattern(rule.image_time).finditer(name):
        try:
            local = datetime.strptime(found[0], rule.image_time)
        except ValueError:
            continue
        if YEARS[0] <= local.year <= YEARS[1]:  # else a serial number that looks like a time
            return local.replace(tzinfo=ZoneInfo(rule.image_zone)).astimezone(UTC)
    return None


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
    said = []
    date = night_of_texts(texts, rule)
    if date and abs((datetime.strptime(date, DATE) - datetime.strptime(night, DATE)).days) > rule.days_around_night:
        said.append(f"the date of its name is {night}, but the times on its frames are of {date}")
    steps = [
        ((after - before).total_seconds(), elapsed_s[second] - elapsed_s[first])
        for (first, before), (second, after) in pairwise(legible)
    ]
    if steps:
        printed, expected = np.median(steps, axis=0)
        if abs(printed - expected) > rule.tolerance_s:
            said.append(f"the times on its frames advance by {printed:g} s where extract.seconds_per_frame makes it "
                        f"{expected:g} s")  # fmt: skip
    return said
