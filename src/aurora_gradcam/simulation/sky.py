"""The clear sky behind everything: airglow, twilight, moonlight, towns and the Milky Way, in nanolambert a band.

Every function takes a `Grid` and gives pictures of shape (batch or 1, 3, size, size).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .camera import Grid, direction
from .ephemeris import Ephemeris
from .milky_way import milky_way
from .plan import Town
from .twilight import twilight

ZENITH = 79.0
"""Dark zenith in nanolambert, 21.6 mag/arcsec^2 in V (Krisciunas & Schaefer 1991)."""
AIRGLOW_COLOUR = (0.96, 1.0, 0.78)
"""The night sky's B-V is 1.0 (Patat 2003, A&A 400, 1183) against the Sun's 0.65; V-R would give 1.2 in red, but the
cameras' filters stop the hydroxyl bands beyond 680 nm."""
EXTINCTION = (0.110, 0.172, 0.297)
"""Magnitudes an airmass. Krisciunas & Schaefer's 0.172 in V taken as 0.106 by molecules (wavelength^-4), 0.050 by haze
(wavelength^-1) and 0.016 by ozone; red and blue follow at 640 and 450 nm."""
MOLECULES = (0.86, 1.0, 1.29)
HAZE = (1.34, 1.0, 0.71)
"""Shares of molecules and haze in each band's extinction, against green's."""
MOON_COLOUR = (1.08, 1.0, 0.78)
"""B-V of the Moon is 0.92, of the Sun 0.65; V-R 0.60 and 0.52 (Allen's Astrophysical Quantities)."""
MEETING = 8.45
"""Degrees from the Moon at which the two laws of Krisciunas & Schaefer for haze give the same light."""
TINTS = {"sodium": (1.85, 1.0, 0.34), "led": (0.92, 1.0, 1.14), "mercury": (0.70, 1.0, 0.86)}


def bands(values: tuple[float, float, float], like: Tensor) -> Tensor:
    """One number a band as (1, 3, 1, 1)."""
    return torch.tensor(values, dtype=torch.float32, device=like.device)[None, :, None, None]


def per_frame(values: np.ndarray, like: Tensor) -> Tensor:
    """One number a frame, shape (batch,), or three, shape (batch, 3), as (batch, 1 or 3, 1, 1)."""
    column = torch.as_tensor(np.asarray(values), dtype=torch.float32, device=like.device)
    return column.reshape(len(column), -1, 1, 1)


def cosine_to(grid: Grid, altitude: np.ndarray, azimuth: np.ndarray) -> Tensor:
    """Cosine of the angle between every pixel's direction and one direction a frame: (batch, 1, size, size)."""
    vectors = torch.as_tensor(direction(altitude, azimuth), dtype=torch.float32, device=grid.up.device)
    east, north, up = (vectors[:, k, None, None, None] for k in range(3))
    return east * grid.east + north * grid.north + up * grid.up


def airmass(up: Tensor) -> Tensor:
    """Airmass (1 - 0.96 sin^2 Z)^-0.5 of the sine of the altitude; 5 at the horizon (Krisciunas & Schaefer 1991)."""
    return torch.rsqrt(0.04 + 0.96 * up.clamp_min(0) ** 2)


def airglow_light(grid: Grid, level: float) -> Tensor:
    """Light of the dark sky, (1, 3, size, size): B(Z) = B(0) 10^(-0.4 k (X - 1)) X (Krisciunas & Schaefer 1991).

    level : 1 gives `ZENITH` in green.
    """
    path = airmass(grid.up)[None, None]
    dimmed = torch.exp(-0.4 * np.log(10) * bands(EXTINCTION, path) * (path - 1))
    return ZENITH * level * bands(AIRGLOW_COLOUR, path) * path * dimmed


def moon_illuminance(phase_angle: np.ndarray) -> np.ndarray:
    """Krisciunas & Schaefer's I*, (batch,), the Moon above the air; `phase_angle` folded in degrees, 180 = full."""
    from_full = 180.0 - np.asarray(phase_angle)
    return 10 ** (-0.4 * (3.84 + 0.026 * np.abs(from_full) + 4e-9 * from_full**4))


