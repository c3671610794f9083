"""What a sky may hold, drawn at random: aurora, clouds, towns' glow, what lies on the dome and stands around it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.random import Generator

from ..config import Site
from ..errors import ConfigError
from ..zones import zone_named
from .activity import aurora_of, living, night_activity
from .camera import AURORAMAX_2018, AURORAMAX_2024, Camera
from .ephemeris import ephemeris
from .overlay import DASH_ERA_FROM
from .plan import (
    CLOUD_KINDS,
    FORMS,
    FRAMES_PER_MINUTE,
    TINTS,
    CloudLayer,
    Episode,
    Plan,
    Surroundings,
    Town,
    Weather,
)

FORM_SHARES = {"arc": 0.15, "band": 0.22, "rays": 0.14, "corona": 0.09, "diffuse": 0.25, "patchy": 0.15}
"""How often each form is drawn; by choice, since catalogues of occurrence differ in what they call a form."""
KIND_SHARES = {"ordinary": 0.6, "red": 0.09, "pulsating": 0.09, "low": 0.12, "whole sky": 0.1}
STRENGTHS = {
    "ordinary": (0.6, 600.0),
    "red": (1.5, 300.0),
    "pulsating": (0.6, 60.0),
    "low": (2.0, 500.0),
    "whole sky": (0.8, 300.0),
}
"""Kilorayleigh, least and greatest, of each kind of aurora: those that are easily missed are faint by nature."""
LEVELS = (0.4, 1.0)
"""Index of a random night's substorms, from 1.7 to 300 kilorayleigh; see `activity`."""
DEPTHS = {"cirrus": (0.08, 1.0), "altocumulus": (0.5, 3.0), "cumulus": (1.5, 8.0), "stratus": (0.8, 8.0)}

WINDS = {"cirrus": 1.2, "altocumulus": 0.8, "cumulus": 0.4, "stratus": 0.4}
"""Deviation of the wind's parts in km a minute: stronger aloft."""


def log_uniform(generator: Generator, low: float, high: float) -> float:
    """A number between two, uniform in its logarithm."""
    return float(np.exp(generator.uniform(np.log(low), np.log(high))))


def episode(generator: Generator, start: float, end: float, strength: tuple[float, float] = (0.8, 120.0)) -> Episode:
    """One aurora of a random form between two minutes; strength in kilorayleigh, uniform in its logarithm."""
    names = [form for form in FORMS if form != "none"]
    form = str(generator.choice(names, p=[FORM_SHARES[name] for name in names]))
    brightness = log_uniform(generator, *strength)
    # rays are brighter than arcs, and widespread aurora is fainter
    brightness = (
        brightness**0.8 if form in ("diffuse", "patchy") else brightness * (2 if form in ("rays", "corona") else 1)
    )
    low = form in ("arc", "band", "rays") and generator.random() < 0.3
    north = (
        generator.choice([-1, 1], p=[0.35, 0.65]) * generator.uniform(250, 700) if low else generator.normal(30, 110)
    )
    return Episode(
        form,
        start,
        end,
        brightness,
        north_km=float(0.3 * north if form == "corona" else north),
        red=float((0.3 if form in ("arc", "diffuse", "patchy") else 1.0) * generator.uniform(0, 1) ** 3),
        purple=float(generator.uniform(0, 1) ** 2.5),
        turn=float(generator.normal(0, 18)),
        pulsation=float(generator.uniform(0.2, 0.9)) if form == "patchy" else 0.0,
    )


def aurora(generator: Generator, first: float, last: float) -> Episode:
    """One aurora of a random kind that lives between two minutes; strength uniform in its logarithm.

    From far below what is visible to what fills a sensor: STRENGTHS. Four in ten are of a kind that is easily missed.
    """
    kind = str(generator.choice(list(KIND_SHARES), p=list(KIND_SHARES.values())))
    drawn = episode(generator, first, last)
    brightness = log_uniform(generator, *STRENGTHS[kind])
    if kind == "red":
        drawn = replace(
            drawn, form=str(generator.choice(["arc", "band", "rays", "diffuse"])), red=1.0, purple=0.0, pulsation=0.0,
            green=float(generator.choice([0.0, 0.03], p=[0.6, 0.4])), extent=float(generator.uniform(1, 2.5)),
        )  # fmt: skip
    elif kind == "pulsating":
        drawn = replace(drawn, form="patchy", purple=0.05, red=0.0, pulsation=float(generator.uniform(0.3, 0.95)))
    elif kind == "low":
        side = generator.choice([-1, 1], p=[0.35, 0.65])
        form = str(generator.choice(["arc", "band", "rays", "diffuse"], p=[0.4, 0.25, 0.2, 0.15]))
        drawn = replace(drawn, form=form, pulsation=0.0, north_km=float(side * generator.uniform(450, 950)))
    elif kind == "whole sky":
        drawn = replace(
            drawn, form="diffuse", pulsation=0.0, extent=float(generator.uniform(3, 8)),
            striations=float(generator.uniform(0.2, 0.95)),
        )  # fmt: skip
    return living(generator, replace(drawn, strength=brightness), first, last)


