from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny
from aurora_gradcam import config
from aurora_gradcam.conditions import CONDITIONS
from aurora_gradcam.config import SampleLabel
from aurora_gradcam.corpus.frame_ids import night_of
from aurora_gradcam.errors import DataError, InputError
from aurora_gradcam.preprocessing.sample_label import run, sample_pool
from aurora_gradcam.tables.labels import LABELLED_TABLE, LABELS_FILE, TO_LABEL
from aurora_gradcam.tables.sky import SKY_TABLE
from skies import season

PARAMS = SampleLabel()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.integers(1, 25), st.floats(0, 1))
def test_each_night_gives_at_most_so_many_and_so_large_a_part_and_at_least_one(sizes, most, part):
    frames = season(sizes)
    pool = sample_pool(frames, SampleLabel(per_night_max=most, night_fraction_max=part), 42)
    found = pool.groupby("night").size()
    expected = [max(1, min(most, int(np.floor(part * size + 1e-9)))) for size in sizes]
    assert list(found) == expected
    assert pool["frame_id"].is_unique
    assert pool.groupby("night")["weight"].sum().to_numpy() == pytest.approx(sizes)


def test_the_studys_rule_takes_20_frames_or_half():
    found = sample_pool(season([300, 41, 40, 39, 3, 2, 1]), PARAMS, 42).groupby("night").size()
    assert list(found) == [20, 20, 20, 19, 1, 1, 1]


def test_only_the_training_conditions_enter_the_pool():
    frames = pd.concat([season([30], condition) for condition in CONDITIONS])
    frames["frame_id"] = [f"20240201-{number:05d}" for number in range(len(frames))]
    pool = sample_pool(frames, PARAMS, 42)
    assert set(zip(pool["sun_class"], pool["moon_class"], strict=True)) == {("Night", "No_Moon")}
    two = SampleLabel(conditions=({"sun": "Night", "moon": "No_Moon"}, {"sun": "Nautical", "moon": "Moon_Full"}))
    assert set(sample_pool(frames, two, 42)["sun_class"]) == {"Night", "Nautical"}


def test_another_night_changes_no_other_nights_sample():
    before, night = season([50, 70, 30]), season([90], first="20240115")
    alone = set(sample_pool(before, PARAMS, 42)["frame_id"])
    together = sample_pool(pd.concat([night, before], ignore_index=True), PARAMS, 42)
    assert set(together.loc[together["night"] != "20240115", "frame_id"]) == alone


def test_the_seed_decides_and_every_frame_of_a_night_is_as_likely():
    frames = season([60])
    picked = pd.Series(np.concatenate([sample_pool(frames, PARAMS, seed)["frame_id"] for seed in range(300)]))
    assert set(sample_pool(frames, PARAMS, 1)["frame_id"]) != set(sample_pool(frames, PARAMS, 2)["frame_id"])
    times = picked.value_counts()
    assert len(times) == 60
    assert times.between(100 - 41, 100 + 41).all()  # 300 draws of a third: 100, standard deviation 8.2


@pytest.fixture
def project(tiny_project):
    """The miniature project with its labels in the labels file: 3 annotators for the first frame of two nights."""
    LABELLED_TABLE.path().unlink()
    rows = tiny_project[["frame_id", "label"]].assign(annotator="Ada")
    first = {night: f"{night}-00000" for night in tiny.NIGHTS}
    rows.loc[rows["frame_id"] == first["20240201"], "label"] = "yes"
    more = pd.DataFrame(
        [(first["20240201"], "no", "Cy"), (first["20240201"], "no", "Bo"), (first["20240202"], "no", "Bo")],
        columns=rows.columns,
    )
    LABELS_FILE.parent.mkdir(parents=True)
    pd.concat([rows, more]).to_csv(LABELS_FILE, index=False)
    return tiny_project


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(1, 10), st.data())
def test_what_people_have_labelled_stays_in_the_pool_and_takes_the_place_of_others(sizes, most, data):
    frames = season(sizes)
    labelled = set(data.draw(st.lists(st.sampled_from(frames["frame_id"].tolist()), unique=True)))
    params = SampleLabel(per_night_max=most, night_fraction_max=1)
    without = sample_pool(frames, params, 42).groupby("night").size()
    pool = sample_pool(frames, params, 42, labelled)
    assert labelled <= set(pool["frame_id"])
    labelled_of_night = frames[frames["frame_id"].isin(labelled)].groupby("night").size()
    expected = np.maximum(without, labelled_of_night.reindex(without.index, fill_value=0))
    assert pool.groupby("night").size().tolist() == expected.tolist()
    assert pool.groupby("night")["weight"].sum().to_numpy() == pytest.approx(sizes)


