"""Twilight: how bright and of what colour the sky is while the sun is up to 15 degrees below the horizon."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .camera import Grid

PATAT = ((11.40, 1.567, -0.064), (11.84, 1.518, -0.057), (11.84, 1.411, -0.041))
"""Zenith in R, V, B: magnitudes a square second of arc are a0 + a1 (zeta - 95) + a2 (zeta - 95)^2 for a sun at the
zenith distance zeta from 95 to 105 degrees (Patat, Ugolnikov & Postylyakov 2006, A&A 455, 385)."""
DAYWARD = (0.125, 0.110, 0.095)
"""The square term from 95 degrees towards sunrise, chosen so that the zenith of sunset has 7 mag/arcsec^2 in V, about
170 cd/m^2 (Koomen et al. 1952, JOSA 42, 353)."""
NIGHT = (20.9, 21.6, 22.6)
"""Paranal's night sky in R, V, B (Patat 2003, A&A 400, 1183), which the polynomials hold and the airglow adds anew."""
SUN = (-0.52, 0.0, 0.65)
"""R-V, V-V and B-V of the Sun: what makes its light white in all bands."""
OZONE = (0.58, 1.0, 1.35)
"""Arctic spring holds about 400 Dobson units of ozone, Paranal 250, and the cameras' red, 600 to 650 nm, lies on the
peak of the Chappuis bands that colour twilight blue (Hulburt 1953, JOSA 43, 113), Cousins' R beside it. The numbers are
fitted to real twilights."""
RISE = (0.52, 0.58, 0.50)
LEAN = (0.46, 0.46, 0.33)
"""Decimal logarithm of horizon to zenith, on the average and more towards the sun; it grows with 1 - sin(altitude).
Fitted to Koomen et al. 1952: some eightfold at 10 degrees of altitude above the sun, little on the other side; the
form, with the cosine of the azimuth, is that of Yoachim et al. 2016 (SPIE 9910, 99101A)."""
BAND = (14.0, 5.0, 0.5)
"""Light of the warm band on the horizon above the sun, in units of the zenith's green light."""


def nanolambert(magnitude: np.ndarray) -> np.ndarray:
    """Light of a surface of V magnitudes a square second of arc (Krisciunas & Schaefer 1991, eq. 19)."""
    return 34.08 * np.exp(20.7233 - 0.92104 * np.asarray(magnitude))


def patat_magnitudes(sun_altitude: np.ndarray) -> np.ndarray:
    """Magnitudes a square second of arc of the zenith in R, V, B, (batch, 3); see `PATAT` and `DAYWARD`.

    Beyond zeta = 105 the last value holds; a sun above the horizon counts as one on it.
    """
    past = np.clip(-np.asarray(sun_altitude, float) - 5, -5, 10)[:, None]
    a0, a1, a2 = np.array(PATAT).T
    return a0 + a1 * past + np.where(past < 0, np.array(DAYWARD), a2) * past**2


def twilight_zenith(sun_altitude: np.ndarray) -> np.ndarray:
    """Scattered sunlight in the zenith in nanolambert, (batch, 3) for red, green, blue.

    Patat's light less that of his night sky, faded out from 15 to 18 degrees of depression; red and blue as in an
    Arctic spring.
    """
    light = nanolambert(patat_magnitudes(sun_altitude) - np.array(SUN))
    light = np.maximum(light - nanolambert(np.array(NIGHT) - np.array(SUN)), 0) * np.array(OZONE)
    fade = np.clip((np.asarray(sun_altitude, float) + 18) / 3, 0, 1)
    return light * (fade**2 * (3 - 2 * fade))[:, None]


def twilight(grid: Grid, sun_altitude: np.ndarray, sun_azimuth: np.ndarray) -> Tensor:
    """Twilight over the whole sky in nanolambert: (batch, 3, size, size); angles in degrees, shape (batch,).

    The zenith times 10^((rise + lean cos(azimuth from the sun)) (1 - sin(altitude))), and a warm band above the sun
    that falls e-fold in 5 degrees of altitude.
    """
    device = grid.up.device

    def columns(values: np.ndarray) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=device).reshape(len(values), -1, 1, 1)

    up = grid.up.clamp_min(0)
    level = torch.rsqrt(grid.east**2 + grid.north**2 + 0.02)
    turn = np.radians(np.asarray(sun_azimuth, float))
    towards = (columns(np.sin(turn)) * grid.east + columns(np.cos(turn)) * grid.north) * level
    rise, lean = (np.log(10) * columns(np.array(values)[:, None]).reshape(1, 3, 1, 1) for values in (RISE, LEAN))
    zenith = twilight_zenith(sun_altitude)
    sky = columns(zenith) * torch.exp((rise + lean * towards) * (1 - up))
    # the shadow of the Earth rises opposite the sun, as high as the sun is low
    depression = np.clip(-np.asarray(sun_altitude, float), 0.5, 12)
    shadow = torch.sigmoid((columns(np.sin(np.radians(depression))) - up) / 0.07) * (-towards).clamp_min(0)
    sky = sky * (1 - 0.35 * shadow)
    warm = torch.exp(-up / 0.087) * ((1 + towards) / 2) ** 4
    strength = zenith[:, 1:2] * np.array(BAND)
    return sky + columns(strength) * warm
