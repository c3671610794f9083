"""The heat map of the watch against that of the study, which a library makes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import tiny
import watched
from aurora_gradcam.gradcam.maps import explain, method_and_layer
from aurora_gradcam.training.network import load_classifier
from aurora_gradcam.training.transforms import for_evaluation
from aurora_gradcam.watch.heat import speaking


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> torch.nn.Module:
    torch.set_num_threads(1)
    network, _ = load_classifier(watched.save_model(tmp_path_factory.mktemp("model")))
    return network.requires_grad_(False)


@pytest.mark.parametrize("name", ["layercam@features.4", "features.8", "gradcam@features.5", "layercam@features.8"])
@pytest.mark.parametrize("label", ["yes", "no"])
def test_it_is_the_map_of_the_study(network, name, label):
    batch = for_evaluation(64, None, None)(tiny.draw(label, np.random.default_rng(3)))[None]
    method, layer = method_and_layer(name)
    heat = speaking(network, batch, layer, method == "layercam")
    assert heat.shape == (64, 64) and heat.dtype == np.float32
    assert np.abs(heat - explain(network, batch, "yes", layer, method)[0]).max() < 1e-4
    assert not network.get_submodule(layer)._forward_hooks
