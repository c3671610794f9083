from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from sklearn.linear_model import LinearRegression

from aurora_gradcam.inference import bootstrap, occurrence, prevalence
from aurora_gradcam.inference.occurrence import by_group, estimates
from aurora_gradcam.inference.prevalence import METHODS, SUMS, night_sums


@pytest.fixture(autouse=True)
def warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def sums(**known: float) -> np.ndarray:
    return np.array([known.get(name, 0.0) for name in SUMS])


def simulated(
    seed: int, nights: int = 20, share: float = 0.3, frames: int = 40, labelled: int = 8, first: int = 0
) -> pd.DataFrame:
    """Nights with their own shares, a classifier with sensitivity 0.8 and specificity 0.9, and `actual`, the truth."""
    generator = np.random.default_rng(seed)
    of_night = generator.beta(share * 1.5, (1 - share) * 1.5, nights)
    actual = generator.random((nights, frames)) < of_night[:, None]
    threshold = stats.norm.ppf(0.9)
    distance = threshold + stats.norm.ppf(0.8)
    score = distance * actual + generator.standard_normal(actual.shape)
    has_label = np.arange(frames) < labelled
    return pd.DataFrame(
        {
            "night": np.repeat([f"2024{first + 1000 + number}" for number in range(nights)], frames),
            "p_aurora": special.expit(distance * score - distance**2 / 2 + special.logit(0.3)).ravel(),
            "is_aurora": (score > threshold).ravel(),
            "label": pd.Series(np.where(has_label, np.where(actual, "yes", "no"), None).ravel(), dtype="str"),
            "weight": np.where(np.tile(has_label, nights), frames / max(labelled, 1), np.nan),
            "actual": actual.ravel(),
        }
    )


def test_rogan_gladen_undoes_what_the_error_rates_do_to_a_share():
    for share in (0.0, 0.05, 0.3, 1.0):
        apparent = share * 0.8 + (1 - share) * (1 - 0.9)
        table = sums(frames=1000, called=1000 * apparent, weight=300, yes=100, yes_called=80, no_called=20)
        assert prevalence.apparent(table) == pytest.approx(apparent)
        assert prevalence.rogan_gladen(table) == pytest.approx(share, abs=1e-12)


def test_rogan_gladen_gives_a_worked_example():
    # apparent 0.25, sensitivity 0.9, specificity 0.85: (0.25 + 0.85 - 1) / (0.9 + 0.85 - 1) = 0.1 / 0.75
    table = sums(frames=400, called=100, weight=300, yes=100, yes_called=90, no_called=30)
    assert prevalence.rogan_gladen(table) == pytest.approx(0.1 / 0.75)


def test_rogan_gladen_keeps_within_0_and_1_and_is_undefined_for_a_classifier_that_tells_nothing():
    rates = {"frames": 100, "weight": 300, "yes": 100, "yes_called": 90, "no_called": 30}
    assert prevalence.rogan_gladen(sums(called=5, **rates)) == 0
    assert prevalence.rogan_gladen(sums(called=95, **rates)) == 1
    blind = sums(frames=100, called=30, weight=300, yes=100, yes_called=35, no_called=60)
    assert np.isnan(prevalence.rogan_gladen(blind))
    assert np.isnan(prevalence.rogan_gladen(sums(frames=100, called=30, weight=200, no_called=60)))


def test_prediction_powered_with_tuning_is_the_regression_estimator():
    # With weights of 1 and the slope between 0 and 1 it is the regression line of label on p at the mean p of all
    # frames (Cochran 1977, Sampling Techniques, chapter 7).
    table = simulated(1).assign(weight=lambda rows: rows["weight"] / 5)
    known = table.dropna(subset="label")
    line = LinearRegression().fit(known[["p_aurora"]].to_numpy(), known["label"] == "yes")
    assert 0 < line.coef_[0] < 1
    expected = line.predict([[table["p_aurora"].mean()]])[0]
    found = prevalence.prediction_powered(night_sums(table, table["night"].unique()).sum(axis=0))
    assert found == pytest.approx(expected)


def test_prediction_powered_without_information_is_the_labelled_share_and_with_a_perfect_p_the_share_of_all():
    table = simulated(2)
    nights = table["night"].unique()
    weighted = np.average(table["label"].dropna() == "yes", weights=table["weight"].dropna())
    useless = night_sums(table.assign(p_aurora=0.4), nights).sum(axis=0)
    assert prevalence.prediction_powered(useless) == pytest.approx(weighted)
    wrong = night_sums(table.assign(p_aurora=1.0 - table["actual"]), nights).sum(axis=0)
    assert prevalence.prediction_powered(wrong) == pytest.approx(weighted)
    perfect = night_sums(table.assign(p_aurora=1.0 * table["actual"]), nights).sum(axis=0)
    assert prevalence.prediction_powered(perfect) == pytest.approx(table["actual"].mean())


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_frame_that_stands_for_two_counts_like_two_frames(seed):
    table = simulated(seed, nights=6, frames=10, labelled=5)
    twice = table.assign(weight=table["weight"] * np.random.default_rng(seed).integers(1, 3, len(table)))
    copies = (twice["weight"] / table["weight"]).fillna(1).astype(int)
    nights = table["night"].unique()
    single, repeated = night_sums(twice, nights), night_sums(table.loc[table.index.repeat(copies)], nights)
    repeated[:, :3] = single[:, :3]
    np.testing.assert_allclose(single, repeated)


