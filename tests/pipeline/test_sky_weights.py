"""The sky weights as they are bundled: what their card says, and what they can do, on skies drawn anew."""

from __future__ import annotations

import hashlib
import json

import pytest
import torch
from safetensors.torch import load
from sklearn.metrics import roc_auc_score

from aurora_gradcam import config
from aurora_gradcam.simulation import skies
from aurora_gradcam.training import network, weights
from aurora_gradcam.training.transforms import by_frame
from bundle import ROOT, stored


@pytest.fixture(scope="module")
def card() -> dict:
    return json.loads(stored("data/weights/sky.json"))


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    built = network.build("efficientnet_b1")
    weights.fill(built, load(stored("data/weights/sky.safetensors")))
    return built.eval()


def test_the_card_is_that_of_these_weights_and_of_params(card):
    assert card["sha256"] == hashlib.sha256(stored("data/weights/sky.safetensors")).hexdigest()
    assert "simulated" in card["trained_on"]
    params = config.load(ROOT / "params.yaml")
    assert card["pretrain"] == params.pretrain.model_dump(mode="json") and card["seed"] == params.seed


def test_they_tell_aurora_on_skies_drawn_with_another_seed(model, card):
    drawn = skies.batch(range(64), seed=20_261_123)
    clear = ~drawn.borderline
    with torch.inference_mode():
        logits = model(by_frame(drawn.pictures[clear].float() / 255).contiguous(memory_format=torch.channels_last))
    found = roc_auc_score(drawn.visibility[clear] >= 1, logits.softmax(1)[:, 1])
    # 64 frames of 16 skies: far from the card's 2048, near enough that broken weights would be told
    assert found > card["held_out"]["simulated_auroc"] - 0.08
