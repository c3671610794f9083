from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skyfield.api import Star, load, wgs84

from aurora_gradcam.config import Site
from aurora_gradcam.preprocessing.sky import open_ephemeris, sun_and_moon
from aurora_gradcam.simulation import scene, sky, stars
from aurora_gradcam.simulation.camera import direction, make_grid, project
from aurora_gradcam.simulation.ephemeris import ephemeris
from aurora_gradcam.simulation.plan import Plan

SITE = Site()


def test_the_moon_of_the_first_real_frame_falls_on_its_pixel():
    # measured on the real frame of 2018-04-20 23:19:18 MDT at 854x480: altitude 23.9, azimuth 266.9, pixel (604, 343)
    x, y = project(23.9, 266.9, 720)
    assert ((x - 360) / 1.5 + 427, (y - 360) / 1.5 + 240) == pytest.approx((604, 343), abs=1.0)


def test_the_view_is_upwards_with_west_to_the_right():
    x, _ = project(np.full(2, 30.0), np.array([270.0, 90.0]), 720)
    assert x[0] > 560 and x[1] < 160
    assert project(90.0, 123.0, 720) == pytest.approx((360, 360))


@given(altitude=st.floats(10, 89), azimuth=st.floats(0, 360), size=st.sampled_from([240, 720]))
def test_every_pixel_looks_where_the_projection_came_from(altitude, azimuth, size):
    x, y = project(altitude, azimuth, size)
    grid = make_grid(size)
    column, row = int(np.rint(x)), int(np.rint(y))
    looked = np.array([float(axis[row, column]) for axis in (grid.east, grid.north, grid.up)])
    angle = np.degrees(np.arccos(np.clip(looked @ direction(altitude, azimuth), -1, 1)))
    assert angle < 0.75 * 180 / size  # less than a pixel's diagonal


def test_sun_and_moon_agree_with_the_stage_that_computes_them_for_the_data():
    times = [datetime(2023, 2, 3, 1, tzinfo=UTC) + timedelta(hours=11.3 * k) for k in range(8)]
    ours, theirs = ephemeris(times, SITE), sun_and_moon(pd.DatetimeIndex(times), SITE)
    for column in ("sun_altitude", "sun_azimuth", "moon_altitude", "moon_azimuth", "moon_phase_angle"):
        assert getattr(ours, column) == pytest.approx(theirs[column].to_numpy(), abs=1e-4)
    assert ours.moon_illumination == pytest.approx(theirs["moon_illumination"].to_numpy(), abs=1e-5)


def test_the_drawn_moon_is_the_brightest_spot_and_lies_where_skyfield_puts_it():
    plan = Plan("20250113", datetime(2025, 1, 13, 5, 0, 33, tzinfo=UTC), 1)
    night = scene.make_night(plan, 42, SITE)
    _, frames = next(scene.frames(night))
    place = sun_and_moon(pd.DatetimeIndex(plan.times()), SITE).iloc[0]
    x, y = project(place["moon_altitude"], place["moon_azimuth"], 720)
    brightness = frames.pictures[0].astype(float).sum(2)
    rows, columns = np.nonzero(brightness >= 0.98 * brightness.max())
    assert (columns.mean(), rows.mean()) == pytest.approx((x, y), abs=1.0)


def test_stars_stand_where_skyfield_puts_them():
    ascension, declination = np.array([37.95, 279.23, 88.79]), np.array([89.26, 38.78, 7.41])
    times = [datetime(2024, 2, 11, 6, tzinfo=UTC), datetime(2024, 2, 11, 9, tzinfo=UTC)]
    altitude, azimuth = stars.horizontal(ascension, declination, ephemeris(times, SITE).sidereal, SITE.latitude)
    planets, timescale = open_ephemeris("de421.bsp"), load.timescale(builtin=True)
    observer = planets["earth"] + wgs84.latlon(SITE.latitude, SITE.longitude, elevation_m=SITE.elevation_m)
    for k in range(3):
        star = Star(ra_hours=ascension[k] / 15, dec_degrees=declination[k])
        alt, az, _ = observer.at(timescale.from_datetimes(times)).observe(star).apparent().altaz()
        there = direction(alt.degrees, az.degrees)
        here = direction(altitude[:, k], azimuth[:, k])
        # the simulated sky is of the year 2000: precession has moved it by a third of a degree
        assert np.degrees(np.arccos(np.sum(there * here, axis=1))).max() < 0.4


def test_twilight_darkens_with_the_sun_and_is_brightest_above_it():
    grid = make_grid(60)
    depression = np.array([-6.0, -9.0, -12.0, -18.0, -30.0])
    none = np.zeros(5)
    light = sky.background(grid, depression, np.full(5, 270.0), none - 40, none, none, town=0.0)
    zenith = light[:, 2, 30, 30].numpy()
    assert (np.diff(zenith) < 0).all()
    assert zenith[0] > 8 * zenith[2] and zenith[3] < 1.15 * zenith[4]
    column, row = (int(value) for value in project(12.0, 270.0, 60))
    opposite, opposite_row = (int(value) for value in project(12.0, 90.0, 60))
    assert light[1, 0, row, column] > 2 * light[1, 0, opposite_row, opposite]


def test_moonlight_follows_phase_and_altitude():
    full_high, full_low, quarter_high, below = sky.moon_level(
        np.array([50.0, 10.0, 50.0, -1.0]), np.array([1.0, 1.0, 0.5, 1.0])
    )
    assert full_high > full_low > 0 and full_high > 2 * quarter_high and below == 0
