from __future__ import annotations

from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_gradcam.config import CONDITIONS, Illuminate, Site
from aurora_gradcam.errors import ConfigError
from aurora_gradcam.preprocessing.sky import illuminated
from aurora_gradcam.simulation import overlay
from aurora_gradcam.simulation.ephemeris import ephemeris
from aurora_gradcam.simulation.plan import random_plan
from aurora_gradcam.simulation.sample import FRAMES, SAMPLE
from aurora_gradcam.simulation.simulate import plans_of

SITE, ZONE = Site(), ZoneInfo("America/Yellowknife")


@pytest.fixture(scope="module")
def conditions() -> dict[str, Counter]:
    """Minutes of each condition in each night of the sample."""
    found = {}
    for plan in SAMPLE:
        sky = illuminated(pd.DatetimeIndex(plan.times()[::10]), SITE, Illuminate())
        found[plan.night] = Counter(zip(sky["sun_class"], sky["moon_class"], strict=True))
    return found


def test_the_sample_is_24_nights_of_half_an_hour_named_by_their_mornings():
    assert len({plan.night for plan in SAMPLE}) == len(SAMPLE) == 24
    assert {plan.frames for plan in SAMPLE} == {FRAMES} == {300}
    for plan in SAMPLE:
        assert (plan.start.astimezone(ZONE) + timedelta(hours=12)).strftime("%Y%m%d") == plan.night
    seasons = {f"2022-{12}", *(f"2023-0{m}" for m in range(1, 5)), *(f"2024-0{m}" for m in range(2, 5))}
    seasons |= {"2024-12", "2025-01", "2025-02"}
    months = {f"{plan.night[:4]}-{plan.night[4:6]}" for plan in SAMPLE}
    assert months <= seasons and len(months) <= 9


def test_the_sample_holds_all_nine_conditions_and_mostly_dark_nights(conditions):
    assert set().union(*conditions.values()) == set(CONDITIONS)
    dark = [night for night, found in conditions.items() if found["Night", "No_Moon"] == 30]
    assert len(dark) >= 14
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


@settings(max_examples=12, deadline=None)
@given(day=st.dates(pd.Timestamp("2022-10-01").date(), pd.Timestamp("2023-04-15").date()), seed=st.integers(0, 99))
def test_a_random_night_is_dark_throughout_and_belongs_to_its_morning(day, seed):
    plan = random_plan(f"{day:%Y%m%d}", 40, seed, SITE)
    assert ephemeris(plan.times(), SITE).sun_altitude.max() < -5.9
    assert (plan.start.astimezone(ZONE) + timedelta(hours=12)).date() == day
    assert plan == random_plan(f"{day:%Y%m%d}", 40, seed, SITE)


@pytest.mark.parametrize(
    ("nights", "minutes", "seed", "sample", "message"),
    [
        ([], 30, 1, False, "--sample"),
        (["20240201"], 30, 1, True, "--sample"),
        (["2024-02-01"], 30, 1, False, "is no night"),
        (["20240631"], 30, 1, False, "is no night"),
        (["20240621"], 30, 1, False, "does not stay 6 degrees below"),
        (["20240201"], 0, 1, False, "--minutes"),
        (["20240201"], 30, -1, False, "--seed"),
        (["20240201", "20240201"], 30, 1, False, "twice"),
    ],
)
def test_options_that_make_no_sense_are_refused_by_name(nights, minutes, seed, sample, message):
    with pytest.raises(ConfigError, match=message):
        plans_of(nights, minutes, seed, SITE, sample)
