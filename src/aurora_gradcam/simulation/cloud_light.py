"""The light that clouds send to the camera: sky, Moon, towns and twilight, scattered once or many times."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from scipy.special import j1
from torch import Tensor
from torch.nn import functional

from .camera import Grid
from .ephemeris import Ephemeris
from .plan import Town
from .sky import MOON_COLOUR, TINTS, bands, cosine_to, per_frame

ASYMMETRY = 0.85
"""Mean cosine of the angle of scattering by droplets (Hansen & Travis 1974, Space Science Reviews 16, 527)."""
OPAQUE = 4.0
"""Depth from which clouds are taken to be thicker than they are said to be, see `transmitted`."""
FULL_MOON = 32000.0
"""Nanolambert of a white surface that faces the full Moon outside the atmosphere: 0.32 lux, of magnitude -12.7."""
EXTINCTION = 0.172
"""Magnitudes that clear air at the zenith takes away (Krisciunas & Schaefer 1991)."""
TOWN_GAIN = 4.5
"""Makes overcast about 2 to 3 times as bright as clear sky over a small town, as Kyba et al. 2011 (PLoS ONE 6, e17307)
measured outside Berlin."""
CORONA_END, CORONA_STEPS = 15.0, 600
CORONA_SPREAD = 0.25
"""Deviation of the logarithm of the droplets' radii: fresh, even clouds have less, and clear rings."""
WAVELENGTHS = (0.61, 0.54, 0.46)
"""Micrometres, the middles of a camera's red, green and blue."""
SUNLIT = (1.6, 1.0, 1.0)
"""Colour of clouds that the last sunlight reaches, chosen to look like photographs."""


def transmitted(depth: Tensor) -> Tensor:
    """Share of the light from above that leaves below a cloud, straight or scattered: 2 / (2 + (1 - g) depth).

    The two-stream law of a cloud that absorbs nothing, Bohren 1987 (American Journal of Physics 55, 524). A layer's
    depth tells how much it hides, and 4 already hides all: what is said to be as deep stands for thicker cloud. A
    slanting path counts no further than 8, for the light of a whole neighbourhood mixes there.
    """
    depth = depth.clamp_max(2 * OPAQUE)
    return 2 / (2 + (1 - ASYMMETRY) * depth * (1 + (depth / OPAQUE) ** 2))


def forward_peak(cosine: Tensor) -> Tensor:
    """Henyey & Greenstein's phase function (1941, Astrophysical Journal 93, 70), whose mean over the sphere is 1.

    Its peak is cut within 10 degrees, where light is spread further by being scattered more than once.
    """
    base = (1 + ASYMMETRY**2 - 2 * ASYMMETRY * cosine).clamp_min(0.05)
    return (1 - ASYMMETRY**2) / (base * base.sqrt())


def moon_strength(altitude: np.ndarray, phase_angle: np.ndarray) -> np.ndarray:
    """Nanolambert of a white surface that faces the Moon below the air, by altitude and folded phase in degrees.

    Brightness by phase after Krisciunas & Schaefer 1991 (PASP 103, 1033); fades within a degree of the horizon.
    """
    off = 180.0 - np.asarray(phase_angle)
    magnitudes = 0.026 * off + 4e-9 * off**4
    cosine_squared = np.cos(np.radians(altitude)) ** 2
    magnitudes = magnitudes + EXTINCTION / np.sqrt(1 - 0.96 * cosine_squared)
    return FULL_MOON * 10 ** (-0.4 * magnitudes) * np.clip(np.asarray(altitude) + 0.5, 0, 1)


def town_light(grid: Grid, towns: tuple[Town, ...]) -> Tensor:
    """Light that towns throw on an unbroken white underside, nanolambert (1, 3, size, size).

    It falls with altitude and with azimuth from the town; a share of it lights the whole cover. Shape chosen to look
    like photographs of overcast.
    """
    total = torch.zeros(1, 3, grid.size, grid.size, device=grid.up.device)
    up = grid.up.clamp(0.02, 1)[None, None]
    low = torch.exp(-(up - 0.17) / 0.3).clamp_max(1.6)
    flat = torch.sqrt((1 - up * up).clamp_min(1e-4))
    for town in towns:
        along = cosine_to(grid, np.zeros(1), np.array([town.azimuth])) / flat
        # half of it at the half width from the town's azimuth
        side = torch.exp((along - 1) * (0.693 / (1 - np.cos(np.radians(town.width)))))
        total = total + town.light * (0.1 + 0.04 * low + 0.9 * side * low) * bands(TINTS[town.tint], up)
    return total


def _surroundings(sky: Tensor, grid: Grid) -> tuple[Tensor, Tensor]:
    """The sky blurred over some 15 degrees (batch, 3, size, size), and its mean over the dome (batch, 3, 1, 1)."""
    seen = (grid.inside & (grid.up > 0)).to(sky.dtype)[None, None]
    weight = seen * grid.up.clamp_min(0)
    mean = (sky * weight).sum((2, 3), keepdim=True) / weight.sum()
    coarse = functional.adaptive_avg_pool2d(torch.cat([sky * seen, seen.expand(sky.shape[0], -1, -1, -1)], 1), 15)
    coarse = functional.avg_pool2d(coarse, 3, 1, 1)
    coarse = coarse[:, :3] / coarse[:, 3:].clamp_min(0.02)
    return functional.interpolate(coarse, size=sky.shape[-2:], mode="bilinear", align_corners=False), mean