def moonlight(grid: Grid, at: Ephemeris) -> Tensor:
    """Moonlight that clear air scatters, (batch, 3, size, size): Krisciunas & Schaefer (1991, PASP 103, 1033).

    Green is their law in V: f(rho) I* 10^(-0.4 k X(Moon)) (1 - 10^(-0.4 k X)). Their two laws for haze, one within and
    one beyond 10 degrees, do not meet there: they are joined where they do, at `MEETING`. The light within
    2 degrees is that at 2: `moon` draws what is closer. While the Moon sets, its light fades between +1 and -1 degree.
    """
    path = airmass(grid.up)[None, None]
    cosine = cosine_to(grid, at.moon_altitude, at.moon_azimuth).clamp(-1, 0.99939)
    angle = torch.rad2deg(torch.acos(cosine))
    molecules = 10**5.36 * (1.06 + cosine**2)
    haze = torch.where(angle < MEETING, 6.2e7 / angle**2, torch.exp(np.log(10) * (6.15 - angle / 40)))

    extinction = np.array(EXTINCTION)
    above = np.clip((np.asarray(at.moon_altitude) + 1) / 2, 0, 1)
    moon_path = airmass(torch.as_tensor(np.sin(np.radians(at.moon_altitude)))).numpy()
    arriving = moon_illuminance(at.moon_phase_angle) * above**2 * (3 - 2 * above)
    arriving = arriving[:, None] * np.array(MOON_COLOUR) * 10 ** (-0.4 * extinction * moon_path[:, None])
    scattered = 1 - torch.exp(-0.4 * np.log(10) * bands(EXTINCTION, path) * path)
    return per_frame(arriving, path) * scattered * (molecules * bands(MOLECULES, path) + haze * bands(HAZE, path))


def town_glow(grid: Grid, towns: tuple[Town, ...]) -> Tensor:
    """Glow of lamps beyond the horizon, (1, 3, size, size).

    With altitude it falls as (sin a + 0.12)^-1.7, close to the models of Garstang (1986, PASP 98, 364) for a town some
    15 to 50 km away: the zenith has a twelfth of the glow at 10 degrees. Around the town it falls to half at the
    azimuth distance `Town.width`, less steeply the higher; a little is everywhere.
    """
    up = grid.up.clamp_min(0)
    height = ((np.sin(np.radians(10)) + 0.12) / (up + 0.12)) ** 1.7
    total = torch.zeros(1, 3, *up.shape, device=up.device)
    for town in towns:
        azimuth = np.radians(town.azimuth)
        towards = grid.east * float(np.sin(azimuth)) + grid.north * float(np.cos(azimuth))
        # at an altitude of 10 degrees `towards` is cos(10 deg) times the cosine of the azimuth distance
        sharp = np.log(2) / (np.cos(np.radians(10)) * (1 - np.cos(np.radians(min(town.width, 170.0)))))
        around = torch.exp(float(sharp) * (towards - float(np.cos(np.radians(10)))))
        total = total + town.light * bands(TINTS[town.tint], up) * (height * (0.06 + 0.94 * around))
    return total


def background(grid: Grid, at: Ephemeris, towns: tuple[Town, ...], airglow: float, latitude: float = 62.4333) -> Tensor:
    """The clear sky without aurora, stars and the Moon's disc: (batch, 3, size, size) in nanolambert.

    `airglow` is 1 at a zenith of 79 nanolambert, `latitude` that of the site in degrees.
    """
    sky = airglow_light(grid, airglow) + town_glow(grid, towns) + milky_way(grid, at.sidereal, latitude)
    if np.max(at.sun_altitude) > -18:
        sky = sky + twilight(grid, at.sun_altitude, at.sun_azimuth)
    if np.max(at.moon_altitude) > -1:
        sky = sky + moonlight(grid, at)
    return sky
