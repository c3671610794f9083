from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from aurora_gradcam.inference import bootstrap
from aurora_gradcam.inference.bootstrap import MIN_NIGHTS, SHARE, interval, limits, multiplicities, ratio_interval


@pytest.fixture(autouse=True)
def warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def some_nights(seed: int = 0, nights: int = 20, frames: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Names of nights in no order, and values that differ from night to night, one a frame."""
    generator = np.random.default_rng(seed)
    of_row = generator.permutation(np.repeat(np.arange(nights), frames))
    values = generator.random(nights)[of_row] > generator.random(of_row.size)
    return np.char.add("2024", (of_row + 1000).astype(str)), values.astype(float)


def test_each_draw_takes_as_many_nights_as_there_are_and_rows_know_their_night():
    nights, _ = some_nights()
    drawn, of_row = multiplicities(nights, 500, 3)
    assert drawn.shape == (500, 20)
    assert (drawn.sum(axis=1) == 20).all()
    assert (np.unique(nights)[of_row] == nights).all()
    assert drawn.std(axis=0).mean() == pytest.approx(np.sqrt(19 / 20), rel=0.05)  # of a multinomial count
    assert (multiplicities(nights, 500, 3)[0] == drawn).all()
    assert (multiplicities(nights, 500, 4)[0] != drawn).any()


def test_the_two_ways_to_the_interval_of_a_mean_agree():
    nights, values = some_nights()
    by_statistic = interval(lambda weights: float((weights * values).sum() / weights.sum()), nights, bounds=SHARE)
    assert by_statistic == pytest.approx(ratio_interval(values, np.ones_like(values), nights))
    assert by_statistic.value == pytest.approx(values.mean())
    assert (by_statistic.frames, by_statistic.nights) == (600, 20)


def test_the_interval_of_a_mean_over_equal_nights_is_close_to_students():
    generator = np.random.default_rng(5)
    of_night = generator.normal(10, 2, 40)
    found = ratio_interval(np.repeat(of_night, 50), np.ones(2000), np.repeat(np.arange(40), 50), draws=20000)
    student = stats.t.interval(0.95, 39, of_night.mean(), stats.sem(of_night))
    assert (found.low, found.high) == pytest.approx(student, abs=0.05 * (student[1] - student[0]))


def test_plain_percentiles_agree_with_scipy_where_the_correction_vanishes():
    nights, values = some_nights(2, nights=400, frames=5)
    found = ratio_interval(5 * values, np.ones_like(values), nights, draws=8000)  # over 1: no share, no bounds
    order = np.unique(nights, return_inverse=True)[1]
    of_night = np.bincount(order, values)
    other = stats.bootstrap(
        (of_night,), np.mean, n_resamples=8000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((other.low, other.high), abs=0.05 * (other.high - other.low))


def test_frames_of_one_night_do_not_count_as_so_many_nights():
    few, many = (
        ratio_interval(np.repeat(np.arange(12) % 2, frames), np.ones(12 * frames), np.repeat(np.arange(12), frames))
        for frames in (1, 100)
    )
    assert (few.low, few.high) == (many.low, many.high)
    assert (few.frames, many.frames, few.nights, many.nights) == (12, 1200, 12, 12)


def test_too_few_nights_give_no_number_and_say_so():
    nights, values = some_nights(nights=MIN_NIGHTS - 1)
    for found in (ratio_interval(values, np.ones_like(values), nights), interval(np.sum, nights)):
        assert np.isnan([found.value, found.low, found.high]).all()
        assert found.as_dict()["too_few_nights"] is True
        assert (found.frames, found.nights) == (len(values), MIN_NIGHTS - 1)
    enough = ratio_interval(*(np.ones(MIN_NIGHTS),) * 2, np.arange(MIN_NIGHTS))
    assert enough.value == 1
    assert set(enough.as_dict()) == {"value", "low", "high", "frames", "nights"}
    assert ratio_interval(np.array([]), np.array([]), np.array([])).nights == 0


def test_a_number_without_a_definition_is_nan_but_not_for_want_of_nights():
    nights, values = some_nights()
    nothing = interval(lambda weights: np.nan, nights)
    no_bottom = ratio_interval(values, np.zeros_like(values), nights)
    for found in (nothing, no_bottom):
        assert np.isnan([found.value, found.low, found.high]).all()
        assert "too_few_nights" not in found.as_dict()


def test_a_ratio_counts_only_what_takes_part_in_it():
    nights, actual = some_nights()
    called = np.random.default_rng(1).random(actual.size) < 0.7
    sensitivity = ratio_interval(actual * called, actual, nights)
    assert sensitivity.frames == actual.sum()
    assert sensitivity.nights == len(set(nights[actual == 1]))
    assert sensitivity.value == pytest.approx(called[actual == 1].mean())
    odds = ratio_interval(actual, 1 - actual, nights)
    assert odds.frames == actual.size
    assert odds.value == pytest.approx(actual.sum() / (1 - actual).sum())


def test_with_a_whole_unseen_night_limits_of_all_or_nothing_are_those_of_clopper_and_pearson(monkeypatch):
    monkeypatch.setattr(bootstrap, "UNSEEN", 1.0)
    nights, share = 20, np.zeros(200_000)
    outer = stats.norm.cdf(np.sqrt(20 / 19) * stats.t.ppf(0.975, 19))
    exact = stats.binomtest(0, nights).proportion_ci(2 * outer - 1, method="exact")
    assert limits(0.0, share, nights, bounds=SHARE) == pytest.approx((0, exact.high), abs=0.003)
    assert limits(1.0, share + 1, nights, bounds=SHARE) == pytest.approx((1 - exact.high, 1), abs=0.003)


def test_a_share_of_one_has_an_interval_with_a_width_that_shrinks_with_nights():
    ten, forty = (ratio_interval(np.ones(count), np.ones(count), np.arange(count)) for count in (10, 40))
    assert ten.high == forty.high == 1
    assert ten.low < forty.low < 0.99


def test_draws_without_a_number_may_be_anything_within_bounds():
    drawn = np.where(np.arange(1000) % 10 == 0, np.nan, 0.5)
    assert limits(0.5, drawn, 30, bounds=SHARE) == (0, 1)
    assert limits(0.5, drawn, 30) == (0.5, 0.5)
    assert np.isnan(limits(0.5, np.where(np.arange(1000) % 2 == 0, np.nan, 0.5), 30)).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(MIN_NIGHTS, 15), st.floats(0, 1))
def test_limits_hold_the_value_and_stay_in_bounds_and_do_not_depend_on_row_order(seed, count, share):
    generator = np.random.default_rng(seed)
    nights = generator.permutation(np.concatenate([np.arange(count), generator.integers(0, count, 40)]))
    values = (generator.random(nights.size) < share).astype(float)
    found = ratio_interval(values, np.ones_like(values), nights, draws=200)
    assert 0 <= found.low <= found.value <= found.high <= 1
    order = generator.permutation(nights.size)
    again = ratio_interval(values[order], np.ones_like(values), nights[order], draws=200)
    assert (found.low, found.high) == pytest.approx((again.low, again.high), abs=1e-12)
