"""Moving cloud layers: how much of the light behind them they hold back, and how uneven their undersides are."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .camera import Grid
from .cloud_light import lit
from .cloud_shapes import Clouds, Kind, Layer, make_clouds
from .exposure import image_flow, smear
from .noise import look_up_all
from .shell import distance_to, sine_there

__all__ = ["Clouds", "lit", "make_clouds", "optical_depth"]

LONGEST_PATH = 3.5
"""A slanting line of sight leaves a cloud through its side, so its path is at most this many times the upright one."""


def _shape(layer: Layer, places: tuple[Tensor, ...], minutes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Height of the field above its mean, relief, and km across the streaks, at the places that `_places` gives."""
    east, north, path, clear = places
    kind, (along, across) = layer.kind, layer.along
    moved = minutes[:, None, None]
    x, y = east - layer.plan.wind[0] * moved, north - layer.plan.wind[1] * moved
    x, y = along * x + across * y, along * y - across * x
    large, fine = layer.large.to(x.device), layer.fine.to(x.device)
    bend = look_up_all(large[2:], x / kind.period + layer.phase, y / kind.period)
    # two fields that pass through each other slowly change the shapes while the wind carries both
    slip = 0.02 * max(math.hypot(*layer.plan.wind), 0.2) * moved / kind.period
    u, v = (x + kind.warp * bend[:, 0]) / kind.period, (y + kind.warp * bend[:, 1]) / kind.period
    first = look_up_all(large[:1], u + slip, v + slip)[:, 0]
    second = look_up_all(large[1:2], u - slip, v - slip)[:, 0]
    u, v = u * (kind.period / kind.cells[0]), v * (kind.period / kind.cells[0])
    detail = look_up_all(fine, u - 3 * slip, v + 3 * slip)
    near = clear**2 / (clear**2 + kind.cells[2] ** 2)
    value = 0.71 * (first + second) + kind.cells[1] * (1 - near) * detail[:, 0] + kind.sides * (path - 1)
    relief = 1 + kind.relief * (0.6 * (first - second) + 0.5 * (1 - near) * detail[:, 1]).clamp(-2, 2)
    return value, relief, y + 0.25 * kind.warp * bend[:, 1]


def _places(kind: Kind, east: Tensor, north: Tensor, up: Tensor, pixel: float) -> tuple[Tensor, ...]:
    """Km east and north of where lines of sight meet the layer, their path in it, and km that a pixel covers there.

    The layer is a shell about a round Earth.
    """
    distance = distance_to(kind.height, up)
    meets = sine_there(kind.height, up, distance)
    return east * distance, north * distance, (1 / meets).clamp_max(LONGEST_PATH), pixel * distance / meets


def _threshold(layer: Layer, minutes: Tensor, pixel: float) -> Tensor:
    """Value (batch, 1, 1) above which the field is cloud, so that the wanted share of the sky is covered."""
    # an even spiral of directions over the sky above 6 degrees
    count = torch.arange(400, device=minutes.device)
    up = 0.1 + 0.9 * (count + 0.5) / 400
    turn, flat = count * 2.399963, torch.sqrt(1 - up**2)
    east, north, up = (flat * torch.sin(turn))[None], (flat * torch.cos(turn))[None], up[None]
    value, _, _ = _shape(layer, _places(layer.kind, east, north, up, pixel), minutes)
    swing = 0.04 * torch.sin(2 * math.pi * (minutes / 37 + layer.phase))
    cover = (layer.plan.cover + swing).clamp(0, 1)
    place = (1 - cover) * 399
    below = place.floor().clamp_max(398)
    ranked = value[:, 0].sort(dim=1).values
    pair = ranked.gather(1, torch.stack([below, below + 1], 1).long())
    depths = torch.lerp(pair[:, 0], pair[:, 1], place - below)
    # a rim is soft: begin a little lower; a closed cover has no rim in sight
    closed = ((cover - 0.85) / 0.15).clamp(0, 1)
    return (depths - layer.kind.edge * (0.18 + 0.8 * closed))[:, None, None]


def _drawn_out(layer: Layer, grid: Grid, depth: Tensor, uneven: Tensor, minutes: float) -> tuple[Tensor, Tensor]:
    """Depth (batch, 1, size, size) and relief (batch, size, size) of a layer, smeared by its wind."""
    flow = image_flow(grid, distance_to(layer.kind.height, grid.up), layer.plan.wind)
    both = smear(torch.cat([torch.exp(-depth), uneven[:, None]], 1), flow, minutes)
    return -torch.log(both[:, :1].clamp(1e-9, 1)), both[:, 1]


def optical_depth(clouds: Clouds, grid: Grid, minutes: Tensor, exposure_s: float = 0.0) -> tuple[Tensor, Tensor]:
    """Optical depth towards every pixel, and the brightness of the underside there beside its mean (about 1).

    Both (batch, 1, size, size); `minutes` (batch,) count from the night's start. Several layers add their depths. Over
    an exposure of `exposure_s` seconds the wind draws each layer out: its depth is that of the mean light it lets
    through.
    """
    shape = (minutes.shape[0], 1, grid.size, grid.size)
    total, relief = torch.zeros(shape, device=grid.up.device), torch.ones(shape, device=grid.up.device)
    pixel = math.pi / grid.size
    minutes = minutes.to(grid.up.device, torch.float32)
    for layer in clouds:
        kind = layer.kind
        places = _places(kind, grid.east, grid.north, grid.up, pixel)
        _, _, path, clear = places
        value, uneven, across = _shape(layer, places, minutes)
        above = ((value - _threshold(layer, minutes, pixel)) / kind.edge).clamp_min(0).square()
        amount = 1.25 * above / (above + 0.9)
        # far away a pixel covers many clouds: there the mean remains
        far = (clear / (0.25 * kind.period)) ** 6
        amount = (amount + far * layer.plan.cover) / (1 + far)
        depth = layer.plan.depth * amount
        if layer.trail is not None:
            place, width, strength = layer.trail
            depth = depth + strength * torch.exp(-(((across - place) / width) ** 2))
        depth = (depth * path)[:, None]
        if exposure_s > 0:
            depth, uneven = _drawn_out(layer, grid, depth, uneven, exposure_s / 60)
        relief = relief + (uneven[:, None] - 1) * depth / (total + depth + 1e-3)
        total = total + depth
    return total, relief
