"""Sun and Moon against published almanac values and a second implementation; classes against their edges."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_gradcam.conditions import MOON_CLASSES, SUN_CLASSES
from aurora_gradcam.config import Illuminate, Site
from aurora_gradcam.errors import DataError, InputError
from aurora_gradcam.preprocessing import sky

YELLOWKNIFE = Site()
EDGES = Illuminate()
SEASONS = (("2022-12-01", "2023-04-30"), ("2024-02-01", "2024-04-30"), ("2024-12-01", "2025-02-28"))
"""First and last night of the study's 151 + 90 + 90 nights."""


def at(*texts: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.to_datetime(list(texts), utc=True, format="ISO8601"))


def one(text: str, site: Site = YELLOWKNIFE) -> pd.Series:
    return sky.sun_and_moon(at(text), site).iloc[0]


def low_precision_sun(utc: pd.DatetimeIndex, site: Site) -> tuple[np.ndarray, np.ndarray]:
    """Altitude and azimuth by the Astronomical Almanac's low-precision formulas (page C5), good to 0.01 degree."""
    days = (utc - pd.Timestamp("2000-01-01 12:00", tz="UTC")) / pd.Timedelta(days=1)
    days = days.to_numpy()
    mean_longitude, anomaly = 280.460 + 0.9856474 * days, np.radians(357.528 + 0.9856003 * days)
    longitude = np.radians(mean_longitude + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    obliquity = np.radians(23.439 - 4e-7 * days)
    right_ascension = np.arctan2(np.cos(obliquity) * np.sin(longitude), np.cos(longitude))
    declination = np.arcsin(np.sin(obliquity) * np.sin(longitude))
    sidereal = np.radians(280.46061837 + 360.98564736629 * days + site.longitude)
    hour_angle, latitude = sidereal - right_ascension, np.radians(site.latitude)
    altitude = np.arcsin(
        np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(hour_angle)
    )
    azimuth = np.arctan2(
        -np.cos(declination) * np.sin(hour_angle),
        np.sin(declination) * np.cos(latitude) - np.cos(declination) * np.sin(latitude) * np.cos(hour_angle),
    )
    return np.degrees(altitude), np.degrees(azimuth) % 360


def test_sun_agrees_with_the_almanacs_low_precision_formulas_all_year():
    utc = pd.date_range("2022-12-01", "2025-02-28", freq="31h7min", tz="UTC")
    found = sky.sun_and_moon(utc, YELLOWKNIFE)
    altitude, azimuth = low_precision_sun(utc, YELLOWKNIFE)
    assert np.abs(found["sun_altitude"] - altitude).max() < 0.02
    turned = np.abs((found["sun_azimuth"] - azimuth + 180) % 360 - 180) * np.cos(np.radians(altitude))
    assert turned.max() < 0.02


def test_sun_agrees_with_the_worked_example_of_the_solar_position_algorithm():
    # Reda and Andreas 2008, NREL/TP-560-34302, table A5.1: azimuth 194.340241, altitude without refraction 39.872046
    golden = Site(latitude=39.742476, longitude=-105.1786, elevation_m=1830.14, timezone="America/Denver")
    found = one("2003-10-17 19:30:30", golden)
    # 0.004 degree is one second of sidereal time: the example takes UT1 = UTC
    assert found["sun_altitude"] == pytest.approx(39.872046, abs=0.003)
    assert found["sun_azimuth"] == pytest.approx(194.340241, abs=0.004)


def test_moon_stands_where_the_first_real_frame_shows_it():
    found = one("2018-04-21 05:19:18")
    assert found["moon_altitude"] == pytest.approx(23.9, abs=0.05)
    assert found["moon_azimuth"] == pytest.approx(266.9, abs=0.05)
    classes = sky.illuminated(at("2018-04-21 05:19:18"), YELLOWKNIFE, EDGES).iloc[0]
    assert (classes["sun_class"], classes["moon_class"]) == ("Nautical", "Moon_Quarter")


@pytest.mark.parametrize(
    ("published", "phase"),
    [
        ("2024-01-25 17:54", 180),
        ("2024-02-09 22:59", 0),
        ("2024-02-16 15:01", 90),
        ("2024-03-03 15:23", 90),
        ("2024-04-08 18:21", 0),
    ],
)
def test_folded_phase_turns_at_the_published_moon_phases(published, phase):
    # US Naval Observatory, Phases of the Moon 2024, to the minute; the Moon gains half a degree an hour on the Sun
    assert one(published)["moon_phase_angle"] == pytest.approx(phase, abs=0.012)


def test_phase_counts_up_before_full_moon_and_down_after():
    phases = sky.sun_and_moon(at("2024-01-24 17:54", "2024-01-25 17:54", "2024-01-26 17:54"), YELLOWKNIFE)
    before, full, after = phases["moon_phase_angle"]
    assert before == pytest.approx(180 - 12, abs=2)
    assert after == pytest.approx(180 - 12, abs=2)
    assert full > 179.9


def test_illumination_agrees_with_meeus_example():
    # Meeus, Astronomical Algorithms, example 48.a: k = 0.6786 from the Earth's centre on 1992 April 12, 0h TD;
    # seen from the surface the phase angle differs by at most the parallax, 1 degree: 0.0082 of the disc
    assert one("1992-04-11 23:59:01")["moon_illumination"] == pytest.approx(0.6786, abs=0.0085)


def test_elevation_of_the_site_hardly_matters():
    high, low = (one("2024-01-25 08:00", Site(elevation_m=metres)) for metres in (200.0, 0.0))
    assert np.abs(high - low).max() < 1e-4


def test_unknown_times_give_rows_of_nulls_and_change_no_other_row():
    utc = at("2024-02-01 06:00", "2024-02-01 06:01", "2024-02-01 06:02").insert(1, pd.NaT)
    found = sky.illuminated(utc, YELLOWKNIFE, EDGES)
    assert found.iloc[1].isna().all()
    assert not found.iloc[[0, 2, 3]].isna().any(axis=None)
    pd.testing.assert_frame_equal(
        found.iloc[[0, 2, 3]].reset_index(drop=True), sky.illuminated(utc[[0, 2, 3]], YELLOWKNIFE, EDGES)
    )


def test_times_of_another_zone_and_without_a_zone_are_turned_into_utc():
    utc = at("2024-02-01 06:00:00.25")
    expected = sky.sun_and_moon(utc, YELLOWKNIFE)
    pd.testing.assert_frame_equal(sky.sun_and_moon(utc.tz_convert("America/Yellowknife"), YELLOWKNIFE), expected)
    pd.testing.assert_frame_equal(sky.sun_and_moon(utc.tz_localize(None), YELLOWKNIFE), expected)


def test_parts_of_a_second_count():
    azimuths = sky.sun_and_moon(at("2024-02-01 20:00:00", "2024-02-01 20:00:00.5", "2024-02-01 20:00:01"), YELLOWKNIFE)
    first, middle, last = azimuths["sun_azimuth"]
    assert middle == pytest.approx((first + last) / 2, abs=1e-5)
    assert last - first > 0.003


def test_chunks_change_nothing(monkeypatch):
    utc = pd.date_range("2024-02-01", periods=50, freq="7min", tz="UTC")
    whole = sky.sun_and_moon(utc, YELLOWKNIFE)
    monkeypatch.setattr(sky, "CHUNK", 7)
    pd.testing.assert_frame_equal(sky.sun_and_moon(utc, YELLOWKNIFE), whole, rtol=0, atol=2e-6)


def test_memory_does_not_grow_with_the_number_of_times(monkeypatch):
    monkeypatch.setattr(sky, "CHUNK", 500)
    sky.open_ephemeris("de421.bsp")
    peaks = []
    for count in (1_000, 4_000):
        utc = pd.date_range("2024-02-01", periods=count, freq="min", tz="UTC")
        tracemalloc.start()
        sky.sun_and_moon(utc, YELLOWKNIFE)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 15e6  # without chunks a time costs 20 kB, 3,000 times 60 MB


def test_a_time_outside_the_ephemeris_is_refused_with_its_range():
    with pytest.raises(DataError, match=r"1899-07-2\d to 2053-10-0\d"):
        sky.sun_and_moon(at("2024-02-01", "2060-01-01"), YELLOWKNIFE)


def test_an_ephemeris_is_found_by_name_or_by_path_and_refused_clearly(tmp_path):
    by_name = sky.open_ephemeris("de421.bsp")
    copy = tmp_path / "mine.bsp"
    copy.symlink_to(by_name.path)
    utc = at("2024-02-01 06:00")
    pd.testing.assert_frame_equal(
        sky.sun_and_moon(utc, YELLOWKNIFE, str(copy)), sky.sun_and_moon(utc, YELLOWKNIFE, "de421.bsp")
    )
    damaged = tmp_path / "damaged.bsp"
    damaged.write_bytes(b"not an ephemeris" * 100)
    for bad in (tmp_path / "absent.bsp", damaged):
        with pytest.raises(InputError, match=bad.name):
            sky.open_ephemeris(str(bad))


def rule_of_the_sun(altitude: float) -> str:
    """FACTS, as printed there."""
    if altitude <= -18:
        return "Night"
    if -18 < altitude <= -12:
        return "Astronomical"
    if -12 < altitude <= -6:
        return "Nautical"
    return "Civil" if -6 < altitude < 0 else "Day"


def rule_of_the_moon(phase: float, altitude: float) -> str:
    if phase >= 150 and altitude > 5:
        return "Moon_Full"
    return "Moon_Quarter" if 45 <= phase < 150 and altitude > 10 else "No_Moon"


def around(*edges: float) -> st.SearchStrategy[float]:
    neighbours = [near for edge in edges for near in (np.nextafter(edge, -999), edge, np.nextafter(edge, 999))]
    return st.sampled_from([float(near) for near in neighbours]) | st.floats(-90, 90)


@given(st.lists(around(-18, -12, -6, 0), min_size=1))
def test_sun_classes_have_the_studys_exact_edges(altitudes):
    found = sky.sun_class(np.array(altitudes), EDGES)
    assert list(found) == [rule_of_the_sun(altitude) for altitude in altitudes]


@given(st.lists(st.tuples(around(45, 150) | st.floats(90, 180), around(5, 10)), min_size=1))
def test_moon_classes_have_the_studys_exact_edges(pairs):
    phases, altitudes = np.array(pairs).T
    found = sky.moon_class(phases, altitudes, EDGES)
    assert list(found) == [rule_of_the_moon(*pair) for pair in pairs]


def test_edges_come_from_the_params():
    moved = Illuminate(sun_edges=(-16, -11, -5, 1), moon_full={"phase_angle": 120, "altitude": 0})
    assert list(sky.sun_class(np.array([-16.0, -11.0, -5.0, 0.9, 1.0]), moved)) == list(SUN_CLASSES)
    assert list(sky.moon_class(np.array([120.0, 119.0, 40.0]), np.array([1.0, 11.0, 50.0]), moved)) == [
        "Moon_Full",
        "Moon_Quarter",
        "No_Moon",
    ]


def test_the_studys_331_nights_split_over_the_moon_classes_as_published():
    # 00:00 to 16:00 UTC is 17:00 to 09:00 in Yellowknife; at both ends the sun is never below -18 there
    dates = np.concatenate([pd.date_range(*season).to_numpy() for season in SEASONS])
    assert len(dates) == 331
    minutes = np.arange(0, 16 * 60, 10).astype("timedelta64[m]")
    found = sky.illuminated(pd.DatetimeIndex((dates[:, None] + minutes).ravel()), YELLOWKNIFE, EDGES)
    ends = found["sun_class"].to_numpy().reshape(331, -1)[:, [0, -1]]
    assert not (ends == "Night").any()
    shares = found.loc[found["sun_class"] == "Night", "moon_class"].value_counts(normalize=True)
    assert shares[list(MOON_CLASSES)].to_numpy() == pytest.approx([0.574, 0.253, 0.173], abs=0.003)
