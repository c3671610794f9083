"""Time zone rules, from the pinned package tzdata alone, so that every machine has the same."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

import tzdata


@lru_cache
def zone_named(name: str) -> ZoneInfo:
    """The rules of an IANA time zone.

    `ZoneInfo(name)` prefers the rules of the operating system, which differ with its age: those of 2025 put Yellowknife
    after 2026-11-01 at UTC-7, those of 2026f at UTC-6.

    Raises
    ------
    ValueError
        There is no zone of this name.
    """
    parts = name.split("/")
    file = resources.files("tzdata").joinpath("zoneinfo", *parts)
    try:
        if not all(part.strip(".") for part in parts):
            raise FileNotFoundError(name)
        with file.open("rb") as content:
            return ZoneInfo.from_file(content, key=name)
    except (OSError, ValueError) as error:
        raise ValueError(f"'{name}' is no IANA time zone, such as America/Yellowknife") from error


def zone_rules() -> str:
    """Which rules `zone_named` gives, for provenance: `tzdata 2026.6 (IANA 2026f)`."""
    return f"tzdata {tzdata.__version__} (IANA {tzdata.IANA_VERSION})"
