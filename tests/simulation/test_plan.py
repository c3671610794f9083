from __future__ import annotations

from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_gradcam.conditions import CONDITIONS
from aurora_gradcam.config import Illuminate, Site
from aurora_gradcam.errors import ConfigError
from aurora_gradcam.preprocessing.sky import illuminated
from aurora_gradcam.simulation import overlay
from aurora_gradcam.simulation.camera import AURORAMAX_2018, AURORAMAX_2024
from aurora_gradcam.simulation.draw import random_plan
from aurora_gradcam.simulation.ephemeris import ephemeris
from aurora_gradcam.simulation.sample import FRAMES, SAMPLE
from aurora_gradcam.simulation.simulate import camera_of, plans_of, site_of

SITE, ZONE = Site(), ZoneInfo("America/Yellowknife")


@pytest.fixture(scope="module")
def conditions() -> dict[str, Counter]:
    """Minutes of each condition in each night of the sample."""
    found = {}
    for plan in SAMPLE:
        sky = illuminated(pd.DatetimeIndex(plan.times()[::10]), SITE, Illuminate())
        found[plan.night] = Counter(zip(sky["sun_class"], sky["moon_class"], strict=True))
    return found


def test_the_sample_is_40_nights_of_40_minutes_named_by_their_mornings():
    assert len({plan.night for plan in SAMPLE}) == len(SAMPLE) == 40
    assert {plan.frames for plan in SAMPLE} == {FRAMES} == {400}
    for plan in SAMPLE:
        assert (plan.start.astimezone(ZONE) + timedelta(hours=12)).strftime("%Y%m%d") == plan.night
    seasons = {f"2022-{12}", *(f"2023-0{m}" for m in range(1, 5)), *(f"2024-0{m}" for m in range(2, 5))}
    seasons |= {"2024-12", "2025-01", "2025-02"}
    months = {f"{plan.night[:4]}-{plan.night[4:6]}" for plan in SAMPLE}
    assert months <= seasons and len(months) <= 9


def test_the_sample_holds_all_nine_conditions_and_mostly_dark_nights(conditions):
    assert set().union(*conditions.values()) == set(CONDITIONS)
    dark = [night for night, found in conditions.items() if found["Night", "No_Moon"] == 40]
    assert len(dark) >= 20
    assert sum(len({sun for sun, _ in found}) == 2 for found in conditions.values()) >= 3


def test_the_sample_holds_both_eras_the_march_clock_change_a_gap_and_bad_frames():
    texts = [overlay.stamp(plan.start, ZONE) for plan in SAMPLE]
    assert any("/HNR" in text for text in texts) and any(text.endswith(" MST") for text in texts)
    change = next(plan for plan in SAMPLE if plan.night == "20240310")
    assert {time.astimezone(ZONE).tzname() for time in change.times()} == {"MST", "MDT"}
    steps = {(b - a).total_seconds() for plan in SAMPLE for a, b in zip(plan.times(), plan.times()[1:], strict=False)}
    assert steps == {6.0, 726.0}
    minutes = [{k for k in faults if k % 10 == 0} for plan in SAMPLE for faults in (plan.black, plan.damaged) if faults]
    assert len(minutes) == 2 and all(minutes)


def test_each_era_has_its_camera():
    assert {plan.camera for plan in SAMPLE if plan.start.year < 2024} == {AURORAMAX_2018}
    assert {plan.camera for plan in SAMPLE if plan.start.year >= 2024} == {AURORAMAX_2024}


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
        ([], 30, 1, {}, "--sample"),
        (["20240201"], 30, 1, {"sample": True}, "--sample"),
        ([], 30, 1, {"sample": True, "camera": "random"}, "its own site"),
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
        plans_of(nights, minutes, seed, SITE, **{"sample": False, **more})
