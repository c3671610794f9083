"""What a training night is like: ordinary weather, and the skies that are mistaken for aurora.

Four nights in ten have one of the settings in which classifiers were seen to say yes wrongly. Aurora is drawn in all of
them but one too, so that no setting gives the answer away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from . import draw
from .plan import TINTS, CloudLayer, Town, Waves

SHARES = {
    "natural": (0.60, 0.95),
    "smeared cloud": (0.08, 0.6),
    "moonlit cloud": (0.09, 0.6),
    "haze": (0.04, 0.6),
    "airglow": (0.06, 0.6),
    "milky way": (0.04, 0.0),
    "light pollution": (0.05, 0.6),
    "twilight": (0.04, 0.6),
}
"""How often each setting is drawn, and how often aurora is drawn in it; by choice, see the module's text."""
FROZEN = 0.5
"""Share of cameras whose exposure is too short for anything to move."""
EXPOSURES = (1.0, 60.0)
"""Seconds."""
SENSITIVE = (500.0, 2500.0)
"""Nanolambert; a dark sky of 79 comes out at levels of about 40 to 90 of 255."""
NIGHT = (-50.0, -18.0)
AURORAL = (50.0, 82.0)
"""Latitudes, degrees, between which most cameras that see aurora stand."""
GALACTIC_CENTRE = 266.4
"""Right ascension in degrees: the local sidereal time at which it culminates."""


@dataclass(frozen=True)
class Setting:
    """A night but for its aurora, camera, dome and horizon.

    `sun` and `moon` are ranges of altitude in degrees, None for any; `phase` that of the Moon's folded phase angle;
    `sidereal` the middle of the local sidereal times in degrees, None for any. `sensitive` is the range of the light
    in nanolambert that fills half of the sensor's range (`Look.exposure`), at most, for a camera that gathers light for
    long; None leaves the camera as it is. The other fields are those of `Plan`.
    """

    name: str
    aurora: bool
    latitude: float
    clouds: tuple[CloudLayer, ...]
    towns: tuple[Town, ...]
    airglow: float
    exposure_s: float
    droplets: float
    waves: Waves | None = None
    sun: tuple[float, float] | None = None
    moon: tuple[float, float] | None = None
    phase: tuple[float, float] = (5.0, 180.0)
    sidereal: float | None = None
    sensitive: tuple[float, float] | None = None


def random_setting(generator: Generator) -> Setting:
    """A setting at its share."""
    names = list(SHARES)
    name = str(generator.choice(names, p=[SHARES[each][0] for each in names]))
    aurora = bool(generator.random() < SHARES[name][1])
    setting = Setting(
        name,
        aurora,
        _latitude(generator, aurora),
        draw.clouds(generator),
        draw.towns(generator),
        float(np.exp(generator.normal(0, 0.35))),
        0.0 if generator.random() < FROZEN else draw.log_uniform(generator, *EXPOSURES),
        float(generator.uniform(4, 15)),
    )
    if aurora and generator.random() < 0.25:
        setting = replace(setting, clouds=thin_clouds(generator))
    return SPECIAL[name](generator, setting) if name in SPECIAL else setting


def _latitude(generator: Generator, aurora: bool) -> float:
    """Of sites with aurora nine in ten stand below the oval; half of the others anywhere on Earth, area for area."""
    side = 1 if generator.random() < 0.7 else -1
    if generator.random() < (0.9 if aurora else 0.5):
        return float(side * generator.uniform(*AURORAL))
    anywhere = float(np.degrees(np.arcsin(generator.uniform(-1, 1))))
    return float(side * generator.uniform(30, 50)) if aurora else anywhere


def thin_clouds(generator: Generator) -> tuple[CloudLayer, ...]:
    """One layer through which bright aurora is seen."""
    kind = str(generator.choice(["cirrus", "altocumulus", "stratus"]))
    wind = generator.normal(0, draw.WINDS[kind], 2)
    depth = draw.log_uniform(generator, 0.15, 1.2)
    return (CloudLayer(kind, float(generator.uniform(0.5, 1)), depth, (float(wind[0]), float(wind[1]))),)


