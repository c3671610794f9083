from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from aurora_gradcam.inference.bootstrap import interval
from aurora_gradcam.labelling.agreement import UNSEEN_NIGHTS, agreement, kappa

WORDS = np.array(["no", "yes"])


def frames(count: int, nights: int) -> list[str]:
    return [f"202402{1 + number % nights:02d}-{number:05d}" for number in range(count)]


def asked(first: list[str], second: list[str], nights: int) -> dict:
    names = frames(len(first), nights)
    return {"ann": dict(zip(names, first, strict=True)), "ben": dict(zip(names, second, strict=True))}


def test_a_table_from_the_literature():
    # Fleiss, Levin & Paik 2003, Statistical Methods for Rates and Proportions; and the 50 grant proposals that every
    # textbook counts: 20 both yes, 15 both no, 5 and 10 apart: (0.7 - 0.5) / (1 - 0.5)
    assert kappa(np.array([[20, 15, 5, 10]])) == pytest.approx([0.4])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 5)), min_size=1, max_size=40))
def test_kappa_with_weights_is_scikit_learns(rows):
    first, second, weights = np.array(rows).T
    if weights.sum() == 0:
        return
    counts = [weights[(first == a) & (second == b)].sum() for a, b in [(1, 1), (0, 0), (1, 0), (0, 1)]]
    found = kappa(np.array([counts]))[0]
    held = weights > 0
    if len({*first[held], *second[held]}) == 1:
        assert np.isnan(found)
    else:
        expected = cohen_kappa_score(first, second, sample_weight=weights)
        assert found == pytest.approx(expected, abs=1e-9)


def test_a_pair_is_counted_and_its_interval_is_that_of_whole_nights_drawn_again():
    generator = np.random.default_rng(3)
    first = generator.random(120) < 0.4
    second = first ^ (generator.random(120) < 0.15)
    answers = asked(list(WORDS[first.astype(int)]), list(WORDS[second.astype(int)]), nights=12)
    (pair,) = agreement(answers, seed=5)["pairs"]
    assert (pair["first"], pair["second"], pair["frames"]) == ("ann", "ben", 120)
    assert pair["both_yes"] == (first & second).sum()
    assert pair["both_no"] == (~first & ~second).sum()
    assert pair["first_only_yes"] == (first & ~second).sum()
    assert pair["second_only_yes"] == (~first & second).sum()
    assert pair["agreement"] == pytest.approx((first == second).mean())
    assert pair["kappa"] == pytest.approx(cohen_kappa_score(first, second))
    nights = np.array([name[:8] for name in answers["ann"]])
    by_frame = interval(
        lambda weights: cohen_kappa_score(first, second, sample_weight=weights), nights, seed=5, bounds=UNSEEN_NIGHTS
    )
    assert (pair["low"], pair["high"]) == pytest.approx((by_frame.low, by_frame.high))
    assert pair["low"] < pair["kappa"] < pair["high"]


def test_people_who_always_agree_have_kappa_one_and_still_a_doubt():
    (pair,) = agreement(asked(["yes", "no"] * 15, ["yes", "no"] * 15, nights=6), seed=1)["pairs"]
    assert pair["kappa"] == 1 and pair["high"] == 1
    assert pair["low"] < 0.9


@pytest.mark.parametrize(
    ("first", "second", "nights"),
    [(["yes", "no"] * 10, ["yes", "no"] * 10, 4), (["no"] * 20, ["no"] * 20, 10)],
    ids=["four nights", "one class"],
)
def test_no_number_without_enough_nights_or_with_one_class(first, second, nights):
    (pair,) = agreement(asked(first, second, nights), seed=1)["pairs"]
    assert pair["agreement"] == 1
    assert (pair["kappa"], pair["low"], pair["high"]) == (None, None, None)


def test_unsure_is_counted_apart_and_pairs_without_a_frame_in_common_are_left_out():
    answers = asked(["yes", "no", "unsure", "unsure"], ["yes", "unsure", "unsure", "no"], nights=4)
    found = agreement(answers | {"cas": {"20240301-00000": "yes"}}, seed=1)
    assert [(pair["first"], pair["second"], pair["frames"]) for pair in found["pairs"]] == [("ann", "ben", 1)]
    assert found["unsure"] == 4
