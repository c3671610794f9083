"""Aurora as light between 95 and 330 km: a map of precipitation, carried up the field lines and seen along each ray.

The map tells how much falls on each place at 100 km; it is drawn from arcs, folds, rays and patches. Every pixel sums
the emission at a ladder of heights along its line of sight, so that rays converge in the magnetic zenith (a corona
overhead) and arcs thin out towards the horizon by geometry alone. Heights and colours follow the green line at 557.7 nm
(near 110 km), the red line at 630.0 nm (above 200 km) and nitrogen's bands (lower border, and sunlit tops).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .camera import Grid
from .noise import field, line, look_up, look_up_line
from .plan import Episode

MAP = 288
"""Samples of the map along each side; they lie densely overhead and thinly towards the horizon."""
MAP_SCALE_KM = 60.0
MAP_REACH = 3.25
LEVELS = 14
LOWEST_KM, GROWTH = 97.0, 1.09
FIELD_TILT = 0.158
"""Horizontal way of a field line towards magnetic south per km of height: a dip of 81 degrees at Yellowknife."""
ARC_TURN = 0.30
"""Magnetic north, in radians east of north: arcs run at right angles to it."""
RAMP_MINUTES = 1.2
GREEN = (0.68, 1.0, 0.54)
RED = (1.0, 0.16, 0.22)
PURPLE = (0.55, 0.25, 1.0)

SHAPES = {
    # form: (curtains, width km, fold km, rays 0..1, height of rays 0..1, spacing km)
    "arc": (1, 9.0, 14.0, 0.1, 0.15, 0.0),
    "band": (2, 11.0, 60.0, 0.35, 0.3, 75.0),
    "rays": (2, 5.0, 45.0, 0.95, 1.0, 60.0),
    "corona": (3, 12.0, 40.0, 0.95, 1.0, 28.0),
    "diffuse": (1, 75.0, 45.0, 0.0, 0.1, 0.0),
    "patchy": (0, 0.0, 0.0, 0.0, 0.1, 0.0),
}


@dataclass(frozen=True)
class Aurora:
    """What a night's aurora is drawn from: random fields and profiles, and where each pixel meets each height."""

    folds: Tensor
    patches: Tensor
    rays: Tensor
    slow: Tensor
    east: Tensor  # (MAP, MAP) km
    north: Tensor
    heights: Tensor  # (LEVELS, size, size) km
    places: Tensor  # (1, LEVELS * size, size, 2) for grid_sample
    path: Tensor  # (size, size) lengthening of the line of sight, less extinction


def make_aurora(grid: Grid, generator: torch.Generator) -> Aurora:
    """Draw a night's random fields and lay out the geometry for a grid."""
    device = grid.up.device
    folds, patches = field(256, 1.7, generator), field(256, 1.25, generator)
    rays, slow = line(2048, 0.55, generator), line(512, 1.2, generator)
    step = MAP_SCALE_KM * torch.sinh(torch.linspace(-MAP_REACH, MAP_REACH, MAP))
    north, east = torch.meshgrid(step, step, indexing="ij")

    ladder = LOWEST_KM * GROWTH ** torch.arange(LEVELS, dtype=torch.float32)
    # each pixel looks at its own heights within a step, or thin curtains would show as a stack of copies
    dither = torch.rand(grid.size, grid.size, generator=generator)
    heights = ladder[:, None, None].to(device) * (1 + (GROWTH - 1) * dither[None].to(device))
    flat = heights / grid.up.clamp_min(0.11)
    rise = (heights - 100.0) * FIELD_TILT
    turn = torch.tensor(ARC_TURN)
    along = grid.east * torch.cos(turn) - grid.north * torch.sin(turn)
    across = grid.north * torch.cos(turn) + grid.east * torch.sin(turn)
    x, y = along * flat, across * flat + rise
    places = torch.stack([torch.asinh(x / MAP_SCALE_KM), torch.asinh(y / MAP_SCALE_KM)], dim=-1) / MAP_REACH
    airmass = 1 / grid.up.clamp_min(0.1)
    path = 10 ** (-0.4 * 0.15 * airmass) / torch.sqrt(grid.up**2 + 0.06)
    return Aurora(
        folds.to(device), patches.to(device), rays.to(device), slow.to(device), east.to(device), north.to(device),
        heights, places.reshape(1, LEVELS * grid.size, grid.size, 2), path,
    )  # fmt: skip


def level(episode: Episode, minutes: Tensor) -> Tensor:
    """How far an episode has risen, 0..1, at minutes (batch,)."""
    rise = ((minutes - episode.start) / RAMP_MINUTES).clamp(0, 1)
    fall = ((episode.end - minutes) / RAMP_MINUTES).clamp(0, 1)
    return torch.minimum(rise, fall) ** 2 * (3 - 2 * torch.minimum(rise, fall))


