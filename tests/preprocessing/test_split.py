from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aurora_gradcam import config
from aurora_gradcam.config import Fractions, Params, Split
from aurora_gradcam.errors import ConfigError, DataError
from aurora_gradcam.preprocessing import split
from aurora_gradcam.preprocessing.split import by_frame, by_night, divide_nights
from aurora_gradcam.tables.labels import LABELLED_TABLE, LABELS
from aurora_gradcam.tables.split import SPLIT_TABLE, SPLITS

DEFAULT = Fractions()
STUDY = Fractions(train=0.8, val=0.2, test=0)


def pool(counts: list[tuple[int, int]]) -> pd.DataFrame:
    """Labelled frames: (no, yes) in each of consecutive nights."""
    nights = pd.date_range("20221201", periods=len(counts)).strftime("%Y%m%d")
    rows = [
        (f"{night}-{number:05d}", "no" if number < no else "yes", night)
        for night, (no, yes) in zip(nights, counts, strict=True)
        for number in range(no + yes)
    ]
    return pd.DataFrame(rows, columns=["frame_id", "label", "night"])


def numbers(found: pd.DataFrame) -> dict[tuple[str, str], int]:
    return found.groupby(["split", "label"]).size().to_dict()


nights_of_both = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), min_size=6, max_size=25)


@settings(max_examples=30, deadline=None)
@given(nights_of_both, st.integers(0, 99))
def test_by_night_no_night_stands_on_two_sides_and_every_split_is_balanced(counts, seed):
    labelled = pool(counts)
    found = by_night(labelled, DEFAULT, True, seed)
    assert (found.groupby("night")["split"].unique().map(len) == 1).all()
    assert set(found["split"]) == {"train", "val", "test"}
    sizes = numbers(found)
    assert all(sizes[name, "no"] == sizes[name, "yes"] > 0 for name in SPLITS)
    assert set(found["frame_id"]) <= set(labelled["frame_id"])
    assert found["frame_id"].is_unique
    pd.testing.assert_frame_equal(found, by_night(labelled, DEFAULT, True, seed))


@settings(max_examples=30, deadline=None)
@given(nights_of_both)
def test_balancing_thins_only_the_commoner_class_in_proportion_over_its_nights(counts):
    labelled = pool(counts)
    whole, thin = by_night(labelled, DEFAULT, False, 1), by_night(labelled, DEFAULT, True, 1)
    assert set(whole["frame_id"]) == set(labelled["frame_id"])
    for name, part in whole.groupby("split"):
        kept, sizes = thin[thin["split"] == name], part["label"].value_counts()
        for label in LABELS:
            before = part[part["label"] == label].groupby("night").size()
            after = kept[kept["label"] == label].groupby("night").size().reindex(before.index, fill_value=0)
            assert (np.abs(after - before * sizes.min() / sizes[label]) < 1).all()


def test_by_night_shares_of_frames_and_of_yes_come_close_to_the_fractions():
    generator = np.random.default_rng(0)
    labelled = pool(generator.integers(0, [20, 9], (150, 2)).tolist())
    found = by_night(labelled, DEFAULT, False, 42)
    for label in LABELS:
        shares = found.loc[found["label"] == label, "split"].value_counts(normalize=True)
        assert shares[list(SPLITS)].to_numpy() == pytest.approx([0.6, 0.2, 0.2], abs=0.01)


def test_by_night_nights_with_either_class_come_close_to_the_fractions_too():
    """30 nights with a frame of aurora or two, one with as many as all of them: its share must not stand for nights."""
    labelled = pool([(8, 2)] * 15 + [(8, 1)] * 15 + [(0, 45)] + [(9, 0)] * 20)
    found = by_night(labelled, DEFAULT, False, 42)
    for label, nights in (("yes", 31), ("no", 50)):
        of_split = found[found["label"] == label].groupby("split")["night"].nunique()[list(SPLITS)]
        assert of_split.to_numpy() == pytest.approx(np.array([0.6, 0.2, 0.2]) * nights, abs=2.5)


