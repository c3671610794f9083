"""The bundled season: every condition, both eras and both changes of the clock, and aurora by the law of Kp."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from aurora_gradcam.conditions import CONDITIONS
from aurora_gradcam.config import Illuminate, Site
from aurora_gradcam.preprocessing.sky import illuminated
from aurora_gradcam.season import calendar, season
from aurora_gradcam.simulation import overlay
from aurora_gradcam.simulation.camera import AURORAMAX_2018, AURORAMAX_2024
from aurora_gradcam.simulation.plan import Plan
from aurora_gradcam.tables.indices import read_kp

SITE, ZONE = Site(), ZoneInfo("America/Yellowknife")


@pytest.fixture(scope="module")
def plans() -> tuple[Plan, ...]:
    return season.season()


def test_it_is_128_nights_named_by_their_mornings_in_the_winters_of_the_study(plans):
    assert len({plan.night for plan in plans}) == len(plans) == 128
    for plan in plans:
        assert (plan.start.astimezone(ZONE) + timedelta(hours=12)).strftime("%Y%m%d") == plan.night
    months = Counter(plan.night[:6] for plan in plans)
    study = {"202212", *(f"20230{m}" for m in range(1, 5)), *(f"20240{m}" for m in range(2, 5)), "202412", "202501"}
    assert set(months) == study | {"202502", "202411"} and min(months.values()) >= 8


def test_lengths_are_short_but_for_four_nights_of_three_hours(plans):
    minutes = Counter(plan.frames // 10 for plan in plans)
    assert minutes.pop(180) == 4
    assert set(minutes) == set(range(10, 13))


def test_every_night_has_its_condition_from_beginning_to_end(plans):
    """The stage's own classes, at every kept frame."""
    utc = [time for plan in plans for time in plan.times()[::10]]
    nights = [plan.night for plan in plans for _ in plan.times()[::10]]
    sky = illuminated(pd.DatetimeIndex(utc), SITE, Illuminate())
    of_night = defaultdict(set)
    for night, condition in zip(nights, zip(sky["sun_class"], sky["moon_class"], strict=True), strict=True):
        of_night[night].add(condition)
    assert {len(found) for found in of_night.values()} == {1}
    counts = Counter(next(iter(found)) for found in of_night.values())
    assert set(counts) == set(CONDITIONS)
    assert counts.pop(("Night", "No_Moon")) >= 50 and min(counts.values()) >= 8


def test_the_hours_run_from_dusk_to_dawn(plans):
    hours = Counter(plan.start.astimezone(ZONE).hour for plan in plans)
    assert set(hours) >= {17, 18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5, 6, 7}


def test_both_eras_both_clock_changes_gaps_and_bad_frames_are_there(plans):
    texts = [overlay.stamp(plan.start, ZONE) for plan in plans]
    assert any("/HNR" in text for text in texts) and any(text.endswith(" MST") for text in texts)
    assert {plan.camera for plan in plans if plan.start.year < 2024} == {AURORAMAX_2018}
    assert {plan.camera for plan in plans if plan.start.year >= 2024} == {AURORAMAX_2024}
    for night in calendar.CLOCK_CHANGES:
        times = next(plan for plan in plans if plan.night == night).times()
        assert {time.astimezone(ZONE).tzname() for time in times} == {"MST", "MDT"}
    gaps = [plan for plan in plans if plan.gap]
    assert len(gaps) == 2 and all(max(np.diff(plan.times())) > timedelta(minutes=8) for plan in gaps)
    for kind in ("black", "damaged"):
        frames = [number for plan in plans for number in getattr(plan, kind)]
        assert len(frames) > 5 and any(number % 10 == 0 for number in frames)
        assert all(number < plan.frames for plan in plans for number in getattr(plan, kind))


def test_skies_are_cloudy_and_airglow_has_waves_at_their_shares(plans):
    # 128 nights: two standard deviations of a share are 0.08
    assert np.mean([bool(plan.clouds) for plan in plans]) == pytest.approx(season.CLOUDY, abs=0.1)
    assert np.mean([plan.waves is not None for plan in plans]) == pytest.approx(season.WAVY, abs=0.08)


def test_strength_follows_the_kp_of_the_night(plans):
    kp = read_kp()
    of_night = [kp[pd.Timestamp(plan.start).floor("3h")] for plan in plans]
    strongest = [max(episode.strength for episode in plan.episodes) for plan in plans]
    # the scatter of 0.4 decades and the hour blur the law
    assert spearmanr(of_night, strongest).statistic > 0.6


def test_a_night_is_drawn_from_its_name_alone(plans):
    kp, slot = read_kp(), calendar.slots()[70]
    assert season.plan_of(slot, kp) == plans[70]
    assert season.plan_of(slot._replace(night="20240201"), kp).clouds != plans[70].clouds or not plans[70].clouds
