"""Legible times of clocks that are not even: what the camera prints is what the table holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aurora_gradcam.config import OcrUtc
from aurora_gradcam.preprocessing.times import clock, timeline

FORMAT = "%Y-%m-%d %H:%M:%S"
OCR = OcrUtc(formats=(FORMAT,), zones={"UTC": 0})
START = datetime(2024, 3, 9, 18, 0, 7, tzinfo=UTC)
K = np.arange(120)


def place(true_s: np.ndarray, told_s: float = 60) -> tuple[pd.DataFrame, pd.Series, list[str]]:
    """The table of frames exposed at `true_s`, where the settings promise one every `told_s`; its errors; the notes."""
    truth = [START + timedelta(seconds=int(second)) for second in np.floor(true_s)]
    texts = [moment.strftime(f"{FORMAT} UTC") for moment in truth]
    elapsed = told_s * np.arange(len(texts), dtype=float)
    table, notes = clock.place(texts, elapsed, np.ones(len(texts), bool), date(2024, 3, 10), OCR, "UTC")
    return table, (table["utc"] - pd.Series(truth)).dt.total_seconds(), notes


def is_read(true_s: np.ndarray, told_s: float = 60) -> bool:
    table, errors, _ = place(true_s, told_s)
    return bool((table["time_status"] == "read").all() and (errors == 0).all())


@settings(deadline=None, max_examples=25)
@given(st.floats(20, 170), st.sampled_from([60, 66, 90]))
def test_an_even_clock_of_any_rate_is_read(interval, told):
    assume(interval < 2.8 * told)
    assert is_read(interval * K, told)


@settings(deadline=None, max_examples=25)
@given(st.floats(0, 12), st.floats(1, 3), st.integers(0, 3600))
def test_jitter_that_leaves_the_order_is_read(amplitude, frequency, start):
    assert is_read(60 * K + amplitude * np.sin(frequency * K) + 100 + start)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_random_jitter_is_read(seed, amplitude):
    assert is_read(60 * K + np.random.default_rng(seed).uniform(-amplitude, amplitude, len(K)) + 100)


@settings(deadline=None, max_examples=25)
@given(st.floats(5, 100), st.integers(20, 110), st.booleans())
def test_auto_exposure_at_dusk_or_dawn_is_read(first, length, is_dawn):
    intervals = first + (60 - first) * np.clip(K / length, 0, 1)
    assume(abs(first - 60) / length < 2)  # the sky darkens steadily
    assert is_read(np.cumsum(intervals[::-1] if is_dawn else intervals))


@settings(deadline=None, max_examples=25)
@given(st.integers(-7200, 7200), st.integers(5, 115))
def test_a_step_either_way_is_read_and_noted(step, at):
    assume(abs(step) > 6)
    true_s = 60 * K + np.where(at <= K, step, 0) + 8000
    table, errors, notes = place(true_s)
    assert (table["time_status"] == "read").all() and (errors == 0).all()
    assert notes == [f"gaps of {step} s" if step > 0 else f"the clock was set back by {-step} s"]


def test_a_clock_that_is_set_back_and_forth_is_read_and_both_steps_are_noted():
    table, errors, notes = place(60 * K - np.where((K >= 40) & (K < 80), 40, 0) + 4000)
    assert (table["time_status"] == "read").all() and (errors == 0).all()
    assert notes == ["gaps of 40 s", "the clock was set back by 40 s"]


def test_a_rate_that_is_not_that_of_the_settings_is_noted():
    assert place(61.5 * K)[2] == [
        "printed times advance by 61.5 s a frame where extract.seconds_per_frame makes it 60 s"
    ]
    assert place(60.02 * K)[2] == []


def test_exposures_that_are_late_now_and_then_are_read_and_noted():
    late = np.where(K % 9 == 4, 5 + K % 17, 0)
    table, errors, notes = place(60 * K + late)
    assert (table["time_status"] == "read").all() and (errors == 0).all()
    (note,) = notes
    assert "off an even clock and are kept" in note


def test_one_time_misread_by_tens_of_seconds_on_an_even_clock_is_repaired():
    true_s = 60.0 * K
    true_s[50] += 30
    table, errors, notes = place(true_s)
    assert table["time_status"][50] == "repaired" and errors[50] == -30
    assert (table["time_status"].drop(50) == "read").all() and not notes


def test_an_hour_misread_in_the_same_way_for_long_is_repaired():
    # 13 for 18 in every frame of an hour: out of order, one digit, and the clock before it comes back
    true_s = 60 * K + np.where((K >= 30) & (K < 53), -5 * 3600, 0)
    table, _, _ = place(true_s)
    assert (table["time_status"][30:53] == "repaired").all()
    assert (table["utc"].diff().dropna() == pd.Timedelta(minutes=1)).all()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.one_of(st.none(), st.integers(-100_000, 100_000)), max_size=30), st.floats(1, 600))
def test_no_offsets_make_the_path_fail(values, step):
    offsets = np.array([[np.nan if value is None else value] for value in values], float).reshape(-1, 1)
    elapsed = step * np.arange(len(offsets))
    path = timeline.path_of_night(offsets, elapsed, 3.0)
    assert np.isfinite(offsets[path.frames, path.alternatives]).all()
    assert (np.diff(path.frames) > 0).all() and not path.breaks[:1].any()


def test_the_slope_of_a_stretch_is_that_of_most_of_its_readings():
    elapsed = 60.0 * np.arange(40)
    offset = 0.05 * elapsed
    offset[[3, 17, 30]] += 500
    level, pace = timeline.follow_drift(offset, elapsed)
    assert np.allclose(pace, 0.05)
    assert np.allclose(level, 0.05 * elapsed)
