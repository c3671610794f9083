from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from aurora_gradcam.conditions import CONDITIONS
from aurora_gradcam.inference import conditions
from aurora_gradcam.inference.bootstrap import interval

# The study's Table 6, yes and no, and the ratios that it prints in percent; rows in the order of CONDITIONS.
STUDY = (
    (28162, 69964, 40.3), (7122, 17027, 41.8), (468, 1589, 29.5),
    (12418, 30943, 40.1), (2719, 7904, 34.4), (215, 388, 55.4),
    (8075, 21441, 37.7), (1720, 4287, 40.1), (114, 334, 34.1),
)  # fmt: skip
NIGHTS = tuple(f"202402{day:02d}" for day in range(1, 11))
NO_AUDIT = pd.DataFrame(
    columns=["night", "label", "p_aurora", "is_aurora", "weight", "sun_class", "moon_class"]
).astype({"p_aurora": float, "weight": float, "is_aurora": bool})


@pytest.fixture(autouse=True)
def warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture(scope="module")
def study() -> pd.DataFrame:
    """One row for each of the study's frames, with its condition and call; nights take turns."""
    counts = [count for yes, no, _ in STUDY for count in (yes, no)]
    sun, moon = (np.repeat([pair[k] for pair in CONDITIONS for _ in (0, 1)], counts) for k in (0, 1))
    called = np.repeat([True, False] * 9, counts)
    return pd.DataFrame(
        {
            "night": np.array(NIGHTS)[np.arange(called.size) % 10],
            "sun_class": sun,
            "moon_class": moon,
            "p_aurora": np.where(called, 0.9, 0.2),
            "is_aurora": called,
        }
    )


@pytest.fixture(scope="module")
def table(study) -> pd.DataFrame:
    return conditions.flat(conditions.by_condition(study, NO_AUDIT, NO_AUDIT)).set_index("condition")


def audit(frames: int = 360, seed: int = 0) -> pd.DataFrame:
    """Audit labels with predictions; condition k holds every ninth frame and stands for 10 (k + 1) frames each."""
    generator = np.random.default_rng(seed)
    yes = generator.random(frames) < 0.4
    p = np.clip(generator.normal(0.3 + 0.4 * yes, 0.25), 0, 1)
    number = np.arange(frames)
    pairs = np.array(CONDITIONS)[number % 9]
    return pd.DataFrame(
        {
            "frame_id": [f"{NIGHTS[k // 9 % 10]}-{k:05d}" for k in number],
            "label": np.where(yes, "yes", "no"),
            "set": "audit",
            "weight": 10.0 * (number % 9 + 1),
            "p_aurora": p,
            "is_aurora": p >= 0.5,
            "sun_class": pairs[:, 0],
            "moon_class": pairs[:, 1],
        }
    )


def split_of(*train: str) -> pd.DataFrame:
    nights = [*train, "20240209", "20240210"]
    return pd.DataFrame({"night": nights, "split": ["train"] * len(train) + ["val", "test"]})


def test_the_studys_counts_give_its_ratios(table):
    assert list(table.index[:4]) == [
        "Night x No_Moon",
        "Astronomical x No_Moon",
        "Nautical x No_Moon",
        "Night x Moon_Quarter",
    ]
    odds = (100 * table["yes_no_odds_value"]).round(1)
    assert list(zip(table["yes"], table["no"], odds, strict=True)) == list(STUDY)
    assert table["frames"].iloc[0] == table["yes_share_frames"].iloc[0] == 98126
    assert (100 * table["yes_share_value"].iloc[0]).round(1) == 28.7
    assert set(table["yes_share_nights"]) == {10}


def test_the_studys_counts_give_its_totals(study):
    total = conditions.totals(study)
    assert (total["frames"], total["yes"], total["nights"]) == (214890, 61013, 10)
    assert round(100 * total["yes_share"]["value"], 1) == 28.4
    assert round(100 * total["mean_yes_no_odds"]["value"], 1) == 39.3
    assert total["frames_outside_conditions"] == 0
    assert total["p_aurora_mean"]["value"] == pytest.approx(0.2 + 0.7 * 61013 / 214890)


def test_mean_and_spread_belong_to_their_condition(table):
    share = 215 / 603  # two values 0.7 apart with this share of the higher one
    row = table.loc["Nautical x Moon_Quarter"]
    assert row["p_aurora_mean_value"] == pytest.approx(0.2 + 0.7 * share)
    assert row["p_aurora_std_value"] == pytest.approx(0.7 * np.sqrt(share * (1 - share)))
    assert row["p_aurora_std_low"] < row["p_aurora_std_value"] < row["p_aurora_std_high"]


def test_intervals_of_spread_and_mean_odds_are_those_of_rows_weighted_one_by_one(study):
    few = study.sample(
        800, random_state=3, weights=1 / study.groupby(["sun_class", "moon_class"])["night"].transform("size")
    )
    nights, p = few["night"].to_numpy(), few["p_aurora"].to_numpy()

    def spread(weight):
        return float(np.sqrt(np.cov(p, aweights=weight, ddof=0)))

    def odds(weight):
        inside = [conditions.in_condition(few.assign(weight=weight), *pair) for pair in CONDITIONS]
        sums = [rows.groupby("is_aurora")["weight"].sum() for rows in inside]
        return float(np.mean([one[True] / one[False] for one in sums]))

    for found, statistic in (
        (conditions.calls(few)["p_aurora_std"], spread),
        (conditions.totals(few)["mean_yes_no_odds"], odds),
    ):
        assert found["value"] == pytest.approx(statistic(np.ones(len(few))))
        slow = interval(statistic, nights, draws=60)  # few draws: it is slow, and the limits are rough
        assert found["low"] == pytest.approx(slow.low, rel=0.1)
        assert found["high"] == pytest.approx(slow.high, rel=0.1)


