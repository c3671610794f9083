"""Invented stars beyond the catalogue: those of the far south, and the faint ones that long exposures show."""

from __future__ import annotations

from functools import cache

import numpy as np

from .milky_way import GALACTIC
from .star_catalogue import FAINTEST, unit_vectors

GROWTH = 3.2
"""Times as many stars with each magnitude (Allen's Astrophysical Quantities), as in `star_catalogue`."""
WHOLE_SKY = 2250
"""Stars brighter than FAINTEST."""
SOUTH = -0.5
"""Sine of the declination below which the catalogue has no invented stars."""
BRIGHTEST, DEEPEST = 0.3, 6.6
"""Magnitudes of the brightest invented star of the south, and of the faintest that a long exposure shows."""
_SEED = 1718

Stars = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Equatorial unit vectors (stars, 3), V and B-V (stars,)."""


def _invented(generator: np.random.Generator, count: int, sines: tuple[float, float], limits: tuple[float, float],
              crowding: float) -> Stars:  # fmt: skip
    """Stars between two sines of the declination and two magnitudes, 1 + `crowding` times as dense in the Milky Way."""
    tried = int(2 * (1 + crowding) * count)
    sine = generator.uniform(*sines, tried)
    places = unit_vectors(generator.uniform(0, 360, tried), np.degrees(np.arcsin(sine)))
    latitude = np.degrees(np.arcsin(np.clip(places @ GALACTIC[2], -1, 1)))
    kept = generator.uniform(size=tried) < (1 + crowding * np.exp(-np.abs(latitude) / 15)) / (1 + crowding)
    places = places[kept][:count]
    low, high = limits
    span = GROWTH ** (low - high)
    magnitude = high + np.log(span + generator.uniform(size=len(places)) * (1 - span)) / np.log(GROWTH)
    return places, magnitude, np.clip(generator.normal(0.55, 0.45, len(places)), -0.2, 1.7)


@cache
def southern() -> Stars:
    """Stars of the far south, as many as the law of the whole sky gives, down to FAINTEST."""
    count = round(WHOLE_SKY * (1 + SOUTH) / 2)
    return _invented(np.random.default_rng(_SEED), count, (-1.0, SOUTH), (BRIGHTEST, FAINTEST), 1.5)


@cache
def faint() -> Stars:
    """Stars of the whole sky from FAINTEST to DEEPEST; the fainter, the more they crowd in the Milky Way."""
    count = round(WHOLE_SKY * (GROWTH ** (DEEPEST - FAINTEST) - 1))
    return _invented(np.random.default_rng(_SEED + 1), count, (-1.0, 1.0), (FAINTEST, DEEPEST), 3.0)
