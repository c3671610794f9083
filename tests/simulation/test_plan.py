from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_gradcam.config import Site
from aurora_gradcam.errors import ConfigError
from aurora_gradcam.simulation.camera import AURORAMAX_2024
from aurora_gradcam.simulation.draw import random_plan
from aurora_gradcam.simulation.ephemeris import ephemeris
from aurora_gradcam.simulation.simulate import camera_of, check_choice, plans_of, site_of

SITE = Site()


SVALBARD = Site(latitude=78.148, longitude=16.043, elevation_m=520, timezone="Arctic/Longyearbyen")


@settings(max_examples=12, deadline=None)
@given(day=st.dates(pd.Timestamp("2022-10-01").date(), pd.Timestamp("2023-03-15").date()), seed=st.integers(0, 99),
       site=st.sampled_from([SITE, SVALBARD]))  # fmt: skip
def test_a_random_night_is_dark_throughout_and_belongs_to_its_morning(day, seed, site):
    plan = random_plan(f"{day:%Y%m%d}", 40, seed, site)
    assert ephemeris(plan.times(), site).sun_altitude.max() < -5.9
    assert (plan.start.astimezone(ZoneInfo(site.timezone)) + timedelta(hours=12)).date() == day
    assert plan == random_plan(f"{day:%Y%m%d}", 40, seed, site)


def test_a_site_and_a_camera_are_read_from_their_options():
    assert site_of("") == SITE
    assert site_of("78.148, 16.043, 520, Arctic/Longyearbyen") == SVALBARD
    assert site_of("-69.0,39.6").timezone == "UTC"
    assert camera_of("", 1) is None and camera_of("auroramax-2024", 1) is AURORAMAX_2024
    assert camera_of("random", 1) == camera_of("random", 1) != camera_of("random", 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("62", "1 parts"),
        ("91,0", "latitude"),
        ("x,0", "latitude"),
        ("0,0,0,Mars/Olympus", "timezone"),
        ("1,2,3,4,5", "5 parts"),
    ],
)
def test_a_site_that_is_none_is_refused(text, message):
    with pytest.raises(ConfigError, match=message):
        site_of(text)


@pytest.mark.parametrize(
    ("nights", "minutes", "seed", "more", "message"),
    [
        (["2024-02-01"], 30, 1, {}, "is no night"),
        (["20240631"], 30, 1, {}, "is no night"),
        (["20240621"], 30, 1, {}, "does not stay 6 degrees below"),
        (["20240201"], 0, 1, {}, "--minutes"),
        (["20240201"], 30, -1, {}, "--seed"),
        (["20240201", "20240201"], 30, 1, {}, "twice"),
        (["20240201"], 30, 1, {"camera": "kodak"}, "is no camera"),
    ],
)
def test_options_that_make_no_sense_are_refused_by_name(nights, minutes, seed, more, message):
    with pytest.raises(ConfigError, match=message):
        plans_of(nights, minutes, seed, SITE, **more)


@pytest.mark.parametrize(
    ("nights", "sample", "camera", "message"),
    [([], False, "", "--sample"), (["20240201"], True, "", "--sample"), ([], True, "random", "its own site")],
)
def test_either_nights_or_the_season_are_asked_for(nights, sample, camera, message):
    with pytest.raises(ConfigError, match=message):
        check_choice(nights, sample, SITE, camera)
