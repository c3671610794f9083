"""Altitudes and azimuths of Sun and Moon above the camera, and the illumination classes that follow."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
from skyfield.api import load, load_file
from skyfield.errors import EphemerisRangeError
from skyfield.jpllib import SpiceKernel
from skyfield.timelib import Time, Timescale

from ..conditions import MOON_CLASSES, SUN_CLASSES
from ..config import Illuminate, Site
from ..errors import DataError, InputError
from . import places

POSITIONS = (
    "sun_altitude",
    "sun_azimuth",
    "moon_altitude",
    "moon_azimuth",
    "moon_phase_angle",
    "moon_illumination",
)
CHUNK = 20_000  # times that are interpolated at once, in some 20 MB
DECIMALS = 6  # 0.004 seconds of arc; hides the last bits, in which linear algebra differs between machines


@lru_cache
def _timescale() -> Timescale:
    # built into Skyfield: needs no network, and is good to well under a second
    return load.timescale(builtin=True)


@lru_cache
def open_ephemeris(name: str) -> SpiceKernel:
    """Open an ephemeris: the name of one that skyfield-data brings (`de421.bsp`), or the path of another.

    Raises
    ------
    InputError
        No such file, or one that lacks Sun, Earth or Moon.
    """
    # not get_skyfield_data_path(): it warns of an Earth-orientation file that nothing here reads
    bundled = Path(str(files("skyfield_data") / "data" / name))
    path = bundled if bundled.is_file() and Path(name).name == name else Path(name)
    try:
        ephemeris = load_file(str(path))
        for body in ("sun", "earth", "moon"):
            ephemeris[body]
    except (OSError, ValueError, KeyError) as error:
        fix = "use de421.bsp, or the path of another JPL planetary ephemeris, such as de440s.bsp"
        raise InputError("illuminate.ephemeris is not an ephemeris of Sun, Earth and Moon", path, fix) from error
    return ephemeris


def _skyfield_time(utc: pd.DatetimeIndex) -> Time:
    seconds = utc.second + utc.microsecond / 1e6
    calendar = (utc.year, utc.month, utc.day, utc.hour, utc.minute, seconds)
    return _timescale().utc(*(np.asarray(part) for part in calendar))


def sun_and_moon(utc: pd.DatetimeIndex, site: Site, ephemeris: str = "de421.bsp") -> pd.DataFrame:
    """Positions of Sun and Moon at many times.

    The observer is `site` on the WGS84 ellipsoid, with its elevation (the study names only latitude and longitude;
    200 m move the Moon by less than 0.0001 degree). Altitudes are apparent in Skyfield's sense: light time, aberration
    and deflection, but no refraction, as in the study; azimuths count from north over east. `places` interpolates
    between Skyfield's values; it errs by less than 0.0001 degree.

    Parameters
    ----------
    utc
        Shape (n,); without a zone it is taken as UTC; unknown times (NaT) give rows of nulls.
    ephemeris
        See `open_ephemeris`.

    Returns
    -------
    Columns `POSITIONS`, shape (n, 6), rounded to a millionth, index 0 to n - 1: angles in degrees;
    `moon_phase_angle` is the difference of the geocentric ecliptic longitudes of Moon and Sun folded to 0 (new) to
    180 (full); `moon_illumination` is the illuminated fraction of the Moon's disc.

    Raises
    ------
    DataError
        A time outside the ephemeris; the message gives its range.
    """
    utc = pd.DatetimeIndex(utc)
    utc = utc.tz_localize("UTC") if utc.tz is None else utc.tz_convert("UTC")
    kernel = open_ephemeris(ephemeris)
    known = np.flatnonzero(~utc.isna())
    values = np.full((len(utc), len(POSITIONS)), np.nan)
    for start in range(0, len(known), CHUNK):
        rows = known[start : start + CHUNK]
        try:
            values[rows] = places.interpolated(_skyfield_time(utc[rows]), site, kernel)
        except EphemerisRangeError as error:
            first, last = (edge.utc_strftime("%Y-%m-%d") for edge in (error.start_time, error.end_time))
            what = f"a time from {utc[rows].min()} to {utc[rows].max()} is outside the ephemeris, {first} to {last}"
            fix = "correct the time, or name an ephemeris that covers it in illuminate.ephemeris"
            raise DataError(what, ephemeris, fix) from error
    return pd.DataFrame(values.round(DECIMALS), columns=list(POSITIONS))


def sun_class(altitude: np.ndarray, params: Illuminate) -> np.ndarray:
    """Sun class by altitude: Night up to the first edge, edges belonging to the darker class; Day from the last edge.

    Shape (n,) in degrees -> shape (n,) of `SUN_CLASSES`, None where the altitude is NaN.
    """
    altitude = np.asarray(altitude, dtype=float)
    *dark, day = params.sun_edges
    number = np.where(altitude >= day, len(dark) + 1, np.searchsorted(dark, altitude, side="left"))
    return np.where(np.isnan(altitude), None, np.array(SUN_CLASSES, dtype=object)[number])


def moon_class(phase_angle: np.ndarray, altitude: np.ndarray, params: Illuminate) -> np.ndarray:
    """Moon class by folded phase angle and altitude.

    Moon_Full from its phase angle on and above its altitude; else Moon_Quarter from its own phase angle to below that
    of Moon_Full, above its altitude; else No_Moon. The study prints these rules against the wrong rows; its script has
    them as here. Shapes (n,) in degrees -> shape (n,) of `MOON_CLASSES`, None where either is NaN.
    """
    phase, altitude = np.asarray(phase_angle, dtype=float), np.asarray(altitude, dtype=float)
    full, quarter = params.moon_full, params.moon_quarter
    is_full = (phase >= full.phase_angle) & (altitude > full.altitude)
    is_quarter = (phase >= quarter.phase_angle) & (phase < full.phase_angle) & (altitude > quarter.altitude)
    number = np.where(is_full, 2, np.where(is_quarter, 1, 0))
    return np.where(np.isnan(phase + altitude), None, np.array(MOON_CLASSES, dtype=object)[number])


def illuminated(utc: pd.DatetimeIndex, site: Site, params: Illuminate) -> pd.DataFrame:
    """`sun_and_moon` with `sun_class` and `moon_class` beside it, from the same rounded values; shape (n, 8)."""
    sky = sun_and_moon(utc, site, params.ephemeris)
    return sky.assign(
        sun_class=sun_class(sky["sun_altitude"].to_numpy(), params),
        moon_class=moon_class(sky["moon_phase_angle"].to_numpy(), sky["moon_altitude"].to_numpy(), params),
    )
