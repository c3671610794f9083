"""The Moon itself: its overexposed disc, the glare of dome and lens around it, and reflexes in the lens.

Light scattered by the air around the Moon belongs to `sky.moonlight`.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from . import noise
from .camera import FULL, Camera, project
from .ephemeris import Ephemeris
from .sky import MOON_COLOUR
from .stars import extinguished
from .twilight import nanolambert

GLARE = (3.5e-3, 1.6, 1.75)
"""Lens: share of the light, in a pixel of the full picture, at the centre; radius in pixels and power of its fall,
(1 + (r / radius)^2)^-power; fitted to the quarter Moon in real frames of 2018-04-21."""
DISC = (1.0e-3, 2.2)
"""Disc: share of the light in a pixel and radius in pixels, a little wider than its quarter of a degree."""
DUST = (5.0e-6, 10.0)
"""Grains on the dome: share of the light close to the Moon, and the radius in pixels in which it falls e-fold."""
RAYS = ((2, 1.0, 0.35), (6, 0.4, 0.25), (14, 2.1, 0.12))
"""Soft rays: even numbers of them round the Moon, so that its spot stays centred; turn in radians; strength against the
glare."""
REFLEXES = ((-0.55, 9.0, 1.3e-7, (0.7, 1.0, 0.8)), (-0.2, 16.0, 0.5e-7, (0.9, 0.7, 1.1)))
"""Reflexes between the lenses: place on the line from the Moon (1) through the axis (0), radius in pixels, share of the
light in a pixel, tint."""
REACH = 90
"""Half side in pixels of the full picture of the window around the Moon."""
_SEED = 62


@cache
def _grains(step: int) -> Tensor:
    """Sparse bright grains of unit mean over the full picture, one value a `step` pixels: (side, side)."""
    generator = torch.Generator().manual_seed(_SEED)
    soft = functional.avg_pool2d(noise.field(FULL, 0.6, generator)[None, None], 3, stride=1, padding=1)[0, 0]
    grains = torch.exp(1.3 * soft / soft.std())
    if step > 1:
        grains = functional.avg_pool2d(grains[None, None], step)[0, 0]
    return grains / grains.mean()


def direct_light(camera: Camera, at: Ephemeris) -> np.ndarray:
    """The Moon's light in nanolambert in one pixel of the full picture if all of it fell there, (batch, 3).

    V = -12.73 + 0.026 |a| + 4e-9 a^4 at a degrees from full (Krisciunas & Schaefer 1991), dimmed by the air; nothing
    once the Moon has set.
    """
    from_full = 180.0 - np.asarray(at.moon_phase_angle, float)
    pixel = np.degrees(2 / (camera.scale * FULL)) * 3600
    magnitude = -12.73 + 0.026 * np.abs(from_full) + 4e-9 * from_full**4
    light = nanolambert(magnitude + 2.5 * np.log10(pixel**2))[:, None] * np.array(MOON_COLOUR)
    risen = np.clip((np.asarray(at.moon_altitude) + 0.3) / 0.6, 0, 1)
    return extinguished(light, at.moon_altitude) * risen[:, None]


def _window(picture: Tensor, x: float, y: float, reach: int) -> tuple[Tensor, Tensor, Tensor, slice, slice] | None:
    """The part of (3, size, size) within `reach` pixels of x, y, and each pixel's way there; None if outside."""
    size = picture.shape[-1]
    left, right = (min(max(round(x) + side, 0), size) for side in (-reach, reach + 1))
    top, bottom = (min(max(round(y) + side, 0), size) for side in (-reach, reach + 1))
    if left >= right or top >= bottom:
        return None
    columns, rows = slice(left, right), slice(top, bottom)
    across = torch.arange(left, right, device=picture.device, dtype=torch.float32)[None, :] - x
    down = torch.arange(top, bottom, device=picture.device, dtype=torch.float32)[:, None] - y
    return picture[:, rows, columns], across, down, rows, columns


def _draw(picture: Tensor, x: float, y: float, light: Tensor, passed: Tensor) -> None:
    """Add glare, rays and grains of a Moon at x, y to (3, size, size) in place.

    light : (3, 1, 1); passed : share that clouds let through, (size, size).
    """
    scale = picture.shape[-1] / FULL
    window = _window(picture, x, y, max(8, round(REACH * scale)))
    if window is None:
        return
    part, across, down, rows, columns = window
    square = (across**2 + down**2) / scale**2
    strength, radius, power = GLARE
    # the pixel of a small picture sees a square of full pixels: the sharp core is spread over it
    blur = (0.35 / scale) ** 2
    glare = strength * ((square + blur) / radius**2 + 1) ** -power
    angle = torch.atan2(down, across)
    rays = sum(share * torch.cos(number * angle + turn) for number, turn, share in RAYS)
    distance = square.sqrt()
    glare = glare * (1 + rays * torch.exp(-square / 700) * (square / (square + 12)))
    share, disc = DISC
    glare = glare + share * torch.sigmoid((disc - distance) / max(0.5, 0.5 / scale))
    dust, fall = DUST
    # the Moon's own half degree is too bright for grains to show
    grains = _grains(round(1 / scale)).to(picture.device) if (1 / scale).is_integer() else 1.0
    if isinstance(grains, Tensor):
        grains = grains[rows, columns]
    glare = glare + dust * grains * torch.exp(-distance / fall) * (square / (square + 60))
    edge = (1 - square / REACH**2).clamp_min(0)
    part += light * (glare * edge * passed[rows, columns])


def add_moon(picture: Tensor, camera: Camera, at: Ephemeris, passed: Tensor | None = None) -> Tensor:
    """Add the Moon's disc, glare and reflexes, in nanolambert, to pictures (batch, 3, size, size); returns them.

    The Moon is brightest at its place. `passed` is the share that clouds let through, (batch, 1, size, size), all of it
    by default.
    """
    size, device = picture.shape[-1], picture.device
    if passed is None:
        passed = torch.ones(1, device=device).expand(len(picture), 1, size, size)
    light = torch.as_tensor(direct_light(camera, at), dtype=torch.float32, device=device)
    x, y = project(camera, at.moon_altitude, at.moon_azimuth, size)
    axis = np.array([(FULL / 2 * (1 + shift) + 0.5) * size / FULL - 0.5 for shift in camera.centre])
    for k in np.flatnonzero(at.moon_altitude > -0.3):
        _draw(picture[k], float(x[k]), float(y[k]), light[k, :, None, None], passed[k, 0])
        for place, radius, share, tint in REFLEXES:
            across, down = axis + place * (np.array([x[k], y[k]]) - axis)
            radius = radius * size / FULL
            window = _window(picture[k], float(across), float(down), round(2 * radius) + 1)
            if window is None:
                continue
            part, right, below, rows, columns = window
            # a disc with a soft edge
            disc = torch.sigmoid((radius - torch.sqrt(right**2 + below**2)) / (0.18 * radius))
            colour = torch.tensor(tint, device=device)[:, None, None]
            part += share * light[k, :, None, None] * colour * (disc * passed[k, 0, rows, columns])
    return picture
