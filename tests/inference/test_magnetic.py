"""Magnetic local time against published poles, tilts, coordinates and times."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from ppigrf import igrf_gc

from aurora_gradcam.inference import magnetic

YELLOWKNIFE = (62.4333, -114.35)
WGS84_E2 = 0.00669437999014


def times(*texts: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.to_datetime(list(texts), utc=True))


def latitude(direction: np.ndarray) -> np.ndarray:
    return np.degrees(np.arcsin(direction[:, 2]))


def longitude(direction: np.ndarray) -> np.ndarray:
    return np.degrees(np.arctan2(direction[:, 1], direction[:, 0]))


def test_the_dipoles_pole_is_where_the_igrf_papers_print_it():
    # Alken et al. 2021 (Earth, Planets and Space 73, 49), table 4; 2015: Thebault et al. 2015. Latitudes are geodetic.
    pole = magnetic.dipole_pole(times("1900-01-01", "1950-01-01", "1980-01-01", "2015-01-01"))
    geodetic = np.degrees(np.arctan(np.tan(np.radians(latitude(pole))) / (1 - WGS84_E2)))
    assert geodetic == pytest.approx([78.68, 78.55, 78.88, 80.37], abs=0.015)
    assert longitude(pole) == pytest.approx([-68.79, -68.85, -70.76, -72.63], abs=0.02)


def test_the_field_is_that_of_ppigrf():
    generator = np.random.default_rng(4)
    for year in (1987, 2015, 2024):
        distance, colatitude, longitude = generator.uniform([6400, 1, -180], [60000, 179, 180])
        expected = np.squeeze(igrf_gc(distance, colatitude, longitude, datetime(year, 7, 1)))
        place = (distance, *np.radians([colatitude, longitude]))
        assert magnetic.field(year, *place) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_the_sun_stands_over_the_point_that_apexpy_tests_for():
    sun = magnetic.subsolar(times("2005-02-03T04:05:06", "2010-12-11T10:09:08"))
    assert latitude(sun) == pytest.approx([-16.505391672592904, -23.001554595838947], abs=0.01)
    assert longitude(sun) == pytest.approx([122.17768157084515, 26.008999999955023], abs=0.02)


def test_a_sun_turned_from_the_full_hour_is_the_sun_of_the_minute(monkeypatch):
    # the same minute as its own full hour, in a calendar that lies half an hour off
    moments = times("2024-02-01T08:29:00", "2024-03-20T16:31:00", "2024-12-21T23:59:30")
    turned = magnetic.subsolar(moments)
    monkeypatch.setattr(pd.DatetimeIndex, "round", lambda self, freq: self)
    exact = magnetic.subsolar(moments)
    assert np.degrees(np.arccos((turned * exact).sum(axis=1))).max() < 0.02
    assert (turned != exact).any()


def test_the_dipoles_tilt_is_that_of_laundals_package():
    # README of github.com/klaundal/dipole, which goes with Laundal & Richmond 2017
    moments = times("1927-06-10T12:00", "2015-06-10T10:00")
    tilt = np.degrees(np.arcsin((magnetic.subsolar(moments) * magnetic.dipole_pole(moments)).sum(axis=1)))
    assert tilt == pytest.approx([26.79107107, 20.59137527], abs=0.02)


def test_magnetic_longitude_zero_has_the_local_time_that_apexpy_tests_for():
    moment = times("2000-02-03T04:05:06")
    sun = magnetic.dipole_longitude(magnetic.subsolar(moment), magnetic.dipole_pole(moment))
    assert (-sun / 15 + 12) % 24 == pytest.approx([23.019629923502603], abs=0.01)


def test_the_field_line_of_a_place_has_the_coordinates_that_aacgmv2_tests_for():
    # test_py_aacgmv2.py: 60 N, 0 E, 300 km, 2015-01-01T00: latitude 58.2247, longitude 81.1761
    apex = np.array([magnetic.apex(60.0, 0.0, 2015, 300.0)])
    found = magnetic.dipole_longitude(apex, magnetic.dipole_pole(times("2015-01-01")))
    assert found == pytest.approx([81.1761], abs=0.1)
    assert np.degrees(np.arccos(np.sqrt(6371.2 / np.linalg.norm(apex)))) == pytest.approx(58.2247, abs=0.1)


def test_local_time_is_that_of_aacgmv2_to_a_few_minutes():
    found = magnetic.magnetic_local_time(pd.Series(times("2015-01-01T00:00")), 60.0, 0.0)
    assert found.tolist() == pytest.approx([0.18891995], abs=0.05)  # of 300 km; here 110 km


def test_yellowknifes_magnetic_midnight_is_between_8_and_9_hours_utc():
    nights = times("2024-12-15", "2024-02-01", "2024-03-15")
    moments = pd.Series(nights.repeat(24) + pd.to_timedelta(np.tile(np.arange(24), 3), "h"))
    hours = magnetic.magnetic_local_time(moments, *YELLOWKNIFE).to_numpy().reshape(3, 24)
    # before magnetic midnight at 8, after it at 9, in every month of the season
    assert (hours[:, 8] > 23).all()
    assert (hours[:, 9] < 1).all()
    steps = np.diff(np.unwrap(hours, period=24, axis=1), axis=1)
    assert steps.mean() == pytest.approx(1, abs=0.02)
    assert ((steps > 0.8) & (steps < 1.2)).all()  # the dipole's tilt makes the clock uneven within a day
    assert ((hours >= 0) & (hours < 24)).all()


def test_unknown_times_stay_unknown_and_the_index_is_kept():
    moments = pd.Series(pd.to_datetime(["2024-02-01T08:30", None, "2024-02-01T01:30"]), index=[7, 5, 6])
    found = magnetic.magnetic_local_time(moments, *YELLOWKNIFE)
    assert found.index.tolist() == [7, 5, 6]
    assert found.isna().tolist() == [False, True, False]
    aware = moments.dt.tz_localize("UTC").dt.tz_convert("America/Yellowknife")
    pd.testing.assert_series_equal(magnetic.magnetic_local_time(aware, *YELLOWKNIFE), found)
    assert magnetic.magnetic_local_time(moments[:0], *YELLOWKNIFE).empty
