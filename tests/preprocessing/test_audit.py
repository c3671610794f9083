from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_gradcam.conditions import CONDITIONS
from aurora_gradcam.config import Params, SampleLabel
from aurora_gradcam.preprocessing.audit import LARGEST_PART, LEAST_NIGHTS, Use, sample_audit, use_of_nights
from aurora_gradcam.preprocessing.sample_label import sample_pool
from aurora_gradcam.preprocessing.split import by_night
from skies import season

ROOT = Path(__file__).parents[2]
PARAMS = SampleLabel()
TRAINING = ("Night", "No_Moon")


def drawn(frames: pd.DataFrame, per_condition: int, seed: int) -> pd.DataFrame:
    """The audit of nights that are all free."""
    return sample_audit(frames, pd.Series(Use.FREE, index=frames["night"].unique()), per_condition, seed)


def whole_season(training: int = 62, others: int = 10, frames: int = 17) -> pd.DataFrame:
    """Nights of one condition each: so many in the training condition and in each of the other eight."""
    parts, first = [], pd.Timestamp("2022-08-01")
    for condition in CONDITIONS:
        nights = training if condition == TRAINING else others
        parts.append(season([frames] * nights, condition, first.strftime("%Y%m%d")))
        first += pd.Timedelta(days=nights)
    return pd.concat(parts, ignore_index=True)


def long_nights(count: int, seed: int) -> pd.DataFrame:
    """Nights that go through twilight and darkness, each with the Moon of its date, as a real archive has them."""
    generator = np.random.default_rng(seed)
    nights = pd.date_range("20220801", periods=count).strftime("%Y%m%d")
    rows = []
    for night in nights:
        moon = generator.choice(["No_Moon", "Moon_Quarter", "Moon_Full"])
        suns = ("Nautical", "Astronomical", "Night")[: generator.integers(1, 4)]
        rows += [(night, sun, moon if generator.random() < 0.8 else "No_Moon") for sun in suns for _ in range(30)]
    frames = pd.DataFrame(rows, columns=["night", "sun_class", "moon_class"])
    frames.insert(0, "frame_id", [f"{row.night}-{number:05d}" for number, row in enumerate(frames.itertuples())])
    return frames


def test_audit_takes_its_number_from_every_condition_or_all_there_are():
    frames = pd.concat([season([12] * (number + 1), condition) for number, condition in enumerate(CONDITIONS)])
    frames["frame_id"] = [f"{night}-{number:05d}" for number, night in enumerate(frames["night"])]
    audit = drawn(frames, 20, 42)
    found = audit.groupby(["sun_class", "moon_class"]).agg(size=("weight", "size"), stands_for=("weight", "sum"))
    for number, condition in enumerate(CONDITIONS):
        there = 12 * (number + 1)
        assert found.loc[condition, "size"] == min(20, there)
        assert found.loc[condition, "stands_for"] == pytest.approx(there)
    assert drawn(frames, 0, 42).empty


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=20), st.integers(1, 50), st.integers(0, 1000))
def test_audit_is_spread_over_nights_in_proportion(sizes, wanted, seed):
    frames = season(sizes)
    taken = drawn(frames, wanted, seed).groupby("night").size()
    taken = taken.reindex(frames["night"].unique(), fill_value=0).to_numpy()
    total = sum(sizes)
    assert taken.sum() == min(wanted, total)
    # every night holds the floor or the ceiling of its size times one threshold common to all nights
    low, high = max((taken - 1) / sizes), min((taken + 1) / sizes)
    assert low < high


@pytest.mark.parametrize("sizes", [[5, 50, 10, 35], [1] * 50 + [50]])
def test_audit_draws_every_frame_as_often_in_large_and_in_small_nights(sizes):
    frames = season(sizes)
    picked = np.concatenate([drawn(frames, 20, seed)["frame_id"] for seed in range(100)])
    times = pd.Series(picked).value_counts().reindex(frames["frame_id"], fill_value=0)
    assert times.between(20 - 17, 20 + 17).all()  # 100 draws of a fifth: 20, standard deviation 4
    large = frames["night"].map(frames["night"].value_counts()).to_numpy() >= 35
    assert times[large].mean() == pytest.approx(20, abs=1.5)
    assert times[~large].mean() == pytest.approx(20, abs=1.5)


def test_another_night_displaces_few_audit_frames():
    before = season([40] * 100)
    after = pd.concat([before, season([40], first="20250101")])
    alone, together = (set(drawn(frames, 20, 42)["frame_id"]) for frames in (before, after))
    assert len(alone & together) >= 19


