"""When the nights of the bundled season are: as many of each condition as are wanted, spread over months and hours."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..conditions import CONDITIONS
from ..config import Illuminate, Site
from ..preprocessing.sky import illuminated

SITE = Site()
SEED = 20
WINTERS = (("2022-12-01", "2023-04-30"), ("2024-02-01", "2024-04-30"), ("2024-11-01", "2025-02-28"))
"""First and last morning: the study's seasons, and November 2024, for the clock change of autumn."""
DARK = ("Night", "No_Moon")
NIGHTS_OF = {condition: 64 if condition == DARK else 8 for condition in CONDITIONS}
MINUTES = (10, 12)
LONG_MINUTES = 180
LONG_NIGHTS = {
    "20221222": "06:00:11",
    "20230220": "07:30:24",
    "20240211": "08:00:39",
    "20241231": "10:00:52",
}
"""Dark nights of three hours, for keograms, and when they begin, UTC."""
CLOCK_CHANGES = {"20240310": "08:53:17", "20241103": "07:53:29"}
"""Dark nights across the two changes of the clock, from 02:00 MST and MDT, and when they begin, UTC."""
NOON_UTC = 19
"""Hour UTC of Yellowknife's noon, between one night and the next."""
STEP_MINUTES = 10
"""Minutes between the times that are looked at for a night's condition."""
Condition = tuple[str, str]
Starts = dict[str, dict[Condition, list[datetime]]]
"""By night and condition, the times (UTC) after which it lasts for every night's length."""


class Slot(NamedTuple):
    """A night's name, its condition, when it begins (UTC), and its minutes."""

    night: str
    condition: Condition
    start: datetime
    minutes: int


def slots() -> list[Slot]:
    """The season's nights and when each begins: as many of each condition as `NIGHTS_OF` says."""
    generator = np.random.default_rng(SEED)
    starts = starts_of_nights()
    chosen = [Slot(night, DARK, _at(night, time), MINUTES[1]) for night, time in CLOCK_CHANGES.items()]
    chosen += [Slot(night, DARK, _at(night, time), LONG_MINUTES) for night, time in LONG_NIGHTS.items()]
    for condition in sorted(CONDITIONS, key=lambda each: (NIGHTS_OF[each], each)):
        wanted = NIGHTS_OF[condition] - sum(slot.condition == condition for slot in chosen)
        for night in _over_months(generator, starts, condition, wanted, {slot.night for slot in chosen}):
            begin = starts[night][condition][int(generator.integers(len(starts[night][condition])))]
            start = begin + timedelta(seconds=int(generator.integers(60 * STEP_MINUTES)))
            chosen.append(Slot(night, condition, start, int(generator.integers(MINUTES[0], MINUTES[1] + 1))))
    return sorted(chosen)


def _at(night: str, time: str) -> datetime:
    return datetime.strptime(f"{night} {time}", "%Y%m%d %H:%M:%S").replace(tzinfo=UTC)


def starts_of_nights() -> Starts:
    """When each condition begins to last, every STEP_MINUTES of every night of the winters."""
    mornings = [f"{day:%Y%m%d}" for first, last in WINTERS for day in pd.date_range(first, last)]
    steps = 24 * 60 // STEP_MINUTES
    noons = [_at(night, "00:00:00") - timedelta(hours=24 - NOON_UTC) for night in mornings]
    times = [noon + timedelta(minutes=STEP_MINUTES * k) for noon in noons for k in range(steps)]
    sky = illuminated(pd.DatetimeIndex(times), SITE, Illuminate())
    found = list(zip(sky["sun_class"], sky["moon_class"], strict=True))
    lasting = 2 + -(-MINUTES[1] // STEP_MINUTES)  # steps that hold any night that begins within the first
    starts: Starts = {night: {} for night in mornings}
    for place, (time, condition) in enumerate(zip(times, found, strict=True)):
        if place % steps + lasting <= steps and set(found[place : place + lasting]) == {condition}:
            starts[mornings[place // steps]].setdefault(condition, []).append(time)
    return starts


def _over_months(
    generator: np.random.Generator, starts: Starts, condition: Condition, wanted: int, taken: Collection[str]
) -> list[str]:
    """So many nights of a condition, month by month in turn, at random within a month."""
    free = [night for night, conditions in starts.items() if condition in conditions and night not in taken]
    order = pd.DataFrame({"night": generator.permutation(free)})
    order["turn"] = order.groupby(order["night"].str[:6]).cumcount()
    return order.sort_values("turn", kind="stable")["night"].head(wanted).tolist()