def _broken(generator: Generator, depths: tuple[float, float], hurry: float) -> tuple[CloudLayer, ...]:
    """One or two layers with gaps between, under a wind `hurry` times as strong as usual."""
    layers = []
    for kind in generator.choice(["cirrus", "altocumulus", "cumulus"], generator.integers(1, 3), replace=False):
        wind = hurry * generator.normal(0, draw.WINDS[kind], 2)
        cover, depth = float(generator.uniform(0.2, 0.8)), draw.log_uniform(generator, *depths)
        layers.append(CloudLayer(str(kind), cover, depth, (float(wind[0]), float(wind[1]))))
    return tuple(layers)


def _smeared_cloud(generator: Generator, setting: Setting) -> Setting:
    exposure = draw.log_uniform(generator, 12, 60)
    return replace(
        setting,
        clouds=_broken(generator, (0.25, 4.0), 1.8),
        towns=(*setting.towns, *draw.towns(generator, 2500.0)),
        exposure_s=exposure,
        sun=NIGHT,
        moon=(-50.0, -5.0),
        sensitive=SENSITIVE,
    )


def _moonlit_cloud(generator: Generator, setting: Setting) -> Setting:
    return replace(
        setting, clouds=_broken(generator, (0.4, 6.0), 1.0), sun=(-50.0, -12.0), moon=(8.0, 75.0), phase=(90.0, 180.0)
    )


def _haze(generator: Generator, setting: Setting) -> Setting:
    kind = str(generator.choice(["cirrus", "stratus"]))
    layer = CloudLayer(kind, float(generator.uniform(0.85, 1)), draw.log_uniform(generator, 0.1, 0.9))
    return replace(setting, clouds=(layer,), sun=(-50.0, -12.0), moon=(5.0, 70.0), phase=(60.0, 180.0))


def _airglow(generator: Generator, setting: Setting) -> Setting:
    waves = Waves(
        draw.log_uniform(generator, 0.3, 2.0),
        float(generator.uniform(0.05, 0.4)),
        draw.log_uniform(generator, 20, 100),
        float(generator.uniform(0, 360)),
        float(generator.uniform(1, 5)),
        int(generator.integers(2**31)),
    )
    clouds = setting.clouds if generator.random() < 0.3 else ()
    level = float(generator.uniform(0.8, 2.0))
    return replace(
        setting, waves=waves, clouds=clouds, airglow=level, sun=NIGHT, moon=(-50.0, -5.0), sensitive=SENSITIVE
    )


def _milky_way(generator: Generator, setting: Setting) -> Setting:
    # the bright middle of the Milky Way stands high where aurora never is
    return replace(
        setting,
        latitude=float(generator.uniform(-45, 30)),
        clouds=setting.clouds if generator.random() < 0.3 else (),
        airglow=float(generator.uniform(0.6, 1.1)),
        exposure_s=draw.log_uniform(generator, 8, 60),
        sun=NIGHT,
        moon=(-50.0, -5.0),
        sidereal=GALACTIC_CENTRE,
        sensitive=SENSITIVE,
    )


def _light_pollution(generator: Generator, setting: Setting) -> Setting:
    towns = tuple(
        Town(
            float(generator.uniform(0, 360)),
            draw.log_uniform(generator, 3000, 40_000),
            float(generator.uniform(40, 150)),
            str(generator.choice(TINTS, p=[0.4, 0.4, 0.2])),
        )
        for _ in range(int(generator.integers(1, 4)))
    )
    return replace(setting, towns=towns)


def _twilight(generator: Generator, setting: Setting) -> Setting:
    clouds = setting.clouds or _broken(generator, (0.3, 5.0), 1.0)
    return replace(setting, clouds=clouds, sun=(-10.0, -2.0))


SPECIAL: dict[str, Callable[[Generator, Setting], Setting]] = {
    "smeared cloud": _smeared_cloud,
    "moonlit cloud": _moonlit_cloud,
    "haze": _haze,
    "airglow": _airglow,
    "milky way": _milky_way,
    "light pollution": _light_pollution,
    "twilight": _twilight,
}
