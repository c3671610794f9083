"""Magnetic local time: the Sun's hour angle around the Earth's magnetic dipole, by which aurora keeps time."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
from ppigrf.ppigrf import RE, get_legendre, read_shc
from scipy.integrate import solve_ivp
from skyfield.api import load, wgs84
from skyfield.framelib import itrs

from ..preprocessing.sky import open_ephemeris

HEIGHT_KM = 110.0
"""Where aurora is brightest, and the reference height of apex coordinates."""
LONGEST_KM = 4e5
"""No field line is followed further than this, 60 radii of the Earth."""


@lru_cache
def _dipole() -> tuple[np.ndarray, np.ndarray]:
    """Epochs in seconds since 1970, (e,), and the dipole coefficients g11, h11, g10 there, nT, (e, 3)."""
    cosine, sine = read_shc()
    epochs = cosine.index.to_numpy(dtype="datetime64[s]").astype(np.float64)
    return epochs, np.column_stack([cosine[1, 1], sine[1, 1], cosine[1, 0]]).astype(np.float64)


def dipole_pole(utc: pd.DatetimeIndex) -> np.ndarray:
    """Direction of the northern dipole pole: unit vectors (n, 3) in geocentric, Earth-fixed axes.

    Source: the dipole of the International Geomagnetic Reference Field, 14th generation, by the package ppigrf, linear
    between its epochs (1900 to 2030, outside of which the nearest holds); the pole is at minus its three coefficients
    (Laundal & Richmond 2017, Space Science Reviews 206, 27, section 3.1).
    """
    epochs, coefficients = _dipole()
    seconds = utc.tz_localize(None).to_numpy(dtype="datetime64[us]").astype(np.float64) / 1e6
    pole = -np.column_stack([np.interp(seconds, epochs, column) for column in coefficients.T])
    return pole / np.linalg.norm(pole, axis=1, keepdims=True)


def subsolar(utc: pd.DatetimeIndex, ephemeris: str = "de421.bsp") -> np.ndarray:
    """Direction of the point under the Sun: unit vectors (n, 3) in geocentric, Earth-fixed axes, right to 0.02 degree.

    The Sun's place is looked up at the nearest full hour and turned from there by 15 degrees an hour, which is 60 times
    as fast as looking it up for each minute.

    ephemeris : see `preprocessing.sky.open_ephemeris`.
    """
    if len(utc) == 0:
        return np.zeros((0, 3))
    unique, of_time = np.unique(utc.round("h"), return_inverse=True)
    hours = pd.DatetimeIndex(unique)
    kernel, time = open_ephemeris(ephemeris), load.timescale(builtin=True).from_datetimes(list(hours.to_pydatetime()))
    x, y, z = kernel["earth"].at(time).observe(kernel["sun"]).apparent().frame_xyz(itrs).km
    since = (utc - hours[of_time]).total_seconds().to_numpy() / 3600
    longitude, latitude = np.arctan2(y, x)[of_time] - np.radians(15 * since), np.arctan2(z, np.hypot(x, y))[of_time]
    across = np.cos(latitude)
    return np.column_stack([across * np.cos(longitude), across * np.sin(longitude), np.sin(latitude)])


def dipole_longitude(direction: np.ndarray, pole: np.ndarray) -> np.ndarray:
    """Centred-dipole longitude, degrees east of the half-plane through the pole and the south geographic pole.

    Source: Laundal & Richmond 2017, section 3.1: the y axis is the Earth's axis x the dipole's axis.

    Parameters
    ----------
    direction, pole
        (n, 3), see `dipole_pole`.
    """
    east = np.cross(np.array([0.0, 0.0, 1.0]), pole)
    east /= np.linalg.norm(east, axis=1, keepdims=True)
    return np.degrees(np.arctan2((direction * east).sum(1), (direction * np.cross(east, pole)).sum(1)))


@lru_cache
def _terms(year: int) -> tuple[list[tuple[int, int]], np.ndarray, np.ndarray]:
    """(degree, order) of each term of the IGRF; its cosine and sine coefficients in the middle of the year, nT."""
    cosine, sine = read_shc()
    epochs = cosine.index.to_numpy(dtype="datetime64[s]").astype(np.float64)
    moment = np.datetime64(f"{year}-07-01", "s").astype(np.float64)

    def at_moment(table: pd.DataFrame) -> np.ndarray:
        return np.array([np.interp(moment, epochs, column) for column in table.to_numpy(np.float64).T])

    return list(cosine.columns), at_moment(cosine), at_moment(sine)


def field(year: int, distance: float, colatitude: float, longitude: float) -> np.ndarray:
    """The Earth's magnetic field in the middle of a year, nT: upwards, to the south and to the east (3,).

    Source: IGRF-14, with coefficients and Legendre functions of the package ppigrf, whose own sum reads its file anew
    at every place. Distance from the Earth's centre in km, geocentric angles in radians.
    """
    terms, cosine, sine = _terms(year)
    degree, order = np.array(terms).T
    legendre, slope = (row[0] for row in get_legendre(np.degrees(np.array([colatitude])), terms))
    fall = (RE / distance) ** (degree + 2)
    wave = cosine * np.cos(order * longitude) + sine * np.sin(order * longitude)
    turned = order * (cosine * np.sin(order * longitude) - sine * np.cos(order * longitude))
    up, south, east = (degree + 1) * wave * legendre, -wave * slope, turned * legendre / np.sin(colatitude)
    return np.array([(fall * part).sum() for part in (up, south, east)])


@lru_cache
def apex(latitude: float, longitude: float, year: int, height_km: float = HEIGHT_KM) -> tuple[float, float, float]:
    """Where the field line over a site is highest: geocentric, Earth-fixed x, y, z, km.

    The line of `field` is followed upwards until it turns. Latitude and longitude in degrees, geodetic (WGS84).
    """

    def along(_: float, place: np.ndarray) -> np.ndarray:
        """The field's direction."""
        distance, east_of = float(np.linalg.norm(place)), float(np.arctan2(place[1], place[0]))
        up = place / distance
        east = np.array([-np.sin(east_of), np.cos(east_of), 0])
        axes = np.array([up, np.cross(east, up), east])  # up, south, east
        strength = field(year, distance, float(np.arccos(up[2])), east_of) @ axes
        return upwards * strength / np.linalg.norm(strength)

    def climb(length: float, place: np.ndarray) -> float:
        return float(along(length, place) @ place)

    climb.terminal, climb.direction = True, -1  # type: ignore[attr-defined]  # how scipy wants events
    start = np.array(wgs84.latlon(latitude, longitude, elevation_m=1000 * height_km).itrs_xyz.km)
    upwards = 1.0
    upwards = np.sign(climb(0, start))
    line = solve_ivp(along, (0, LONGEST_KM), start, events=climb, rtol=1e-6, atol=1e-2, first_step=10)
    x, y, z = line.y_events[0][0] if len(line.y_events[0]) else line.y[:, -1]
    return float(x), float(y), float(z)


