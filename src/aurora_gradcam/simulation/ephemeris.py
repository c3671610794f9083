"""Where sun, Moon and stars stand for the simulated camera, from Skyfield and the offline ephemeris de421."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files

import numpy as np
from skyfield.almanac import moon_phase
from skyfield.api import load, load_file, wgs84
from skyfield.magnitudelib import planetary_magnitude

from ..config import Site

PLANETS = ("venus", "jupiter barycenter", "mars barycenter", "saturn barycenter")


def _no_planets() -> np.ndarray:
    return np.zeros((0, len(PLANETS)))


@dataclass(frozen=True)
class Ephemeris:
    """Places in the sky, one entry a time: degrees (apparent), illumination 0..1, sidereal time in degrees.

    The planets are (batch, 4) in the order of `PLANETS`, or (0, 4) where they are left out; magnitudes are those in V
    above the air.
    """

    sun_altitude: np.ndarray
    sun_azimuth: np.ndarray
    moon_altitude: np.ndarray
    moon_azimuth: np.ndarray
    moon_phase_angle: np.ndarray  # folded: 180 = full
    moon_illumination: np.ndarray
    sidereal: np.ndarray
    planets_altitude: np.ndarray = field(default_factory=_no_planets)
    planets_azimuth: np.ndarray = field(default_factory=_no_planets)
    planets_magnitude: np.ndarray = field(default_factory=_no_planets)


@cache
def _bodies() -> tuple:
    planets = load_file(str(files("skyfield_data") / "data" / "de421.bsp"))
    return load.timescale(builtin=True), planets


def ephemeris(times: Sequence[datetime], site: Site) -> Ephemeris:
    """Sun, Moon, bright planets and sidereal time at aware UTC times, seen from the site.

    The planets' magnitudes are those of Mallama & Hilton (2018, Astronomy and Computing 25, 10).
    """
    timescale, planets = _bodies()
    t = timescale.from_datetimes(list(times))
    observer = planets["earth"] + wgs84.latlon(site.latitude, site.longitude, elevation_m=site.elevation_m)
    seen = observer.at(t)
    sun_alt, sun_az, _ = seen.observe(planets["sun"]).apparent().altaz()
    moon = seen.observe(planets["moon"]).apparent()
    moon_alt, moon_az, _ = moon.altaz()
    phase = 180.0 - np.abs(180.0 - moon_phase(planets, t).degrees)
    bodies = [seen.observe(planets[name]) for name in PLANETS]
    places = [body.apparent().altaz() for body in bodies]
    return Ephemeris(
        sun_alt.degrees,
        sun_az.degrees,
        moon_alt.degrees,
        moon_az.degrees,
        phase,
        moon.fraction_illuminated(planets["sun"]),
        (t.gmst * 15.0 + site.longitude) % 360.0,
        np.stack([altitude.degrees for altitude, _, _ in places], axis=-1),
        np.stack([azimuth.degrees for _, azimuth, _ in places], axis=-1),
        # Skyfield gives Saturn none where its phase angle is beyond the formula's range
        np.nan_to_num(np.stack([planetary_magnitude(body) for body in bodies], axis=-1), nan=0.7),
    )
