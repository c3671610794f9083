"""The Milky Way as a camera sees it: a mottled band of unresolved stars with a dark rift."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from . import noise
from .camera import Grid

GALACTIC = np.array(
    [
        [-0.0548755604, -0.8734370902, -0.4838350155],
        [0.4941094279, -0.4448296300, 0.7469822445],
        [-0.8676661490, -0.1980763734, 0.4559837762],
    ]
)
"""Equatorial (J2000) to galactic coordinates, the matrix of the Hipparcos catalogue (ESA 1997, vol. 1, eq. 1.5.11)."""
COLOUR = (1.06, 1.0, 0.86)
_LONGITUDES, _LATITUDES, _SEED = 512, 128, 1610


def from_horizon(sidereal: np.ndarray, latitude: float) -> np.ndarray:
    """Matrices (batch, 3, 3) from (east, north, up) to equatorial unit vectors; all angles in degrees."""
    turn, lat = np.radians(np.asarray(sidereal, float)), np.radians(latitude)
    zero = np.zeros_like(turn)
    east = np.stack([-np.sin(turn), np.cos(turn), zero], -1)
    north = np.stack([-np.sin(lat) * np.cos(turn), -np.sin(lat) * np.sin(turn), zero + np.cos(lat)], -1)
    up = np.stack([np.cos(lat) * np.cos(turn), np.cos(lat) * np.sin(turn), zero + np.sin(lat)], -1)
    return np.stack([east, north, up], axis=-1)


@cache
def _map() -> Tensor:
    """Nanolambert over galactic longitude (columns, 0 to 360) and sine of latitude (rows, -0.5 to 0.5).

    About 100 near longitude 15, 80 in Cygnus (80) and 36 in the anticentre, as in Pioneer 10's map (Toller 1981) at one
    S10 unit = 0.26 nanolambert. The mottling is invented.
    """
    generator = torch.Generator().manual_seed(_SEED)
    longitude = torch.linspace(0, 2 * np.pi, _LONGITUDES + 1)[:-1]
    latitude = torch.linspace(-0.5, 0.5, _LATITUDES)[:, None]
    rough = noise.field(_LONGITUDES, 1.4, generator)[:_LATITUDES]
    dust = noise.field(_LONGITUDES, 1.6, generator)[:_LATITUDES]
    along = 36 + 56 * torch.exp((torch.cos(longitude - np.radians(15)) - 1) / 0.35)
    along = along + 34 * torch.exp((torch.cos(longitude - np.radians(78)) - 1) / 0.05)
    width = 0.14 + 0.05 * torch.exp((torch.cos(longitude) - 1) / 0.3)
    profile = 1 / (1 + (latitude / width) ** 2) ** 1.6
    # the Great Rift runs from Cygnus to the centre, a little above the equator's middle
    rift = torch.exp(-(((latitude - 0.02 - 0.02 * dust) / 0.04) ** 2)) * torch.exp(
        (torch.cos(longitude - np.radians(35)) - 1) / 0.25
    )
    clumps = torch.exp(0.45 * rough - 0.1) * (1 - 0.6 * torch.sigmoid(3 * dust - 2))
    edge = ((0.5 - latitude.abs()) / 0.15).clamp(0, 1)
    return along * profile * clumps * (1 - 0.6 * rift) * edge


def milky_way(grid: Grid, sidereal: np.ndarray, latitude: float) -> Tensor:
    """Light of the Milky Way in nanolambert, (batch, 3, size, size), at local sidereal times (batch,) in degrees."""
    device = grid.up.device
    turn = torch.as_tensor(GALACTIC @ from_horizon(sidereal, latitude), dtype=torch.float32, device=device)
    x, y, z = (
        turn[:, k, 0, None, None] * grid.east
        + turn[:, k, 1, None, None] * grid.north
        + turn[:, k, 2, None, None] * grid.up
        for k in range(3)
    )
    galaxy = _map().to(device)
    # two columns of the next turn, so that interpolation is seamless
    galaxy = torch.cat([galaxy, galaxy[:, :2]], dim=1)
    longitude = torch.atan2(y, x) / (2 * np.pi)
    longitude = longitude - torch.floor(longitude)
    places = torch.stack([longitude * (2 * _LONGITUDES / (_LONGITUDES + 1)) - 1, 2 * z], dim=-1)
    galaxy = galaxy.expand(len(z), 1, *galaxy.shape)
    light = functional.grid_sample(galaxy, places, mode="bilinear", padding_mode="zeros", align_corners=True)
    colour = torch.tensor(COLOUR, device=device)[None, :, None, None]
    path = torch.rsqrt(0.04 + 0.96 * grid.up.clamp_min(0) ** 2)
    return light * colour * torch.exp(-0.158 * (path - 1))
