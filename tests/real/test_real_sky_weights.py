"""The bundled sky weights, which learnt from simulated skies alone, on real frames beside the repository."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from safetensors.torch import load
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from aurora_gradcam.training import network, weights
from real.real_scores import REAL, probabilities, read_labels

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real frames are not here: ../shared/real is absent")


def test_they_tell_aurora_on_real_frames_of_every_camera():
    outs = yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"]["pretrain"]["outs"]
    md5 = next(out["md5"] for out in outs if out["path"] == str(weights.SKY))
    model = network.build("efficientnet_b1")
    weights.fill(model, load((ROOT / "data/remote/files/md5" / md5[:2] / md5[2:]).read_bytes()))
    labels = read_labels()
    card = network.ModelCard(backbone="efficientnet_b1", image_size=240, mean=None, std=None)
    p = probabilities(model, card, list(labels["file"]))
    yes = labels["yes"].to_numpy()
    assert roc_auc_score(yes, p) >= 0.95
    assert balanced_accuracy_score(yes, p >= 0.5) >= 0.9
    both = labels.groupby("source")["yes"].transform("nunique").to_numpy() == 2
    for camera in labels.loc[both, "source"].unique():
        here = (labels["source"] == camera).to_numpy()
        assert balanced_accuracy_score(yes[here], p[here] >= 0.5) >= 0.85, camera
    assert np.abs(yes - p).max() < 0.95
