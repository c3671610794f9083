"""What a sensor adds to the light: hot pixels, banding of rows and columns, and the glow of its amplifier.

Janesick 2001 (Scientific Charge-Coupled Devices, SPIE Press) describes each; how strong they are is by choice, from
hardly seen to as much as badly cooled cameras show.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .equipment import Faults

REACH_OF_GLOW = 0.45
"""Distance, in units of the circle's radius, in which the amplifier's glow falls e-fold."""
GLOW_TINT = (1.0, 0.75, 1.05)
"""The glow is near infrared, to which a Bayer mosaic's red and blue filters are open."""


@dataclass(frozen=True)
class Pattern:
    """What never changes: levels added (3, size, size), and places and levels of hot pixels (count,), (3, count)."""

    fixed: Tensor
    places: Tensor
    levels: Tensor


def pattern(faults: Faults, size: int, grey: bool, finest: int, device: torch.device | str = "cpu") -> Pattern:
    """The pattern of a picture of `size` pixels a side.

    A camera without colours (`grey`) has hot pixels in all bands alike. Those of a picture that was recorded with
    `finest` > size pixels lose brightness with the area that they share.
    """
    generator = torch.Generator().manual_seed(faults.seed)
    count = round(faults.hot * size * size)
    places = torch.randperm(size * size, generator=generator)[:count]
    brightness = 255 * torch.rand(count, generator=generator) ** 2 + 20
    colour = torch.nn.functional.one_hot(torch.randint(3, (count,), generator=generator), 3).T.float()
    levels = brightness * (1.0 if grey else 0.15 + 0.85 * colour) * (min(1.0, size / finest) ** 1.2)
    levels = levels.expand(3, count)
    columns = torch.randn(size, generator=generator) * faults.columns
    step = (torch.arange(size) + 0.5) * 2 / size - 1
    corner = torch.deg2rad(torch.tensor(faults.corner))
    right, up = 1.1 * torch.sin(corner), 1.1 * torch.cos(corner)
    distance = torch.hypot(step[None, :] - right, step[:, None] + up)
    glow = faults.glow * torch.exp(-distance / REACH_OF_GLOW)
    tint = torch.ones(3) if grey else torch.tensor(GLOW_TINT)
    fixed = columns[None, None] + glow[None] * tint[:, None, None]
    return Pattern(fixed.to(device), places.to(device), levels.to(device))


def add_faults(picture: Tensor, faults: Faults, made: Pattern, number: int) -> Tensor:
    """Levels (3, size, size) of picture `number` with the sensor's faults, clipped to 0..255."""
    size = picture.shape[-1]
    picture = picture + made.fixed
    if faults.rows > 0 or faults.wave > 0:
        generator = torch.Generator().manual_seed(faults.seed * 1_000_003 + number)
        rows = torch.randn(size, generator=generator) * faults.rows
        phase = torch.rand(1, generator=generator) * 2 * torch.pi
        rows = rows + faults.wave * torch.sin(torch.arange(size) * (2 * torch.pi / faults.period) + phase)
        picture = picture + rows[:, None].to(picture.device)
    if len(made.places):
        picture.view(3, -1).index_add_(1, made.places, made.levels)
    return picture.clamp_(0, 255)
