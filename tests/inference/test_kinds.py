"""Scores of cloud and form against scikit-learn, and the occurrence under a clear sky against a simulated truth."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, roc_auc_score

import tiny
from aurora_gradcam import config
from aurora_gradcam.inference import evaluate
from aurora_gradcam.inference.clear_sky import when_clear
from aurora_gradcam.inference.kind_scores import head_scores
from aurora_gradcam.inference.kinds import kind_columns
from aurora_gradcam.tables.frames import FRAMES_TABLE
from aurora_gradcam.tables.kinds import CLASSES, CLOUDS, FORMS
from aurora_gradcam.tables.labels import LABELLED_TABLE
from aurora_gradcam.tables.predictions import PREDICTIONS_TABLE
from aurora_gradcam.tables.sky import SKY_TABLE
from aurora_gradcam.training.network import ModelCard

NIGHTS = tuple(f"202402{day:02d}" for day in range(1, 25))


def judged(head: str = "cloud", count: int = 240, nights: int = 12, without: str = "") -> pd.DataFrame:
    """Labelled frames of a head that is often right."""
    generator = np.random.default_rng(4)
    classes = CLASSES[head]
    actual = generator.choice([label for label in classes if label != without], count)
    logits = generator.normal(0, 1, (count, len(classes))) + 1.5 * (actual[:, None] == np.array(classes))
    rows = kind_columns({head: logits}, np.full(count, True)).rename(columns={head: "called"})
    if head == "form":
        rows["called"] = np.array(classes)[logits.argmax(1)]
    return rows.assign(actual=actual, night=[NIGHTS[row % nights] for row in range(count)])


@pytest.mark.parametrize("head", ["cloud", "form"])
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_are_scikit_learns(head, weighted):
    rows = judged(head)
    if weighted:
        rows = rows.assign(weight=np.random.default_rng(1).integers(1, 5, len(rows)))
    weight = rows.get("weight")
    scores, classes = head_scores(rows, head), list(CLASSES[head])
    expected = confusion_matrix(rows["actual"], rows["called"], labels=classes)
    assert [[scores["confusion"][actual][called] for called in classes] for actual in classes] == expected.tolist()
    assert scores["labelled"] == {label: int((rows["actual"] == label).sum()) for label in classes}
    assert (scores["frames"], scores["nights"]) == (240, 12)
    of = {"sample_weight": weight}
    assert scores["accuracy"]["value"] == pytest.approx(accuracy_score(rows["actual"], rows["called"], **of))
    by_class = f1_score(rows["actual"], rows["called"], labels=classes, average=None, **of)
    assert [scores["f1"][label]["value"] for label in classes] == pytest.approx(by_class)
    assert scores["macro_f1"]["value"] == pytest.approx(by_class.mean())
    for label in classes:
        auroc = roc_auc_score(rows["actual"] == label, rows[f"p_{label}"], **of)
        assert scores["auroc"][label]["value"] == pytest.approx(auroc)
    for score in (scores["accuracy"], scores["macro_f1"], *scores["auroc"].values()):
        assert score["low"] < score["value"] < score["high"]
    chance = rows[[f"p_{label}" for label in classes]].to_numpy()
    right = np.array(classes)[chance.argmax(1)] == rows["actual"]
    gap = abs(np.average(chance.max(1) - right, weights=weight))
    assert scores["ece"]["value"] >= gap - 1e-9  # bins can only add


def test_a_class_that_nobody_labelled_has_no_score_and_no_part_in_the_mean():
    rows = judged(without="broken")
    scores = head_scores(rows, "cloud")
    assert list(scores["f1"]) == list(scores["auroc"]) == ["clear", "overcast"]
    expected = f1_score(rows["actual"], rows["called"], labels=["clear", "overcast"], average="macro")
    assert scores["macro_f1"]["value"] == pytest.approx(expected)


def test_few_nights_give_no_score():
    scores = head_scores(judged(nights=4), "cloud")
    assert scores["macro_f1"]["too_few_nights"] and np.isnan(scores["macro_f1"]["value"])


# ---- occurrence when the sky is clear


def season(seed: int, truth: float = 0.3, nights: int = 25, frames: int = 60, labelled: int = 8) -> pd.DataFrame:
    """Nights with their own cloud and aurora; cloud hides aurora, and the classifier is poor at both."""
    generator = np.random.default_rng(seed)
    clear = generator.random((nights, frames)) < generator.beta(1.2, 1.2, (nights, 1))
    behind = generator.random((nights, frames)) < generator.beta(truth * 2, (1 - truth) * 2, (nights, 1))
    aurora = behind & (clear | (generator.random((nights, frames)) < 0.1))
    noise = generator.normal(0, 1, (2, nights, frames)) + generator.normal(0, 0.5, (2, nights, 1))
    is_labelled = np.zeros((nights, frames), dtype=bool)
    is_labelled[:, :labelled] = True  # frames of a night are exchangeable here
    rows = pd.DataFrame(
        {
            "night": np.repeat([f"night {number}" for number in range(nights)], frames),
            "p_aurora": 1 / (1 + np.exp(-(2 * aurora - 1.5 + noise[0]))).ravel(),
            "p_clear": 1 / (1 + np.exp(-(2 * clear - 1 + noise[1]))).ravel(),
        }
    )
    chosen = is_labelled.ravel()
    label = np.where(aurora, "yes", "no").astype(object).ravel()
    cloud = np.where(clear, "clear", "overcast").astype(object).ravel()
    return rows.assign(
        is_aurora=rows["p_aurora"] > 0.5,
        label=np.where(chosen, label, None),
        actual_cloud=np.where(chosen, cloud, None),
        weight=np.where(chosen, frames / labelled, np.nan),
        true_label=label,
        true_cloud=cloud,
    )


@pytest.mark.parametrize("truth", [0.1, 0.4])
def test_intervals_of_the_occurrence_when_clear_hold_the_truth_as_often_as_they_promise(truth):
    held, plain = 0, 0
    for seed in range(120):
        rows = season(seed, truth)
        estimate = when_clear(rows, draws=300, seed=seed).estimate
        held += estimate.low <= truth <= estimate.high
        plain += (rows["true_label"] == "yes").mean()
    assert held / 120 >= 0.9
    assert plain / 120 < 0.7 * truth  # what cloud hides is missing in the plain occurrence


def test_with_labels_of_all_frames_it_is_the_share_counted():
    rows = season(3)
    rows = rows.assign(label=rows["true_label"], actual_cloud=rows["true_cloud"], weight=1.0)
    clear = rows["true_cloud"] == "clear"
    occurrence = when_clear(rows)
    assert occurrence.estimate.value == pytest.approx((rows["true_label"][clear] == "yes").mean())
    assert (occurrence.labelled, occurrence.labelled_nights) == (len(rows), 25)


def test_without_a_head_the_labels_alone_count_and_without_labels_nothing():
    rows = season(5)
    alone = when_clear(rows.drop(columns="p_clear")).estimate
    clear = rows["actual_cloud"] == "clear"
    assert alone.value == pytest.approx((rows["label"][clear] == "yes").mean())
    assert when_clear(rows.assign(actual_cloud=None)) is None


def test_labels_of_clear_sky_in_too_few_nights_give_no_number():
    occurrence = when_clear(season(6, nights=4))
    assert occurrence.too_few_nights and np.isnan(occurrence.estimate.value)


# ---- the stage


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Evaluate a miniature project with kinds or without; the tables can be changed before."""
    monkeypatch.chdir(tmp_path)
    split = tiny.build(nights=NIGHTS)
    frames = FRAMES_TABLE.read_months(("2024-02",))
    ok = frames[frames["status"] == "ok"].sort_values("frame_id", ignore_index=True)
    generator = np.random.default_rng(2)
    p = generator.random(len(ok))
    predicted = ok[["frame_id"]].assign(logit_no=-p, logit_yes=p, p_aurora=p, is_aurora=p > 0.5)
    outputs = {"cloud": generator.normal(0, 1, (len(ok), 3)), "form": generator.normal(0, 1, (len(ok), 6))}
    kinds = kind_columns({**outputs, "strength": generator.normal(0, 1, len(ok))}, p > 0.5)

    def named(rows: pd.DataFrame) -> pd.DataFrame:
        cloud, form = generator.choice(CLOUDS, len(rows)), generator.choice(FORMS, len(rows))
        return rows.assign(cloud=cloud, form=np.where(rows["label"] == "yes", form, None))

    def run(heads: bool, labels: bool) -> dict:
        table = predicted.join(kinds) if heads else predicted
        PREDICTIONS_TABLE.write(table)
        tables = [named(rows) if labels else rows for rows in (split, LABELLED_TABLE.read())]
        card = ModelCard(backbone="efficientnet_b0", image_size=64)
        evaluate.report(frames, PREDICTIONS_TABLE.read(), SKY_TABLE.read(), *tables, card, config.Site())
        return json.loads(evaluate.METRICS.read_text())

    return run


