"""The bundled season: 128 short nights in the study's three winters, their aurora as strong as the real Kp has it.

Each of the study's nine conditions has its nights, at times for which the stage `illuminate` gives that condition from
the first frame to the last; the dark and moonless one, which the classifier learns from, has most. A night's strength
follows from the Kp of its three hours and from its magnetic local time by the law of `activity`, so that occurrence has
a truth to be recovered; clouds, what lies on the dome and airglow are drawn in their natural shares.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..conditions import CONDITIONS
from ..config import Illuminate, Site
from ..inference.magnetic import magnetic_local_time
from ..preprocessing.sky import illuminated
from ..tables.indices import BIN_HOURS, read_kp
from . import activity, draw
from .plan import FRAMES_PER_MINUTE, CloudLayer, Episode, Plan, Surroundings, Town, Waves

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
STATION = 69.0
"""Corrected geomagnetic latitude of Yellowknife, degrees."""
KM_PER_DEGREE = 111.2
SCATTER = 0.4
"""Deviation, in decades, of a night's strength about the law: Kp is the planet's, the night is one place's."""
DEGREES_PER_ARC = 1.5
"""Breadth of the oval for each of its quiet arcs, by choice."""
CLOUDY = 0.6
"""Share of nights with cloud: that of a dark winter in the Canadian north, more than half, by choice."""
WAVY = 0.15
"""Share of nights with waves in the airglow."""
TOWN_AZIMUTH, TOWN_LIGHT = 205.0, (150.0, 1200.0)
EXPOSURE_S = 4.0
SURROUNDINGS = {
    "auroramax-2018": Surroundings(seed=2, trees=0.5),
    "auroramax-2024": Surroundings(seed=5, trees=0.3, hills=0.3),
}
FAULTS: dict[int, dict] = {
    4: {"gap": (65, 12)},
    17: {"black": (48, 49, 50, 51, 52)},
    29: {"damaged": (38, 39, 40, 41, 86, 89, 90)},
    40: {"gap": (88, 9)},
    52: {"black": (19, 20, 21), "damaged": (70, 71)},
}
"""What is wrong with some of the dark nights, by their place among them: see `Plan`."""


Condition = tuple[str, str]
Starts = dict[str, dict[Condition, list[datetime]]]
"""By night and condition, the times (UTC) after which it lasts for every night's length."""


class Slot(NamedTuple):
    """A night's name, its condition, when it begins (UTC), and its minutes."""

    night: str
    condition: Condition
    start: datetime
    minutes: int


@cache
def season() -> tuple[Plan, ...]:
    """The plans of all nights, in their order; takes seconds.

    Raises
    ------
    InputError, DataError
        See `tables.indices.read_kp`: the season is drawn in the project's folder, where data/indices lies.
    """
    kp, of_season = read_kp(), slots()
    dark = [slot.night for slot in of_season if slot.condition == DARK and slot.minutes <= MINUTES[1]]
    faults = {dark[place]: fault for place, fault in FAULTS.items()}
    return tuple(plan_of(slot, kp, **faults.get(slot.night, {})) for slot in of_season)


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


def plan_of(slot: Slot, kp: pd.Series, **faults: tuple) -> Plan:
    """The plan of a night, drawn from its name alone; `kp` as `read_kp` gives it."""
    generator = np.random.default_rng([SEED, int(slot.night)])
    camera = draw.era_camera(slot.start)
    return Plan(
        slot.night, slot.start, slot.minutes * FRAMES_PER_MINUTE, aurora(generator, slot, kp), clouds(generator),
        draw.weather(generator), SURROUNDINGS[camera.name],
        (Town(TOWN_AZIMUTH, draw.log_uniform(generator, *TOWN_LIGHT), tint="led"),),
        airglow=float(np.exp(generator.normal(0, 0.25))), camera=camera, exposure_s=EXPOSURE_S,
        waves=waves(generator) if generator.random() < WAVY else None, droplets=float(generator.uniform(4, 15)),
        **faults,
    )  # fmt: skip


def aurora(generator: np.random.Generator, slot: Slot, kp: pd.Series) -> tuple[Episode, ...]:
    """A night's aurora by the law: strength and oval follow Kp and magnetic local time."""
    minutes = activity.times_of(slot.minutes)
    times = pd.Series(pd.DatetimeIndex([slot.start + timedelta(minutes=float(minute)) for minute in minutes]))
    hours = magnetic_local_time(times, SITE.latitude, SITE.longitude).to_numpy()
    of_times = kp.reindex(times.dt.floor(f"{BIN_HOURS}h")).to_numpy()
    scatter = float(generator.normal(0, SCATTER)) / (activity.HIGHEST - activity.LOWEST)
    level = np.clip(activity.index_of(of_times, hours) + scatter, 0.0, 1.0)
    poleward, equatorward = (float(edge) for edge in activity.oval(float(of_times.mean()), hours[len(hours) // 2]))
    breadth, middle = poleward - equatorward, (poleward + equatorward) / 2
    return activity.aurora_of(
        generator, activity.night_activity(generator, slot.minutes, level), KM_PER_DEGREE * (middle - STATION),
        KM_PER_DEGREE * breadth, max(1, round(breadth / DEGREES_PER_ARC)),
    )  # fmt: skip


def clouds(generator: np.random.Generator) -> tuple[CloudLayer, ...]:
    """No cloud, or one or two layers: cloudy at the share CLOUDY."""
    if generator.random() >= CLOUDY:
        return ()
    while not (layers := draw.clouds(generator)):
        pass
    return layers


def waves(generator: np.random.Generator) -> Waves:
    """Airglow with faint waves of a common size (Taylor et al. 1997, J. Geophys. Res. 102, 26283)."""
    return Waves(
        draw.log_uniform(generator, 0.2, 0.8), float(generator.uniform(0.05, 0.25)),
        draw.log_uniform(generator, 20, 60), float(generator.uniform(0, 360)), float(generator.uniform(1, 4)),
        int(generator.integers(2**31)),
    )  # fmt: skip
