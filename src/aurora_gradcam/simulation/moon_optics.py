"""What bright moonlight does in lens and sensor: a saturated bloom, ghosts, diffraction spikes, a smeared column.

Strengths are told by what a picture shows of a full Moon; they follow its light, dimmed by phase, air and clouds. Wide
ranges by choice: lenses, domes and their dirt differ by more than a factor of ten.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .camera import FULL, Camera, Grid, project
from .ephemeris import Ephemeris
from .moon import direct_light
from .sensor import WHITE_POINT
from .stars import spot_light

FULL_MOON = -12.73
CORE = 0.012
"""Distance in units of the circle's radius within which the bloom no longer rises."""
SPIKE_FALL = 1.9
"""Power of the fall of a spike's light: a straight edge diffracts as the square of the distance (Born & Wolf 1999,
Principles of Optics, section 8.5), a little less where wires are rough."""
SPIKE_WIDTH = 0.007
"""In units of the circle's radius."""


def moon_share(camera: Camera, at: Ephemeris) -> np.ndarray:
    """The Moon's light in each band against that of a full Moon above the air, (batch, 3)."""
    return direct_light(camera, at) / spot_light(np.array(FULL_MOON), np.array(0.65), camera, FULL)


def let_through(camera: Camera, at: Ephemeris, passed: Tensor | None) -> Tensor | float:
    """Share of the Moon's light that clouds let through, (batch, 1, 1, 1), of `passed` (batch, 1, size, size)."""
    if passed is None:
        return 1.0
    size = passed.shape[-1]
    x, y = project(camera, at.moon_altitude, at.moon_azimuth, size)
    row, column = (torch.as_tensor(np.rint(place)).long().clamp(0, size - 1) for place in (y, x))
    frame = torch.arange(len(passed))
    return passed[frame, 0, row, column].reshape(-1, 1, 1, 1)


def bloom(grid: Grid, camera: Camera, at: Ephemeris, passed: Tensor | None) -> Tensor | None:
    """Light in nanolambert that glare spreads over the picture, (batch, 3, size, size); None where there is none.

    Where it is as strong as the sensor's white at a distance `Optics.bloom` from a full Moon; it falls from there with
    the power `Optics.fall`, and so veils what is near the Moon.
    """
    optics = camera.equipment.optics
    share = moon_share(camera, at)
    if optics.bloom == 0 or share.max() <= 0:
        return None
    x, y = project(camera, at.moon_altitude, at.moon_azimuth, grid.size)
    square = torch.stack([_square(grid.size, float(x[k]), float(y[k])) for k in range(len(x))]).to(grid.up.device)
    fall = ((square[:, None] + CORE**2) / optics.bloom**2) ** (-optics.fall / 2)
    light = torch.as_tensor(share, dtype=torch.float32, device=grid.up.device)[:, :, None, None]
    return WHITE_POINT * camera.look.exposure * light * fall * let_through(camera, at, passed)


def add_reflections(picture: Tensor, camera: Camera, at: Ephemeris, passed: Tensor | None) -> None:
    """Add spikes, ghosts and the smeared column to light (batch, 3, size, size) in nanolambert, in place."""
    optics = camera.equipment.optics
    if not (optics.spikes or optics.ghosts or optics.smear):
        return
    share, size = moon_share(camera, at), picture.shape[-1]
    x, y = project(camera, at.moon_altitude, at.moon_azimuth, size)
    axis = (FULL / 2 * (1 + np.array(camera.centre)) + 0.5) * size / FULL - 0.5
    through = let_through(camera, at, passed)
    for k in np.flatnonzero(share.max(1) > 1e-6):
        dimmed = through if isinstance(through, float) else float(through[k])
        light = torch.as_tensor(share[k] * dimmed * camera.look.exposure, dtype=torch.float32, device=picture.device)
        place = np.array([float(x[k]), float(y[k])])
        if optics.spikes:
            picture[k] += light[:, None, None] * _spikes(camera, size, *place).to(picture.device)
        if optics.smear:
            column = round(place[0])
            picture[k, :, :, max(0, column) : max(0, column + 1)] += optics.smear * light[:, None, None]
        for along, radius, strength, tint in optics.ghosts:
            colour = light * torch.tensor(tint, device=picture.device) * strength
            _ghost(picture[k], axis + along * (place - axis), radius * size / 2, colour)


def _square(size: int, x: float, y: float) -> Tensor:
    """Square of every pixel's distance from x, y in units of the circle's radius, (size, size)."""
    step = torch.arange(size, dtype=torch.float32)
    return (((step - x) ** 2)[None, :] + ((step - y) ** 2)[:, None]) * (2 / size) ** 2


def _spikes(camera: Camera, size: int, x: float, y: float) -> Tensor:
    """Spikes at even angles, in units of the exposure, (size, size)."""
    optics = camera.equipment.optics
    step = torch.arange(size, dtype=torch.float32)
    across, down = (step - x)[None, :] * (2 / size), (step - y)[:, None] * (2 / size)
    distance = torch.hypot(across, down).clamp_min(CORE)
    half = optics.spikes / 2
    # the way to the nearest spike, as an angle from it
    aside = distance * torch.sin(half * (torch.atan2(down, across) - optics.turn)).abs() / half
    width = max(SPIKE_WIDTH, 1.2 / size)
    bright = WHITE_POINT * optics.spike * (distance / max(optics.bloom, 0.02)) ** -SPIKE_FALL
    return bright.clamp_max(4 * WHITE_POINT) * torch.exp(-((aside / width) ** 2))


def _ghost(picture: Tensor, middle: np.ndarray, radius: float, colour: Tensor) -> None:
    """A disc with a brighter rim: the image of the lens's stop, out of focus."""
    size = picture.shape[-1]
    reach = 1.3 * radius + 2
    (left, top), (right, bottom) = (np.clip(np.rint(middle + side * reach), 0, size).astype(int) for side in (-1, 1))
    if left >= right or top >= bottom:
        return
    across = torch.arange(left, right, device=picture.device)[None, :] - float(middle[0])
    down = torch.arange(top, bottom, device=picture.device)[:, None] - float(middle[1])
    distance = torch.hypot(across, down) / radius
    shape = torch.sigmoid((1 - distance) / max(0.06, 0.7 / radius)) * (0.6 + 0.4 * distance.clamp_max(1.1) ** 4)
    picture[:, top:bottom, left:right] += colour[:, None, None] * shape
