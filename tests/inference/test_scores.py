from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from aurora_gradcam.inference import scores
from aurora_gradcam.inference.bootstrap import SHARE, interval
from aurora_gradcam.inference.reliability import expected_calibration_error


@pytest.fixture(autouse=True)
def warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def labelled(actual: list[int], p_aurora: list[float], threshold: float = 0.5, nights: int = 8) -> pd.DataFrame:
    """Frames whose nights take turns."""
    p = np.array(p_aurora, dtype=float)
    return pd.DataFrame(
        {
            "night": [f"202402{1 + number % nights:02d}" for number in range(len(p))],
            "label": np.where(np.array(actual, dtype=bool), "yes", "no"),
            "split": "test",
            "p_aurora": p,
            "is_aurora": p >= threshold,
        }
    )


def drawn(seed: int, frames: int = 200, nights: int = 8) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    actual = generator.random(frames) < 0.3
    p = np.clip(generator.normal(0.35 + 0.3 * actual, 0.2), 0, 1).round(2)  # rounded, so that there are ties
    return labelled(actual, p, threshold=0.4, nights=nights)


def by_library(table: pd.DataFrame, weight: np.ndarray | None = None) -> dict[str, float]:
    """The same scores by scikit-learn, one weight a row."""
    actual, called, p = table["label"] == "yes", table["is_aurora"], table["p_aurora"]
    weight = np.ones(len(table)) if weight is None else weight
    some = {"sample_weight": weight}
    clear = p.clip(np.finfo(float).eps, 1 - np.finfo(float).eps)
    return {
        "accuracy": metrics.accuracy_score(actual, called, **some),
        "balanced_accuracy": metrics.balanced_accuracy_score(actual, called, **some),
        "sensitivity": metrics.recall_score(actual, called, **some),
        "specificity": metrics.recall_score(actual, called, pos_label=False, **some),
        "precision": metrics.precision_score(actual, called, **some),
        "f1": metrics.f1_score(actual, called, **some),
        "auroc": metrics.roc_auc_score(actual, p, **some),
        "brier": metrics.brier_score_loss(actual, p, **some),
        "log_loss": metrics.log_loss(actual, clear, **some),
        "ece": expected_calibration_error(p, actual, weight),
    }


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_scikit_learns(seed):
    table = drawn(seed)
    found = scores.split_scores(table)
    assert {name: found[name]["value"] for name in scores.SCORES} == pytest.approx(by_library(table), abs=1e-12)
    assert (found["frames"], found["nights"], found["yes"] + found["no"]) == (200, 8, 200)
    counts = metrics.confusion_matrix(table["label"] == "yes", table["is_aurora"]).ravel().tolist()
    assert [found[key] for key in ("tn", "fp", "fn", "tp")] == counts


def test_weights_are_scikit_learns_sample_weights():
    table = drawn(7)
    weight = np.random.default_rng(1).uniform(1, 20, len(table))
    found = scores.estimates(table.assign(weight=weight))
    assert {name: one.value for name, one in found.items()} == pytest.approx(by_library(table, weight), abs=1e-12)


def test_intervals_are_those_of_scores_worked_out_anew_for_each_draw_of_nights():
    table = drawn(3, frames=150, nights=9)
    yes, called = (table["label"] == "yes").to_numpy(), table["is_aurora"].to_numpy()
    p = table["p_aurora"].to_numpy()
    won = (p[:, None] > p) + 0.5 * (p[:, None] == p)

    def balanced_accuracy(weight):
        return (weight[yes & called].sum() / weight[yes].sum() + weight[~yes & ~called].sum() / weight[~yes].sum()) / 2

    def auroc(weight):
        of_yes, of_no = weight * yes, weight * ~yes
        return of_yes @ won @ of_no / (of_yes.sum() * of_no.sum())

    found = scores.estimates(table)
    for statistic in (balanced_accuracy, auroc):
        one, slow = found[statistic.__name__], interval(statistic, table["night"].to_numpy(), bounds=SHARE)
        assert (one.value, one.low, one.high) == pytest.approx((slow.value, slow.low, slow.high), abs=1e-12)


