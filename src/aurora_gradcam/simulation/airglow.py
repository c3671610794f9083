"""Strong green airglow with the bands that gravity waves draw into it; it is easily mistaken for diffuse aurora."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from . import emission
from .camera import Grid
from .plan import Waves
from .shell import distance_to, sine_there
from .sky import EXTINCTION, airmass, bands

HEIGHT_KM = 96.0
"""Height of the 557.7 nm layer (Roach & Gordon 1973, The Light of the Night Sky, chapter 4); waves are seen in the
layers from 87 to 97 km (Taylor, Hapgood & Rothwell 1987, Planet. Space Sci. 35, 413)."""
TRAINS = 3
"""Wave trains that cross each other."""
PACKET = 5.0
"""A train fades along and across within so many wavelengths."""


def waves_light(grid: Grid, waves: Waves, minutes: Tensor) -> Tensor:
    """Light of the layer in nanolambert, (batch, 3, size, size), at minutes (batch,).

    The zenith's emission lengthens with van Rhijn's path and is dimmed by the air. Plane waves run through it; a pixel
    that covers more than about a third of a wavelength sees their mean.
    """
    distance = distance_to(HEIGHT_KM, grid.up)
    sine = sine_there(HEIGHT_KM, grid.up, distance)
    covered = math.pi / grid.size * distance / sine
    fade = torch.exp(-((covered / (0.35 * waves.wavelength)) ** 2))
    pattern = _pattern(waves, grid.east * distance, grid.north * distance, minutes[:, None, None])
    bright = (1 + waves.contrast * fade * pattern).clamp_min(0) * (waves.kilorayleigh * emission.NANOLAMBERT / sine)
    path = airmass(grid.up)[None, None]
    dimmed = torch.exp(-0.4 * math.log(10) * bands(EXTINCTION, path) * (path - 1))
    return bright[:, None] * bands(emission.COLOURS[0], path) * dimmed * (grid.up > 0)


def _pattern(waves: Waves, east: Tensor, north: Tensor, t: Tensor) -> Tensor:
    """Trains of waves of amplitude about 1, (batch, size, size), at places in km and minutes (batch, 1, 1)."""
    generator = np.random.default_rng(waves.seed)
    total = torch.zeros_like(east)[None]
    for train in range(TRAINS):
        strength = 1.0 if train == 0 else generator.uniform(0.15, 0.6)
        angle = math.radians(waves.azimuth + (0 if train == 0 else generator.normal(0, 25)))
        length = waves.wavelength * (1.0 if train == 0 else generator.uniform(0.6, 1.6))
        phase, bent, place = generator.uniform(0, 1), generator.normal(0, 0.25), generator.uniform(0, 1, 2)
        along = east * math.sin(angle) + north * math.cos(angle)
        across = north * math.sin(angle) - east * math.cos(angle)
        moved = along - waves.speed * t
        reach = PACKET * length
        packet = 0.6 + 0.4 * torch.cos(2 * math.pi * (moved / reach + place[0])) * torch.cos(
            2 * math.pi * (across / (1.7 * reach) + place[1])
        )
        crest = moved / length + bent * torch.sin(2 * math.pi * across / (1.3 * reach)) + phase
        total = total + strength * packet * torch.cos(2 * math.pi * crest)
    return total
