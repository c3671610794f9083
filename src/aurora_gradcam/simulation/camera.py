"""The all-sky camera: where a direction in the sky falls in the picture, and what each pixel looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

AZIMUTH_UP = 27.0
"""Azimuth, in degrees, that points up in the picture; the view is upwards, so azimuth grows anticlockwise."""
FULL = 720
"""Side in pixels of the square around the sky circle in the full picture."""
LENS = (0.8075, -0.0525)
"""r / R = a z + b z^3, z in radians: 193.8 and -12.6 px at R = 240 px, fitted to the Moon in real frames."""


@dataclass(frozen=True)
class Grid:
    """What the pixels of a square picture around the sky circle look at; every tensor is (size, size).

    `east`, `north`, `up` are unit vectors towards the pixel, `radius` is the distance from the centre in units of the
    sky circle's radius, `inside` tells the pixels of the sky circle.
    """

    size: int
    east: Tensor
    north: Tensor
    up: Tensor
    radius: Tensor
    inside: Tensor


def radius_of(zenith_angle: np.ndarray) -> np.ndarray:
    """Distance from the picture's centre in units of the circle's radius; zenith angle in radians."""
    linear, cubic = LENS
    return linear * zenith_angle + cubic * zenith_angle**3


def project(altitude: np.ndarray, azimuth: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Altitude and azimuth in degrees -> x, y in pixels of a square picture of `size` px around the circle.

    Pixel centres lie at whole numbers; in the full picture of 720 px the circle's centre is at (360, 360).
    """
    turn = np.radians(AZIMUTH_UP - np.asarray(azimuth))
    distance = radius_of(np.radians(90.0 - np.asarray(altitude))) * FULL / 2
    x, y = FULL / 2 + distance * np.sin(turn), FULL / 2 - distance * np.cos(turn)
    return (x + 0.5) * size / FULL - 0.5, (y + 0.5) * size / FULL - 0.5


def make_grid(size: int, device: str = "cpu") -> Grid:
    """The grid of a size x size picture whose sky circle has the radius size / 2."""
    # a pixel of a small picture stands for the square of full pixels that it covers
    step = ((np.arange(size) + 0.5) * FULL / size - 0.5) / (FULL / 2) - 1
    x, y = np.meshgrid(step, step)
    radius = np.hypot(x, y)
    angles = np.linspace(0, np.pi / 2, 4096)
    zenith = np.interp(radius, radius_of(angles), angles)
    azimuth = np.radians(AZIMUTH_UP) - np.arctan2(x, -y)
    values = (
        np.sin(zenith) * np.sin(azimuth),
        np.sin(zenith) * np.cos(azimuth),
        np.cos(zenith),
        radius,
    )
    east, north, up, distance = (torch.as_tensor(value, dtype=torch.float32, device=device) for value in values)
    return Grid(size, east, north, up, distance, distance <= 1.0)


def direction(altitude: np.ndarray, azimuth: np.ndarray) -> np.ndarray:
    """Unit vectors (east, north, up), shape (..., 3), of altitudes and azimuths in degrees."""
    alt, az = np.radians(altitude), np.radians(azimuth)
    return np.stack([np.cos(alt) * np.sin(az), np.cos(alt) * np.cos(az), np.sin(alt)], axis=-1)