def test_by_night_finds_the_one_division_there_is():
    # only nights 0, 1 and 2 have yes: each must go to another split
    found = by_night(pool([(4, 3), (4, 1), (4, 1)] + [(4, 0)] * 7), DEFAULT, False, 3)
    with_yes = found[found["label"] == "yes"].drop_duplicates("night").set_index("night")["split"]
    assert sorted(with_yes) == ["test", "train", "val"]
    assert with_yes["20221201"] == "train"  # 3 of 5 yes is the fraction of train


def test_by_night_another_seed_gives_another_split():
    labelled = pool([(5, 5)] * 20)
    first, second = (by_night(labelled, DEFAULT, True, seed).set_index("frame_id")["split"] for seed in (1, 2))
    assert not first.equals(second)


def test_by_night_a_fraction_of_0_leaves_a_split_out():
    assert set(by_night(pool([(5, 5)] * 6), STUDY, True, 1)["split"]) == {"train", "val"}


def test_divide_nights_fits_the_fractions_and_gives_none_where_a_class_cannot_reach_every_split():
    fractions = np.array([0.6, 0.2, 0.2])
    given_nights = divide_nights(np.array([[6, 6], [2, 2], [2, 2]]), fractions, np.random.default_rng(0))
    assert given_nights[0] == 0
    assert sorted(given_nights[1:]) == [1, 2]
    lone = np.array([[5, 0], [5, 0], [0, 5], [5, 5]])
    assert divide_nights(lone, fractions, np.random.default_rng(0)) is None


@pytest.mark.parametrize(
    "counts", [[(5, 5)] * 2, [(5, 0)] * 20, [(0, 5)] * 20, [(5, 5), (5, 5)] + [(5, 0)] * 9, [(5, 0)] * 3 + [(0, 5)] * 2]
)
def test_by_night_too_few_nights_of_a_class_are_refused_with_counts(counts):
    labelled = pool(counts)
    yes = labelled[labelled["label"] == "yes"]
    with pytest.raises(DataError) as caught:
        by_night(labelled, DEFAULT, True, 1)
    assert f"{len(yes)} yes in {yes['night'].nunique()} nights" in caught.value.what
    assert caught.value.fix


def test_by_frame_reproduces_the_studys_totals():
    # 256 nights with 5 yes (4 to train), 73 with 1 (to val), 2 with none: 1,353 yes, floor(0.8 n) of each night 1,024
    yes = np.array([5] * 256 + [1] * 73 + [0] * 2)
    no = np.array([9] * 100 + [10] * 231)
    assert (yes.sum(), no.sum()) == (1353, 3210)
    labelled = pool(list(zip(no, yes, strict=True)))
    found = by_frame(labelled, STUDY, True, 42)
    assert numbers(found) == {
        ("train", "yes"): 1024,
        ("val", "yes"): 329,
        ("train", "no"): 1024,
        ("val", "no"): 329,
    }
    assert found["frame_id"].is_unique
    # no: 31.9 % of each night to train (the study prints 31.88), then 15.05 % of what remains to val
    of_night = found[found["label"] == "no"].groupby(["split", "night"]).size()
    train = of_night["train"].reindex(labelled["night"].unique(), fill_value=0).to_numpy()
    val = of_night["val"].reindex(labelled["night"].unique(), fill_value=0).to_numpy()
    assert (np.abs(train - 0.319 * no) < 1.001).all()
    assert (np.abs(val - 0.1505 * (no - train)) < 1.001).all()


def test_by_frame_divides_the_yes_of_every_night_four_to_one():
    found = by_frame(pool([(20, 10), (20, 5), (20, 4), (20, 1)]), STUDY, True, 42)
    yes = found[found["label"] == "yes"]
    of_night = pd.crosstab(yes["night"], yes["split"])
    assert of_night["train"].tolist() == [8, 4, 3, 0]
    assert of_night["val"].tolist() == [2, 1, 1, 1]


