from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, log_loss

from aurora_gradcam.errors import DataError
from aurora_gradcam.training import calibration


def drawn(frames: int, temperature: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose probabilities are true at `temperature`, and targets drawn from these."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2 * temperature, (frames, 2))
    return logits, (generator.random(frames) < expit((logits[:, 1] - logits[:, 0]) / temperature)).astype(int)


def test_nights_are_counted_by_the_classes_that_they_hold():
    targets, nights = np.array([0, 0, 1, 1, 1, 0]), np.array(["a", "a", "a", "b", "b", "c"])
    assert calibration.nights_by_class(targets, nights) == {"no": 2, "yes": 2}
    assert calibration.nights_by_class(targets[:2], nights[:2]) == {"no": 1, "yes": 0}


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0, 2.5, 12.0])
def test_the_true_temperature_is_found_again(temperature):
    found = calibration.fit_temperature(*drawn(20000, temperature, seed=3))
    assert found == pytest.approx(temperature, rel=0.05)


@pytest.mark.parametrize("seed", range(4))
def test_the_temperature_is_that_of_a_logistic_regression_without_intercept(seed):
    logits, targets = drawn(300, 3.0, seed)
    margin = (logits[:, 1] - logits[:, 0])[:, None]
    slope = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10).fit(margin, targets).coef_[0, 0]
    assert calibration.fit_temperature(logits, targets) == pytest.approx(1 / slope, rel=1e-4)


def test_cross_entropy_is_scikit_learns_log_loss():
    logits, targets = drawn(200, 1.0, seed=5)
    p = calibration.aurora_probability(logits, 2.5)
    assert calibration.cross_entropy(logits, targets, 2.5) == pytest.approx(log_loss(targets, p), rel=1e-12)


def test_logits_of_any_size_keep_it_finite():
    logits = np.array([[0.0, 900.0], [900.0, 0.0], [0.0, 900.0]])
    assert calibration.cross_entropy(logits, np.array([1, 0, 0])) == pytest.approx(300)
    assert calibration.fit_temperature(logits, np.array([1, 0, 0])) == pytest.approx(20, rel=1e-3)


def test_no_neighbouring_temperature_is_better():
    logits, targets = drawn(150, 0.4, seed=8)
    found = calibration.fit_temperature(logits, targets)
    best = calibration.cross_entropy(logits, targets, found)
    assert all(best < calibration.cross_entropy(logits, targets, found * factor) for factor in (0.5, 0.99, 1.01, 2))


def test_frames_that_are_all_right_leave_the_temperature_at_1():
    logits, targets = np.array([[0.0, 0.5], [0.3, 0.0], [0.0, 2.0]]), np.array([1, 0, 1])
    assert calibration.fit_temperature(logits, targets) == 1
    # one frame on the wrong side, and there is something to go by
    assert calibration.fit_temperature(np.vstack([logits, [[0.0, 0.1]]]), np.append(targets, 0)) != 1


@pytest.mark.parametrize("only", [0, 1])
def test_one_class_alone_is_refused(only):
    missing = ("yes", "no")[only]
    with pytest.raises(DataError, match=f"none labelled '{missing}': no temperature"):
        calibration.fit_temperature(np.zeros((3, 2)), np.full(3, only))
    with pytest.raises(DataError, match=f"none labelled '{missing}': no threshold"):
        calibration.choose_threshold(np.full(3, 0.5), np.full(3, only))


@pytest.mark.parametrize(
    ("p_no", "p_yes", "expected"),
    [
        ([0.1, 0.2], [0.6, 0.9], 0.4),  # one plateau, 0.2 to 0.6
        ([0.6, 0.7], [0.8, 0.9], 0.75),  # does not hold 0.5
        ([0.1, 0.3, 0.4], [0.2, 0.6, 0.9], 0.5),  # 0.4 to 0.6 is best
        ([0.1, 0.3], [0.2, 0.4], 0.35),  # 0.1 to 0.2 and 0.3 to 0.4 are as good: the one nearer 0.5
        ([0.3, 0.65], [0.45, 0.8], 0.375),  # 0.3 to 0.45 lies nearer 0.5 than 0.65 to 0.8
        ([0.3, 0.6], [0.3, 0.6], 0.5),  # worthless: every threshold is as good
        ([1.0, 0.0], [1.0, 1.0], 0.5),
    ],
)
def test_the_threshold_is_the_middle_of_the_best_plateau_nearest_a_half(p_no, p_yes, expected):
    p, targets = np.array(p_no + p_yes), np.array([0] * len(p_no) + [1] * len(p_yes))
    assert calibration.choose_threshold(p, targets) == pytest.approx(expected)


frames = st.lists(
    st.tuples(st.floats(0, 1) | st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), st.integers(0, 1)),
    min_size=2,
    max_size=12,
).filter(lambda rows: len({target for _, target in rows}) == 2)


@settings(max_examples=60, deadline=None)
@given(frames)
def test_no_other_threshold_has_more_balanced_accuracy(rows):
    p, targets = (np.array(column) for column in zip(*rows, strict=True))
    threshold = calibration.choose_threshold(p, targets)
    assert 0 < threshold <= 1
    others = {other for other in (*p, *np.nextafter(p, 2), 1.0) if 0 < other <= 1}
    best = max(balanced_accuracy_score(targets, p >= other) for other in others)
    assert balanced_accuracy_score(targets, p >= threshold) == pytest.approx(best, abs=1e-12)


def nights_of_few_frames(p_no, p_yes, flips):
    """(p, targets, nights): ten nights with frames of both classes, and a no at 0.6 in the first `flips` nights."""
    p = np.tile(p_no + p_yes, 10).reshape(10, -1)
    p[:flips, 0] = 0.6
    targets = np.tile([0] * len(p_no) + [1] * len(p_yes), 10)
    return p.ravel(), targets, np.repeat([f"202402{day:02d}" for day in range(1, 11)], p.shape[1])


@pytest.mark.parametrize(
    ("flips", "expected", "origin"),
    [
        (0, 0.5, "half"),  # nothing is wrong at a half
        (1, 0.5, "half"),  # one night asks for more
        (6, 0.75, "val"),  # most nights do
    ],
)
def test_another_threshold_than_a_half_must_stand_out_over_the_nights(flips, expected, origin):
    p, targets, nights = nights_of_few_frames([0.1, 0.2], [0.9, 0.95], flips)
    selection = calibration.select_threshold(p, targets, nights)
    assert (selection.threshold, selection.origin) == (pytest.approx(expected, abs=0.05), origin)
    assert selection.gain == pytest.approx(flips / 40)


def test_the_error_of_the_gain_is_the_jackknife_over_nights():
    rng = np.random.default_rng(5)
    p, targets = rng.random(80), np.tile([0, 1], 40)
    nights = np.repeat(np.arange(8), 10)
    gain, error = calibration.gain_over_default(p, targets, nights, 0.3)

    def by_sklearn(kept):
        at = [balanced_accuracy_score(targets[kept], p[kept] >= threshold) for threshold in (0.3, 0.5)]
        return at[0] - at[1]

    without = [by_sklearn(nights != night) for night in range(8)]
    assert gain == pytest.approx(by_sklearn(nights >= 0))
    assert error == pytest.approx(np.sqrt(7 * np.var(without)))