def magnetic_local_time(utc: pd.Series, latitude: float, longitude: float, ephemeris: str = "de421.bsp") -> pd.Series:
    """Magnetic local time of a site in hours, 0 to below 24; 0 is magnetic midnight, 12 is noon.

    (longitude of the site - dipole longitude of the point under the Sun) / 15 + 12 (Laundal & Richmond 2017, equation
    93). The site's longitude is its apex longitude: the dipole longitude of the highest point of the field line through
    110 km above it (Richmond 1995, Journal of Geomagnetism and Geoelectricity 47, 191). AACGM-v2 differs by minutes.

    Parameters
    ----------
    utc
        Times; without a zone they are taken as UTC; unknown ones (NaT) give nan.
    latitude, longitude
        Degrees north and east, geodetic (WGS84), away from the magnetic equator and poles.

    Returns
    -------
    float64, with the index of `utc`.
    """
    times = pd.DatetimeIndex(utc)
    times = times.tz_localize("UTC") if times.tz is None else times.tz_convert("UTC")
    known = np.flatnonzero(times.notna())
    hours = np.full(len(times), np.nan)
    pole, sun = dipole_pole(times[known]), subsolar(times[known], ephemeris)
    sites = np.array([apex(latitude, longitude, int(year)) for year in times[known].year]).reshape(-1, 3)
    apart = dipole_longitude(sites, pole) - dipole_longitude(sun, pole)
    hours[known] = (apart / 15 + 12) % 24
    return pd.Series(hours, index=utc.index, name="magnetic_local_time")
