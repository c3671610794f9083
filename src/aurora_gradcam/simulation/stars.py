"""Stars and planets: spots of light that turn with the sky."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from .camera import FULL, Camera, project
from .ephemeris import Ephemeris
from .exposure import SIDEREAL
from .milky_way import from_horizon
from .sky import EXTINCTION
from .star_catalogue import catalogue
from .star_field import Stars, faint, southern
from .twilight import nanolambert

PLANET_COLOURS = (0.82, 0.83, 1.36, 1.04)
"""B-V of Venus, Jupiter, Mars and Saturn (Mallama, Krobusek & Pavlov 2017, Icarus 282, 19)."""
LOWEST = 3.0
"""No star is seen below this altitude in degrees."""
WIDTH = 0.68
"""Standard deviation of a star's image in pixels of the full picture, before the camera's softness."""
BLOOM = (0.03, 2.2)
"""Share of the light that the lens spreads wider, and that width in pixels of the full picture."""
TRAIL_STEP = 0.8
"""Pixels between the spots of a trail."""
DEEP_S = 8.0
"""Exposures in seconds from which stars beyond the catalogue's faintest are seen."""
NO_SOUTH = 57.0
"""Latitude in degrees from which on the stars of the far south never rise by LOWEST."""
BRIGHT = 1.2
"""Only stars brighter than this magnitude are drawn with their bloom."""


def horizontal(vectors: np.ndarray, sidereal: np.ndarray, latitude: float) -> tuple[np.ndarray, np.ndarray]:
    """Altitude and azimuth in degrees, (batch, stars), of equatorial unit vectors (stars, 3) at sidereal times."""
    east, north, up = np.moveaxis(vectors @ from_horizon(sidereal, latitude), -1, 0)
    return np.degrees(np.arcsin(np.clip(up, -1, 1))), np.degrees(np.arctan2(east, north)) % 360


def spot_light(magnitude: np.ndarray, colour: np.ndarray, camera: Camera, size: int) -> np.ndarray:
    """Light in nanolambert, (..., 3), that a star puts into one pixel when all of it falls there.

    A pixel near the axis sees (2 / (scale size))^2 steradian. V is green; B-V gives blue, and half of it red: V-R is
    nearly 0.16 + 0.55 (B-V) for most stars (Allen's Astrophysical Quantities); sunlight is white.
    """
    pixel = np.degrees(2 / (camera.scale * size)) * 3600
    green = nanolambert(np.asarray(magnitude) + 2.5 * np.log10(pixel**2))
    redder = np.asarray(colour) - 0.65
    return np.stack([green * 10 ** (0.22 * redder), green, green * 10 ** (-0.4 * redder)], axis=-1)


def extinguished(light: np.ndarray, altitude: np.ndarray) -> np.ndarray:
    """Light (..., 3) after the air at altitudes (...) in degrees; airmass of Kasten & Young (1989, Appl. Opt. 28)."""
    height = np.maximum(np.asarray(altitude, float), 0.0)
    path = 1 / (np.sin(np.radians(height)) + 0.50572 * (height + 6.07995) ** -1.6364)
    return light * 10 ** (-0.4 * np.array(EXTINCTION) * path[..., None])


def add_spots(picture: Tensor, frame: Tensor, x: Tensor, y: Tensor, light: Tensor, sigma: float) -> None:
    """Add round spots to (batch, 3, size, size) in place; each adds up to its light.

    frame, x, y : (spots,), number of the frame and place in pixels; light : (spots, 3); sigma in pixels.
    """
    height, width = picture.shape[-2:]
    reach = max(1, round(2.6 * sigma))
    steps = torch.arange(-reach, reach + 1, device=picture.device)
    down, right = (steps.repeat_interleave(len(steps)), steps.repeat(len(steps)))
    column, row = x.round().long()[:, None] + right, y.round().long()[:, None] + down
    spread = torch.exp(-((column - x[:, None]) ** 2 + (row - y[:, None]) ** 2) / (2 * sigma**2))
    spread = spread / spread.sum(1, keepdim=True)
    spread = spread * ((column >= 0) & (column < width) & (row >= 0) & (row < height))
    place = row.clamp(0, height - 1) * width + column.clamp(0, width - 1)
    flat = picture.view(-1)
    for band in range(3):
        start = (frame[:, None] * 3 + band) * (height * width)
        flat.index_add_(0, (start + place).view(-1), (spread * light[:, band, None]).view(-1))


