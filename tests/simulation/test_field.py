"""The magnetic zenith against antennas that were built to look along the field."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aurora_gradcam.simulation.field import magnetic_zenith


def test_the_eiscat_svalbard_radars_fixed_dish_looks_up_the_field_line():
    # the 42 m antenna near Longyearbyen, built in 1999 along the field: azimuth 184.5, elevation 82.1 degrees
    altitude, azimuth = magnetic_zenith(78.153, 16.029, datetime(2000, 1, 1, tzinfo=UTC))
    assert altitude == pytest.approx(82.1, abs=0.4)
    assert azimuth == pytest.approx(184.5, abs=2.5)


def test_at_yellowknife_it_stands_south_of_the_zenith_and_west_of_south():
    altitude, azimuth = magnetic_zenith(62.4333, -114.35, datetime(2024, 2, 1, tzinfo=UTC))
    assert 80.0 < altitude < 82.5
    assert 193.0 < azimuth < 197.5  # declination about 15 degrees east


def test_in_the_south_it_stands_north_of_the_zenith():
    # Syowa, Antarctica
    altitude, azimuth = magnetic_zenith(-69.0, 39.6, datetime(2024, 1, 1, tzinfo=UTC))
    assert 55 < altitude < 72 and (azimuth < 90 or azimuth > 270)
