from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.calibration import calibration_curve

from aurora_gradcam.inference import reliability


def drawn(frames: int, seed: int, sharpness: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """p, yes and nights; p is true where `sharpness` is 1, too certain above."""
    generator = np.random.default_rng(seed)
    margin = generator.normal(0, 1.5, frames)
    return expit(sharpness * margin), generator.random(frames) < expit(margin), generator.integers(0, 25, frames)


@pytest.mark.parametrize("bins", [5, 15])
def test_bins_are_those_of_scikit_learn(bins):
    p, yes, nights = drawn(800, seed=1)
    p = np.append(p, [0.0, 1.0, 0.2, 0.6])  # ends and edges
    yes, nights = np.append(yes, [False, True, True, False]), np.append(nights, [0, 1, 2, 3])
    share, mean = calibration_curve(yes, p, n_bins=bins)
    found = reliability.bins_of(p, yes, nights, bins)
    filled = found[found["frames"] > 0]
    np.testing.assert_allclose(filled["yes_share"], share)
    np.testing.assert_allclose(filled["p_mean"], mean)
    assert found["frames"].sum() == len(p)
    inside = (filled["p_mean"] >= filled["low"]) & (filled["p_mean"] <= filled["high"])
    assert inside.all()
    weighted = np.abs(filled["yes_share"] - filled["p_mean"]) @ filled["frames"] / len(p)
    assert reliability.expected_calibration_error(p, yes, bins=bins) == pytest.approx(weighted)


def test_the_error_by_hand():
    # two bins: 0.1 and 0.3 hold one yes of two (off by 0.3), 0.8 no yes at all (off by 0.8)
    assert reliability.expected_calibration_error([0.1, 0.3, 0.8], [1, 0, 0], bins=2) == pytest.approx(
        (2 * 0.3 + 0.8) / 3
    )
    # a frame that stands for three counts three times
    weighted = reliability.expected_calibration_error([0.1, 0.3, 0.8], [1, 0, 0], [1, 1, 3], bins=2)
    assert weighted == pytest.approx(
        reliability.expected_calibration_error([0.1, 0.3, *[0.8] * 3], [1, *[0] * 4], bins=2)
    )
    assert np.isnan(reliability.expected_calibration_error([], []))


def test_a_perfect_and_a_contrary_oracle():
    yes = np.array([True, False, True])
    assert reliability.expected_calibration_error(yes.astype(float), yes) == 0
    assert reliability.expected_calibration_error(1.0 - yes, yes) == 1


def test_too_certain_probabilities_are_found_out():
    fair, certain = (reliability.calibration_error_interval(*drawn(4000, 2, sharpness)) for sharpness in (1.0, 4.0))
    assert fair.high < 0.05 < certain.low
    assert (fair.frames, fair.nights) == (4000, 25)


@pytest.mark.parametrize("seed", range(5))
def test_the_interval_holds_its_value_and_stays_within_0_and_1(seed):
    p, yes, nights = drawn(120, seed)
    found = reliability.calibration_error_interval(p, yes, nights)
    assert found.value == pytest.approx(reliability.expected_calibration_error(p, yes))
    assert 0 <= found.low < found.value < found.high <= 1


def test_weights_are_frames_counted_so_often():
    p, yes, nights = drawn(60, seed=4)
    times = np.random.default_rng(0).integers(1, 4, 60)
    repeated = [np.repeat(values, times) for values in (p, yes, nights)]
    one, other = (
        reliability.calibration_error_interval(p, yes, nights, times),
        reliability.calibration_error_interval(*repeated),
    )
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


def test_too_few_nights_give_no_error_and_no_interval_of_a_bin():
    p, yes, nights = drawn(100, seed=6)
    found = reliability.calibration_error_interval(p, yes, nights % 4)
    assert np.isnan([found.value, found.low, found.high]).all()
    assert found.as_dict()["too_few_nights"] is True
    table = reliability.bins_of(p, yes, nights % 4)
    assert table[["yes_share_low", "yes_share_high"]].isna().all().all()
    assert table.loc[table["frames"] > 0, "yes_share"].notna().all()


def test_diagrams_before_are_at_temperature_1_and_after_at_the_fitted_one():
    generator = np.random.default_rng(9)
    margin = generator.normal(0, 4, 600)
    yes = generator.random(600) < expit(margin / 4)
    judged = pd.DataFrame(
        {
            "night": generator.integers(0, 9, 600).astype(str),
            "label": np.where(yes, "yes", "no"),
            "split": np.where(np.arange(600) % 2, "val", "test"),
            "logit_no": 0.0,
            "logit_yes": margin,
            "p_aurora": expit(margin / 4),
        }
    )
    table = reliability.diagrams(judged)
    assert list(table) == [
        *("split", "calibration", "bin", "low", "high", "p_mean", "yes_share", "yes_share_low", "yes_share_high"),
        *("frames", "nights"),
    ]
    assert table.groupby(["split", "calibration"])["frames"].sum().tolist() == [300] * 4
    errors = reliability.calibration_errors(judged)
    val = judged["split"] == "val"
    expected = {"before": expit(margin)[val], "after": expit(margin / 4)[val]}
    for when, p in expected.items():
        assert errors[f"val_ece_{when}"]["value"] == pytest.approx(reliability.expected_calibration_error(p, yes[val]))
        of_val = table[(table["split"] == "val") & (table["calibration"] == when)]
        assert (of_val["p_mean"] * of_val["frames"]).sum() == pytest.approx(p.sum())
    assert errors["test_ece_after"]["high"] < errors["test_ece_before"]["low"]
