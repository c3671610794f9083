from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_gradcam.config import OcrUtc, Predict
from aurora_gradcam.errors import ConfigError
from aurora_gradcam.prediction import names

KHO = Predict(image_time="%d%m%y_%H%M%S")


@pytest.mark.parametrize(
    ("name", "rule", "expected"),
    [
        ("nipr-longyearbyen_20140218235440.jpg", Predict(), "2014-02-18T23:54:40"),
        ("LYR-Sony-020220_035301-ql.jpg", KHO, "2020-02-02T03:53:01"),
        ("cam7_20240201T013000Z.png", Predict(image_time="%Y%m%dT%H%M%S"), "2024-02-01T01:30:00"),
        ("2024-02-01 01.30.00.png", Predict(image_time="%Y-%m-%d %H.%M.%S"), "2024-02-01T01:30:00"),
        ("day 032 of 2024 at 0130.png", Predict(image_time="%j of %Y at %H%M"), "2024-02-01T01:30:00"),
        # UTC-7 in winter, UTC-6 in summer
        ("20240131183000.jpg", Predict(image_zone="America/Yellowknife"), "2024-02-01T01:30:00"),
        ("20240630183000.jpg", Predict(image_zone="America/Yellowknife"), "2024-07-01T00:30:00"),
        ("99999999999999_20240201013000.jpg", Predict(), "2024-02-01T01:30:00"),
    ],
)
def test_the_time_in_a_name(name, rule, expected):
    assert names.time_in(name, rule) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("LYR-Sony-20180206_090020.jpg", KHO),  # 180206_090020 within it would be 18 February 2006
        ("frame_0001.jpg", Predict()),
        ("20240230013000.jpg", Predict()),  # no such day
        ("20240201013000123.jpg", Predict()),
        ("20240201013000.jpg", Predict(image_time="")),
    ],
)
def test_a_name_without_the_time_gives_none(name, rule):
    assert names.time_in(name, rule) is None


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2049, 12, 31)).map(lambda time: time.replace(microsecond=0)),
    st.sampled_from(["%Y%m%d%H%M%S", "%d%m%y_%H%M%S", "%Y-%j.%H%M%S", "%b %d %Y %I-%M-%S %p", "%%%Y.%m.%d+%H(%M)%S"]),
    st.sampled_from(["UTC", "Asia/Tokyo"]),
)
def test_whatever_strftime_writes_is_found_anywhere_in_a_name(local, form, zone):
    if "%y" in form and not 1969 <= local.year < 2069:
        return
    rule = Predict(image_time=form, image_zone=zone)
    found = names.time_in(f"camera-{local.strftime(form)}-ql.jpg", rule)
    assert found == local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize("form", ["%Y%m%d", "%H%M%S", "%Y%m%d%H%M%S%Z", "%Y%Y%m%d%H%M%S", "frame", "%Y-%m %H%M%S"])
def test_a_form_that_tells_no_time_is_refused(form):
    with pytest.raises(ConfigError, match=r"no date and time of day.*predict\.image_time"):
        names.time_in("20240201013000.jpg", Predict(image_time=form))


@pytest.mark.parametrize(
    ("name", "night"),
    [
        ("auroramaxHD_20180421_720p.mp4", "20180421"),
        ("cam_99999999_20240201.mp4", "20240201"),
        ("20240201013000.mp4", "20240201"),
        ("202402010130.mp4", "20240201"),
        ("x20240201y.mp4", "20240201"),
        ("night.mp4", None),
        ("20240230.mp4", None),
        ("120240201.mp4", None),
    ],
)
def test_the_night_in_a_videos_name(name, night):
    assert names.night_in(name, "*HD_{night}_720p.mp4") == night


def test_the_file_pattern_decides_between_two_dates():
    assert names.night_in("20260101_of_20240201.mp4", "*_of_{night}.mp4") == "20240201"


def test_the_night_of_printed_times_is_that_of_most():
    texts = ["2024-01-31 23:59:00 MST", *(f"2024-02-01 00:0{k}:00 MST" for k in range(3)), "2094-02-01 00:04:00", None]
    assert names.night_of_texts(texts, OcrUtc()) == "20240201"
    assert names.night_of_texts([None, "no signal"], OcrUtc()) is None


def test_why_no_time_fits_is_told_by_date_and_rate():
    start = datetime(2024, 2, 1, 1, 0, 0)
    texts = [(start + timedelta(seconds=300 * k)).strftime("%Y-%m-%d %H:%M:%S MST") for k in range(6)]
    right, wrong = np.arange(6) * 300.0, np.arange(6) * 60.0
    assert names.why_failed(texts, right, "20240201", OcrUtc()) == []
    (rate,) = names.why_failed(texts, wrong, "20240201", OcrUtc())
    assert "by 300 s" in rate and "60 s" in rate
    (date,) = names.why_failed(texts, right, "20230201", OcrUtc())
    assert "20230201" in date and "20240201" in date
    assert names.why_failed([None] * 6, right, "20230201", OcrUtc()) == []


def test_a_serial_number_that_looks_like_a_time_of_another_century_is_none():
    assert names.time_in("18000101000000.jpg", Predict()) is None


YELLOWKNIFE = Predict(image_zone="America/Yellowknife")


@pytest.mark.parametrize("name", ["20231105012000.png", "20231105014000.png", "20240310024500.png"])
def test_a_local_time_that_comes_twice_or_never_is_left_open(name):
    assert names.time_in(name, YELLOWKNIFE) is None


def test_open_times_are_noted_with_an_example_of_each_kind():
    pictures = [f"{time}.png" for time in ("20231105005000", "20231105012000", "20231105021000", "20240310024500", "x")]
    skipped, doubled = names.notes_on_times(pictures, YELLOWKNIFE)
    assert "1 names hold a time that America/Yellowknife skips" in skipped and "20240310024500.png" in skipped
    assert "comes twice" in doubled and "20231105012000.png" in doubled
    assert [names.time_in(picture, YELLOWKNIFE) for picture in pictures[::2][:2]] == [
        datetime(2023, 11, 5, 6, 50, tzinfo=UTC), datetime(2023, 11, 5, 9, 10, tzinfo=UTC)
    ]  # fmt: skip


def test_that_names_are_taken_as_utc_is_noted():
    assert names.notes_on_times(["20231105012000.png"], Predict()) == [names.UTC_ASSUMED]
    assert names.notes_on_times(["x.png"], Predict()) == []


def test_the_rules_of_2026_hold_for_names():
    assert names.time_in("20261201013000.png", YELLOWKNIFE) == datetime(2026, 12, 1, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Z", "+0000", "-06:00"])
def test_an_offset_in_the_name_decides_over_the_zone_of_the_params(zone):
    rule = Predict(image_time="%Y%m%dT%H%M%S%z", image_zone="America/Yellowknife")
    hour = 7 if zone == "-06:00" else 1
    assert names.time_in(f"cam_20231105T012000{zone}.png", rule) == datetime(2023, 11, 5, hour, 20, tzinfo=UTC)
    assert names.notes_on_times([f"cam_20231105T012000{zone}.png"], rule) == []
