"""Random skies for training, drawn on the fly: any camera, any place of sun and Moon, any weather.

A frame depends on the seed and its number alone. PER_NIGHT neighbouring frames share camera, clouds and aurora, seen at
different minutes, so that the same sky stands with and without aurora.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn import functional

from ..config import Site
from . import draw, scene, truth
from .cameras import random_camera
from .detail import TRAINING, Detail
from .ephemeris import PLANETS, Ephemeris
from .plan import Plan
from .settings import Setting, random_setting

PER_NIGHT = 4
MASK = 30
"""Side of the coarse mask beside each picture."""
HOUR = 60.0
SUN = (((-50.0, -18.0), 0.55), ((-18.0, -12.0), 0.18), ((-12.0, -6.0), 0.17), ((-6.0, -1.0), 0.1))
"""Solar altitudes, degrees, and how often each range is drawn."""
SEEDS_OF_HORIZONS = 400
"""Few enough that most horizons are met again and need not be drawn anew."""
METERED_ABOVE = -9.0
"""Solar altitude, degrees."""
_START = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Skies:
    """Frames and what is true of them.

    pictures : uint8 (n, 3, size, size); visibility : float (n,), 1 is the threshold of `truth`; borderline : bool (n,);
    mask : float (n, MASK, MASK), the share of each cell where aurora stands out;
    cloud_share : float32 (n,), share of the open sky under cloud; cloud : int64 (n,), 0 clear, 1 broken, 2 overcast, as
    `truth.cloud_class` has it; form : int64 (n,), place in `truth.FORMS`, 0 where aurora is not visible;
    strength : float32 (n,), decimal logarithm of the peak column emission in kilorayleigh, see `truth.strength`.
    """

    pictures: Tensor
    visibility: Tensor
    borderline: Tensor
    mask: Tensor
    cloud_share: Tensor
    cloud: Tensor
    form: Tensor
    strength: Tensor


def random_night(generator: Generator, setting: Setting) -> Plan:
    """An hour of a setting for a random camera, with one to three auroras where the setting has any."""
    episodes = []
    if setting.aurora:
        for _ in range(int(generator.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))):
            episodes.append(draw.aurora(generator, 0.0, HOUR))
    return Plan(
        "20240101", _START, PER_NIGHT,
        tuple(episodes),
        setting.clouds,
        draw.weather(generator),
        draw.surroundings(generator, SEEDS_OF_HORIZONS),
        setting.towns,
        airglow=setting.airglow,
        camera=random_camera(generator),
        exposure_s=setting.exposure_s,
        waves=setting.waves,
        droplets=setting.droplets,
    )  # fmt: skip


def random_places(generator: Generator, count: int, setting: Setting) -> Ephemeris:
    """Sun, Moon, planets and stars of `count` frames of one hour, where the setting has them."""
    ranges, shares = zip(*SUN, strict=True)
    low, high = setting.sun or ranges[int(generator.choice(len(ranges), p=shares))]
    along = np.linspace(-1, 1, count)
    sun = generator.uniform(low, high) + generator.normal(0, 2) * along
    # no body of declination d stands higher than this
    moon_highest, planets_highest = (90.0 - max(0.0, abs(setting.latitude) - d) for d in (28.5, 27.0))
    low, high = setting.moon or ((-3.0, 90.0) if generator.random() < 0.5 else (-50.0, -5.0))
    moon = generator.uniform(min(low, moon_highest - 5), min(high, moon_highest)) + generator.normal(0, 2) * along
    phase = np.full(count, generator.uniform(*setting.phase))
    sidereal = generator.uniform(0, 360) if setting.sidereal is None else setting.sidereal + generator.normal(0, 35)
    return Ephemeris(
        np.minimum(sun, -0.5),
        (generator.uniform(0, 360) + 8 * along) % 360,
        moon,
        (generator.uniform(0, 360) + 8 * along) % 360,
        phase,
        (1 - np.cos(np.radians(phase))) / 2,
        (sidereal + 8 * along) % 360,
        *_random_planets(generator, count, planets_highest),
    )


def _sensitive(plan: Plan, most: float) -> Plan:
    # a camera that gathers light for long shows the dark sky and all that is faint in it
    look = plan.camera.look
    return replace(plan, camera=replace(plan.camera, look=replace(look, exposure=min(look.exposure, most))))


def _metered(plan: Plan, metering: float) -> Plan:
    # a camera that runs in bright twilight shortens its exposure
    look = plan.camera.look
    look = replace(look, metering=max(look.metering, metering))
    return replace(plan, camera=replace(plan.camera, look=look))


def _random_planets(generator: Generator, count: int, highest: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    altitude = generator.uniform(-60, highest, len(PLANETS))
    azimuth = generator.uniform(0, 360, len(PLANETS))
    magnitude = generator.normal((-4.1, -2.2, 0.5, 0.7), 0.3)
    return tuple(np.tile(values, (count, 1)) for values in (altitude, azimuth, magnitude))


def one_night(number: int, seed: int, detail: Detail = TRAINING, device: torch.device | str = "cpu") -> Skies:
    """The PER_NIGHT frames of one random night."""
    generator = np.random.default_rng([seed, number])
    setting = random_setting(generator)
    plan = random_night(generator, setting)
    places = random_places(generator, PER_NIGHT, setting)
    if setting.sensitive is not None:
        plan = _sensitive(plan, draw.log_uniform(generator, *setting.sensitive))
    if places.sun_altitude.max() > METERED_ABOVE:
        plan = _metered(plan, float(generator.uniform(0.6, 1.0)))
    zenith = (float(generator.uniform(70, 90)), float(generator.uniform(0, 360)))
    minutes = np.sort(generator.uniform(0, HOUR, PER_NIGHT))
    night = scene.make_night(
        plan, int(generator.integers(2**31)), Site(latitude=setting.latitude), detail, zenith, device
    )
    frames = scene.render(night, places, minutes)
    mask = functional.adaptive_avg_pool2d(frames.seen.mask[:, None].float(), MASK)[:, 0]
    seen, share = frames.seen, frames.cloud_fraction.float()
    return Skies(
        frames.pictures, seen.visibility, seen.borderline, mask, share, truth.cloud_class(share), frames.form,
        frames.log_kilorayleigh,
    )  # fmt: skip


def batch(indices: Sequence[int], seed: int, size: int = 240, device: torch.device | str = "cpu") -> Skies:
    """Frames of `size` pixels by number; whole nights of PER_NIGHT neighbours are cheapest."""
    detail = replace(TRAINING, full=size, grid=size // 2)
    numbers = sorted({index // PER_NIGHT for index in indices})
    drawn = {number: one_night(number, seed, detail, device) for number in numbers}
    rows = [
        torch.stack([getattr(drawn[index // PER_NIGHT], column.name)[index % PER_NIGHT] for index in indices])
        for column in fields(Skies)
    ]
    return Skies(*rows)
