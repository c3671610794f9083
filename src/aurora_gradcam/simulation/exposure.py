"""What moves while a frame gathers light: how far it is smeared, and in which direction."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from .camera import Grid

SIDEREAL = 15.041
"""Seconds of arc that the sky turns in a second of time: 360 degrees in 86164.1 s."""
STEP = 1.2
"""Pixels at most between two moments of a smear ..."""
MOMENTS = 10
"""... unless that takes more moments than these."""
LEAST = 0.35
"""Smears shorter than this in pixels are left out."""


def image_flow(grid: Grid, distance: Tensor, wind: tuple[float, float]) -> Tensor:
    """Motion in the picture of what a wind carries, pixels a minute to the right and down, (2, size, size).

    A point at a distance d along the unit vector u moves across the line of sight by (w - u (u . w)) / d a minute. The
    picture's scale there is what neighbouring pixels look at. 0 where nothing is seen.

    Parameters
    ----------
    grid
        What the pixels look at.
    distance
        Km to what moves, (size, size).
    wind
        Km a minute to the east and to the north.
    """
    looked = torch.stack([grid.east, grid.north, grid.up])
    carried = torch.tensor([*wind, 0.0], device=looked.device)[:, None, None]
    turning = (carried - looked * (looked * carried).sum(0)) / distance
    down, right = torch.gradient(looked, dim=(1, 2))
    # least squares in the plane that the two steps span
    rr, dd, rd = (right * right).sum(0), (down * down).sum(0), (right * down).sum(0)
    r, d = (right * turning).sum(0), (down * turning).sum(0)
    area = (rr * dd - rd * rd).clamp_min(1e-12)
    flow = torch.stack([dd * r - rd * d, rr * d - rd * r]) / area
    return torch.where(grid.inside & (grid.up > 0), flow, 0.0).clamp(-grid.size, grid.size)


def smear(picture: Tensor, flow: Tensor, minutes: float) -> Tensor:
    """Mean of what passes each pixel during an exposure about now: pictures (batch, channels, size, size).

    `flow` (2, size, size) in pixels a minute; near by it is taken to be the same.
    """
    longest = float(flow.norm(dim=0).max()) * minutes
    if longest < LEAST:
        return picture
    moments = min(max(2, math.ceil(longest / STEP)), MOMENTS)
    size = picture.shape[-1]
    step = (torch.arange(size, device=picture.device) + 0.5) * 2 / size - 1
    here = torch.stack([step.expand(size, size), step[:, None].expand(size, size)], dim=-1)
    way = flow.permute(1, 2, 0) * (2 / size * minutes)
    total = torch.zeros_like(picture)
    for k in range(moments):
        there = (here - ((k + 0.5) / moments - 0.5) * way).expand(len(picture), -1, -1, -1)
        total += functional.grid_sample(picture, there, padding_mode="border", align_corners=False)
    return total / moments
