"""The gap between two ways to split, against scikit-learn and against cases with a known answer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, roc_auc_score

import tiny
from aurora_gradcam import config
from aurora_gradcam.errors import DataError
from aurora_gradcam.inference import leakage, leakage_gap
from aurora_gradcam.inference.bootstrap import Estimate
from aurora_gradcam.results import LEAKAGE
from aurora_gradcam.tables.labels import LABELLED_TABLE
from aurora_gradcam.tables.predictions import PREDICTIONS_TABLE
from aurora_gradcam.tables.split import SPLIT_TABLE


def judged(nights: int, right: float, seed: int, per_night: int = 12) -> pd.DataFrame:
    """Frames of so many nights, called rightly with this chance."""
    generator = np.random.default_rng(seed)
    count = nights * per_night
    yes = np.arange(count) % 2 == 0
    p = np.where(yes == (generator.random(count) < right), 0.9, 0.1) + generator.uniform(-0.1, 0.1, count)
    night = np.repeat([f"202402{day + 1:02d}" for day in range(nights)], per_night)
    return pd.DataFrame({"night": night, "label": np.where(yes, "yes", "no"), "p_aurora": p, "is_aurora": p >= 0.5})


def test_scores_are_scikit_learns_and_the_gap_is_their_difference():
    night, frame = judged(8, 0.7, 1), judged(20, 0.95, 2)
    found = leakage_gap.compared(night, frame, draws=200)
    assert found["accuracy"]["frame"]["value"] == pytest.approx(
        accuracy_score(frame["label"] == "yes", frame["is_aurora"])
    )
    assert found["auroc"]["night"]["value"] == pytest.approx(roc_auc_score(night["label"], night["p_aurora"]))
    for name, score in found.items():
        assert score["gap"]["value"] == pytest.approx(score["frame"]["value"] - score["night"]["value"]), name
        assert score["gap"]["low"] < score["gap"]["value"] < score["gap"]["high"], name
    assert found["accuracy"]["gap"]["low"] > 0, "0.95 against 0.7 on hundreds of frames is a gap"


def test_the_same_frames_have_no_gap():
    same = judged(9, 0.8, 3)
    gap = leakage_gap.compared(same, same, draws=100)["accuracy"]["gap"]
    assert gap["value"] == 0 and gap["low"] < 0 < gap["high"], "other nights might differ"


def test_the_gap_of_two_shares_is_newcombes():
    # Newcombe 1998, Statistics in Medicine 17, 873, table II (a): 56/70 - 48/80, score limits without correction
    first, second = (Estimate(x / n, *binomtest(x, n).proportion_ci(method="wilson"), n, 9) for x, n in
                     ((56, 70), (48, 80)))  # fmt: skip
    gap = leakage_gap._gap(first, second)
    assert (gap.value, gap.low, gap.high) == (pytest.approx(0.2), pytest.approx(0.0524, abs=1e-4),
                                              pytest.approx(0.3339, abs=1e-4))  # fmt: skip


def test_a_gap_is_as_unsure_as_the_score_of_fewer_nights():
    found = leakage_gap.compared(judged(6, 1.0, 1), judged(27, 1.0, 2), draws=200)["accuracy"]
    assert found["gap"]["value"] == 0 and found["gap"]["nights"] == 6
    assert found["gap"]["high"] >= 1 - found["night"]["low"] - 1e-9


def test_too_few_nights_have_no_number():
    found = leakage_gap.compared(judged(3, 0.8, 4), judged(12, 0.8, 5), draws=50)
    assert found["accuracy"]["night"]["too_few_nights"] and np.isnan(found["accuracy"]["night"]["value"])


def test_a_result_of_other_labels_is_not_current(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny.build()
    assert leakage_gap.current() is None
    LEAKAGE.parent.mkdir()
    LEAKAGE.write_text(json.dumps({"labelled_md5": leakage_gap.labels_digest(), "scores": {}}))
    assert leakage_gap.current() is not None
    labelled = LABELLED_TABLE.read()
    LABELLED_TABLE.write(labelled.iloc[1:])
    assert leakage_gap.current() is None


def test_missing_material_is_one_clear_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    split = tiny.build()
    with pytest.raises(DataError, match="'val' holds no frame"):
        leakage_gap.reported(
            split[split["split"] != "val"], pd.DataFrame({"frame_id": ["20240201-00000"], "p_aurora": [0.5]}), "val"
        )


def test_the_second_run_splits_by_frames_and_leaves_the_first_as_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    split = tiny.build()
    params = config.load()
    called = split.assign(logit_no=0.0, logit_yes=1.0, p_aurora=0.7, is_aurora=True)
    PREDICTIONS_TABLE.write(called)
    Path("data/weights").mkdir(parents=True)
    before = SPLIT_TABLE.path().read_bytes(), PREDICTIONS_TABLE.path().read_bytes()
    leakage.run(params)
    result = json.loads(LEAKAGE.read_text())
    assert result["night"]["nights"] == split.loc[split["split"] == "test", "night"].nunique()
    assert result["frame"]["nights"] > result["night"]["nights"], "frames of every night stand in val"
    assert (SPLIT_TABLE.path().read_bytes(), PREDICTIONS_TABLE.path().read_bytes()) == before
    assert not Path("data/models").exists(), "what the second run trains stays apart"