def trail(camera: Camera, size: int, exposure_s: float) -> np.ndarray:
    """Degrees by which the sky is turned against the middle of an exposure, one for each spot of a trail, (spots,).

    So many spots that the longest trail, that of a star on the equator, has one a pixel.
    """
    turned = SIDEREAL * exposure_s / 3600
    pixels = np.radians(turned) * camera.scale * size / 2
    spots = max(1, round(pixels / TRAIL_STEP))
    return turned * ((np.arange(spots) + 0.5) / spots - 0.5)


def _stars(latitude: float, exposure_s: float) -> Stars:
    """The stars that a camera at this latitude sees with this exposure."""
    parts = [catalogue()]
    if latitude < NO_SOUTH:
        parts.append(southern())
    if exposure_s >= DEEP_S:
        parts.append(faint())
    return parts[0] if len(parts) == 1 else tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def add_stars(
    picture: Tensor,
    camera: Camera,
    at: Ephemeris,
    latitude: float,
    passed: Tensor | None = None,
    exposure_s: float = 0.0,
) -> None:
    """Add each frame's stars and planets, dimmed by the air, to light (batch, 3, size, size) in nanolambert, in place.

    `passed` is the share that clouds let through, (batch, 1, size, size), all of it by default. Over an exposure of
    `exposure_s` seconds stars draw trails, and from DEEP_S on fainter stars are seen; planets are drawn as spots.
    """
    turns = trail(camera, picture.shape[-1], exposure_s)
    stars = _stars(latitude, exposure_s)
    for turn in turns:
        moved = replace(at, sidereal=at.sidereal + turn) if len(turns) > 1 else at
        _add_stars(picture, camera, moved, latitude, passed, stars, 1 / len(turns))


def _add_stars(
    picture: Tensor, camera: Camera, at: Ephemeris, latitude: float, passed: Tensor | None, stars: Stars, share: float
) -> None:
    size, device = picture.shape[-1], picture.device
    vectors, magnitude, colour = stars
    altitude, azimuth = horizontal(vectors, at.sidereal, latitude)
    magnitude, colour = (np.broadcast_to(value, altitude.shape) for value in (magnitude, colour))
    if len(at.planets_altitude):
        altitude = np.concatenate([altitude, at.planets_altitude], 1)
        azimuth = np.concatenate([azimuth, at.planets_azimuth], 1)
        magnitude = np.concatenate([magnitude, at.planets_magnitude], 1)
        colour = np.concatenate([colour, np.broadcast_to(PLANET_COLOURS, at.planets_altitude.shape)], 1)
    frame, star = np.nonzero(altitude > LOWEST)
    altitude, azimuth, magnitude, colour = (v[frame, star] for v in (altitude, azimuth, magnitude, colour))
    x, y = project(camera, altitude, azimuth, size)
    light = share * extinguished(spot_light(magnitude, colour, camera, size), altitude)

    def tensors(*values: np.ndarray) -> list[Tensor]:
        return [torch.as_tensor(value, dtype=torch.float32, device=device) for value in values]

    number = torch.as_tensor(frame, device=device)
    x, y, light = tensors(x, y, light)
    if passed is not None:
        row, column = (place.round().long().clamp(0, size - 1) for place in (y, x))
        light = light * passed[number, 0, row, column][:, None]
    scale = size / FULL
    bloom, wide = BLOOM
    sharp, wide = (np.hypot(width, camera.look.softness) * scale for width in (WIDTH, wide))
    # a small picture's pixel already holds most of a star
    add_spots(picture, number, x, y, light * (1 - bloom), max(0.42, sharp))
    bright = torch.as_tensor(magnitude < BRIGHT, device=device)
    add_spots(picture, number[bright], x[bright], y[bright], light[bright] * bloom, max(0.5, wide))
