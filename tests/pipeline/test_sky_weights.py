"""The sky weights as they are bundled: what their card says, and what they can do, on skies drawn anew."""

from __future__ import annotations

import hashlib
import json

import pytest
import torch
import yaml
from safetensors.torch import load
from sklearn.metrics import roc_auc_score

from aurora_gradcam.config import Pretrain
from aurora_gradcam.simulation import skies
from aurora_gradcam.training import network, weights
from aurora_gradcam.training.transforms import by_frame
from bundle import ROOT, stored

LEAST_AUROC = 0.7
"""Of the bundled weights on skies of more cameras and kinds than they have learnt from; broken ones would have 0.5."""


@pytest.fixture(scope="module")
def card() -> dict:
    return json.loads(stored("data/weights/sky.json"))


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    built = network.build("efficientnet_b1")
    weights.fill(built, load(stored("data/weights/sky.safetensors")))
    return built.eval()


def test_the_card_is_that_of_these_weights_and_of_the_run_that_dvc_locked(card):
    assert card["sha256"] == hashlib.sha256(stored("data/weights/sky.safetensors")).hexdigest()
    assert "simulated" in card["trained_on"]
    # not those of params.yaml, which are the next run's: the stage is frozen
    locked = yaml.safe_load((ROOT / "dvc.lock").read_text(encoding="utf-8"))["stages"]["pretrain"]["params"][
        "params.yaml"
    ]
    assert card["seed"] == locked["seed"]
    # a key that is younger than the weights has its default
    assert Pretrain.model_validate(card["pretrain"]) == Pretrain.model_validate(locked["pretrain"])


def test_they_tell_aurora_on_skies_drawn_with_another_seed(model):
    drawn = skies.batch(range(64), seed=20_261_123)
    clear = ~drawn.borderline
    with torch.inference_mode():
        logits = model(by_frame(drawn.pictures[clear].float() / 255).contiguous(memory_format=torch.channels_last))
    found = roc_auc_score(drawn.visibility[clear] >= 1, logits.softmax(1)[:, 1])
    assert found > LEAST_AUROC
