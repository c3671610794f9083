"""Zones and broken numbers in the text of a time strip."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_gradcam.preprocessing.times.readings import Reading, parse

FORMATS = ("%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S")
ZONES = {"MST": -7.0, "MDT": -6.0, "EST": -5.0, "UTC": 0.0, "Local+1": 1.0}
LOCAL = datetime(2024, 3, 9, 18, 0, 0)


@pytest.mark.parametrize(
    ("rest", "offset"),
    [
        (" MST", -420), (" (MST)", -420), ("MST", -420), (" MST/HNR", -420), (" MSTIHNR", -420), (" MSTHNR", -420),
        (" mst", -420), (" UTC Exposure 20 s", 0), (" [UTC]", 0), ("Z", 0), (" Local+1", 60),
        (" UTC+2", 120), (" UTC-07:00", -420), (" GMT+0530", 330), ("+02:00", 120), ("-0700", -420),
        (" (UTC-7 MST)", -420),
        (" Amsterdam", None), (" Hamstead", None), (" Westgate", None), (" ESTONIA", None), (" Estate", None),
        (" M\u00fcnstMST", None), (" UTC2", None), (" UTC_2", None), (" MST-3", None), (" UTC+99", None),
        (" -12C", None), (" +2.5 C", None), (" +12:30:00", None), (" Zoom", None), ("", None),
    ],
)  # fmt: skip
def test_a_zone_counts_as_a_whole_word_only(rest, offset):
    (reading,) = parse(f"2024-03-09 18:00:00{rest}", FORMATS, ZONES)
    assert reading == Reading(LOCAL, offset)


@pytest.mark.parametrize(("before", "offset"), [("UTC ", 0), ("MST: ", -420), ("(MST) ", -420), ("Amsterdam ", None),
                                                ("MST camera 4 ", None), ("", None)])  # fmt: skip
def test_a_zone_may_stand_right_before_the_time(before, offset):
    assert parse(f"{before}2024-03-09 18:00:00", FORMATS, ZONES) == [Reading(LOCAL, offset)]


@given(st.text(st.characters(categories=["Lu", "Ll"]), min_size=1), st.sampled_from(["MST", "UTC", "EST"]),
       st.text(st.characters(categories=["Lu", "Ll"])))  # fmt: skip
def test_no_word_with_a_zone_inside_is_one(before, zone, after):
    (reading,) = parse(f"2024-03-09 18:00:00 {before}{zone}{after}", FORMATS, {zone: 3.0})
    assert reading.utc_offset_min is None


@given(st.datetimes(datetime(2000, 1, 1), datetime(2049, 1, 1)).map(lambda time: time.replace(microsecond=0)),
       st.sampled_from(FORMATS), st.data())  # fmt: skip
def test_one_blank_inside_a_number_is_overlooked(local, form, data):
    text = local.strftime(form)
    inside = [k for k in range(1, len(text)) if text[k - 1].isdigit() and text[k].isdigit()]
    place = data.draw(st.sampled_from(inside))
    assert parse(f"{text[:place]} {text[place:]} MST", FORMATS, ZONES) == [Reading(local, -420)]
