"""The starting network beside the trained one: gains are differences of the scores of the same frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

import tiny
from aurora_gradcam.corpus.images import read_frame
from aurora_gradcam.inference import start
from aurora_gradcam.inference.classify import classify, predictions
from aurora_gradcam.inference.scores import estimates, split_scores
from aurora_gradcam.training import network, weights

NIGHTS = tuple(f"202402{day:02d}" for day in range(1, 25))
BEGIN = Path("begin.safetensors")


def judged(nights: int, right: float, seed: int, frames: int = 10) -> pd.DataFrame:
    """Labelled frames, of which about so large a share is called as labelled."""
    generator = np.random.default_rng(seed)
    yes = np.random.default_rng(0).random(nights * frames) < 0.5  # the labels do not depend on the classifier
    called = yes ^ (generator.random(len(yes)) >= right)
    p_aurora = np.where(called, generator.uniform(0.5, 1, len(yes)), generator.uniform(0, 0.5, len(yes)))
    night = np.repeat([f"night {number}" for number in range(nights)], frames)
    label = np.where(yes, "yes", "no")
    return pd.DataFrame({"night": night, "label": label, "p_aurora": p_aurora, "is_aurora": called})


def test_a_gain_is_the_difference_of_the_scores():
    trained, begun = judged(20, 0.95, 1), judged(20, 0.8, 2)
    gain, after, before = start.gains(trained, begun), estimates(trained), estimates(begun)
    for name, of in gain.items():
        difference = after[name].value - before[name].value
        assert of.value == pytest.approx(-difference if name == "brier" else difference), name
        assert of.low < of.value < of.high


def test_the_same_network_gains_nothing_and_errors_that_are_shared_widen_no_interval():
    trained = judged(20, 0.8, 1)
    assert all((of.value, of.low, of.high) == (0, 0, 0) for of in start.gains(trained, trained).values())
    begun = trained.assign(is_aurora=trained["is_aurora"].where(trained.index % 20 > 0, ~trained["is_aurora"]))
    paired, alone = start.gains(trained, begun)["accuracy"], estimates(trained)["accuracy"]
    assert paired.high - paired.low < alone.high - alone.low


def test_the_interval_of_a_gain_holds_the_truth_as_often_as_it_says():
    held = 0
    for seed in range(60):
        of = start.gains(judged(20, 0.9, 2 * seed), judged(20, 0.8, 2 * seed + 1))["accuracy"]
        held += of.low <= 0.1 <= of.high
    assert held >= 60 * 0.95 - 3 * np.sqrt(60 * 0.95 * 0.05)


@pytest.mark.parametrize(
    ("nights", "after", "before", "words"),
    [(20, 0.8, 0.95, "worse than"), (20, 0.9, 0.9, "no gain"), (3, 0.9, 0.5, "too few"), (30, 0.98, 0.6, None)],
)
def test_where_labels_brought_nothing_it_is_warned_of(nights, after, before, words, caplog):
    start._warn("sky", start.gains(judged(nights, after, 3), judged(nights, before, 4))[start.DECIDES])
    assert ("'sky'" in caplog.text) == bool(words)
    assert (words or "") in caplog.text


@pytest.fixture
def project(tmp_path, monkeypatch) -> tuple[pd.DataFrame, network.ModelCard]:
    """Frames with predictions of a trained network, and a card that tells the file that it started from."""
    monkeypatch.chdir(tmp_path)
    torch.set_num_threads(1)
    split = tiny.build(nights=NIGHTS)
    begun = network.build("efficientnet_b0", seed=3)
    save_file({name: part.contiguous() for name, part in begun.state_dict().items()}, BEGIN)
    origin = {"name": str(BEGIN), "sha256": weights.sha256_of(BEGIN)}
    card = network.ModelCard(
        backbone="efficientnet_b0", image_size=32, temperature=3, threshold=0.9, provenance={"weights": origin}
    )
    called = split["label"] == "yes"
    return split.assign(p_aurora=np.where(called, 0.9, 0.1), is_aurora=called), card


def pictures(rows: pd.DataFrame):
    return (read_frame(frame_id) for frame_id in rows["frame_id"])


def test_the_starting_network_is_judged_as_it_was_on_the_test_frames_alone(project):
    rows, card = project
    found = start.compare(card, rows, pictures, 16)
    test = rows[rows["split"] == "test"].reset_index(drop=True)
    begun = network.build("efficientnet_b0", seed=3).eval()
    own = predictions(test["frame_id"], classify(begun, card, pictures(test), 7), temperature=1.0, threshold=0.5)
    expected = split_scores(test.assign(p_aurora=own["p_aurora"], is_aurora=own["is_aurora"]))
    assert found["weights"] == str(BEGIN)
    for name in ("accuracy", "auroc", "brier"):
        assert found["scores"][name] == pytest.approx(expected[name], rel=1e-5)
    assert found["scores"]["frames"] == len(test)
    assert found["gain"]["accuracy"]["value"] == pytest.approx(1 - expected["accuracy"]["value"])


@pytest.mark.parametrize("name", ["none", "imagenet", None])
def test_weights_without_a_head_for_aurora_are_not_compared(project, name):
    rows, card = project
    card = card.model_copy(update={"provenance": {"weights": {"name": name, "sha256": "0" * 64}} if name else {}})
    assert start.compare(card, rows, pictures, 16) == {"weights": name, "scores": None, "gain": None}


def test_a_head_of_other_classes_is_no_head_for_aurora(project):
    rows, card = project
    tensors = network.build("efficientnet_b0", seed=3).state_dict()
    tensors |= {f"{weights.HEAD}{name}": tensors[f"{weights.HEAD}{name}"].repeat_interleave(5, 0)
                for name in ("weight", "bias")}  # fmt: skip
    save_file({name: part.contiguous() for name, part in tensors.items()}, BEGIN)
    card.provenance["weights"]["sha256"] = weights.sha256_of(BEGIN)
    assert start.compare(card, rows, pictures, 16)["scores"] is None


def test_another_file_than_training_started_from_is_not_compared(project, caplog):
    rows, card = project
    card.provenance["weights"]["sha256"] = "0" * 64
    assert start.compare(card, rows, pictures, 16)["scores"] is None
    assert "begin.safetensors is not the file that training started from" in caplog.text


def test_without_test_nights_nothing_is_compared(project):
    rows, card = project
    assert start.compare(card, rows.assign(split="val"), pictures, 16)["scores"] is None
