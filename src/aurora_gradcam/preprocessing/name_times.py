"""The time that stands in the name of a picture."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from ..config import Predict
from ..errors import ConfigError
from ..zones import zone_named
from .times.readings import Reading

FIELDS = {"Y": r"\d{4}", "y": r"\d{2}", "m": r"\d{2}", "d": r"\d{2}", "j": r"\d{3}", "H": r"\d{2}", "I": r"\d{2}",
          "M": r"\d{2}", "S": r"\d{2}", "f": r"\d{1,6}", "p": r"[AaPp][Mm]", "z": r"(?:Z|[+-]\d{2}:?\d{2})",
          "b": r"[A-Za-z]{3}", "B": r"[A-Za-z]{3,9}", "%": "%"}  # fmt: skip
"""The fields of strptime that a name can hold, as expressions."""


YEARS = (1900, 2052)
"""Of the ephemeris de421; a number that looks like a time of other years is taken for a serial number."""
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
