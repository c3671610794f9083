from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_gradcam.config import Site
from aurora_gradcam.preprocessing.sky import sun_and_moon
from aurora_gradcam.simulation import scene
from aurora_gradcam.simulation.camera import AURORAMAX_2018, Camera, direction, make_grid, project
from aurora_gradcam.simulation.ephemeris import ephemeris
from aurora_gradcam.simulation.plan import Plan

SITE = Site()
cached_grid = cache(make_grid)


def test_the_moon_of_the_first_real_frame_falls_on_its_pixel():
    # measured on the real frame of 2018-04-20 23:19:18 MDT at 854x480: altitude 23.9, azimuth 266.9, pixel (604, 343)
    x, y = project(AURORAMAX_2018, 23.9, 266.9, 720)
    assert ((x - 360) / 1.5 + 427, (y - 360) / 1.5 + 240) == pytest.approx((604, 343), abs=1.0)


@pytest.mark.parametrize(
    ("projection", "formula"), [("equidistant", lambda z: z), ("equisolid", lambda z: 2 * np.sin(z / 2))]
)
def test_lenses_follow_their_formulas(projection, formula):
    lens = Camera("lens", projection, scale=0.6, cubic=0.0, azimuth_up=0.0)
    _, y = project(lens, np.array([70.0, 40.0, 10.0]), np.zeros(3), 720)
    assert (360 - y) / 360 == pytest.approx(0.6 * formula(np.radians([20.0, 50.0, 80.0])), abs=2e-3)


def test_the_axis_of_a_leaning_camera_falls_on_its_centre():
    x, y = project(LEANING, 85.0, 70.0, 720)
    assert ((x - 360) / 360, (y - 360) / 360) == pytest.approx(LEANING.centre, abs=1e-3)


def test_the_view_is_upwards_with_west_to_the_right():
    x, _ = project(AURORAMAX_2018, np.full(2, 30.0), np.array([270.0, 90.0]), 720)
    assert x[0] > 560 and x[1] < 160
    assert project(AURORAMAX_2018, 90.0, 123.0, 720) == pytest.approx((360, 360))


LEANING = Camera("leaning", "equisolid", 0.7071, 0.0, 100.0, True, tilt=5.0, tilt_azimuth=70.0, centre=(0.02, -0.03))


@pytest.mark.parametrize("camera", [AURORAMAX_2018, LEANING], ids=lambda camera: camera.name)
@settings(deadline=None)
@given(altitude=st.floats(14, 89), azimuth=st.floats(0, 360), size=st.sampled_from([240, 720]))
def test_every_pixel_looks_where_the_projection_came_from(camera, altitude, azimuth, size):
    x, y = project(camera, altitude, azimuth, size)
    grid = cached_grid(camera, size)
    column, row = int(np.rint(x)), int(np.rint(y))
    looked = np.array([float(axis[row, column]) for axis in (grid.east, grid.north, grid.up)])
    angle = np.degrees(np.arccos(np.clip(looked @ direction(altitude, azimuth), -1, 1)))
    assert angle < 0.95 * 180 / size  # half of a pixel's diagonal at the rim, where lenses crowd the sky


def test_sun_and_moon_agree_with_the_stage_that_computes_them_for_the_data():
    times = [datetime(2023, 2, 3, 1, tzinfo=UTC) + timedelta(hours=11.3 * k) for k in range(8)]
    ours, theirs = ephemeris(times, SITE), sun_and_moon(pd.DatetimeIndex(times), SITE)
    for column in ("sun_altitude", "sun_azimuth", "moon_altitude", "moon_azimuth", "moon_phase_angle"):
        assert getattr(ours, column) == pytest.approx(theirs[column].to_numpy(), abs=1e-4)
    # the stage takes the Sun as seen from the Earth for its place as seen from the Moon, light time and all
    assert ours.moon_illumination == pytest.approx(theirs["moon_illumination"].to_numpy(), abs=5e-5)


def test_the_drawn_moon_is_the_brightest_spot_and_lies_where_skyfield_puts_it():
    plan = Plan("20250113", datetime(2025, 1, 13, 5, 0, 33, tzinfo=UTC), 1)
    night = scene.make_night(plan, 42, SITE)
    frames = scene.render(night, ephemeris(plan.times(), SITE), plan.minutes())
    place = sun_and_moon(pd.DatetimeIndex(plan.times()), SITE).iloc[0]
    x, y = project(plan.camera, place["moon_altitude"], place["moon_azimuth"], 720)
    brightness = frames.pictures[0].numpy().astype(float).sum(0)
    rows, columns = np.nonzero(brightness >= 0.98 * brightness.max())
    assert (columns.mean(), rows.mean()) == pytest.approx((x, y), abs=1.0)