def clouds(generator: Generator) -> tuple[CloudLayer, ...]:
    """No cloud in two skies of five, else one or two layers."""
    layers = []
    for _ in range(int(generator.choice([0, 1, 2], p=[0.4, 0.45, 0.15]))):
        kind = str(generator.choice(CLOUD_KINDS))
        cover = float(generator.uniform(0.75, 1.0) if kind == "stratus" else generator.beta(1.2, 1.2))
        wind = generator.normal(0, WINDS[kind], 2)
        layers.append(CloudLayer(kind, cover, log_uniform(generator, *DEPTHS[kind]), (float(wind[0]), float(wind[1]))))
    return tuple(layers)


def towns(generator: Generator, brightest: float = 4000.0) -> tuple[Town, ...]:
    """None to three towns around, mostly faint."""
    return tuple(
        Town(
            float(generator.uniform(0, 360)),
            log_uniform(generator, 30.0, brightest),
            float(generator.uniform(20, 90)),
            str(generator.choice(TINTS, p=[0.55, 0.35, 0.1])),
        )
        for _ in range(int(generator.choice([0, 1, 2, 3], p=[0.2, 0.45, 0.25, 0.1])))
    )


def weather(generator: Generator) -> Weather:
    """A clean dome in two skies of three."""
    kind = generator.choice(["none", "snow", "frost", "drops"], p=[0.74, 0.1, 0.09, 0.07])
    amount = float(0.6 * generator.beta(1.2, 2.0))
    return Weather() if kind == "none" else Weather(**{str(kind): amount})


def surroundings(generator: Generator, seeds: int = 100_000) -> Surroundings:
    """What stands on the horizon; `seeds` bounds how many different horizons there are."""
    seed = int(generator.integers(seeds))
    own = np.random.default_rng(seed)  # the same seed stands for the same horizon
    return Surroundings(
        seed,
        trees=float(own.uniform(0, 1) * (own.random() < 0.7)),
        buildings=float(own.uniform(0, 0.5) * (own.random() < 0.35)),
        poles=int(own.integers(0, 4) * (own.random() < 0.5)),
        lamps=int(own.integers(0, 4) * (own.random() < 0.4)),
        hills=float(own.uniform(0, 1) * (own.random() < 0.3)),
    )


def era_camera(start: datetime) -> Camera:
    """AuroraMAX's camera of a date; it was changed around 2024."""
    return AURORAMAX_2024 if start.year >= DASH_ERA_FROM else AURORAMAX_2018


def random_plan(night: str, minutes: int, seed: int, site: Site, camera: Camera | None = None) -> Plan:
    """A night drawn at random in the dark part of the night that ends on the morning of `night`.

    The camera is by default AuroraMAX's of that year.

    Raises
    ------
    ConfigError : `night` is no date, or the sun never stays 6 degrees below the horizon for that long.
    """
    try:
        noon = datetime.strptime(night, "%Y%m%d").replace(hour=12, tzinfo=zone_named(site.timezone))
    except ValueError as error:
        raise ConfigError(f"'{night}' is no night", "--nights", "write the morning's date like 20240201") from error
    generator = np.random.default_rng([seed, int(night)])
    begin = (noon - timedelta(days=1)).astimezone(UTC)
    steps = [begin + timedelta(minutes=15 * k) for k in range(97)]
    sun = ephemeris(steps, site).sun_altitude
    needed = -(-minutes // 15) + 2  # the begin lies anywhere in the first quarter of an hour
    dark = [k for k in range(len(steps) - needed + 1) if sun[k : k + needed].max() <= -6]
    if not dark:
        raise ConfigError(
            f"the sun does not stay 6 degrees below the horizon for {minutes} minutes in the night {night}",
            "--nights",
            "take a night of the dark season, or fewer --minutes",
        )
    start = steps[int(generator.choice(dark))] + timedelta(seconds=int(generator.integers(0, 900)))
    activity = night_activity(generator, minutes, float(generator.uniform(*LEVELS)))
    episodes = aurora_of(generator, activity, float(generator.normal(30, 130)))
    return Plan(
        night, start, minutes * FRAMES_PER_MINUTE, episodes, clouds(generator), weather(generator),
        towns=towns(generator), camera=camera or era_camera(start),
    )  # fmt: skip
