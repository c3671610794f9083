"""The all-sky camera: its lens, how it stands, how it renders light, and what each pixel looks at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from .equipment import NONE, Band, Equipment

FULL = 720
"""Side in pixels of the square around the sky circle in the full picture."""


@dataclass(frozen=True)
class Look:
    """How a camera turns light into levels; see `sensor` for the laws.

    `exposure` is the light, in nanolambert, that fills half of the sensor's range; `balance` multiplies red, green and
    blue; `saturation` spreads (above 1) or joins colours; `black` are the levels of no light; `gamma` shapes the curve;
    `noise` is the deviation in levels at full size of read noise, `shot` that of photons in mid-range; `softness` is a
    blur in pixels of the full picture; `vignette` the share of light lost at the circle's edge. `bend` multiplies gamma
    band by band: more than 1 lifts a band in the shadows. `rim` is the width, in units of the circle's radius, over
    which the lens's edge goes dark. `leak` are the shares of green light in what the red and the blue band see, and
    the share of blue that the camera's colour matrix takes off red: filters overlap, so that the green line at 557.7 nm
    comes out whitish, yet the blue of dusk does not. `metering`, 0..1, tells how far the camera shortens its exposure
    under a bright sky: 0 never, 1 until the sky's mean is always the same. `band` is the one band that a camera without
    colours records; its balance, saturation and leak do not count. `highlights` shows light beyond the sensor's range
    as white whatever the balance, as converters of raw pictures do.
    """

    exposure: float = 6600.0
    balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    saturation: float = 1.0
    black: tuple[float, float, float] = (0.0, 0.0, 0.0)
    gamma: float = 2.0
    noise: float = 1.6
    shot: float = 1.2
    softness: float = 1.0
    vignette: float = 0.3
    bend: tuple[float, float, float] = (1.0, 1.0, 1.0)
    rim: float = 0.02
    leak: tuple[float, float, float] = (0.0, 0.0, 0.0)
    metering: float = 0.0
    band: Band | None = None
    highlights: bool = False


@dataclass(frozen=True)
class Camera:
    """Lens, orientation and look.

    The lens maps the zenith angle z (radians) to r / R = scale g(z) + cubic z^3 with g(z) = z (equidistant) or
    2 sin(z / 2) (equisolid), R being half the side of the square picture. `azimuth_up` is the azimuth in degrees that
    points up in the picture; the view is upwards (azimuth grows anticlockwise) unless `mirrored`. The optical axis
    leans by `tilt` degrees towards `tilt_azimuth`. `centre` is where the axis falls, in units of R from the picture's
    middle (right, down); the lens is dark beyond `edge` (units of R). `equipment` is all that a camera has beside.
    """

    name: str
    projection: Literal["equidistant", "equisolid"] = "equidistant"
    scale: float = 0.8075
    cubic: float = -0.0525
    azimuth_up: float = 27.0
    mirrored: bool = False
    tilt: float = 0.0
    tilt_azimuth: float = 0.0
    centre: tuple[float, float] = (0.0, 0.0)
    edge: float = 1.03
    look: Look = field(default_factory=Look)
    equipment: Equipment = NONE


AURORAMAX_2018 = Camera(
    "auroramax-2018",
    look=Look(
        exposure=4000.0,
        balance=(1.0, 1.15, 0.68),
        saturation=1.0,
        gamma=1.45,
        noise=0.8,
        shot=1.0,
        softness=0.8,
        vignette=0.35,
        bend=(1.16, 1.0, 1.55),
        rim=0.05,
        leak=(0.65, 0.2, 0.18),
        metering=0.8,
    ),
)
"""193.8 z - 12.6 z^3 px at R = 240 px and azimuth 27 up, fitted to the Moon in real frames of 2018-04-21.

