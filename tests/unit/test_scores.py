from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from aurora_gradcam.config import CONDITIONS
from aurora_gradcam.inference import scores

# The study's Table 6, yes and no, and the ratios that it prints in percent; rows in the order of config.CONDITIONS.
STUDY = (
    (28162, 69964, 40.3), (7122, 17027, 41.8), (468, 1589, 29.5),
    (12418, 30943, 40.1), (2719, 7904, 34.4), (215, 388, 55.4),
    (8075, 21441, 37.7), (1720, 4287, 40.1), (114, 334, 34.1),
)  # fmt: skip


@pytest.fixture(autouse=True)
def warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture(scope="module")
def study() -> pd.DataFrame:
    """One row for each of the study's frames, with its condition and call."""
    counts = [count for yes, no, _ in STUDY for count in (yes, no)]
    sun, moon = (np.repeat([pair[k] for pair in CONDITIONS for _ in (0, 1)], counts) for k in (0, 1))
    called = np.repeat([True, False] * 9, counts)
    return pd.DataFrame(
        {
            "night": np.where(np.arange(called.size) % 2, "20240201", "20240202"),
            "sun_class": sun,
            "moon_class": moon,
            "p_aurora": np.where(called, 0.9, 0.2),
            "is_aurora": called,
        }
    )


def labelled(actual: list[int], p_aurora: list[float], threshold: float = 0.5) -> pd.DataFrame:
    p = np.array(p_aurora, dtype=float)
    return pd.DataFrame(
        {
            "night": ["20240201", "20240202", "20240202"][: len(p)] + ["20240203"] * max(0, len(p) - 3),
            "label": np.where(np.array(actual, dtype=bool), "yes", "no"),
            "split": "test",
            "p_aurora": p,
            "is_aurora": p >= threshold,
        }
    )


def by_hand(actual: np.ndarray, p: np.ndarray, called: np.ndarray) -> dict[str, float]:
    """The same scores from their definitions; AUROC as the share of (yes, no) pairs in the right order."""
    tp, fp = int((actual & called).sum()), int((~actual & called).sum())
    fn, tn = int((actual & ~called).sum()), int((~actual & ~called).sum())
    above = p[actual][:, None] - p[~actual][None, :]
    return {
        "accuracy": (tp + tn) / actual.size,
        "precision": tp / (tp + fp),
        "recall": tp / (tp + fn),
        "f1": 2 * tp / (2 * tp + fp + fn),
        "auroc": float(((above > 0) + 0.5 * (above == 0)).mean()),
        "log_loss": float(-np.log(np.where(actual, p, 1 - p)).mean()),
        "tn": tn,
        "fp": fp,
        "fn": fn,
        "tp": tp,
    }


@pytest.mark.parametrize("seed", range(5))
def test_scores_agree_with_their_definitions(seed):
    generator = np.random.default_rng(seed)
    actual = generator.random(200) < 0.3
    p = np.clip(generator.normal(0.35 + 0.3 * actual, 0.2), 0.01, 0.99).round(2)  # rounded, so that there are ties
    table = labelled(actual, p, threshold=0.4)
    found = scores.split_scores(table)
    expected = by_hand(actual, p, p >= 0.4)
    assert {key: found[key] for key in expected} == pytest.approx(expected, abs=1e-12)
    assert (found["frames"], found["nights"]) == (200, 3)


def test_a_split_of_one_class_has_no_auroc_but_all_that_is_defined():
    found = scores.split_scores(labelled([1, 1, 1], [0.9, 0.8, 0.2]))
    assert np.isnan(found["auroc"])
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["precision"] == 1
    assert found["log_loss"] == pytest.approx(-np.log([0.9, 0.8, 0.2]).mean())
    assert (found["tn"], found["fp"], found["fn"], found["tp"]) == (0, 0, 1, 2)


def test_without_a_call_there_is_no_precision_and_without_a_yes_no_recall():
    found = scores.split_scores(labelled([0, 0], [0.1, 0.2]))
    assert np.isnan([found["precision"], found["recall"], found["f1"]]).all()
    assert found["accuracy"] == 1
    assert np.isnan(scores.split_scores(labelled([0, 1], [0.1, 0.2]))["precision"])


