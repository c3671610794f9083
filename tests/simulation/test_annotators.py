"""Simulated people, against the definition of a psychometric function and scikit-learn's kappa."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, norm
from sklearn.metrics import cohen_kappa_score

from aurora_gradcam.simulation import annotators, truth
from aurora_gradcam.simulation.annotators import ANNOTATORS, ANSWERS, Annotator
from aurora_gradcam.tables.labels import is_person

BOTH = pytest.mark.parametrize("annotator", ANNOTATORS, ids=lambda annotator: annotator.name)
UNTIMED = settings(deadline=None, max_examples=50)
VISIBILITIES = st.lists(st.floats(0, 1000), min_size=1, max_size=20)


@BOTH
@UNTIMED
@given(VISIBILITIES)
def test_the_answers_are_a_distribution_and_without_slips_yes_only_grows_with_visibility(annotator, values):
    visibility = np.sort(np.array(values))
    shares = annotators.chances(annotator, visibility)
    assert (shares >= 0).all() and shares.sum(axis=1) == pytest.approx(1)
    yes, _, no = annotators.chances(replace(annotator, slips=0.0), visibility).T
    assert (np.diff(yes) >= 0).all() and (np.diff(no) <= 0).all()


@BOTH
def test_yes_and_no_are_alike_at_the_threshold_and_slips_alone_are_left_far_from_it(annotator):
    at, nothing, bright = annotators.chances(annotator, np.array([annotator.threshold, 0.0, 50.0]))
    assert at[0] == pytest.approx(at[2]) and 0.35 < at[1] < 0.4
    assert nothing == pytest.approx([annotator.slips, 0, 1 - annotator.slips], abs=1e-9)
    assert bright == pytest.approx([1 - annotator.slips, 0, annotator.slips], abs=1e-9)
    assert 0.01 <= annotator.slips <= 0.02


def test_without_slips_and_doubt_yes_is_the_cumulative_normal():
    plain = Annotator("simulated-plain", threshold=1.0, slips=0.0, spread=0.5, unsure=0.0)
    values = np.array([0.3, 1.0, 2.0])
    expected = norm.cdf(np.log(values) / 0.5)
    assert annotators.chances(plain, values) == pytest.approx(np.stack([expected, 0 * values, 1 - expected], axis=1))


@BOTH
@UNTIMED
@given(visibility=st.floats(0.3, 3), seed=st.integers(0, 100))
def test_answers_come_as_often_as_their_chances(annotator, visibility, seed):
    count = 4000
    given_answers = annotators.answers(annotator, np.full(count, visibility), np.random.default_rng(seed).random(count))
    for answer, chance in zip(ANSWERS, annotators.chances(annotator, np.array([visibility]))[0], strict=True):
        low, high = binomtest(given_answers.count(answer), count).proportion_ci(1 - 1e-7)
        assert low <= chance <= high


@UNTIMED
@given(st.floats(0, 1, exclude_max=True), st.floats(0, 100))
def test_an_answer_depends_on_its_own_frame_alone(number, visibility):
    others = np.random.default_rng(1).random((2, 30))
    among = annotators.answers(ANNOTATORS[0], np.append(others[0], visibility), np.append(others[1], number))
    assert among[-1:] == annotators.answers(ANNOTATORS[0], np.array([visibility]), np.array([number]))


def easy(generator: np.random.Generator, count: int) -> np.ndarray:
    """As in the first sample of 40 nights: 57 % of the frames without any aurora, hardly any near the threshold."""
    return np.where(generator.random(count) < 0.57, 0.0, generator.lognormal(np.log(5.5), 0.6, count))


def wide(generator: np.random.Generator, count: int) -> np.ndarray:
    """Half of the frames without aurora, in the others all strengths: 1 frame in 7 is borderline."""
    return np.where(generator.random(count) < 0.5, 0.0, generator.lognormal(np.log(1.5), 1.2, count))


def faint(generator: np.random.Generator, count: int) -> np.ndarray:
    """Mostly faint aurora: more than a fifth of the frames is borderline."""
    return np.where(generator.random(count) < 0.4, 0.0, generator.lognormal(0.0, 1.0, count))


@pytest.mark.parametrize("season", [easy, wide, faint])
@pytest.mark.parametrize("seed", range(5))
def test_two_people_agree_as_well_as_people_do_and_are_right_together(season, seed):
    generator = np.random.default_rng(seed)
    visibility = season(generator, 2000)
    first, second = (
        np.array(annotators.answers(each, visibility, generator.random(len(visibility)))) for each in ANNOTATORS
    )
    both = (first != "unsure") & (second != "unsure")
    assert 0.8 <= cohen_kappa_score(first[both], second[both]) <= 0.95
    agreed = both & (first == second)
    right = np.mean((first[agreed] == "yes") == (visibility[agreed] >= 1))
    assert right > 0.97, "the majority is nearer to the truth than either alone"
    for answers in (first, second):
        sure = answers != "unsure"
        assert np.mean((answers[sure] == "yes") == (visibility[sure] >= 1)) < right


def test_borderline_frames_are_those_on_which_people_differ():
    low, high = (norm.cdf(np.log(end) / annotators.SPREAD) for end in truth.BORDERLINE)
    assert low == pytest.approx(0.05, abs=0.01) and 1 - high == pytest.approx(0.05, abs=0.01)


def test_their_names_say_that_they_are_no_people():
    assert all("simulated" in annotator.name and not is_person(annotator.name) for annotator in ANNOTATORS)
    assert is_person("ann") and not is_person("simulator")


def test_an_answer_takes_whole_seconds_around_three():
    taken = annotators.seconds(np.linspace(0, 1, 1001)[:-1])
    assert taken.min() >= 1 and taken.max() <= 30 and (taken == np.round(taken)).all()
    assert np.median(taken) == annotators.MEDIAN_S
