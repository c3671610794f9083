"""A star field that turns with sidereal time, and the Moon's disc, added as small spots of light."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .camera import FULL, project

COUNT = 900
_CATALOGUE_SEED = 557


def catalogue() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Right ascension and declination in degrees, and linear light, of an invented but fixed sky of stars.

    Places are uniform on the sphere, counts rise about threefold a magnitude as in the real sky.
    """
    generator = np.random.default_rng(_CATALOGUE_SEED)
    ascension = generator.uniform(0, 360, COUNT)
    declination = np.degrees(np.arcsin(generator.uniform(-0.5, 1, COUNT)))
    magnitude = 5.2 - generator.exponential(1 / 1.1, COUNT)
    return ascension, declination, 0.02 * 10 ** (-0.4 * (np.maximum(magnitude, 0.5) - 4.5))


def horizontal(
    ascension: np.ndarray, declination: np.ndarray, sidereal: np.ndarray, latitude: float
) -> tuple[np.ndarray, np.ndarray]:
    """Altitude and azimuth, shape (batch, stars), at local sidereal times (batch,); all in degrees."""
    hour = np.radians(np.asarray(sidereal)[:, None] - ascension)
    dec, lat = np.radians(declination), np.radians(latitude)
    up = np.sin(lat) * np.sin(dec) + np.cos(lat) * np.cos(dec) * np.cos(hour)
    east = -np.cos(dec) * np.sin(hour)
    north = np.cos(lat) * np.sin(dec) - np.sin(lat) * np.cos(dec) * np.cos(hour)
    return np.degrees(np.arcsin(np.clip(up, -1, 1))), np.degrees(np.arctan2(east, north)) % 360


def add_spots(picture: Tensor, x: Tensor, y: Tensor, light: Tensor, sigma: float, reach: int) -> None:
    """Add round spots to (batch, 1, height, width) in place.

    x, y, light : (batch, spots), places in pixels and central light; sigma in pixels; reach in whole pixels.
    """
    batch, _, height, width = picture.shape
    flat = picture.view(batch, -1)
    column, row = x.round(), y.round()
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            c, r = column + right, row + down
            inside = (c >= 0) & (c < width) & (r >= 0) & (r < height)
            spread = torch.exp(-((c - x) ** 2 + (r - y) ** 2) / (2 * sigma**2))
            place = (r.clamp(0, height - 1) * width + c.clamp(0, width - 1)).long()
            flat.scatter_add_(1, place, light * spread * inside)


def star_light(size: int, sidereal: np.ndarray, latitude: float) -> Tensor:
    """The stars of each frame as linear light (batch, 1, size, size)."""
    ascension, declination, light = catalogue()
    altitude, azimuth = horizontal(ascension, declination, sidereal, latitude)
    x, y = project(altitude, azimuth, size)
    airmass = 1 / np.maximum(np.sin(np.radians(altitude)), 0.1)
    seen = np.where(altitude > 5, light * 10 ** (-0.4 * 0.25 * airmass), 0.0)
    picture = torch.zeros(len(sidereal), 1, size, size)
    places = (torch.as_tensor(value, dtype=torch.float32) for value in (x, y, seen * (size / FULL) ** 2 * 1.6))
    add_spots(picture, *places, sigma=max(0.5, 0.75 * size / FULL), reach=1 if size < FULL else 2)
    return picture


def moon_light(size: int, altitude: np.ndarray, azimuth: np.ndarray, illumination: np.ndarray) -> Tensor:
    """The Moon's overexposed disc as linear light (batch, 1, size, size); nothing below the horizon."""
    x, y = project(altitude, azimuth, size)
    light = np.where(altitude > 0, 60.0 * illumination + 2.0, 0.0)
    picture = torch.zeros(len(altitude), 1, size, size)
    places = (torch.as_tensor(value, dtype=torch.float32)[:, None] for value in (x, y, light))
    add_spots(picture, *places, sigma=max(0.8, 2.6 * size / FULL), reach=max(3, 11 * size // FULL))
    return picture