def test_without_heads_and_labels_nothing_is_written_and_with_them_the_rest_is_the_same(results):
    plain = results(heads=False, labels=False)
    assert "kinds" not in plain
    rich = results(heads=True, labels=True)
    assert {name: of for name, of in rich.items() if name != "kinds"} == plain
    kinds = rich["kinds"]
    assert list(kinds) == ["heads", "occurrence", "occurrence_when_clear", "conditions"]
    for head in ("cloud", "form"):
        assert list(kinds["heads"][head]) == ["train", "val", "test", "audit"]
        for split in ("train", "val", "test"):
            assert kinds["heads"][head][split]["frames"] == plain["splits"][split]["frames"]
        assert kinds["heads"][head]["audit"]["frames"] == plain["audit"]["labelled_frames"]
    assert kinds["heads"]["form"]["test"]["labelled"]["none"] == plain["splits"]["test"]["no"]
    assert kinds["occurrence_when_clear"]["labelled"] == plain["audit"]["labelled_frames"]
    assert sum(of["frames"] for by in kinds["conditions"].values() for of in by.values()) == 214
    assert list(kinds["occurrence"]) == list(CLOUDS)


def test_heads_without_labels_have_no_scores(results):
    kinds = results(heads=True, labels=False)["kinds"]
    assert list(kinds) == ["occurrence", "conditions"]
    assert kinds["occurrence"]["clear"]["apparent"]["frames"] > 0


def test_labels_without_heads_tell_the_occurrence_when_clear(results):
    assert list(results(heads=False, labels=True)["kinds"]) == ["occurrence_when_clear"]
