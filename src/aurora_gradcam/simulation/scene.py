"""A night's whole scene: all layers laid over one another, as pictures and as exact truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..config import Site
from . import aurora, clouds, sensor, sky, stars
from .camera import FULL, Grid, make_grid
from .ephemeris import Ephemeris, ephemeris
from .overlay import DASH_ERA_FROM
from .plan import Episode, Plan

TRUTH_SIZE = 240
"""Side of the grid that slowly varying layers and the truth live on."""
CONTRAST_LEVELS = 9.0
"""Aurora counts where it lifts the picture's luminance by this many of 255 levels over the same sky without it ..."""
VISIBLE_FRACTION = 0.02
"""... and a frame shows aurora when that holds for this share of the open sky."""
CLOUD_DEPTH = 0.5
BATCH = 5


@dataclass(frozen=True)
class Frames:
    """Some rendered frames: pictures uint8 (batch, full, full, 3) and the truth beside them."""

    pictures: np.ndarray
    mask: np.ndarray  # bool (batch, TRUTH_SIZE, TRUTH_SIZE): where aurora counts
    sky_fraction: np.ndarray
    cloud_fraction: np.ndarray
    strength: np.ndarray  # mean contrast of the counted aurora in 8-bit levels; 0 without


@dataclass(frozen=True)
class Night:
    """What stays the same through a night."""

    plan: Plan
    site: Site
    grid: Grid
    full: int
    aurora: aurora.Aurora
    clouds: clouds.Clouds | None
    trees: Tensor
    trees_full: Tensor
    snow: Tensor
    noise: Tensor
    vignette: Tensor
    balance: Tensor
    inside: Tensor


@cache
def _trees(size: int, era: str) -> Tensor:
    return sensor.trees(size, seed=2 if era == "slash" else 5)


def make_night(plan: Plan, seed: int, site: Site, full: int = FULL, grid_size: int = TRUTH_SIZE) -> Night:
    """Draw everything random about a night; the same plan, seed and sizes give the same night."""
    generator = torch.Generator().manual_seed(seed * 100_000_007 + int(plan.night))
    era = "dash" if plan.start.year >= DASH_ERA_FROM else "slash"
    grid = make_grid(grid_size)
    return Night(
        plan, site, grid, full,
        aurora.make_aurora(grid, generator),
        clouds.make_clouds(plan.clouds, generator),
        _trees(grid_size, era),
        _trees(full, era),
        sensor.dome_snow(full, plan.snow, generator),
        sensor.noise_pictures(full, generator),
        sensor.vignette(grid),
        torch.tensor(sensor.BALANCE[era])[None, :, None, None],
        make_grid(full).inside,
    )  # fmt: skip


def _layers(night: Night, at: Ephemeris, minutes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    grid, plan = night.grid, night.plan
    behind = sky.background(
        grid, at.sun_altitude, at.sun_azimuth, at.moon_altitude, at.moon_azimuth, at.moon_illumination, plan.town
    )
    glow = aurora.light(night.aurora, plan.episodes, minutes, grid.size)
    if night.clouds is None:
        return behind, glow, torch.zeros(len(minutes), 1, grid.size, grid.size)
    depth, shade = clouds.optical_depth(night.clouds, grid, minutes)
    # clouds are lit by the mean of sky and aurora, by the Moon from behind and by the town from below
    lit = 1.25 * behind.mean((2, 3), keepdim=True) + 0.35 * behind + 0.35 * glow.mean((2, 3), keepdim=True)
    lit = lit + plan.town * sky.colour(sky.TOWN, behind) * (0.03 + 0.3 * torch.exp(-grid.up.clamp_min(0.02) / 0.3))
    return clouds.through(depth, behind, lit * shade), glow * torch.exp(-depth), depth


def render(night: Night, at: Ephemeris, minutes: np.ndarray, first: int = 0) -> Frames:
    """Render a batch of frames.

    at : places of sun, Moon and stars, one entry a frame; minutes : since the night's start, shape (batch,);
    first : number of the first frame, which picks the noise.
    """
    clock = torch.as_tensor(minutes, dtype=torch.float32)
    behind, glow, depth = _layers(night, at, clock)
    before = night.trees * night.vignette * night.balance
    plain, seen = behind * before, (behind + glow) * before

    contrast = sensor.luminance(sensor.response(seen)) - sensor.luminance(sensor.response(plain))
    open_sky = night.grid.inside & (night.trees > 0.5)
    mask = (contrast >= CONTRAST_LEVELS) & open_sky
    counted = mask.sum((1, 2))
    strength = torch.where(counted > 0, (contrast * mask).sum((1, 2)) / counted.clamp_min(1), 0.0)
    cloudy = ((depth[:, 0] > CLOUD_DEPTH) & open_sky).sum((1, 2)) / open_sky.sum()

    size = (night.full, night.full)
    smooth = functional.interpolate(seen, size=size, mode="bilinear", align_corners=False)
    points = stars.star_light(night.full, at.sidereal, night.site.latitude)
    points += stars.moon_light(night.full, at.moon_altitude, at.moon_azimuth, at.moon_illumination)
    if night.clouds is not None:
        points *= functional.interpolate(torch.exp(-depth), size=size, mode="bilinear", align_corners=False)
    total = smooth + points * night.trees_full
    if night.plan.snow > 0:
        # snow is lit by the whole sky and by the lamps below
        lit = 0.35 * total.mean((2, 3), keepdim=True) + 0.17 * sky.colour(sky.TOWN, total)
        total = total + night.snow * (lit - total)
    levels = sensor.response(total)
    for k in range(len(minutes)):
        levels[k] += sensor.NOISE_LEVEL * night.noise[(first + k) % sensor.NOISE_PICTURES]
    levels = (levels + 0.5).clamp_(0, 255) * night.inside
    return Frames(
        levels.to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy(),
        mask.numpy(),
        (counted / open_sky.sum()).numpy().astype(float),
        cloudy.numpy().astype(float),
        strength.numpy().astype(float),
    )


def frames(night: Night, batch: int = BATCH) -> Iterator[tuple[int, Frames]]:
    """All of the night's frames in batches, each with the number of its first frame."""
    times = night.plan.times()
    places = ephemeris(times, night.site)
    minutes = np.array([(time - night.plan.start).total_seconds() / 60 for time in times])
    for first in range(0, len(times), batch):
        some = slice(first, first + batch)
        at = Ephemeris(*(getattr(places, column.name)[some] for column in fields(Ephemeris)))
        yield first, render(night, at, minutes[some], first)


def episode_at(plan: Plan, minute: float) -> Episode | None:
    """The strongest aurora under way at a minute, None without."""
    clock = torch.tensor([minute])
    best = max(plan.episodes, key=lambda episode: episode.strength * float(aurora.level(episode, clock)), default=None)
    return best if best is not None and float(aurora.level(best, clock)) > 0 else None