def test_the_stage_joins_the_labels_and_lists_what_is_missing(project, caplog):
    params = config.load(assignments=["sample_label.per_night_max=1"])
    run(params)
    labelled = LABELLED_TABLE.read()
    # Night x No_Moon is frame 0 of every night; of 12 nights 4 are kept for the audit, which takes all their frames;
    # 8 frames are left for the pool, one of them a tie (Ada yes, Bo no)
    pool = labelled[labelled["set"] == "train_pool"].set_index("frame_id")
    audited = set(labelled.loc[labelled["set"] == "audit", "frame_id"].map(night_of))
    assert len(audited) == 4
    assert list(pool.index) == [f"{n}-00000" for n in tiny.NIGHTS if n not in audited and n != "20240202"]
    assert pool.loc["20240201-00000", ["label", "annotator"]].tolist() == ["no", "Ada+Bo+Cy"]
    assert (pool["weight"] == 1).all()
    assert (labelled["set"] == "audit").sum() == 4 * 9
    missing = pd.read_csv(TO_LABEL, dtype=str)
    assert missing.to_numpy().tolist() == [
        ["20240202-00000", "20240202", "2024-02-02T06:00:00Z", "Night", "No_Moon", "train_pool"]
    ]
    told = caplog.text
    assert "2 are bad" in told
    assert "1 frames have as many yes as no" in told
    assert (
        "usable 106 frames of 12 nights; in sample_label.conditions 12 frames of 12 nights; asked 44 frames of 12"
        " nights; labelled: pool 7 frames of 7 nights, audit 36 frames of 4 nights" in told
    )


def test_simulated_labels_outside_the_sample_are_counted_and_not_used(project, caplog):
    LABELS_FILE.write_text(re.sub("Ada|Bo|Cy", "simulator", LABELS_FILE.read_text().replace("yes", "no")))
    run(config.load(assignments=["sample_label.audit_per_condition=0"]))
    assert len(LABELLED_TABLE.read()) == 12
    assert f"{len(project) - 12} labelled frames are not in the sample" in caplog.text


def test_labels_of_people_stay_in_use_when_the_sample_changes(project, caplog):
    """A wider moon edge moves frames into the training condition; a smaller limit would drop some of those labelled."""
    more = "sample_label.conditions=[{sun: Night, moon: No_Moon}, {sun: Night, moon: Moon_Full}]"
    none_at_random = "sample_label.audit_per_condition=0"
    run(config.load(assignments=[more, none_at_random]))
    before = set(LABELLED_TABLE.read()["frame_id"])
    run(config.load(assignments=[more, none_at_random, "sample_label.per_night_max=1"]))
    labelled = LABELLED_TABLE.read()
    assert set(labelled["frame_id"]) == before and set(labelled["set"]) == {"train_pool"}
    assert len(before) > 12, "more than one frame a night"
    assert "lie outside sample_label.conditions" in caplog.text


def test_a_night_of_the_audit_does_not_enter_the_pool_for_its_labels(project, caplog):
    run(config.load(assignments=["sample_label.audit_per_condition=2", "sample_label.per_night_max=1",
                                 "sample_label.conditions=[{sun: Night, moon: No_Moon}, {sun: Civil, moon: No_Moon},"
                                 " {sun: Night, moon: Moon_Full}, {sun: Night, moon: Moon_Quarter}]"]))  # fmt: skip
    labelled = LABELLED_TABLE.read()
    audit = set(labelled.loc[labelled["set"] == "audit", "frame_id"].map(night_of))
    pool = labelled[labelled["set"] == "train_pool"]
    assert audit and not audit & set(pool["frame_id"].map(night_of))
    assert "of nights kept for the audit" in caplog.text and " 0 are of nights kept" not in caplog.text


def test_without_a_labels_file_everything_is_to_be_labelled(project, caplog):
    LABELS_FILE.unlink()
    run(config.load())
    assert LABELLED_TABLE.read().empty
    assert pd.read_csv(TO_LABEL)["set"].value_counts().to_dict() == {"audit": 4 * 9, "train_pool": 8}
    assert "there is no data/labels/labels.csv yet" in caplog.text


def test_with_all_labels_the_list_holds_its_header_alone(project):
    labels = pd.read_csv(LABELS_FILE).drop_duplicates("frame_id")
    labels.to_csv(LABELS_FILE, index=False)
    run(config.load())
    assert TO_LABEL.read_text() == "frame_id,night,utc,sun_class,moon_class,set\n"


def test_running_again_gives_the_same_bytes(project):
    run(config.load())
    first = [path.read_bytes() for path in (LABELLED_TABLE.path(), TO_LABEL)]
    run(config.load())
    assert [path.read_bytes() for path in (LABELLED_TABLE.path(), TO_LABEL)] == first


def test_no_frame_in_the_training_conditions_is_refused_with_the_counts(project):
    params = config.load(assignments=["sample_label.conditions=[{sun: Day, moon: Moon_Full}]"])
    with pytest.raises(DataError) as caught:
        run(params)
    assert "Day x Moon_Full" in caught.value.what
    assert "Night x No_Moon: 12" in caught.value.what
    assert "Nautical x Moon_Full: 10" in caught.value.what  # the last frames of two nights are bad


def test_a_label_of_an_unknown_frame_is_refused(project):
    with LABELS_FILE.open("a") as file:
        file.write("20250101-00000,yes,Ada\n")
    with pytest.raises(InputError, match="20250101-00000"):
        run(config.load())


def test_a_sky_table_of_other_frames_is_refused(project):
    SKY_TABLE.write(SKY_TABLE.read().iloc[1:])
    with pytest.raises(DataError, match="do not hold the same frames"):
        run(config.load())


def test_frames_without_a_time_are_not_sampled(project, caplog):
    sky = SKY_TABLE.read()
    sky.loc[sky["frame_id"] == "20240203-00000", sky.columns[1:]] = None
    SKY_TABLE.write(sky)
    run(config.load())
    assert "20240203-00000" not in set(LABELLED_TABLE.read()["frame_id"])
    assert "1 without a time" in caplog.text