def test_a_score_counts_the_frames_and_nights_that_it_rests_on():
    # 7 nights with a frame of each class; the second four have only a no, called in the last three
    actual = [1] * 7 + [0] * 7 + [0] * 4
    called = [0.9] * 6 + [0.1] + [0.1] * 7 + [0.1] + [0.9] * 3
    nights = [*range(7), *range(7), *range(7, 11)]
    table = labelled(actual, called).assign(night=[f"202402{1 + night:02d}" for night in nights])
    found = scores.split_scores(table)
    assert (found["frames"], found["nights"]) == (18, 11)
    counted = {name: (found[name]["frames"], found[name]["nights"]) for name in scores.SCORES}
    assert counted["accuracy"] == counted["brier"] == counted["ece"] == (18, 11)
    assert counted["sensitivity"] == (7, 7)
    assert counted["specificity"] == (11, 11)
    assert counted["precision"] == (9, 9)
    assert counted["f1"] == (10, 10)
    assert counted["auroc"] == counted["balanced_accuracy"] == (18, 7)


def test_with_too_few_nights_it_says_so_instead_of_a_number():
    found = scores.split_scores(drawn(1, nights=4))
    for name in scores.SCORES:
        assert np.isnan([found[name]["value"], found[name]["low"], found[name]["high"]]).all()
        assert found[name]["too_few_nights"] is True
    assert (found["frames"], found["nights"]) == (200, 4)
    assert found["tp"] > 0


def test_aurora_in_too_few_nights_leaves_what_rests_on_the_other_frames():
    table = drawn(2)
    table.loc[~table["night"].isin(["20240201", "20240202"]), "label"] = "no"
    found = scores.split_scores(table)
    for name in ("sensitivity", "balanced_accuracy", "auroc"):
        assert np.isnan(found[name]["value"])
        assert found[name]["too_few_nights"] is True
        assert found[name]["nights"] == 2
    assert found["specificity"]["low"] < found["specificity"]["value"] < found["specificity"]["high"]
    assert "too_few_nights" not in found["specificity"]


def test_a_split_of_one_class_has_all_that_is_defined():
    found = scores.split_scores(labelled([1] * 6, [0.9, 0.8, 0.2, 0.9, 0.8, 0.2]))
    assert np.isnan([found[name]["value"] for name in ("auroc", "balanced_accuracy", "specificity")]).all()
    assert found["sensitivity"]["value"] == pytest.approx(2 / 3)
    assert found["log_loss"]["value"] == pytest.approx(-np.log([0.9, 0.8, 0.2]).mean())
    assert (found["tn"], found["fp"], found["fn"], found["tp"]) == (0, 0, 2, 4)


def test_without_a_call_there_is_no_precision():
    found = scores.split_scores(labelled([0, 1] * 6, [0.1, 0.2] * 6, nights=12))
    assert np.isnan(found["precision"]["value"])
    assert (found["sensitivity"]["value"], found["f1"]["value"], found["accuracy"]["value"]) == (0, 0, 0.5)


def test_a_split_without_frames_is_there_with_zero_frames():
    found = scores.by_split(drawn(1).assign(split="train"))
    assert list(found) == ["train", "val", "test"]
    assert found["test"]["frames"] == found["test"]["nights"] == found["test"]["tp"] == 0
    assert np.isnan([found["test"][name]["value"] for name in scores.SCORES]).all()
    assert found["test"]["auroc"]["too_few_nights"] is True


def test_splits_do_not_mix():
    right, wrong = labelled([0, 1] * 8, [0.1, 0.9] * 8), labelled([0, 1] * 8, [0.9, 0.1] * 8).assign(split="val")
    found = scores.by_split(pd.concat([right, wrong]))
    assert (found["test"]["accuracy"]["value"], found["val"]["accuracy"]["value"]) == (1, 0)


def test_the_roc_encloses_the_auroc():
    generator = np.random.default_rng(3)
    actual = generator.random(300) < 0.5
    table = labelled(actual, np.clip(generator.normal(0.4 + 0.2 * actual, 0.2), 0, 1))
    curve = scores.roc(table)
    area = scores.estimates(table)["auroc"].value
    assert np.trapezoid(curve["tpr"], curve["fpr"]) == pytest.approx(area, abs=1e-12)
    assert curve[["fpr", "tpr"]].iloc[[0, -1]].to_numpy().tolist() == [[0, 0], [1, 1]]


def test_one_class_has_no_roc():
    assert scores.roc(labelled([1, 1], [0.3, 0.6])).empty
    assert list(scores.roc(labelled([], [])).columns) == ["fpr", "tpr", "threshold"]
