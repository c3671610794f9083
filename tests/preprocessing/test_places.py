"""The interpolated places against Skyfield at every time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from aurora_gradcam.config import Illuminate, Site
from aurora_gradcam.errors import DataError
from aurora_gradcam.preprocessing import places, sky

KERNEL = sky.open_ephemeris("de421.bsp")
SITES = [
    Site(),
    Site(latitude=0.3, longitude=150.0, elevation_m=3000),
    Site(latitude=89.9, longitude=-70.0, elevation_m=10),
    Site(latitude=-70.0, longitude=0.0),
]


def both(utc: pd.DatetimeIndex, site: Site) -> tuple[np.ndarray, np.ndarray]:
    time = sky._skyfield_time(utc)
    return places.direct(time, site, KERNEL), places.interpolated(time, site, KERNEL)


@pytest.mark.parametrize("site", SITES, ids=lambda site: f"{site.latitude:g}")
def test_every_angle_is_skyfields_to_a_thousandth_of_a_degree_in_any_year(site):
    seconds = np.random.default_rng(0).uniform(-1.5e9, 2.2e9, 1500)  # 1922 to 2039; among them leap seconds' days
    expected, values = both(pd.to_datetime(seconds, unit="s", utc=True), site)
    difference = values - expected
    for altitude, azimuth in ((0, 1), (2, 3)):  # an azimuth near the zenith turns fast: on the sky it moves little
        turned = (difference[:, azimuth] + 180) % 360 - 180
        difference[:, azimuth] = turned * np.cos(np.radians(expected[:, altitude]))
    assert np.abs(difference[:, :5]).max() < 2e-4
    assert np.abs(difference[:, 5]).max() < 1e-4


def test_classes_of_a_whole_winter_are_skyfields():
    utc = pd.date_range("2022-12-01", "2023-04-30", freq="17min13s", tz="UTC")
    params = Illuminate()
    kinds = [(sky.sun_class(v[:, 0], params), sky.moon_class(v[:, 4], v[:, 2], params))
             for v in both(utc, Site())]  # fmt: skip
    for expected, values in zip(*kinds, strict=True):
        assert (expected == values).mean() > 0.9995  # at an edge itself a ten-thousandth of a degree may tell


def test_a_leap_second_turns_the_sky_by_its_length():
    utc = pd.DatetimeIndex(pd.to_datetime(["2016-12-31 23:59:59", "2017-01-01 00:00:00"], utc=True))
    _, values = both(utc, Site(latitude=0.0, longitude=0.0))
    direct, _ = both(utc, Site(latitude=0.0, longitude=0.0))
    assert values[:, 0] == pytest.approx(direct[:, 0], abs=1e-5)
    assert np.diff(values[:, 0])[0] == pytest.approx(np.diff(direct[:, 0])[0], abs=1e-6)


def test_a_times_values_do_not_depend_on_the_others():
    utc = pd.date_range("2024-02-01", periods=500, freq="47min", tz="UTC")
    whole = sky.sun_and_moon(utc, Site())
    single = pd.concat([sky.sun_and_moon(utc[[number]], Site()) for number in (0, 250, 499)], ignore_index=True)
    pd.testing.assert_frame_equal(whole.iloc[[0, 250, 499]].reset_index(drop=True), single)


def test_weights_give_back_a_cubic():
    share = np.linspace(0, 1, 11)
    nodes = places.STENCIL**3 - 2.0 * places.STENCIL
    assert places.weights(share) @ nodes == pytest.approx(share**3 - 2 * share)


def test_the_ends_of_the_ephemeris_are_told():
    with pytest.raises(DataError, match="outside the ephemeris"):
        sky.sun_and_moon(pd.DatetimeIndex(["2060-01-01"], tz="UTC"), Site())
