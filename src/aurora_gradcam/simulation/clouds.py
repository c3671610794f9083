"""Moving cloud layers: how much of the light behind them they hold back, and what they scatter themselves."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .camera import Grid
from .noise import field, look_up

SIZE = 512
KINDS = {
    # kind: (where the field begins to be cloud, sharpness of edges, optical depth, stretch, km in a period)
    "thin": (0.0, 0.6, 0.9, 3.0, 60.0),
    "broken": (-0.15, 2.2, 4.0, 1.4, 26.0),
    "overcast": (-2.2, 1.0, 4.5, 1.2, 20.0),
}
HEIGHT_KM = 3.0
FARTHEST_KM = 18.0


@dataclass(frozen=True)
class Clouds:
    """The clouds of one night: two fields that drift apart slowly, and their wind in km a minute."""

    kind: str
    first: Tensor
    second: Tensor
    wind: tuple[float, float]


def make_clouds(kind: str, generator: torch.Generator) -> Clouds | None:
    """Draw a night's clouds; None for a clear night."""
    if kind == "clear":
        return None
    stretch = KINDS[kind][3]
    first, second = (field(SIZE, 1.55, generator, stretch) for _ in range(2))
    speed = 0.25 + 0.5 * torch.rand(2, generator=generator)
    return Clouds(kind, first, second, (float(speed[0]), float(speed[1]) - 0.5))


def optical_depth(clouds: Clouds, grid: Grid, minutes: Tensor) -> tuple[Tensor, Tensor]:
    """Optical depth towards every pixel, and how bright the cloud there is (about 1), at minutes (batch,).

    Both (batch, 1, size, size); minutes count from the night's start.
    """
    start, sharpness, depth, _, period = KINDS[clouds.kind]
    flat = HEIGHT_KM / grid.up.clamp_min(HEIGHT_KM / FARTHEST_KM)
    at = minutes[:, None, None]
    x = (grid.east * flat)[None] / period
    y = (grid.north * flat)[None] / period
    along, across = clouds.wind
    shape = look_up(clouds.first, x + along * at / period, y + across * at / period)
    change = look_up(clouds.second, x + 0.7 * along * at / period, y + 1.3 * across * at / period)
    amount = torch.sigmoid((0.75 * shape + 0.65 * change - start) * 2 * sharpness)
    texture = 0.75 + 0.25 * torch.tanh(shape + change)
    shade = 1.0 + 0.3 * torch.tanh(0.8 * shape - 0.8 * change)
    return (depth * amount * texture)[:, None], shade[:, None]


def through(depth: Tensor, light: Tensor, lit: Tensor) -> Tensor:
    """Light (batch, 3, ...) seen through clouds of this optical depth that are themselves lit by `lit`."""
    passed = torch.exp(-depth)
    return light * passed + lit * (1 - passed)
