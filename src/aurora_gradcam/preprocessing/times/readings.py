"""Text of a time strip -> the local times that it can be read as, and the moments in UTC that these can be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

FRENCH_HALF = r"(?:.?H[AN][A-Z])?"
"""Of a Canadian zone, such as HNR in MST/HNR; the slash is often lost or taken for a letter."""
NUMERIC_OFFSET = re.compile(r"(?P<name>UTC|GMT)?(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?(?![\w.:])")
UNKNOWN_NAME = re.compile(r"[^0-9A-Za-z]{0,4}(?P<name>[A-Z]{3,5})(?!\w|-\w)")
"""Capitals right after the time, which look like the name of a zone."""
HALF_DAY_MIN = 14 * 60
"""The largest offset from UTC on Earth, minutes."""


@dataclass(frozen=True)
class Reading:
    """A local time as printed.

    Parameters
    ----------
    local
        The local time, naive.
    utc_offset_min
        Minutes from UTC of the printed zone; None: no zone was legible.
    unknown_zone
        What stands in the place of a zone and is none of the configured ones.
    """

    local: datetime
    utc_offset_min: float | None
    unknown_zone: str | None = field(default=None, compare=False)

    def moments(self, zone: ZoneInfo) -> list[float]:
        """UTC in seconds since 1970.

        One moment, or two in the doubled hour of autumn where no zone is printed. In the skipped hour of spring it is
        that of a clock that was not changed.
        """
        if self.utc_offset_min is not None:
            return [_seconds(self.local - timedelta(minutes=self.utc_offset_min))]
        folds = [self.local.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
        if self.is_skipped(zone):
            return [folds[0].timestamp()]
        # a zone of the site's rules that was not configured still tells the two hours apart
        named = [local for local in folds if local.tzname() == self.unknown_zone]
        return sorted({local.timestamp() for local in named or folds})

    def is_skipped(self, zone: ZoneInfo) -> bool:
        """Whether no zone is printed and the clocks of the zone leave this time out."""
        return self.utc_offset_min is None and self.skip_s(zone) > 0

    def skip_s(self, zone: ZoneInfo) -> float:
        """Seconds by which the clocks of the zone are put forward at this very time, else 0 or less."""
        before, after = (rules_min(self.local.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
        return (after - before) * 60

    def offset_min(self, moment: float) -> float:
        """Minutes from UTC of this local time at one of its moments."""
        return (_seconds(self.local) - moment) / 60


def rules_min(local: datetime) -> float:
    """Minutes from UTC of an aware time."""
    offset = local.utcoffset()
    assert offset is not None
    return offset.total_seconds() / 60


def zone_min(seconds: float, zone: ZoneInfo) -> float:
    """Minutes from UTC that the rules of a zone give at a moment, s since 1970."""
    return rules_min(datetime.fromtimestamp(seconds, zone))


def _seconds(naive_utc: datetime) -> float:
    return naive_utc.replace(tzinfo=UTC).timestamp()


@lru_cache
def _pattern(form: str) -> re.Pattern[str]:
    # separators are often lost or taken for others; digits are what tells the time, and exactly as many as there are
    names = re.findall(r"%([YmdHMS])", form)
    groups = (rf"(?P<{name}>[0-9]{{{4 if name == 'Y' else 2}}})" for name in names)
    return re.compile(rf"(?<![0-9A-Za-z]){r'[^0-9A-Za-z]{0,4}'.join(groups)}(?![0-9])")


@lru_cache
def _zone_pattern(name: str) -> re.Pattern[str]:
    # a whole word: "Amsterdam" holds MST; UTC+2 is not UTC
    return re.compile(rf"(?<!\w){re.escape(name.upper())}{FRENCH_HALF}(?!\w|[+-]\d)")


def _named_offset(text: str, zones: Mapping[str, float]) -> tuple[int, float] | None:
    """Place and minutes from UTC of the first configured zone in upper-case text, the longest that begins there."""
    matches = [
        (match.start(), -len(name), hours * 60)
        for name, hours in zones.items()
        if name and (match := _zone_pattern(name).search(text))
    ]
    if not matches:
        return None
    place, _, minutes = min(matches)
    return place, minutes


def _numeric_offset(text: str) -> tuple[int, float] | None:
    """Place and minutes from UTC of an offset in upper-case text: UTC+2, GMT-07:00, or +0200 right after the time."""
    for match in NUMERIC_OFFSET.finditer(text):
        minutes = int(match["hours"]) * 60 + int(match["minutes"] or 0)
        is_bare = match["name"] is None
        if is_bare and (match.start() > 0 or match["minutes"] is None):
            continue  # a temperature, or the number of a camera
        if not is_bare and re.search(r"\w$", text[: match.start()]):
            continue
        if minutes <= HALF_DAY_MIN:
            return match.start(), float(minutes if match["sign"] == "+" else -minutes)
    return None


def _offset_min(before: str, after: str, zones: Mapping[str, float]) -> float | None:
    """Minutes from UTC of the zone printed after the time, or else right before it; None where none is legible."""
    if re.match(r"Z(?!\w)", after) and "Z" not in zones:
        return 0.0
    offsets = [offset for offset in (_numeric_offset(after), _named_offset(after, zones)) if offset]
    if offsets:
        return min(offsets)[1]
    word = re.search(r"([^\s\[(]+?)[\s:,\])]*$", before)
    offset = _named_offset(word[1], zones) if word else None
    return None if offset is None else offset[1]


def _without_a_blank(text: str, formats: Sequence[str], zones: Mapping[str, float]) -> list[Reading]:
    """What the text can be read as without one of its blanks between digits; none where blanks disagree."""
    blanks = [match.start() for match in re.finditer(r"(?<=\d) (?=\d)", text)]
    tries = [parse(text[:blank] + text[blank + 1 :], formats, zones, may_hold_a_blank=False) for blank in blanks]
    legible = [readings for readings in tries if readings]
    return legible[0] if legible and all(readings == legible[0] for readings in legible) else []


def parse(
    text: str, formats: Sequence[str], zones: Mapping[str, float], may_hold_a_blank: bool = True
) -> list[Reading]:
    """Every time that the text can be read as, in order of the formats; none for a text that is no whole time.

    Parameters
    ----------
    text
        As tesseract gave it.
    formats
        Strptime formats of %Y %m %d %H %M %S.
    zones
        Printed zone name -> hours from UTC. A zone counts as a whole word only.
    may_hold_a_blank
        Whether one blank inside a number is overlooked, which tesseract sees where digits stand apart.
    """
    readings: list[Reading] = []
    for form in formats:
        for match in _pattern(form).finditer(text):
            try:
                local = datetime.strptime(" ".join(match[name] for name in "YmdHMS"), "%Y %m %d %H %M %S")
            except ValueError:
                continue
            before, after = text[: match.start()].upper(), text[match.end() :]
            offset = _offset_min(before, after.upper(), zones)
            unknown = UNKNOWN_NAME.match(after) if offset is None else None
            reading = Reading(local, offset, unknown["name"] if unknown else None)
            if reading not in readings:
                readings.append(reading)
    return readings or (_without_a_blank(text, formats, zones) if may_hold_a_blank else [])


def without_lone_zones(readings: Sequence[Sequence[Reading]], zone: ZoneInfo) -> list[list[Reading]]:
    """The readings, without a printed zone where it breaks the rules and those before and after keep to them.

    A camera that does not follow the rules breaks them for long; a single frame that does so is misread.
    """
    kept = [list(alternatives) for alternatives in readings]
    zoned = [n for n, alternatives in enumerate(kept) if alternatives and alternatives[0].utc_offset_min is not None]
    breaks = [kept[n][0].utc_offset_min != zone_min(kept[n][0].moments(zone)[0], zone) for n in zoned]
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
