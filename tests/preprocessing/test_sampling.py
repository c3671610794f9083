from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from aurora_gradcam.preprocessing.sampling import draws, largest_remainder, rank_within, spread_over


def test_largest_remainder_gives_the_hand_worked_shares():
    # quotas 4.7, 1.6, 1.58, 1.2, 0.92 (whole parts 4, 1, 1, 1, 0 leave 3 for the remainders .92, .7, .6)
    assert list(largest_remainder(np.array([47, 16, 158, 12, 92]), 0)) == [0, 0, 0, 0, 0]
    assert list(largest_remainder(np.array([470, 160, 158, 120, 92]), 10)) == [5, 2, 1, 1, 1]
    assert list(largest_remainder(np.array([1, 1, 1]), 2)) == [1, 1, 0]  # equal remainders: the earlier first
    assert list(largest_remainder(np.array([3, 0, 5]), 8)) == [3, 0, 5]


@given(st.lists(st.integers(0, 500), min_size=1, max_size=40), st.data())
def test_largest_remainder_is_exact_within_one_of_the_quota_and_never_above_the_count(counts, data):
    total = data.draw(st.integers(0, sum(counts)))
    shares = largest_remainder(np.array(counts), total)
    assert shares.sum() == total
    assert (shares <= counts).all()
    if total:
        assert (np.abs(shares - np.array(counts) * total / sum(counts)) < 1).all()


def test_more_than_there_is_cannot_be_divided():
    with pytest.raises(ValueError, match="4 of 3"):
        largest_remainder(np.array([1, 2]), 4)


def test_draws_hang_on_name_seed_and_purpose_alone():
    names = [f"20240201-{number:05d}" for number in range(100)]
    numbers = draws(names, 1, "pool")
    assert (draws(names[::-1], 1, "pool")[::-1] == numbers).all()
    assert draws([names[42]], 1, "pool")[0] == numbers[42]
    for other in (draws(names, 2, "pool"), draws(names, 1, "audit")):
        assert abs(stats.spearmanr(numbers, other).statistic) < 0.3


def test_draws_are_uniform():
    numbers = draws((f"20240201-{number:05d}" for number in range(5000)), 42, "pool")
    assert 0 <= numbers.min() <= numbers.max() < 1
    assert stats.kstest(numbers, "uniform").pvalue > 0.001


def test_draws_stay_what_they_were():
    # a sample that people have labelled must not change with a new version of this code
    assert draws(["20240201-00010"], 42, "pool")[0] == pytest.approx(0.4368435895390923, abs=1e-15)


def test_ranks_count_from_0_inside_each_group():
    groups = pd.Series(["b", "a", "b", "a", "b"])
    assert list(rank_within(groups, np.array([0.3, 0.9, 0.1, 0.2, 0.5]))) == [1, 1, 0, 0, 2]
    assert len(rank_within(pd.Series([], dtype=str), np.array([]))) == 0


def test_rows_are_spread_over_groups_and_the_smallest_numbers_are_taken():
    groups = pd.Series(["a"] * 4 + ["b"] * 2)
    chosen = spread_over(groups, np.array([0.4, 0.1, 0.3, 0.2, 0.9, 0.8]), 3)
    assert list(chosen) == [False, True, False, True, False, True]
