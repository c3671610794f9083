"""Which nights are asked for, and the web addresses at which their videos may lie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from urllib.parse import unquote, urlsplit

from ..corpus.frame_ids import month_of
from ..errors import ConfigError, InputError

SIZES = ("480p", "720p", "1080p")
MOST_NIGHTS = 400


def day(text: str, option: str) -> date:
    """`2024-02-01` (or `20240201`) as a date; `option` names where it was given."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"'{text}' is not a date", option, "write it like 2024-02-01, the morning of the night"
        ) from error


def nights_between(first: date, last: date, today: date) -> list[date]:
    """Every morning from `first` to `last`, both included.

    Raises
    ------
    InputError
        The wrong way round, in the future, or more than MOST_NIGHTS nights.
    """
    if first > last:
        raise InputError(f"the first night {first} is after the last night {last}", "--from, --to", "swap the two")
    if last > today:
        raise InputError(f"{last} is in the future", "--to", f"name no night after {today}")
    count = (last - first).days + 1
    if count > MOST_NIGHTS:
        raise InputError(
            f"{count} nights are more than the {MOST_NIGHTS} of one call", "--from, --to", "fetch them season by season"
        )
    return [first + timedelta(days=number) for number in range(count)]


def night_name(night: date) -> str:
    """The night as it stands in names: YYYYMMDD of the morning."""
    return f"{night:%Y%m%d}"


def month_name(night: date) -> str:
    """The night's folder below data/raw: YYYY-MM."""
    return month_of(night_name(night))


def addresses_of(night: date, patterns: Sequence[str], size: str) -> list[str]:
    """The addresses of a night's video, in the order in which they are tried; none twice."""
    fields = {"year": f"{night:%Y}", "month": f"{night:%m}", "day": f"{night:%d}", "night": night_name(night)}
    filled = []
    for pattern in patterns:
        for field, value in (fields | {"size": size}).items():
            pattern = pattern.replace(f"{{{field}}}", value)
        filled.append(pattern)
    return list(dict.fromkeys(filled))


def file_name(address: str) -> str:
    """The last part of an address, under which the video is kept."""
    return unquote(urlsplit(address).path).rpartition("/")[2]


def check_names(patterns: Iterable[str]) -> None:
    """A ConfigError unless every pattern names a file by its night, as the pipeline needs it."""
    for pattern in patterns:
        name = file_name(pattern)
        if "{night}" not in name or not name.endswith(".mp4"):
            raise ConfigError(
                f"'{pattern}' does not end with a file name that holds {{night}} and ends with .mp4",
                "fetch.addresses",
                "each night needs a file name of its own, such as .../auroramaxHD_{night}_{size}.mp4",
            )


def joined(nights: Iterable[date]) -> str:
    """Dates in order, neighbours joined: `2024-02-01 to 2024-02-03, 2024-02-07`."""
    runs: list[list[date]] = []
    for night in sorted(set(nights)):
        if runs and night - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(night)
        else:
            runs.append([night])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
