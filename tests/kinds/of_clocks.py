"""Nights by what their camera printed: the clock is right, changes, stops, or says nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from aurora_gradcam.config import OcrUtc
from aurora_gradcam.preprocessing.times import clock

from . import Kind

YELLOWKNIFE, OSLO = "America/Yellowknife", "Europe/Oslo"
FORM = "%Y-%m-%d %H:%M:%S"
READ = {"read": 30}
WRONG = "wrong"
"""Counts times that were placed, but not where they belong: there must be none."""


def start(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def minutes(begin: datetime, count: int = 30, step_s: float = 60) -> list[datetime]:
    return [begin + timedelta(seconds=round(step_s * k)) for k in range(count)]


def placed(
    truth: Sequence[datetime],
    printed: Sequence[str | None],
    night: date,
    zone: str,
    elapsed_s: np.ndarray | None = None,
    ocr: OcrUtc | None = None,
) -> dict[str, int]:
    """How many times of each status there are, and how many are wrong."""
    elapsed = 60.0 * np.arange(len(printed)) if elapsed_s is None else elapsed_s
    table, _ = clock.place(printed, elapsed, np.ones(len(printed), bool), night, ocr or OcrUtc(), zone)
    counts = {str(status): int(number) for status, number in table["time_status"].value_counts().items()}
    late = [abs((utc - true).total_seconds()) for utc, true in zip(table["utc"].dropna(), truth, strict=False)]
    if len(late) == len(truth) and max(late, default=0) > 1:
        counts[WRONG] = sum(each > 1 for each in late)
    return counts


def night_of(
    begin: datetime,
    form: str = FORM,
    zone: str = YELLOWKNIFE,
    step_s: float = 60,
    change: Callable[[list[str]], list[str | None]] = list,
    ocr: OcrUtc | None = None,
) -> Callable[[Path], Any]:
    """Place a night that prints the local time of its zone."""

    def act(_: Path) -> Any:
        truth = minutes(begin, step_s=step_s)
        local = [moment.astimezone(ZoneInfo(zone)) for moment in truth]
        return placed(truth, change([each.strftime(form) for each in local]), local[15].date(), zone, ocr=ocr)

    return act


def set_by(seconds: int, at: int = 15) -> Callable[[Path], Any]:
    """The clock is set during the night: what it prints is what is taken."""

    def act(_: Path) -> Any:
        begin = start(2024, 3, 9, 18, 0, 7)
        truth = [moment + timedelta(seconds=seconds * (k >= at)) for k, moment in enumerate(minutes(begin))]
        printed = [moment.strftime(f"{FORM} UTC") for moment in truth]
        return placed(truth, printed, date(2024, 3, 10), "UTC", ocr=OcrUtc(zones={"UTC": 0}))

    return act


def nothing(_: Path) -> Any:
    return placed([], [], date(2024, 2, 1), YELLOWKNIFE)


def every(number: int, text: str | None) -> Callable[[list[str]], list[str | None]]:
    return lambda texts: [text if k % number == 1 else each for k, each in enumerate(texts)]


def same(texts: list[str]) -> list[str]:
    return [texts[0]] * len(texts)


def in_1970(texts: list[str]) -> list[str | None]:
    return [text.replace("2024", "1970") for text in texts]


WINTER = start(2024, 2, 1, 8, 0, 5)
ZONED = f"{FORM} %Z"
KINDS = [
    Kind("an ordinary night", night_of(WINTER, ZONED), READ),
    Kind("no zone is printed", night_of(WINTER), READ),
    Kind("New Year in local time", night_of(start(2024, 1, 1, 6, 45), ZONED), READ),
    Kind("New Year in UTC", night_of(start(2023, 12, 31, 23, 45), ZONED, OSLO, ocr=OcrUtc(zones={"CET": 1})), READ),
    Kind("a leap day", night_of(start(2024, 2, 29, 6, 45), ZONED), READ),
    Kind("the end of February in another year", night_of(start(2023, 3, 1, 6, 45), ZONED), READ),
    Kind("clocks go forward, with zones", night_of(start(2024, 3, 10, 8, 45), ZONED), READ),
    Kind("clocks go forward, without", night_of(start(2024, 3, 10, 8, 45)), READ),
    Kind("clocks go back, with zones", night_of(start(2023, 11, 5, 7, 45), ZONED), READ),
    Kind("clocks go back, without, and the night begins before", night_of(start(2023, 11, 5, 7, 45)), READ),
    Kind("clocks go back in Oslo", night_of(start(2023, 10, 29, 0, 45), zone=OSLO, ocr=OcrUtc(zones={})), READ),
    Kind("half of an hour that comes twice", night_of(start(2023, 11, 5, 7, 15)), {"failed": 30}),
    Kind(
        "the day is printed first",
        night_of(WINTER, "%d.%m.%Y %H:%M:%S", ocr=OcrUtc(formats=("%d.%m.%Y %H:%M:%S",))),
        READ,
    ),
    Kind("a frame is 61.8 s", night_of(WINTER, ZONED, step_s=61.8), READ),
    Kind("set back by 40 s", set_by(-40), READ),
    Kind("set forward by 40 s", set_by(40), READ),
    Kind("set forward by an hour", set_by(3600), READ),
    Kind("a clock that stands still", night_of(WINTER, ZONED, change=same), {"failed": 30}),
    Kind(
        "every third time is illegible",
        night_of(WINTER, ZONED, change=every(3, None)),
        {"read": 20, "interpolated": 10},
    ),
    Kind(
        "every third time is of another year",
        night_of(WINTER, ZONED, change=every(3, "1970-01-01 00:00:07 MST")),
        {"read": 20, "interpolated": 10},
    ),
    Kind("an empty battery: it prints 1970", night_of(WINTER, ZONED, change=in_1970), {"failed": 30}),
    Kind("words, no times", night_of(WINTER, ZONED, change=lambda texts: ["cloudy"] * len(texts)), {"failed": 30}),
    Kind("nothing printed", night_of(WINTER, ZONED, change=lambda texts: [None] * len(texts)), {"failed": 30}),
    Kind("no frames", nothing, {}),
]
