"""The bundled networks, which learnt from simulated skies alone, on real frames beside the repository."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import yaml
from safetensors.torch import load
from sklearn.metrics import roc_auc_score

from aurora_gradcam.training import network, weights
from real.conftest import REAL
from real_scores import probabilities, read_labels, scores

ROOT = Path(__file__).parents[2]
LOCK = yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"]
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real frames are not here: ../shared/real is absent")


def stored(stage: str, path: str) -> bytes:
    """An output of a stage, from the bundled remote."""
    md5 = next(out["md5"] for out in LOCK[stage]["outs"] if out["path"] == path)
    return (ROOT / "data/remote/files/md5" / md5[:2] / md5[2:]).read_bytes()


def committed(name: str) -> dict:
    """What reports/real_frames.json says of a model."""
    return json.loads((ROOT / "reports/real_frames.json").read_text(encoding="utf-8"))[name]


def assert_as_committed(name: str, weights_file: bytes, found: dict) -> None:
    """README's numbers are of these weights and are found again, but for the last digits of another processor."""
    expected_scores = committed(name)
    assert hashlib.sha256(weights_file).hexdigest() == expected_scores["sha256"], (
        "run tools/real_scores.py --json again"
    )
    assert list(found) == list(expected_scores["cameras"])
    for camera, row in found.items():
        for key, value in row.items():
            expected = expected_scores["cameras"][camera][key]
            assert value == (pytest.approx(expected, abs=0.01) if isinstance(value, dict) else expected), (camera, key)


@pytest.fixture(scope="module")
def labels():
    return read_labels([REAL, REAL / "cameras"])


def test_the_sky_weights_order_real_frames_of_all_cameras(labels):
    model = network.build("efficientnet_b1")
    content = stored("pretrain", str(weights.SKY))
    weights.fill(model, load(content))
    card = network.ModelCard(backbone="efficientnet_b1", image_size=240, mean=None, std=None)
    p, yes = probabilities(model, card, list(labels["path"])), labels["yes"].to_numpy()
    assert roc_auc_score(yes, p) >= 0.95
    assert_as_committed("sky", content, scores(labels, p))


def test_the_classifier_orders_real_frames_of_all_cameras(labels, tmp_path):
    for name in (network.CLASSIFIER, network.CARD):
        (tmp_path / name).write_bytes(stored("train", f"{network.MODELS}/{name}"))
    model, card = network.load_classifier(tmp_path)
    p, yes = probabilities(model, card, list(labels["path"])), labels["yes"].to_numpy()
    assert roc_auc_score(yes, p) >= 0.95
    assert_as_committed("bundled", (tmp_path / network.CLASSIFIER).read_bytes(), scores(labels, p, card.threshold))
