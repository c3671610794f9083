"""Shells about a round Earth, such as cloud and airglow layers: where lines of sight meet them."""

from __future__ import annotations

import torch
from torch import Tensor

EARTH_KM = 6371.0
LOWEST = 0.02
"""Directions below this sine of the altitude are taken to look there."""


def distance_to(height: float, up: Tensor) -> Tensor:
    """Km along a line of sight to a shell of `height` km, by the sine of the altitude."""
    down = EARTH_KM * up.clamp_min(LOWEST)
    return torch.sqrt(down**2 + 2 * EARTH_KM * height + height**2) - down


def sine_there(height: float, up: Tensor, distance: Tensor) -> Tensor:
    """Sine of the angle at which a line of sight of that length meets the shell."""
    return (distance + EARTH_KM * up.clamp_min(LOWEST)) / (EARTH_KM + height)