@lru_cache(maxsize=64)
def _corona_table(droplets: float) -> Tensor:
    """Phase function of diffraction by droplets, (3, CORONA_STEPS + 1) over 0 to CORONA_END degrees.

    Airy's pattern x^2 / 2 (2 J1(z) / z)^2, z = x sin(angle), x = 2 pi radius / wavelength, which carries half of the
    light scattered (van de Hulst 1957, Light Scattering by Small Particles, section 8.31), over a spread of radii and
    the Moon's half degree; it fades out towards CORONA_END.
    """
    degrees = np.linspace(0, CORONA_END, CORONA_STEPS + 1)
    radii = droplets * np.exp(CORONA_SPREAD * np.linspace(-2, 2, 21))
    weights = radii**2 * np.exp(-0.5 * np.linspace(-2, 2, 21) ** 2)
    table = []
    for wavelength in WAVELENGTHS:
        x = 2 * np.pi * radii[:, None] / wavelength
        z = np.maximum(x * np.sin(np.radians(degrees)), 1e-6)
        pattern = (weights[:, None] * x**2 / 2 * (2 * j1(z) / z) ** 2).sum(0) / weights.sum()
        table.append(_over_moon(degrees, pattern) * (1 - degrees / CORONA_END))
    return torch.tensor(np.array(table), dtype=torch.float32)


def _over_moon(degrees: np.ndarray, pattern: np.ndarray) -> np.ndarray:
    """Mean over a disc of a quarter of a degree in radius, taken at a ring of half that area."""
    turns = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    places = np.hypot(degrees[:, None] + 0.18 * np.cos(turns), 0.18 * np.sin(turns))
    return np.interp(places, degrees, pattern).mean(1)


def corona(cosine: Tensor, droplets: float) -> Tensor:
    """Phase function of the corona that droplets of a mean radius in micrometres draw about the Moon.

    `cosine` (batch, 1, size, size) of the angle from the Moon -> (batch, 3, size, size).
    """
    angle = torch.rad2deg(torch.acos(cosine.clamp(-1, 1)))
    place = (angle * (CORONA_STEPS / CORONA_END) + 0.5).clamp_max(CORONA_STEPS).int()
    table = _corona_table(droplets).to(cosine.device)
    bands_read = [band.index_select(0, place.reshape(-1)).view_as(angle) for band in table]
    return torch.cat(bands_read, 1)


def lit(
    grid: Grid,
    at: Ephemeris,
    depth: Tensor,
    relief: Tensor,
    behind: Tensor,
    glow: Tensor,
    towns: tuple[Town, ...],
    droplets: float = 0.0,
) -> Tensor:
    """Light in nanolambert that the clouds themselves send to the camera, (batch, 3, size, size).

    `depth` and `relief` (batch, 1, size, size) come from `clouds.optical_depth`, `behind` and `glow` (batch, 3, size,
    size) are the clear sky and the aurora above. Where the depth is 0 the light is 0. `droplets` is the mean radius in
    micrometres of droplets that draw a corona about the Moon, 0 for none.
    """
    if not bool((depth > 0).any()):
        return torch.zeros_like(behind)
    passed = torch.exp(-depth)
    scattered = (transmitted(depth) - passed).clamp_min(0)
    # share of the scattered light that was scattered only once, and so keeps about its way
    once = depth * passed / (1 - passed).clamp_min(1e-6)
    around, mean = _surroundings(behind + glow, grid)
    keeps = 0.2 + 0.6 * once
    # some light of the bright horizon is sunlight that reaches the clouds' sides: pink on the sun's side
    towards_sun = cosine_to(grid, np.zeros_like(at.sun_azimuth), at.sun_azimuth)
    sun = 1 / (1 + np.exp(-(np.asarray(at.sun_altitude) + 4.3) / 0.8))
    rosy = per_frame(sun, depth) * (0.6 + 0.4 * towards_sun)
    # the many-coloured sky mixes within a cloud, most of all its own blue with the pale horizon
    mean = 0.5 * mean + 0.55 * mean.mean(1, keepdim=True)
    light = mean * (1 + rosy * bands(SUNLIT, depth)) * (1 - keeps) + around * keeps
    light = light * scattered

    strength = moon_strength(at.moon_altitude, at.moon_phase_angle)
    if strength.max() > 0:
        height = per_frame(np.clip(np.sin(np.radians(at.moon_altitude)), 0.1, 1), depth)
        cosine = cosine_to(grid, at.moon_altitude, at.moon_azimuth)
        peak = forward_peak(cosine)
        if droplets > 0:
            peak = peak + corona(cosine, droplets)
        moonlit = per_frame(strength, depth) * scattered * (once * peak / 4 + (1 - once) * height)
        light = light + moonlit * bands(MOON_COLOUR, depth)
    if towns:
        # lamps light the underside from below, whatever the slant of the view through it
        returned = 1 - transmitted(depth.clamp_max(1.25 * OPAQUE))
        light = light + returned * TOWN_GAIN * town_light(grid, towns)
    return light * relief
