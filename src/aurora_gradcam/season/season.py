"""The bundled season: 128 short nights in the study's three winters, their aurora as strong as the real Kp has it.

Each of the study's nine conditions has its nights, at times for which the stage `illuminate` gives that condition from
the first frame to the last; the dark and moonless one, which the classifier learns from, has most. A night's strength
follows from the Kp of its three hours and from its magnetic local time by the law of `activity`, so that occurrence has
a truth to be recovered; clouds, what lies on the dome and airglow are drawn in their natural shares.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache

import numpy as np
import pandas as pd

from ..inference.magnetic import magnetic_local_time
from ..simulation import activity, draw
from ..simulation.plan import FRAMES_PER_MINUTE, CloudLayer, Episode, Plan, Surroundings, Town, Waves
from ..tables.indices import BIN_HOURS, read_kp
from .calendar import DARK, MINUTES, SEED, SITE, Slot, slots

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