def test_the_night_sums_are_those_of_a_loop_over_frames():
    table = simulated(3, nights=4, frames=6, labelled=2)
    names = [*table["night"].unique(), "29990101"]
    expected = np.zeros((5, len(SUMS)))
    for row in table.itertuples():
        place = names.index(row.night)
        expected[place, :3] += 1, row.is_aurora, row.p_aurora
        if isinstance(row.label, str):
            yes, weight, p = row.label == "yes", row.weight, row.p_aurora
            both = (1, yes, yes * row.is_aurora, (not yes) * row.is_aurora, p, p * p, yes * p)
            expected[place, 3:] += weight * np.array(both, dtype=float)
    np.testing.assert_allclose(night_sums(table, np.array(names)), expected)
    assert night_sums(table.iloc[:0], np.array([])).shape == (0, len(SUMS))


def test_the_apparent_share_is_the_ratio_of_the_calls():
    table = simulated(4)
    found = estimates(table, draws=500)["apparent"]
    ratio = bootstrap.ratio_interval(table["is_aurora"], np.ones(len(table)), table["night"], draws=500)
    assert found.estimate == pytest.approx(ratio)
    assert (found.labelled, found.labelled_nights, found.too_few_nights) == (0, 0, False)


def test_numbers_say_what_they_rest_on():
    found = estimates(simulated(5), draws=200)
    for method in ("rogan_gladen", "prediction_powered"):
        assert (found[method].estimate.frames, found[method].estimate.nights) == (800, 20)
        assert (found[method].labelled, found[method].labelled_nights) == (160, 20)
        assert found[method].estimate.low < found[method].estimate.value < found[method].estimate.high


def test_without_labels_only_the_apparent_share_has_a_number():
    found = estimates(simulated(6).assign(label=None, weight=np.nan), draws=200)
    assert found["apparent"].estimate.value > 0
    for method in ("rogan_gladen", "prediction_powered"):
        assert np.isnan(found[method].estimate.value)
        assert found[method].too_few_nights


def test_labels_in_too_few_nights_give_no_number():
    table = simulated(7)
    few = table["night"].isin(table["night"].unique()[:4])
    table = table.assign(label=table["label"].where(few), weight=table["weight"].where(few))
    found = estimates(table, draws=200)["prediction_powered"]
    assert np.isnan([found.estimate.value, found.estimate.low]).all()
    assert (found.labelled_nights, found.too_few_nights) == (4, True)


def test_error_rates_from_elsewhere_take_their_nights_along():
    group = simulated(8).assign(label=None, weight=np.nan)
    few, many = simulated(9, nights=8, first=100), simulated(9, nights=80, first=100)
    by_few, by_many = (estimates(group, rates, draws=1000)["rogan_gladen"] for rates in (few, many))
    pool = many.dropna(subset="label")
    sensitivity = pool.loc[pool["label"] == "yes", "is_aurora"].mean()
    specificity = 1 - pool.loc[pool["label"] == "no", "is_aurora"].mean()
    expected = (group["is_aurora"].mean() + specificity - 1) / (sensitivity + specificity - 1)
    assert by_many.estimate.value == pytest.approx(expected)
    assert (by_many.labelled, by_many.labelled_nights, by_many.estimate.nights) == (640, 80, 20)
    width = by_many.estimate.high - by_many.estimate.low
    assert by_few.estimate.high - by_few.estimate.low > width  # rates of 8 nights are less sure than of 80


def test_groups_come_in_order_and_rows_of_no_group_are_left_out():
    table = simulated(10)
    months = pd.Series(np.where(np.arange(len(table)) < 400, "2024-03", "2024-02"), index=table.index)
    months[:40] = None
    found = by_group(table, months, draws=200)
    assert list(found.columns) == [*occurrence.COLUMNS, "too_few_nights"]
    assert found["group"].tolist() == ["2024-02"] * 3 + ["2024-03"] * 3
    assert found["method"].tolist() == list(METHODS) * 2
    assert found["frames"].tolist() == [400] * 3 + [360] * 3
    alone = estimates(table[months == "2024-02"], table, draws=200)
    assert found["value"].tolist()[:3] == pytest.approx([one.estimate.value for one in alone.values()])
    assert found["labelled"].tolist()[:3] == [0, 160, 80]
    own = by_group(table, months, own_rates=True, draws=200)
    assert own["labelled"].tolist()[:3] == [0, 80, 80]


def test_an_empty_category_is_there_with_no_frames():
    table = simulated(11, nights=6)
    hours = pd.Series(pd.Categorical(["late"] * len(table), ["early", "late"]), index=table.index)
    found = by_group(table, hours, draws=100).set_index(["group", "method"])
    assert found.loc[("early", "apparent"), ["frames", "nights", "too_few_nights"]].tolist() == [0, 0, True]
    assert np.isnan(found.loc[("early", "prediction_powered"), "value"])


@pytest.mark.parametrize(("share", "nights"), [(0.1, 15), (0.4, 30)])
def test_corrected_intervals_hold_the_truth_as_often_as_they_promise(share, nights):
    simulations, holds = 120, dict.fromkeys(METHODS, 0)
    rates = simulated(99_999, nights=60, first=1000)
    for seed in range(simulations):
        found = estimates(simulated(seed, nights, share), rates, draws=300, seed=seed)
        for method, one in found.items():
            holds[method] += one.estimate.low <= share <= one.estimate.high
    # of 95 %, a number that only one run of a thousand falls short of
    least = stats.binom.ppf(0.001, simulations, 0.95)
    assert holds["prediction_powered"] >= least
    assert holds["rogan_gladen"] >= least


def test_where_the_classifier_errs_the_apparent_share_is_wrong_and_the_corrected_are_not():
    table = simulated(12, nights=400, share=0.05)
    found = estimates(table, draws=400)
    truth = table["actual"].mean()
    assert found["apparent"].estimate.low > truth + 0.05
    for method in ("rogan_gladen", "prediction_powered"):
        assert found[method].estimate.value == pytest.approx(truth, abs=0.02)
