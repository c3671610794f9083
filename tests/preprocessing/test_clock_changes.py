"""Changes of clocks and zone rules: the printed zone decides, then the order of the night; else the time is open."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_gradcam.config import OcrUtc, Site
from aurora_gradcam.preprocessing.times import clock
from aurora_gradcam.preprocessing.times.readings import Reading
from aurora_gradcam.zones import zone_named, zone_rules

YELLOWKNIFE = "America/Yellowknife"
OCR = OcrUtc()
AUTUMN = datetime(2023, 11, 5, 8, 0, tzinfo=UTC)
"""The moment at which 2:00 MDT became 1:00 MST."""


def place(truth: list[datetime], form: str = "%Y-%m-%d %H:%M:%S", zone: str = YELLOWKNIFE, elapsed_s=None):
    """Table and notes of frames a minute apart that print the zone's own local time."""
    texts = [moment.astimezone(zone_named(zone)).strftime(form) for moment in truth]
    night = truth[len(truth) // 2].astimezone(zone_named(zone)).date()
    elapsed = 60.0 * np.arange(len(texts)) if elapsed_s is None else elapsed_s
    return clock.place(texts, elapsed, np.ones(len(texts), bool), night, OCR, zone)


def minutes(start: datetime, count: int, first: int = 0) -> list[datetime]:
    return [start + timedelta(minutes=first + k) for k in range(count)]


def errors(table: pd.DataFrame, truth: list[datetime]) -> pd.Series:
    return (table["utc"] - pd.Series(truth)).dt.total_seconds()


@settings(deadline=None, max_examples=25)
@given(st.integers(-240, 120), st.integers(4, 240), st.sampled_from([(YELLOWKNIFE, AUTUMN),
       ("Europe/Oslo", datetime(2023, 10, 29, 1, 0, tzinfo=UTC)),
       ("Australia/Lord_Howe", datetime(2024, 4, 6, 15, 0, tzinfo=UTC))]))  # fmt: skip
def test_a_night_at_the_doubled_hour_is_right_or_open_but_never_wrong(first, count, change):
    zone, moment = change
    truth = minutes(moment, count, first)
    table, notes = place(truth, zone=zone)
    assert (errors(table, truth).dropna() == 0).all()
    doubled = [len(Reading(t.astimezone(zone_named(zone)).replace(tzinfo=None), None).moments(zone_named(zone))) == 2
               for t in truth]  # fmt: skip
    if all(doubled) and not truth[0] < moment <= truth[-1]:
        assert (table["time_status"] == "failed").all() and "comes twice" in notes[-1]
    elif not all(doubled[:4]) and not all(doubled[-4:]):
        assert (table["time_status"] == "read").all() and not notes


def test_a_gap_on_both_sides_of_the_doubled_hour_leaves_it_open():
    truth = [*minutes(AUTUMN, 20, -80), *minutes(AUTUMN, 20, 20), *minutes(AUTUMN, 20, 90)]
    table, notes = place(truth)
    assert table["time_status"].tolist() == ["read"] * 20 + ["failed"] * 20 + ["read"] * 20
    assert any("20 frames lie in the hour that comes twice" in note for note in notes)


def test_a_step_back_in_the_printed_times_tells_the_two_hours_apart():
    truth = minutes(AUTUMN, 90, -45)
    table, _ = place(truth)
    assert (errors(table, truth) == 0).all()


def test_a_zone_that_is_not_configured_but_is_the_rules_own_tells_the_two_hours_apart():
    truth = minutes(datetime(2023, 10, 29, 1, 0, tzinfo=UTC), 30, 5)
    table, notes = place(truth, "%Y-%m-%d %H:%M:%S %Z", "Europe/Oslo")
    assert (errors(table, truth) == 0).all() and not notes


def test_a_clock_that_is_not_put_forward_in_spring_is_followed_and_noted():
    start = datetime(2024, 3, 10, 8, 0, tzinfo=UTC)  # 1:00 MST
    truth = minutes(start, 180)
    texts = [(t - timedelta(hours=7)).strftime("%Y-%m-%d %H:%M:%S") for t in truth]
    args = 60.0 * np.arange(180), np.ones(180, bool), date(2024, 3, 10), OCR, YELLOWKNIFE
    table, notes = clock.place(texts, *args)
    assert (table["time_status"] == "read").all() and (errors(table, truth) == 0).all()
    assert any("02:00" in note and "not put forward" in note for note in notes)


def test_one_time_in_the_skipped_hour_is_no_change_of_the_clock():
    truth = minutes(datetime(2024, 3, 10, 8, 30, tzinfo=UTC), 60)
    texts = [t.astimezone(zone_named(YELLOWKNIFE)).strftime("%Y-%m-%d %H:%M:%S") for t in truth]
    assert " 03:10:" in texts[40]
    texts[40] = texts[40].replace(" 03:", " 02:")
    args = 60.0 * np.arange(60), np.ones(60, bool), date(2024, 3, 10), OCR, YELLOWKNIFE
    table, notes = clock.place(texts, *args)
    assert len(notes) <= 1 and not any("put forward" in note for note in notes)
    assert (errors(table, truth) == 0).all()


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S %Z"])
def test_yellowknife_stays_at_six_hours_from_november_2026(form):
    truth = minutes(datetime(2026, 12, 1, 7, 30, tzinfo=UTC), 20)
    table, notes = place(truth, form)
    assert (errors(table, truth) == 0).all() and (table["utc_offset_min"] == -360).all() and not notes
    assert truth[0].astimezone(zone_named(YELLOWKNIFE)).strftime("%H:%M %Z") == "01:30 CST"


def test_a_printed_zone_against_the_rules_decides_and_is_noted():
    truth = minutes(datetime(2026, 12, 1, 7, 30, tzinfo=UTC), 20)
    texts = [(t - timedelta(hours=7)).strftime("%Y-%m-%d %H:%M:%S MST") for t in truth]
    table, notes = clock.place(texts, 60.0 * np.arange(20), np.ones(20, bool), date(2026, 12, 1), OCR, YELLOWKNIFE)
    assert (errors(table, truth) == 0).all()
    assert notes == ["20 frames print a zone that America/Yellowknife does not have then; the printed one decides"]


def test_a_printed_zone_that_nothing_knows_is_noted():
    texts = [t.strftime("%Y-%m-%d %H:%M:%S AKST") for t in minutes(datetime(2024, 2, 1), 20)]
    _, notes = clock.place(texts, 60.0 * np.arange(20), np.ones(20, bool), date(2024, 2, 1), OCR, YELLOWKNIFE)
    assert notes == ["20 frames print 'AKST', which ocr_utc.zones does not hold; America/Yellowknife decides"]


def test_the_rules_of_the_system_change_nothing(tmp_path: Path):
    rules = tmp_path / "America" / "Yellowknife"
    rules.parent.mkdir()
    # version 1 of the format, without transitions: MST for ever
    rules.write_bytes(b"TZif" + bytes(16) + b"".join(n.to_bytes(4, "big") for n in (0, 0, 0, 0, 1, 4))
                      + (-7 * 3600).to_bytes(4, "big", signed=True) + b"\0\0" + b"MST\0")  # fmt: skip
    code = (
        "from datetime import datetime; from zoneinfo import ZoneInfo\n"
        "from aurora_gradcam.zones import zone_named\n"
        f"for zone in (ZoneInfo('{YELLOWKNIFE}'), zone_named('{YELLOWKNIFE}')):\n"
        "    print(datetime(2026, 12, 1, 1, 30, tzinfo=zone).utcoffset().total_seconds() / 3600)\n"
    )
    env = os.environ | {"PYTHONTZPATH": str(tmp_path)}
    output = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    assert output.split() == ["-7.0", "-6.0"]


def test_the_version_of_the_rules_is_named():
    import tzdata

    assert zone_rules() == f"tzdata {tzdata.__version__} (IANA {tzdata.IANA_VERSION})"


@pytest.mark.parametrize(
    "name", ["", ".", "..", "America", "Nowhere/Else", "../tzdata", "/etc/hosts", "zone.tab", "a\0b"]
)
def test_what_is_no_zone_is_refused_by_name(name):
    with pytest.raises(ValueError, match="no IANA time zone"):
        Site(timezone=name)