def test_a_split_without_frames_is_there_with_zero_frames():
    found = scores.by_split(labelled([0, 1], [0.1, 0.9]).assign(split="train"))
    assert list(found) == ["train", "val", "test"]
    assert found["test"]["frames"] == found["test"]["nights"] == found["test"]["tp"] == 0
    assert np.isnan([found["test"][key] for key in ("accuracy", "precision", "f1", "auroc", "log_loss")]).all()


def test_splits_do_not_mix():
    right, wrong = labelled([0, 1], [0.1, 0.9]), labelled([0, 1], [0.9, 0.1]).assign(split="val")
    found = scores.by_split(pd.concat([right, wrong]))
    assert (found["test"]["accuracy"], found["val"]["accuracy"]) == (1, 0)


def test_val_is_judged_on_where_there_is_no_test():
    test = labelled([0, 1], [0.1, 0.9])
    assert scores.held_out(pd.concat([test, test.assign(split="val")])) == "test"
    assert scores.held_out(test.assign(split="val")) == "val"


def test_the_roc_encloses_the_auroc():
    generator = np.random.default_rng(3)
    actual = generator.random(300) < 0.5
    table = labelled(actual, np.clip(generator.normal(0.4 + 0.2 * actual, 0.2), 0, 1))
    curve = scores.roc(table)
    assert np.trapezoid(curve["tpr"], curve["fpr"]) == pytest.approx(scores.split_scores(table)["auroc"], abs=1e-12)
    assert curve[["fpr", "tpr"]].iloc[[0, -1]].to_numpy().tolist() == [[0, 0], [1, 1]]


def test_one_class_has_no_roc():
    assert scores.roc(labelled([1, 1], [0.3, 0.6])).empty
    assert list(scores.roc(labelled([], [])).columns) == ["fpr", "tpr", "threshold"]


def test_the_studys_counts_give_its_ratios(study):
    table = scores.by_condition(study)
    assert table["condition"].tolist()[:4] == [
        "Night x No_Moon",
        "Astronomical x No_Moon",
        "Nautical x No_Moon",
        "Night x Moon_Quarter",
    ]
    assert list(zip(table["yes"], table["no"], (100 * table["yes_no_odds"]).round(1), strict=True)) == list(STUDY)
    assert table["frames"].iloc[0] == 98126
    assert (100 * table["yes_share"].iloc[0]).round(1) == 28.7


def test_the_studys_counts_give_its_totals(study):
    total = scores.totals(study, scores.by_condition(study))
    assert (total["frames"], total["yes"], total["nights"]) == (214890, 61013, 2)
    assert round(100 * total["yes_share"], 1) == 28.4
    assert round(100 * total["mean_yes_no_odds"], 1) == 39.3
    assert total["frames_outside_conditions"] == 0
    assert total["p_aurora_mean"] == pytest.approx(0.2 + 0.7 * 61013 / 214890)


def test_mean_and_spread_belong_to_their_condition(study):
    table = scores.by_condition(study).set_index("condition")
    share = 215 / 603  # two values 0.7 apart with this share of the higher one
    assert table.loc["Nautical x Moon_Quarter", "p_aurora_mean"] == pytest.approx(0.2 + 0.7 * share)
    assert table.loc["Nautical x Moon_Quarter", "p_aurora_std"] == pytest.approx(0.7 * np.sqrt(share * (1 - share)))


def test_frames_by_day_or_without_a_time_are_in_no_condition(study):
    few = study.iloc[:4].assign(sun_class=["Night", "Civil", None, "Night"], moon_class=["No_Moon"] * 2 + [None] * 2)
    table = scores.by_condition(few)
    assert table["frames"].sum() == 1
    assert scores.totals(few, table)["frames_outside_conditions"] == 3


def test_an_empty_condition_has_no_shares_and_one_without_a_no_has_no_odds(study):
    table = scores.by_condition(study.iloc[:5])  # five calls of aurora in the first condition
    assert (table["yes_share"][0], np.isnan(table["yes_no_odds"][0])) == (1, True)
    assert table.loc[1, ["frames", "nights", "yes", "no"]].tolist() == [0, 0, 0, 0]
    assert table.loc[1, ["yes_share", "yes_no_odds", "p_aurora_mean", "p_aurora_std"]].isna().all()
    assert np.isnan(scores.totals(study.iloc[:5], table)["mean_yes_no_odds"])
