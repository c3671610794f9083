"""A night's whole scene: all layers laid over one another, as pictures and as exact truth."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..config import Site
from . import (
    airglow,
    aurora,
    bands,
    clouds,
    development,
    dome,
    moon,
    moon_optics,
    sensor,
    sky,
    stars,
    transients,
    truth,
)
from .camera import Grid, lens_places, make_grid
from .detail import VIDEO, Detail
from .ephemeris import Ephemeris
from .field import magnetic_zenith
from .plan import Plan

CLOUD_DEPTH = 0.5
"""Optical depth from which a direction counts as cloudy."""
STRIP = 80
"""Rows of a picture that are developed at once."""


@dataclass(frozen=True)
class Frames:
    """Some rendered frames: pictures uint8 (batch, 3, full, full) and the truth beside them.

    `cloud_fraction` (batch,) is the share of the open sky under cloud, `form` int64 (batch,) the place in
    `truth.FORMS`, `log_kilorayleigh` float32 (batch,) what `truth.strength` gives.
    """

    pictures: Tensor
    seen: truth.Seen
    cloud_fraction: Tensor
    form: Tensor
    log_kilorayleigh: Tensor


@dataclass(frozen=True)
class Night:
    """What stays the same through a night."""

    plan: Plan
    latitude: float
    detail: Detail
    grid: Grid
    coarse: Grid  # of half as many pixels a side, for what changes slowly
    aurora: aurora.Aurora | None
    clouds: clouds.Clouds
    dome: dome.Dome
    open_sky: Tensor
    open_share: Tensor
    noise: Tensor
    passed: Tensor  # (full, full) share of light that the lens passes, and a clean dome with it
    passed_grid: Tensor
    inside: Tensor
    room: development.Room | None  # None for a camera without equipment


def make_night(
    plan: Plan,
    seed: int,
    site: Site,
    detail: Detail = VIDEO,
    zenith: tuple[float, float] | None = None,
    device: torch.device | str = "cpu",
) -> Night:
    """Draw everything random about a night; the same plan, seed and sizes give the same night.

    `zenith` is the magnetic zenith's altitude and azimuth, by default that of the site and the date.
    """
    generator = torch.Generator().manual_seed(seed * 100_000_007 + int(plan.night))
    grid, look = make_grid(plan.camera, detail.grid, device), plan.camera.look
    axis, inside = lens_places(plan.camera, detail.full, device)
    room = development.make_room(plan.camera, detail.full, detail.grid, device)
    zenith = zenith or magnetic_zenith(site.latitude, site.longitude, plan.start)
    cover = dome.make_dome(plan.camera, detail.full, plan.weather, plan.surroundings, generator, device)
    share = cover.open_sky(detail.grid) * grid.inside * (grid.axis <= plan.camera.edge) * (grid.up > 0.02)
    open_sky = share > 0.5 if room is None else (share > 0.5) & room.open_sky
    curtain = aurora.make_aurora(grid, detail, zenith, generator) if plan.episodes else None
    return Night(
        plan, site.latitude, detail, grid, make_grid(plan.camera, detail.grid // 2, device),
        replace(curtain, colours=bands.aurora_colours(look)) if curtain is not None else None,
        clouds.make_clouds(plan.clouds, detail.field, generator, device),
        cover, open_sky, share[None, None],
        sensor.noise_pictures(detail.full, generator, device, min(plan.frames, sensor.NOISE_PICTURES)),
        sensor.transmission(axis, look, plan.camera.edge) * (cover.straight if cover.clean else 1.0),
        sensor.transmission(grid.axis, look, plan.camera.edge),
        inside, room,
    )  # fmt: skip


def _through_clouds(light: Tensor, depth: Tensor, lit: Tensor) -> Tensor:
    return light * torch.exp(-depth) + lit


def render(night: Night, at: Ephemeris, minutes: np.ndarray, first: int = 0) -> Frames:
    """Render a batch of frames.

    at : places of sun, Moon and stars, one entry a frame; minutes : since the night's start, shape (batch,);
    first : number of the first frame, which picks the noise.
    """
    plan, grid, look = night.plan, night.grid, night.plan.camera.look
    clock = torch.as_tensor(np.asarray(minutes), dtype=torch.float32, device=grid.up.device)
    brightness = plan.airglow * (look.band.airglow if look.band is not None else 1.0)
    behind = sky.background(night.coarse, at, plan.towns, brightness, night.latitude)
    behind = functional.interpolate(behind, size=(grid.size, grid.size), mode="bilinear", align_corners=False)
    if plan.waves is not None:
        behind = behind + airglow.waves_light(grid, plan.waves, clock)
    depth, relief = clouds.optical_depth(night.clouds, grid, clock, plan.exposure_s)
    cloudy = ((depth[:, 0] > CLOUD_DEPTH) & night.open_sky).sum((1, 2)) / night.open_sky.sum().clamp_min(1)
    nothing = torch.zeros_like(behind)
    plain = _through_clouds(
        behind, depth, clouds.lit(grid, at, depth, relief, behind, nothing, plan.towns, plan.droplets)
    )
    smooth, glow, parts = plain, nothing, nothing[None, :, 0]
    if night.aurora is not None:
        glow, parts = aurora.light_by_episode(night.aurora, plan.episodes, clock, plan.exposure_s)
        lit = clouds.lit(grid, at, depth, relief, behind, glow, plan.towns, plan.droplets)
        smooth = _through_clouds(behind + glow, depth, lit)
    veil = moon_optics.bloom(grid, plan.camera, at, torch.exp(-depth))
    if veil is not None:
        plain, smooth = plain + veil, smooth + veil
    gain = sensor.gain(smooth, look)  # the exposure is that of the whole sky, aurora and all
    exposed = gain * night.open_share
    without = sensor.levels(plain * exposed, look, night.passed_grid)
    with_aurora = without if night.aurora is None else sensor.levels(smooth * exposed, look, night.passed_grid)
    finish: development.Finish | None = None
    noise: float | Tensor = look.noise * night.detail.grid / 720
    if night.room is not None:
        finish = development.finish_of(night.room, with_aurora, grid.inside, at, night.latitude)
        noise = development.noise_of(finish, grid.size)
        with_aurora, without = finish.of(with_aurora), finish.of(without)
    seen = truth.seen(with_aurora, without, noise, night.open_sky)
    if finish is not None:
        seen = replace(seen, mask=finish.uncovered(seen.mask))
    form = truth.form([episode.form for episode in plan.episodes], parts, seen)
    strength = truth.strength(glow, torch.exp(-depth), night.open_sky)

    size = (night.detail.full, night.detail.full)
    light = functional.interpolate(smooth, size=size, mode="bilinear", align_corners=False)
    passed = functional.interpolate(torch.exp(-depth), size=size, mode="bilinear") if plan.clouds else None
    stars.add_stars(light, plan.camera, at, night.latitude, passed, plan.exposure_s)
    moon.add_moon(light, plan.camera, at, passed)
    moon_optics.add_reflections(light, plan.camera, at, passed)
    transients.add_transients(light, plan.camera, first)
    if not night.dome.clean:
        light = dome.through(night.dome, light, smooth.mean((2, 3), keepdim=True))
    develop = _developed if finish is None else partial(_finished, finish)
    pictures = torch.stack([develop(night, light[k], gain[k], first + k, k) for k in range(len(light))])
    return Frames(pictures, seen, cloudy, form, strength)


def _developed(night: Night, light: Tensor, gain: Tensor, number: int, _: int) -> Tensor:
    """Light (3, full, full) as the camera's picture `number`, uint8 of the same shape, at an exposure of `gain`.

    Strip by strip: what a strip's dozen steps leave behind stays in the processor's cache.
    """
    look, size = night.plan.camera.look, night.detail.full
    noise = sensor.noise_of(night.noise, number)
    picture = torch.empty(3, size, size, dtype=torch.uint8, device=light.device)
    for top in range(0, size, STRIP):
        rows = slice(top, min(top + STRIP, size))
        levels = sensor.levels(light[None, :, rows], look, night.passed[rows] * gain[0])
        levels = sensor.add_noise(levels[0], noise[:, rows], look)
        picture[:, rows] = levels.add_(0.5).clamp_(0, 255).mul_(night.inside[rows])
    return picture


def _finished(finish: development.Finish, night: Night, light: Tensor, gain: Tensor, number: int, k: int) -> Tensor:
    """The same by a camera with equipment; `k` counts within the batch."""
    levels = sensor.levels(light[None], night.plan.camera.look, night.passed * gain[0])[0]
    picture = development.developed(finish, k, number, levels, sensor.noise_of(night.noise, number))
    return picture * night.inside


def part(at: Ephemeris, some: slice) -> Ephemeris:
    """Some of the times of an ephemeris."""
    return Ephemeris(*(getattr(at, column.name)[some] for column in fields(Ephemeris)))


def colours(plan: Plan, minute: float, form: str) -> tuple[float, float]:
    """Shares of red and of purple of the strongest aurora of a form of `truth.FORMS` at a minute; 0 without one."""
    clock = torch.tensor([minute])
    of_form = [episode for episode in plan.episodes if truth.FORMS[truth.FORM_OF[episode.form]] == form]
    best = max(of_form, key=lambda episode: float(aurora.strength_at(episode, clock)), default=None)
    return (best.red, best.purple) if best is not None else (0.0, 0.0)
