"""Sun and Moon at many times: their geocentric places on a grid of two hours, interpolated; the Earth's turn at each.

Skyfield works out aberration, nutation and light time anew for every time, though they change slowly: only the Earth's
rotation is fast. Here Skyfield gives the apparent places as seen from the Earth's centre, in the true equator and
equinox of date, every `GRID_H` hours, and a cubic through four of them gives those between. Sidereal time and the
observer's place are then computed for every time. `direct` is Skyfield at every time; the two agree to 0.0001 degree.
"""

from __future__ import annotations

import numpy as np
from skyfield.almanac import moon_phase
from skyfield.api import wgs84
from skyfield.constants import ANGVEL, C_AUDAY, DAY_S
from skyfield.earthlib import sidereal_time
from skyfield.framelib import ecliptic_frame
from skyfield.functions import mxv
from skyfield.jpllib import SpiceKernel
from skyfield.timelib import Time
from skyfield.toposlib import GeographicPosition

from ..config import Site

BODIES = ("sun", "moon")
GRID_H = 2
"""The cubic errs by 0.0000002 degree in the Moon's place, which turns by 1.1 degrees in that time."""
NODES_AT_ONCE = 2000  # times in one Skyfield call: as fast as one call for all, at 0.05 GB where 200,000 take 5 GB
STENCIL = np.arange(-1, 3)  # the grid's times around an interval


def observer(site: Site) -> GeographicPosition:
    """The camera on the WGS84 ellipsoid."""
    return wgs84.latlon(site.latitude, site.longitude, elevation_m=site.elevation_m)


def direct(time: Time, site: Site, ephemeris: SpiceKernel) -> np.ndarray:
    """Altitude and azimuth of the Sun and of the Moon, phase angle and illuminated fraction; shape (n, 6)."""
    here = (ephemeris["earth"] + observer(site)).at(time)
    columns = []
    for body in BODIES:
        apparent = here.observe(ephemeris[body]).apparent()
        altitude, azimuth, _ = apparent.altaz()
        columns += [altitude.degrees, azimuth.degrees % 360]
    columns.append(180 - np.abs(180 - moon_phase(ephemeris, time).degrees))
    columns.append(apparent.fraction_illuminated(ephemeris["sun"]))  # of the Moon, the last body above
    return np.column_stack(columns)


def interpolated(time: Time, site: Site, ephemeris: SpiceKernel) -> np.ndarray:
    """As `direct`, with Skyfield's places on the grid alone; a time's values do not depend on the other times.

    Raises
    ------
    EphemerisRangeError
        A time outside the ephemeris, or less than two steps of the grid from its ends.
    """
    steps = (time.whole + time.tt_fraction) * (24 / GRID_H)
    cells = np.floor(steps).astype(np.int64)
    grid = np.unique(cells[:, None] + STENCIL)
    nodes = _nodes(time, grid, ephemeris)[np.searchsorted(grid, cells[:, None] + STENCIL)]
    longitudes = nodes[..., -1].copy()
    nodes[..., -1] = (longitudes - longitudes[:, :1] + 180) % 360 - 180  # no jump at 360 between four of them
    values = np.einsum("nk,nkc->nc", weights(steps - cells), nodes)
    sun, moon = values[:, :3], values[:, 3:6]
    turn = sidereal_time(time) + values[:, 6]
    topos = observer(site)
    from_here = [_turned(place, turn) - topos.itrs_xyz.au for place in (sun, moon)]
    angles = [column for place in from_here for column in _horizontal(place, topos)]
    phase = 180 - np.abs(180 - (values[:, -1] + longitudes[:, 0]) % 360)
    return np.column_stack([*angles, phase, _illuminated(from_here[1], _turned(sun - moon, turn))])


def weights(share: np.ndarray) -> np.ndarray:
    """Lagrange's cubic at a share (0 to 1, shape (n,)) of the interval: weights of the `STENCIL`, shape (n, 4)."""
    x = share[:, None]
    others = np.array([[other for other in STENCIL if other != node] for node in STENCIL])
    return np.prod((x[..., None] - others) / (STENCIL[:, None] - others), axis=-1)


def _nodes(time: Time, grid: np.ndarray, ephemeris: SpiceKernel) -> np.ndarray:
    """At every time of the grid: places of Sun and Moon (au), equation of the equinoxes (h), phase (degrees)."""
    parts = []
    for start in range(0, len(grid), NODES_AT_ONCE):
        whole, rest = np.divmod(grid[start : start + NODES_AT_ONCE], 24 // GRID_H)
        at = time.ts.tt_jd(whole.astype(float), rest / (24 / GRID_H))
        seen = [ephemeris["earth"].at(at).observe(ephemeris[body]).apparent() for body in BODIES]
        sun, moon = (apparent.frame_latlon(ecliptic_frame)[1].degrees for apparent in seen)
        places = [mxv(at.M, apparent.xyz.au).T for apparent in seen]
        equinoxes = (at.gast - sidereal_time(at) + 12) % 24 - 12
        parts.append(np.column_stack([*places, equinoxes, moon - sun]))
    return np.concatenate(parts)


def _turned(places: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """Places (n, 3) from the equinox to the Greenwich meridian, by the sidereal time."""
    angle = hours * (np.pi / 12)
    x, y, z = places.T
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.column_stack([cosine * x + sine * y, cosine * y - sine * x, z])


def _horizontal(places: np.ndarray, topos: GeographicPosition) -> tuple[np.ndarray, np.ndarray]:
    """Altitude and azimuth, degrees, of places (n, 3) from the observer along the Earth's axes."""
    x, y, _ = topos.itrs_xyz.au
    speed = ANGVEL * DAY_S / C_AUDAY * np.array([-y, x, 0.0])  # diurnal aberration: up to 0.3 seconds of arc
    apparent = places / np.linalg.norm(places, axis=1, keepdims=True) + speed
    latitude, longitude = topos.latitude.radians, topos.longitude.radians
    up = np.array([np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)])
    east = np.array([-np.sin(longitude), np.cos(longitude), 0.0])
    height, right, ahead = ((apparent * axis).sum(axis=1) for axis in (up, east, np.cross(up, east)))
    return np.degrees(np.arctan2(height, np.hypot(right, ahead))), np.degrees(np.arctan2(right, ahead)) % 360


def _illuminated(moon: np.ndarray, to_the_sun: np.ndarray) -> np.ndarray:
    """Illuminated fraction of the disc: places (n, 3) of the Moon from here, and of the Sun from the Moon."""
    lengths = np.linalg.norm(moon, axis=1) * np.linalg.norm(to_the_sun, axis=1)
    return (1 - (moon * to_the_sun).sum(axis=1) / lengths) / 2
