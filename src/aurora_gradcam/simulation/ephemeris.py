"""Where sun, Moon and stars stand for the simulated camera, from Skyfield and the offline ephemeris de421."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

import numpy as np
from skyfield.almanac import moon_phase
from skyfield.api import load, load_file, wgs84

from ..config import Site


@dataclass(frozen=True)
class Ephemeris:
    """Places in the sky, one entry a time: degrees (apparent), illumination 0..1, sidereal time in degrees."""

    sun_altitude: np.ndarray
    sun_azimuth: np.ndarray
    moon_altitude: np.ndarray
    moon_azimuth: np.ndarray
    moon_phase_angle: np.ndarray  # folded: 180 = full
    moon_illumination: np.ndarray
    sidereal: np.ndarray


@cache
def _bodies() -> tuple:
    planets = load_file(str(files("skyfield_data") / "data" / "de421.bsp"))
    return load.timescale(builtin=True), planets


def ephemeris(times: Sequence[datetime], site: Site) -> Ephemeris:
    """Sun, Moon and sidereal time at aware UTC times, seen from the site."""
    timescale, planets = _bodies()
    t = timescale.from_datetimes(list(times))
    observer = planets["earth"] + wgs84.latlon(site.latitude, site.longitude, elevation_m=site.elevation_m)
    seen = observer.at(t)
    sun_alt, sun_az, _ = seen.observe(planets["sun"]).apparent().altaz()
    moon = seen.observe(planets["moon"]).apparent()
    moon_alt, moon_az, _ = moon.altaz()
    phase = 180.0 - np.abs(180.0 - moon_phase(planets, t).degrees)
    return Ephemeris(
        sun_alt.degrees,
        sun_az.degrees,
        moon_alt.degrees,
        moon_az.degrees,
        phase,
        moon.fraction_illuminated(planets["sun"]),
        (t.gmst * 15.0 + site.longitude) % 360.0,
    )