@pytest.mark.parametrize("seed", range(5))
def test_a_season_gives_enough_nights_to_every_split_and_every_condition(seed):
    """62 nights of the training condition and 10 of each other one, by the params of this repository."""
    params = Params.model_validate(yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8")))
    frames = whole_season()
    use = use_of_nights(frames, params.sample_label, seed)
    audit = sample_audit(frames, use, params.sample_label.audit_per_condition, seed)
    nights = audit.groupby(["sun_class", "moon_class"])["night"].nunique()
    assert len(nights) == len(CONDITIONS)
    assert nights.min() >= LEAST_NIGHTS
    assert (nights.drop(TRAINING) == 10).all(), "nights that could not train anyway all serve"

    pool = sample_pool(frames[frames["night"].map(use) == Use.TRAINING], params.sample_label, seed)
    assert not set(pool["night"]) & set(audit["night"])
    generator = np.random.default_rng(seed)
    with_aurora = generator.permutation(pool["night"].unique())[:25]  # half of the nights
    yes = pool["night"].isin(with_aurora) & (generator.random(len(pool)) < 0.7)
    labelled = pool.assign(label=np.where(yes, "yes", "no")).reset_index(drop=True)
    split = by_night(labelled, params.split.fractions, params.split.balance, seed)
    found = split.groupby("split")["night"].nunique()
    assert found["test"] >= 20
    assert found["val"] >= 12
    assert split[split["label"] == "yes"].groupby("split")["night"].nunique().min() >= params.train.least_val_nights


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 60), st.integers(0, 99), st.floats(0, 1))
def test_audit_nights_never_train_and_are_at_most_one_in_three(count, seed, fraction):
    frames = long_nights(count, seed)
    params = SampleLabel(audit_night_fraction=fraction)
    use = use_of_nights(frames, params, seed)
    could_train = set(frames.loc[(frames["sun_class"] == "Night") & (frames["moon_class"] == "No_Moon"), "night"])
    assert set(use.index[use != Use.FREE]) == could_train
    assert (use == Use.AUDIT).sum() <= len(could_train) // LARGEST_PART
    audit = sample_audit(frames, use, params.audit_per_condition, seed)
    assert not (audit["night"].map(use) == Use.TRAINING).any()
    pd.testing.assert_series_equal(use, use_of_nights(frames.sample(frac=1, random_state=1), params, seed))


@pytest.mark.parametrize("seed", range(3))
def test_every_condition_of_an_archive_has_audit_nights_where_the_archive_has_them(seed):
    frames = long_nights(300, seed)
    use = use_of_nights(frames, SampleLabel(audit_night_fraction=0.0), seed)
    nights = sample_audit(frames, use, 20, seed).groupby(["sun_class", "moon_class"])["night"].nunique()
    assert nights.reindex(CONDITIONS, fill_value=0).min() >= LEAST_NIGHTS


@pytest.mark.parametrize("count", [3, 14, 15, 62, 100])
def test_a_further_night_changes_the_use_of_one_other_at_most(count):
    nights = season([20] * (count + 1))
    later = nights["night"].max()
    before, after = (use_of_nights(frames, PARAMS, 42) for frames in (nights[nights["night"] != later], nights))
    assert (after[before.index] != before).sum() <= 1
    assert (before == Use.AUDIT).sum() == {3: 1, 14: 4, 15: 5, 62: 12, 100: 20}[count]


def test_without_an_audit_no_night_is_kept_from_training():
    frames = long_nights(60, 1)
    use = use_of_nights(frames, SampleLabel(audit_per_condition=0), 1)
    assert not (use == Use.AUDIT).any()
    assert sample_audit(frames, use, 0, 1).empty


def test_free_nights_and_kept_nights_stand_for_the_frames_of_their_own_kind():
    """Twilight of 10 nights that never grow dark, and of 40 that do, of which a part is kept for the audit."""
    bright = season([30] * 10, ("Nautical", "No_Moon"))
    dark = [season([30] * 40, ("Nautical", "No_Moon"), "20241001"), season([10] * 40, TRAINING, "20241001")]
    dark[1]["frame_id"] += "9"
    frames = pd.concat([bright, *dark], ignore_index=True)
    use = use_of_nights(frames, PARAMS, 3)
    audit = sample_audit(frames, use, 50, 3)
    twilight = audit[audit["sun_class"] == "Nautical"]
    by_use = twilight.groupby(twilight["night"].map(use))["weight"].agg(["size", "sum"])
    assert by_use["size"].to_dict() == {Use.AUDIT: 40, Use.FREE: 10}
    assert by_use["sum"].to_dict() == pytest.approx({Use.AUDIT: 1200, Use.FREE: 300})


def test_over_many_seeds_the_audit_estimates_the_share_of_a_condition_without_bias():
    """Twilight has aurora in 10 of 300 frames of bright nights, and in 600 of 1,200 frames of the others."""
    bright = season([30] * 10, ("Nautical", "No_Moon")).assign(yes=lambda rows: np.arange(len(rows)) % 30 == 0)
    dark = season([30] * 40, ("Nautical", "No_Moon"), "20241001").assign(yes=lambda rows: np.arange(len(rows)) % 2 == 0)
    at_night = season([10] * 40, TRAINING, "20241001").assign(yes=False)
    at_night["frame_id"] += "9"
    frames = pd.concat([bright, dark, at_night], ignore_index=True)
    estimates = []
    for seed in range(40):
        audit = sample_audit(frames, use_of_nights(frames, PARAMS, seed), 20, seed)
        twilight = audit[audit["sun_class"] == "Nautical"]
        estimates.append(np.average(twilight["yes"], weights=twilight["weight"]))
    truth = (10 + 600) / 1500
    assert np.mean(estimates) == pytest.approx(truth, abs=3.5 * np.std(estimates) / np.sqrt(len(estimates)))
