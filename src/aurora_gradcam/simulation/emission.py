"""What aurora emits at which height, and in which colours a camera sees it.

Column emission is counted in kilorayleigh of the green line; a profile is a share per km that adds up to 1 over height.
"""

from __future__ import annotations

import torch
from torch import Tensor

NANOLAMBERT = 61.0
"""Nanolambert per kilorayleigh of 557.7 nm: 1e9 / 4 pi photons / cm2 / s / sr, 683 lm / W, 1 nL = 3.183e-6 cd / m2."""
COLOURS = (
    (0.28, 1.00, 0.32),  # green, atomic oxygen 557.7 nm
    (1.05, 0.10, 0.08),  # red, atomic oxygen 630.0 nm
    (0.16, 0.13, 1.00),  # N2+ first negative bands, 391.4 and 427.8 nm
    (0.95, 0.12, 0.42),  # N2 first positive bands, 650 to 680 nm: the pink lower border
)
"""How a colour camera's red, green and blue bands see each emission; the filters of consumer sensors overlap."""
LOWEST_KM, HIGHEST_KM = 95.0, 400.0


def ladder(count: int) -> Tensor:
    """Heights in km at which emission is summed, (count,): dense where profiles are steep."""
    step = torch.linspace(0, 1, count)
    return LOWEST_KM + (HIGHEST_KM - LOWEST_KM) * (0.35 * step + 0.65 * step**2.6)


def chapman(height: Tensor, peak: float, scale: float) -> Tensor:
    """Chapman's layer exp(1 - z - exp(-z)), z = (height - peak) / scale; 1 at its peak (Rees 1989, section 3)."""
    z = (height - peak) / scale
    return (1 - z).sub_(torch.exp(-z)).exp_()


def profiles(height: Tensor, tall: float) -> Tensor:
    """Relative emission of the four colours at heights (...,) -> (4, ...); not normalised.

    `tall`, 0..1, stretches them upwards, as in rays. Peaks after Sangalli et al. 2011 (J. Geophys. Res. 116, A04306:
    green near 110 to 120 km) and Whiter et al. 2023 (Ann. Geophys. 41, 1: green 114 km, blue 113 km); red lies above
    200 km, where collisions no longer quench its 110 s; the pink border lies below the green.
    """
    green = chapman(height, 111.0, 7.0 + 5.0 * tall) + (0.08 + 0.32 * tall) * chapman(height, 135.0, 22.0 + 25.0 * tall)
    red = chapman(height, 235.0, 38.0)
    blue = chapman(height, 108.0, 7.0 + 5.0 * tall) + (0.1 + 0.45 * tall) * chapman(height, 150.0, 45.0)
    pink = chapman(height, 99.5, 2.8)
    return torch.stack([green, red, blue, pink])


def strengths(red: float, purple: float, green: float = 1.0) -> tuple[float, float, float, float]:
    """Column emission of the four colours per kilorayleigh of strength.

    `green` is the share of the green line and of nitrogen, which the same electrons excite below 150 km. 0 leaves the
    red line alone, as very soft electrons of less than some 100 eV do (Rees 1989, chapter 7).

    427.8 nm is a fifth of 557.7 nm and 391.4 nm three times that (Vallance Jones 1974, table 4.11); of both together
    glass and sensor pass about a third.
    """
    return (green, 0.05 * green + 1.3 * red, (0.22 + 0.55 * purple) * green, (0.04 + 0.75 * purple) * green)