def test_by_frame_takes_the_share_of_train_and_val_from_fractions_that_are_no_exact_binary_numbers():
    found = by_frame(pool([(8, 4)] * 3), DEFAULT, True, 42)  # 0.6 / (0.6 + 0.2) is 0.7499999999999999
    assert numbers(found)["train", "yes"] == 3 * 3


@settings(max_examples=30, deadline=None)
@given(nights_of_both, st.integers(0, 99))
def test_by_frame_classes_are_equal_and_no_frame_stands_twice(counts, seed):
    labelled = pool(counts)
    rarer = min(labelled["label"].value_counts())
    try:
        found = by_frame(labelled, STUDY, True, seed)
    except DataError:
        assume(False)
    sizes = numbers(found)
    assert sizes["train", "yes"] == sizes["train", "no"]
    assert sizes["val", "yes"] == sizes["val", "no"]
    assert len(found) == 2 * rarer
    assert found["frame_id"].is_unique
    pd.testing.assert_frame_equal(found, by_frame(labelled, STUDY, True, seed))


def test_by_frame_unbalanced_keeps_every_frame():
    labelled = pool([(10, 5), (5, 10)])
    found = by_frame(labelled, STUDY, False, 42)
    assert numbers(found) == {
        ("train", "yes"): 12,
        ("val", "yes"): 3,
        ("train", "no"): 12,
        ("val", "no"): 3,
    }


@pytest.mark.parametrize("counts", [[(5, 1)] * 9, [(5, 0)] * 9, [(0, 5)] * 9])
def test_by_frame_a_split_without_a_class_is_refused_with_counts(counts):
    with pytest.raises(DataError, match=f"{sum(yes for _, yes in counts)} yes in"):
        by_frame(pool(counts), STUDY, True, 42)


def test_by_frame_without_train_and_val_is_refused():
    with pytest.raises(ConfigError, match="fractions"):
        by_frame(pool([(5, 5)]), Fractions(train=0, val=0, test=1), True, 42)


def test_the_stage_splits_the_pool_alone_and_gives_the_same_bytes_again(tiny_project, caplog):
    labelled = LABELLED_TABLE.read()
    audit = pd.DataFrame(
        {"frame_id": ["20240301-00000"], "label": "yes", "set": "audit", "annotator": "A", "weight": 1}
    )
    LABELLED_TABLE.write(pd.concat([labelled, audit]))
    split.run(config.load())
    found, first = SPLIT_TABLE.read(), SPLIT_TABLE.path().read_bytes()
    told = next(line for line in caplog.messages if line.startswith("pool "))
    assert told.startswith("pool 106 frames of 12 nights; train ")
    assert f"left out to balance classes {106 - len(found)}" in told
    assert set(found["frame_id"]) <= set(tiny_project["frame_id"])
    assert found["frame_id"].is_monotonic_increasing
    expected = tiny_project.set_index("frame_id").loc[found["frame_id"], ["night", "label"]]
    assert found[["night", "label"]].to_numpy().tolist() == expected.to_numpy().tolist()
    split.run(config.load())
    assert SPLIT_TABLE.path().read_bytes() == first


def test_the_policy_of_the_params_decides(tiny_project):
    split.run(Params(split=Split(policy="frame", fractions=STUDY)))
    found = SPLIT_TABLE.read()
    assert set(found["split"]) == {"train", "val"}
    assert (found.groupby("night")["split"].nunique() == 2).any()


def test_a_pool_without_labels_is_refused(tiny_project):
    labelled = LABELLED_TABLE.read()
    LABELLED_TABLE.write(labelled[labelled["set"] == "audit"])
    with pytest.raises(DataError, match="to_label.csv"):
        split.run(config.load())
