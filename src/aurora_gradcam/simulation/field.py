"""The Earth's magnetic field over a site, from the International Geomagnetic Reference Field."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

import numpy as np
import ppigrf

HEIGHT_KM = 110.0
"""Where aurora is brightest; the direction of the field hardly changes from there to the ground."""


@lru_cache(maxsize=64)
def magnetic_zenith(latitude: float, longitude: float, when: datetime) -> tuple[float, float]:
    """Altitude and azimuth, degrees, of the direction up along the field line: where rays meet in a corona.

    Source: IGRF (Alken et al. 2021, Earth, Planets and Space 73, 49) by the package ppigrf.
    """
    east, north, up = (
        float(np.squeeze(part)) for part in ppigrf.igrf(longitude, latitude, HEIGHT_KM, when.replace(tzinfo=None))
    )
    if up < 0:  # the field points down in the north, up in the south
        east, north, up = -east, -north, -up
    return float(np.degrees(np.arctan2(up, np.hypot(east, north)))), float(np.degrees(np.arctan2(east, north)) % 360)