The look is fitted to the colours of those frames: violet dark sky, whitish grey aurora, blue dusk.
"""
AURORAMAX_2024 = Camera(
    "auroramax-2024",
    edge=1.06,
    look=Look(
        exposure=4400.0,
        balance=(0.97, 1.05, 0.8),
        saturation=1.1,
        gamma=1.5,
        noise=0.7,
        shot=1.0,
        softness=1.0,
        vignette=0.2,
        bend=(1.08, 1.0, 1.3),
        rim=0.06,
        leak=(0.5, 0.18, 0.12),
        metering=0.7,
    ),
)
"""The same lens; a greyer sky and greener aurora, fitted to the colours of published frames of 2024."""


@dataclass(frozen=True)
class Grid:
    """What the pixels of a square picture around the sky circle look at; every tensor is (size, size).

    `east`, `north`, `up` are unit vectors towards the pixel, `radius` is the distance from the picture's middle in
    units of R, `axis` that from the lens's axis, `inside` tells the pixels of the circle that the study keeps.
    """

    size: int
    east: Tensor
    north: Tensor
    up: Tensor
    radius: Tensor
    axis: Tensor
    inside: Tensor


def radius_of(camera: Camera, zenith_angle: np.ndarray) -> np.ndarray:
    """Distance from the axis in units of R, of an angle from the axis in radians."""
    angle = np.asarray(zenith_angle)
    linear = angle if camera.projection == "equidistant" else 2 * np.sin(angle / 2)
    return camera.scale * linear + camera.cubic * angle**3


def direction(altitude: np.ndarray, azimuth: np.ndarray) -> np.ndarray:
    """Unit vectors (east, north, up), shape (..., 3), of altitudes and azimuths in degrees."""
    alt, az = np.radians(altitude), np.radians(azimuth)
    return np.stack([np.cos(alt) * np.sin(az), np.cos(alt) * np.cos(az), np.sin(alt)], axis=-1)


def _lean(camera: Camera) -> np.ndarray:
    """Matrix that turns (east, north, up) so that the camera's axis becomes `up`."""
    azimuth, tilt = np.radians(camera.tilt_azimuth), np.radians(camera.tilt)
    # Rodrigues' rotation by -tilt about the horizontal axis at right angles to the lean
    x, y = np.cos(azimuth), -np.sin(azimuth)
    cross = np.array([[0, 0, y], [0, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(tilt) * cross + (1 - np.cos(tilt)) * cross @ cross


def project(
    camera: Camera, altitude: float | np.ndarray, azimuth: float | np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Altitude and azimuth in degrees -> x, y in pixels of a square picture of `size` px around the circle.

    Pixel centres lie at whole numbers; in the full picture of 720 px the circle's centre is at (360, 360).
    """
    leaning = direction(np.asarray(altitude, float), np.asarray(azimuth, float)) @ _lean(camera).T
    angle = np.arccos(np.clip(leaning[..., 2], -1, 1))
    turn = np.radians(camera.azimuth_up) - np.arctan2(leaning[..., 0], leaning[..., 1])
    turn = -turn if camera.mirrored else turn
    distance = radius_of(camera, angle)
    x = FULL / 2 * (1 + camera.centre[0] + distance * np.sin(turn))
    y = FULL / 2 * (1 + camera.centre[1] - distance * np.cos(turn))
    return (x + 0.5) * size / FULL - 0.5, (y + 0.5) * size / FULL - 0.5


def _places(size: int) -> tuple[np.ndarray, np.ndarray]:
    # a pixel of a small picture stands for the square of full pixels that it covers
    step = ((np.arange(size) + 0.5) * FULL / size - 0.5) / (FULL / 2) - 1
    x, y = np.meshgrid(step, step)
    return x, y


def lens_places(camera: Camera, size: int, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
    """A grid's `axis` and `inside` alone: where pixels lie, without what they look at."""
    x, y = _places(size)
    axis = np.hypot(x - camera.centre[0], y - camera.centre[1])
    radius = torch.as_tensor(np.hypot(x, y), dtype=torch.float32, device=device)
    return torch.as_tensor(axis, dtype=torch.float32, device=device), radius <= 1.0


def make_grid(camera: Camera, size: int, device: torch.device | str = "cpu") -> Grid:
    """The grid of a size x size picture whose sky circle has the radius size / 2."""
    x, y = _places(size)
    right, down = x - camera.centre[0], y - camera.centre[1]
    axis = np.hypot(right, down)
    angles = np.linspace(0, np.radians(100), 4096)
    angle = np.interp(axis, radius_of(camera, angles), angles)
    turn = np.arctan2(right, -down)
    azimuth = np.radians(camera.azimuth_up) - (-turn if camera.mirrored else turn)
    leaning = np.stack([np.sin(angle) * np.sin(azimuth), np.sin(angle) * np.cos(azimuth), np.cos(angle)], axis=-1)
    straight = leaning @ _lean(camera)
    radius = np.hypot(x, y)
    values = (*np.moveaxis(straight, -1, 0), radius, axis)
    tensors = [torch.as_tensor(value, dtype=torch.float32, device=device) for value in values]
    return Grid(size, *tensors, inside=tensors[3] <= 1.0)