def test_frames_by_day_or_without_a_time_are_in_no_condition(study):
    few = study.iloc[:4].assign(sun_class=["Night", "Civil", None, "Night"], moon_class=["No_Moon"] * 2 + [None] * 2)
    rows = conditions.by_condition(few, NO_AUDIT, NO_AUDIT)
    assert sum(row["frames"] for row in rows) == 1
    assert conditions.totals(few)["frames_outside_conditions"] == 3


def test_an_empty_condition_has_no_shares_and_one_without_a_no_has_no_odds(study):
    first, second, *_ = conditions.by_condition(study.iloc[:8], NO_AUDIT, NO_AUDIT)  # eight calls of aurora
    assert first["yes_share"]["value"] == 1
    assert np.isnan(first["yes_no_odds"]["value"])
    assert [second[key] for key in ("frames", "nights", "yes", "no")] == [0, 0, 0, 0]
    for key in ("yes_share", "yes_no_odds", "p_aurora_mean", "p_aurora_std"):
        assert np.isnan(second[key]["value"])
        assert second[key]["too_few_nights"] is True
    assert np.isnan(conditions.totals(study.iloc[:8])["mean_yes_no_odds"]["value"])


def test_the_mean_of_odds_leaves_out_conditions_with_too_few_nights(study):
    first = (study["sun_class"] == "Night") & (study["moon_class"] == "No_Moon")
    rare = study[first | study["night"].isin(NIGHTS[:4])]
    found = conditions.totals(rare)["mean_yes_no_odds"]
    assert found["value"] == pytest.approx(28162 / 69964)
    assert found["frames"] == 98126


def test_nights_that_train_are_left_out_whole_and_the_rest_stands_for_all():
    labels = audit()
    pool = labels.assign(set="train_pool", weight=1.0)
    kept, left_out = conditions.untouched_audit(pd.concat([pool, labels]), split_of(*NIGHTS[:3]))
    assert set(left_out["night"]) == set(NIGHTS[:3])
    assert set(kept["night"]) == set(NIGHTS[3:])
    assert len(kept) + len(left_out) == len(labels)
    keys = ["sun_class", "moon_class"]
    pd.testing.assert_series_equal(kept.groupby(keys)["weight"].sum(), labels.groupby(keys)["weight"].sum())
    assert kept.groupby(keys)["weight"].nunique().eq(1).all()
    strict, _ = conditions.untouched_audit(labels, split_of(*NIGHTS[:3]), learnt_from=("train", "val"))
    assert set(kept["night"]) - set(strict["night"]) == {"20240209"}


def test_a_condition_is_judged_by_its_own_labels():
    kept, left_out = conditions.untouched_audit(audit(), split_of(*NIGHTS[:2]))
    rows = conditions.by_condition(NO_AUDIT, kept, left_out)
    for row, (sun, moon) in zip(rows, CONDITIONS, strict=True):
        own = kept[(kept["sun_class"] == sun) & (kept["moon_class"] == moon)]
        actual, called = own["label"] == "yes", own["is_aurora"]
        assert row["sensitivity"]["value"] == pytest.approx(metrics.recall_score(actual, called))
        assert row["precision"]["value"] == pytest.approx(metrics.precision_score(actual, called))
        assert row["brier"]["value"] == pytest.approx(metrics.brier_score_loss(actual, own["p_aurora"]))
        assert (row["labelled_frames"], row["labelled_nights"]) == (32, 8)
        assert (row["left_out_frames"], row["left_out_nights"]) == (8, 2)
        assert row["specificity"]["low"] <= row["specificity"]["value"] <= row["specificity"]["high"]


def test_together_the_conditions_count_as_their_frames_do():
    kept, left_out = conditions.untouched_audit(audit(), split_of(*NIGHTS[:2]))
    found = conditions.trust(kept, left_out)
    actual, called, weight = kept["label"] == "yes", kept["is_aurora"], kept["weight"]
    assert found["sensitivity"]["value"] == pytest.approx(metrics.recall_score(actual, called, sample_weight=weight))
    assert found["sensitivity"]["value"] != pytest.approx(metrics.recall_score(actual, called), abs=1e-4)
    assert found["f1"]["value"] == pytest.approx(metrics.f1_score(actual, called, sample_weight=weight))
    assert found["left_out_frames"] == 72


def test_where_train_leaves_too_few_nights_the_condition_says_so():
    kept, left_out = conditions.untouched_audit(audit(), split_of(*NIGHTS[:6]))
    for row in conditions.by_condition(NO_AUDIT, kept, left_out):
        assert (row["labelled_nights"], row["left_out_nights"]) == (4, 6)
        for name in conditions.JUDGED:
            assert np.isnan(row[name]["value"])
            assert row[name]["too_few_nights"] is True


def test_the_flat_table_has_the_same_columns_whatever_is_missing(table):
    kept, left_out = conditions.untouched_audit(audit(), split_of(*NIGHTS[:2]))
    other = conditions.flat(conditions.by_condition(NO_AUDIT, kept, left_out))
    assert ["condition", *table.columns] == list(other.columns)
    assert {"sensitivity_value", "sensitivity_low", "sensitivity_high", "sensitivity_nights"} <= set(other.columns)
