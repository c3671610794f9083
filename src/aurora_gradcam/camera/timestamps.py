"""Dates and times in text as cameras print them, and the strptime format that they follow."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

DATE = re.compile(r"(?<!\d)(?:(\d{4})([-/.: ]?)(\d{2})\2(\d{2})|(\d{2})([-/.])(\d{2})\6(\d{4}))(?!\d)")
CLOCK = re.compile(r"(?<!\d)(\d{2})[:.;](\d{2})[:.;](\d{2})(?!\d)")
ZONE = re.compile(r"[A-Za-z][A-Za-z/+\-0-9]{0,9}")


@dataclass(frozen=True)
class Timestamp:
    """A time as printed, the strptime format of its fields in their order, and the word after it, such as UTC."""

    local: datetime
    form: str
    zone: str


def parse(text: str) -> Timestamp | None:
    """The first date and time of day in a text; None where there are not both, or they are no time.

    A date that begins with the day and one that begins with the month look alike up to the 12th: the day comes first.
    """
    date, clock = DATE.search(text), CLOCK.search(text)
    if not date or not clock:
        return None
    hour, minute, second = (int(part) for part in clock.groups())
    for form, year, month, day in _orders(date):
        try:
            local = datetime(year, month, day, hour, minute, second)
        except ValueError:
            continue
        parts = [form, "%H:%M:%S"] if date.start() < clock.start() else ["%H:%M:%S", form]
        rest = text[max(date.end(), clock.end()) :].strip()
        zone = ZONE.match(rest)
        return Timestamp(local, " ".join(parts), zone[0] if zone else "")
    return None


def _orders(date: re.Match[str]) -> list[tuple[str, int, int, int]]:
    year, separator, month, day, first, mark, second, last = date.groups()
    if year:
        mark = separator if separator in "-/." else "-"
        return [(f"%Y{mark}%m{mark}%d" if mark else "%Y%m%d", int(year), int(month), int(day))]
    return [
        (f"%d{mark}%m{mark}%Y", int(last), int(second), int(first)),
        (f"%m{mark}%d{mark}%Y", int(last), int(first), int(second)),
    ]