def precipitation(aurora: Aurora, episode: Episode, minutes: Tensor, number: int) -> Tensor:
    """The map of one episode, (batch, MAP, MAP), about 1 where it is brightest; `number` tells episodes apart."""
    curtains, width, fold, rayed, _, spacing = SHAPES[episode.form]
    t = minutes[:, None, None]
    east, north = aurora.east[None], aurora.north[None] - episode.north_km
    shift = 0.37 * number + 0.11
    east = east.expand(len(minutes), -1, -1)
    # folds travel along the curtain and change shape, faster where it is small
    bend = fold * look_up(aurora.folds, (east + 25.0 * t) / 900 + shift, north / 1200 + 0.012 * t + shift)
    wave = 0.35 * fold * look_up(aurora.folds, (east - 14.0 * t) / 330 + 2 * shift, north / 500 - 0.02 * t)
    bent = north - bend - wave + 1.2 * t
    if episode.form == "patchy":
        patches = look_up(aurora.patches, (east + 3.0 * t) / 420 + shift, north / 420 + shift)
        beat = look_up(aurora.folds, east / 700 + shift, north / 700 + 0.35 * t)
        return (
            torch.sigmoid(5 * (patches - 0.75))
            * (0.55 + 0.45 * torch.tanh(2 * beat))
            * torch.exp(-((north / 230) ** 2))
        )
    total = torch.zeros_like(bent)
    for k in range(curtains):
        middle = (k - (curtains - 1) / 2) * spacing
        patch = look_up_line(aurora.slow, (east + (9.0 - 16.0 * k) * t) / 2600 + 0.21 * k + shift)
        strength = torch.sigmoid(1.6 * patch + 1.0)
        distance = (bent - middle) / (width * (0.8 + 0.5 * strength))
        # the poleward side fades slowly, the equatorward edge is sharp
        curtain = torch.exp(-torch.where(distance > 0, (0.6 * distance) ** 2, distance**2))
        if rayed:
            ray = look_up_line(aurora.rays, (east + 0.3 * bent + (16.0 + 9.0 * k) * t) / 850 + 0.13 * k + shift)
            curtain = curtain * ((1 - rayed) + rayed * torch.exp(0.9 * ray - 0.5).clamp_max(3.0))
        total = total + (1 - 0.25 * k) * strength * curtain
    if episode.form == "diffuse":
        total = total * (0.85 + 0.15 * look_up(aurora.patches, (east + 6.0 * t) / 1500 + shift, north / 300 + shift))
    return total


def light(aurora: Aurora, episodes: tuple[Episode, ...], minutes: Tensor, size: int) -> Tensor:
    """The aurora's linear light before clouds and trees, (batch, 3, size, size)."""
    batch = len(minutes)
    seen = torch.zeros(batch, 3, size, size, device=aurora.path.device)
    for number, episode in enumerate(episodes):
        risen = level(episode, minutes)
        active = risen > 0
        if not bool(active.any()):
            continue
        rate = precipitation(aurora, episode, minutes[active], number)
        colours = _seen(aurora, episode, rate, size)
        seen[active] += (episode.strength * risen[active])[:, None, None, None] * colours
    return seen


def _seen(aurora: Aurora, episode: Episode, rate: Tensor, size: int) -> Tensor:
    places = aurora.places.expand(len(rate), -1, -1, -1)
    slices = functional.grid_sample(rate[:, None], places, mode="bilinear", padding_mode="border", align_corners=True)
    slices = slices.reshape(len(rate), LEVELS, size, size)
    height = aurora.heights
    tall = SHAPES[episode.form][4]
    above = (height - 108.0).clamp_min(0)
    green = torch.exp(-above / (16.0 + 55.0 * tall)) * torch.sigmoid((height - 102.0) / 2.5) * height
    red = torch.sigmoid((height - 185.0) / 18.0) * torch.exp(-above / 160.0) * height
    purple = (torch.exp(-(((height - 100.0) / 5.0) ** 2)) + 0.25 * torch.sigmoid((height - 150.0) / 15.0)) * height
    # a step of the ladder is proportional to the height; weights add up to 1 where the whole curtain is met
    weights = [profile / profile.sum(0, keepdim=True) for profile in (green, red, purple)]
    shares = (1.0, 1.3 * episode.red, episode.purple)
    lines = [share * (slices * weight).sum(1) for share, weight in zip(shares, weights, strict=True)]
    stack = torch.stack(lines, dim=1) * aurora.path
    stack = functional.avg_pool2d(stack, 3, 1, 1, count_include_pad=False)
    mix = torch.tensor([GREEN, RED, PURPLE], device=stack.device)
    return torch.einsum("blhw,lc->bchw", stack, mix)
