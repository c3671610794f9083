"""The sky behind everything: airglow, twilight, moonlight and the town, as linear light (batch, 3, height, width).

Levels are fitted by eye to real frames: 0.003 is the dark sky, 1.0 half of the sensor's range. The laws follow the
usual shapes (twilight falls tenfold in about 4 degrees of solar depression; scattered moonlight follows the lit
share and the altitude), not a radiative model.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .camera import Grid, direction

AIRGLOW = (0.0030, 0.0028, 0.0058)
MOONLIGHT = (0.029, 0.056, 0.175)
MOON_GLARE = (0.30, 0.29, 0.27)
TWILIGHT = (0.080, 0.185, 0.46)
DUSK_GLOW = (0.56, 0.46, 0.38)
TOWN = (0.180, 0.155, 0.128)
TOWN_AZIMUTH = 205.0


def colour(values: tuple[float, float, float], like: Tensor) -> Tensor:
    """A colour as (1, 3, 1, 1) beside pictures."""
    return torch.tensor(values, dtype=like.dtype, device=like.device)[None, :, None, None]


def per_frame(values: np.ndarray, like: Tensor) -> Tensor:
    """One number a frame as (batch, 1, 1, 1)."""
    return torch.as_tensor(np.asarray(values), dtype=like.dtype, device=like.device)[:, None, None, None]


def cosine_to(grid: Grid, altitude: np.ndarray, azimuth: np.ndarray) -> Tensor:
    """Cosine of the angle between every pixel's direction and one direction a frame: (batch, 1, height, width)."""
    vectors = torch.as_tensor(direction(altitude, azimuth), dtype=torch.float32, device=grid.up.device)
    east, north, up = (vectors[:, k, None, None, None] for k in range(3))
    return east * grid.east + north * grid.north + up * grid.up


def twilight_level(sun_altitude: np.ndarray) -> np.ndarray:
    """Brightness of the zenith in twilight; 1 with the sun 6 degrees below the horizon."""
    return 10.0 ** ((np.minimum(sun_altitude, 0.0) + 6.0) / 4.2)


def moon_level(altitude: np.ndarray, illumination: np.ndarray) -> np.ndarray:
    """Scattered moonlight; 1 for a full Moon in the zenith."""
    return np.clip(np.sin(np.radians(altitude)), 0, 1) ** 0.6 * illumination**1.5


def background(
    grid: Grid,
    sun_altitude: np.ndarray,
    sun_azimuth: np.ndarray,
    moon_altitude: np.ndarray,
    moon_azimuth: np.ndarray,
    moon_illumination: np.ndarray,
    town: float,
) -> Tensor:
    """The clear sky without stars and Moon's disc; angles in degrees, shape (batch,) -> (batch, 3, size, size)."""
    up = grid.up.clamp(0.02, 1)[None, None]
    low = (1 - up) ** 2  # 0 in the zenith, 1 at the horizon
    sky = colour(AIRGLOW, up) * (1 + 0.8 * low)

    towards_sun = cosine_to(grid, np.zeros_like(sun_azimuth), sun_azimuth)
    twilight = per_frame(twilight_level(sun_altitude), up)
    sky = sky + twilight * colour(TWILIGHT, up) * (0.8 + 0.5 * towards_sun + 0.5 * low)
    glow = torch.exp(-up / 0.22) * ((1 + towards_sun) / 2) ** 3
    sky = sky + (twilight * 3.0) ** 0.8 * colour(DUSK_GLOW, up) * glow

    moon = per_frame(moon_level(moon_altitude, moon_illumination), up)
    towards_moon = cosine_to(grid, moon_altitude, moon_azimuth)
    # Rayleigh's 1 + cos^2 and forward scattering by haze around the Moon
    scatter = 0.75 * (1 + towards_moon**2) + 0.5 * torch.exp((towards_moon - 1) / 0.06)
    sky = sky + moon * colour(MOONLIGHT, up) * scatter * (0.75 + 0.6 * low)
    glare = 1.6 * torch.exp((towards_moon - 1) / 0.0006) + 0.25 * torch.exp((towards_moon - 1) / 0.012)
    sky = sky + moon.sqrt() * colour(MOON_GLARE, up) * glare

    towards_town = cosine_to(grid, np.zeros(1), np.array([TOWN_AZIMUTH]))
    dome = torch.exp(-up / 0.2) * ((1 + towards_town) / 2) ** 5
    return sky + town * colour(TOWN, up) * dome
