"""What a leaking split and another camera change, against scikit-learn and against cases with a known answer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, roc_auc_score

import tiny
from aurora_gradcam import config
from aurora_gradcam.errors import ConfigError
from aurora_gradcam.inference import leakage, leakage_gap, leakage_result, leakage_runs
from aurora_gradcam.inference.bootstrap import Estimate
from aurora_gradcam.preprocessing.split import by_night
from aurora_gradcam.results import LEAKAGE
from aurora_gradcam.tables.labels import LABELLED_TABLE
from aurora_gradcam.tables.predictions import PREDICTIONS_TABLE
from aurora_gradcam.tables.split import SPLIT_TABLE
from aurora_gradcam.training import train

TRIAL = [
    "train.backbone=efficientnet_b0",
    "train.image_size=32",
    "split.fractions={train: 0.34, val: 0.16, test: 0.5}",
    "leakage={seeds: 1, starts: {none: {statistics: batch, frozen_epochs: 0}}, second_camera: '20240207'}",
]


def judged(
    nights: int, night: float, frame: float, seed: int, per_night: int = 12, alike: bool = False, number: int = 0
) -> pd.DataFrame:
    """Frames that both sides call rightly with these chances; `alike`: a frame that is hard for one is for both."""
    generator = np.random.default_rng(seed)
    count = nights * per_night
    yes = np.arange(count) % 2 == 0
    luck = generator.random((2, count))
    rows = pd.DataFrame(
        {
            "seed": number,
            "frame_id": [f"202402{k // per_night + 1:02d}-{k % per_night * 10:05d}" for k in range(count)],
            "night": [f"202402{k // per_night + 1:02d}" for k in range(count)],
            "label": np.where(yes, "yes", "no"),
        }
    )
    for side, chance, drawn in (("night", night, luck[0]), ("frame", frame, luck[0 if alike else 1])):
        p = np.where(yes == (drawn < chance), 0.9, 0.1) + generator.uniform(-0.1, 0.1, count)
        rows = rows.assign(**{f"p_{side}": p, f"is_{side}": p >= 0.5})
    return rows


def test_scores_are_the_mean_of_scikit_learns_over_the_trainings_and_the_gap_is_their_difference():
    both = [judged(24, 0.7, 0.95, 1), judged(20, 0.8, 0.9, 2, number=1)]
    scores = leakage_gap.compared(pd.concat(both, ignore_index=True), "night", "frame", draws=200)
    functions = {"accuracy": accuracy_score, "balanced_accuracy": balanced_accuracy_score, "f1": f1_score}
    for side in ("night", "frame"):
        for name, function in functions.items():
            expected = np.mean([function(rows["label"] == "yes", rows[f"is_{side}"]) for rows in both])
            assert scores[name][side]["value"] == pytest.approx(expected), name
        areas = [roc_auc_score(rows["label"] == "yes", rows[f"p_{side}"]) for rows in both]
        assert scores["auroc"][side]["value"] == pytest.approx(np.mean(areas))
    for name, score in scores.items():
        assert score["gap"]["value"] == pytest.approx(score["frame"]["value"] - score["night"]["value"]), name
        assert score["gap"]["low"] < score["gap"]["value"] < score["gap"]["high"], name
    assert scores["accuracy"]["gap"]["low"] > 0, "0.93 against 0.75 on 24 nights is a gap"
    assert (scores["accuracy"]["gap"]["frames"], scores["accuracy"]["gap"]["nights"]) == (288, 24), "each frame once"


def test_the_same_answers_have_no_gap_and_other_nights_might_differ():
    rows = judged(9, 0.8, 0.8, 3, alike=True).assign(
        p_frame=lambda of: of["p_night"], is_frame=lambda of: of["is_night"]
    )
    gap = leakage_gap.compared(rows, "night", "frame", draws=200)["auroc"]["gap"]
    assert gap["value"] == 0 and gap["low"] < 0 < gap["high"]


def test_pairs_make_the_gap_surer_than_either_score():
    width = {}
    for alike in (True, False):
        scores = leakage_gap.compared(judged(20, 0.75, 0.8, 4, alike=alike), "night", "frame", draws=500)["accuracy"]
        width[alike] = scores["gap"]["high"] - scores["gap"]["low"]
    assert width[True] < 0.6 * width[False]


def test_the_gap_of_two_shares_is_newcombes():
    # Newcombe 1998, Statistics in Medicine 17, 873, table II (a): 56/70 - 48/80, score limits without correction
    second, first = (Estimate(x / n, *binomtest(x, n).proportion_ci(method="wilson"), n, 9) for x, n in
                     ((56, 70), (48, 80)))  # fmt: skip
    gap = leakage_gap.difference(first, second, correlation=0.0)
    assert (gap.value, gap.low, gap.high) == (pytest.approx(0.2), pytest.approx(0.0524, abs=1e-4),
                                              pytest.approx(0.3339, abs=1e-4))  # fmt: skip


def test_the_interval_holds_the_true_gap_as_often_as_promised():
    held = 0
    for trial in range(60):
        rows = judged(15, 0.75, 0.85, 100 + trial)
        gap = leakage_gap.compared(rows, "night", "frame", draws=200)["accuracy"]["gap"]
        held += gap["low"] <= 0.1 <= gap["high"]
    assert held >= 53, "95 % of 60 are 57; 53 or fewer come by chance in 2 of 100 times"


def test_too_few_nights_have_no_number():
    scores = leakage_gap.compared(judged(3, 0.8, 0.9, 4), "night", "frame", draws=50)
    assert scores["accuracy"]["gap"]["too_few_nights"] and np.isnan(scores["accuracy"]["gap"]["value"])


def test_the_gap_of_each_training_stands_beside():
    rows = pd.concat([judged(8, 0.7, 0.9, 1, number=42), judged(8, 0.7, 0.9, 2, number=43)])
    right = {side: (rows["label"] == "yes") == rows[f"is_{side}"] for side in ("night", "frame")}
    expected = [(right["frame"] * 1.0 - right["night"])[rows["seed"] == seed].mean() for seed in (42, 43)]
    assert leakage_gap.by_seed(rows, "night", "frame") == pytest.approx(expected)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.integers(3, 12))
def test_the_leaking_split_has_the_same_frames_and_numbers_and_each_night_on_both_sides(seed, per_night):
    pool = judged(12, 0.5, 0.5, 1, per_night=2 * per_night)[["frame_id", "night", "label"]]
    split = by_night(pool, config.Fractions(train=0.4, val=0.2, test=0.4), True, seed)
    leaks = leakage.leaking(split, seed)
    assert set(leaks["frame_id"]) == set(split["frame_id"]) and leaks["frame_id"].is_unique
    for of in (split, leaks):
        assert of.merge(pool, on=["frame_id", "night", "label"]).shape[0] == len(of), "labels and nights stay"
    numbers = [of.groupby(["split", "label"]).size().to_dict() for of in (split, leaks)]
    assert numbers[0] == numbers[1], "neither side learns from more"
    learnt, held_out = (set(leaks.loc[leaks["split"] == name, "night"]) for name in ("train", "test"))
    assert learnt & held_out == set(split["night"])


def test_a_result_of_other_labels_is_not_current_and_an_old_one_is_read_as_one_start(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny.build()
    assert leakage_result.current() is None
    LEAKAGE.parent.mkdir()
    one = {"night": {"set": "test"}, "frame": {"set": "val"}, "scores": {"accuracy": {}}}
    LEAKAGE.write_text(json.dumps({"labelled_md5": leakage_result.labels_digest(), **one}))
    assert leakage_result.current() == {"seeds": 1, "starts": {"the pipeline's": one}, "cameras": None}
    labelled = LABELLED_TABLE.read()
    LABELLED_TABLE.write(labelled.iloc[1:])
    assert leakage_result.current() is None


def test_a_start_changes_only_what_train_has():
    with pytest.raises(ConfigError, match=r"leakage\.starts.*none: train has no key 'epochs'"):
        config.load(assignments=["leakage.starts={none: {epochs: 3}}"])
    params = config.load(Path(__file__).parents[2] / "params.yaml")
    for start in params.leakage.starts:
        assert leakage_runs.settings_of(params, start, 5).train.weights == start


def test_a_stopped_run_goes_on_with_the_trainings_done_and_leaves_the_project_as_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    split = tiny.build(nights=tiny.NIGHTS)
    params = config.load(assignments=TRIAL)
    PREDICTIONS_TABLE.write(split.assign(logit_no=0.0, logit_yes=1.0, p_aurora=0.7, is_aurora=True))
    Path("data/weights").mkdir(parents=True)
    before = SPLIT_TABLE.path().read_bytes(), PREDICTIONS_TABLE.path().read_bytes()
    run, trained = train.run, []

    def stopped(settings: config.Params) -> None:
        trained.append(settings.train.weights)
        if len(trained) == 3:
            raise KeyboardInterrupt
        run(settings)

    monkeypatch.setattr(train, "run", stopped)
    with pytest.raises(KeyboardInterrupt):
        leakage.run(params)
    assert not LEAKAGE.exists()
    leakage.run(params)
    assert len(trained) == 3 + 2, "by night, by frame, then a camera that was stopped; after it both cameras"
    result = json.loads(LEAKAGE.read_text())
    assert result["labelled_md5"] == leakage_result.labels_digest() and result["seeds"] == 1
    of = result["starts"]["none"]
    assert of["night"] == of["frame"] and of["night"]["nights"] >= 5
    assert of["scores"]["accuracy"]["gap"]["value"] == pytest.approx(of["accuracy_gap_by_seed"][0], abs=1e-6)
    by_camera = result["cameras"]["starts"]["none"]
    assert set(by_camera) == {"first", "second"} and by_camera["first"]["own"] == by_camera["first"]["other"]
    assert (SPLIT_TABLE.path().read_bytes(), PREDICTIONS_TABLE.path().read_bytes()) == before
    assert not Path("data/models").exists() and not leakage_runs.FOLDER.exists()
    assert leakage_result.current() is not None


def test_missing_material_is_told_before_anything_is_trained(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    tiny.build()
    params = config.load(assignments=[*TRIAL, "split.fractions={train: 0.7, val: 0.3, test: 0}"])
    with pytest.raises(ConfigError, match="nothing is held out"):
        leakage.run(params)
    pool = leakage.pool_of(LABELLED_TABLE.read())
    alone = config.load(assignments=[*TRIAL, "leakage.second_camera='20240212'"])
    assert leakage.eras_of(alone, pool) is None and "the cameras are not compared" in caplog.text
    assert leakage.eras_of(config.load(assignments=[*TRIAL, "leakage.second_camera=''"]), pool) is None
