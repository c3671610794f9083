from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from aurora_gradcam.tables.labels import LABELS
from aurora_gradcam.training import vision  # noqa: F401  it must precede pytorch_grad_cam

# isort: split
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from aurora_gradcam.errors import ConfigError
from aurora_gradcam.gradcam.maps import METHODS, explain, heat_in_circle, method_and_layer
from aurora_gradcam.training.network import build

SIDE = 96


class QuadrantBrightness(nn.Module):
    """Four channels, each the brightness of one quadrant in cells of 8 x 8 pixels."""

    def forward(self, batch):
        cells = functional.avg_pool2d(batch.mean(1, keepdim=True), 8)
        masks = torch.zeros(1, 4, *cells.shape[-2:])
        half = cells.shape[-1] // 2
        masks[0, 0, :half, :half] = masks[0, 1, :half, half:] = masks[0, 2, half:, :half] = masks[
            0, 3, half:, half:
        ] = 1
        return cells * masks


class Quadrants(nn.Module):
    """A classifier whose yes rests on the top left quadrant alone, and whose no on the bottom right."""

    def __init__(self):
        super().__init__()
        self.features = QuadrantBrightness()
        self.head = nn.Linear(4, 2, bias=False)
        self.head.weight.data = torch.tensor([[0.0, 0, 0, 1], [1, 0, 0, 0]])

    def forward(self, batch):
        return self.head(self.features(batch).mean((2, 3)))


@pytest.fixture(scope="module")
def batch() -> torch.Tensor:
    coarse = torch.rand(3, 3, 6, 6, generator=torch.Generator().manual_seed(5)) * 4 - 2
    return functional.interpolate(coarse, size=(SIDE, SIDE), mode="bilinear")


@pytest.fixture(scope="module")
def network(batch) -> nn.Module:
    """An EfficientNet-B0 whose batch norms know the batch's statistics, so that its maps are more than rounding."""
    built = build("efficientnet_b0", seed=3).train()
    for module in built.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    with torch.random.fork_rng(), torch.no_grad():  # dropout and stochastic depth draw
        torch.manual_seed(3)
        built(batch)
    return built.eval()


def formula(network, batch, target, block, method="gradcam") -> np.ndarray:
    """Grad-CAM written out from Selvaraju et al. 2017: weights of equation 1, ReLU of the sum of equation 2.

    LayerCAM from Jiang et al. 2021: the weights are the ReLU of the gradient at each place.
    """
    activations = network.features[: block + 1](batch)
    rest = network.features[block + 1 :](activations)
    logits = network.classifier(torch.flatten(network.avgpool(rest), 1))
    gradients = torch.autograd.grad(logits[:, LABELS.index(target)].sum(), activations)[0]
    weights = gradients.mean((2, 3), keepdim=True) if method == "gradcam" else functional.relu(gradients)
    cam = functional.relu((weights * activations).sum(1, keepdim=True)).detach()
    return scaled(functional.interpolate(scaled(cam), size=(SIDE, SIDE), mode="bilinear"))[:, 0].numpy()


def scaled(cam):
    cam = cam - cam.amin((2, 3), keepdim=True)
    return cam / (cam.amax((2, 3), keepdim=True) + 1e-7)


@pytest.mark.parametrize("block", [8, 5, 4])
@pytest.mark.parametrize("target", LABELS)
@pytest.mark.parametrize("method", ["gradcam", "layercam"])
def test_maps_agree_with_the_formula_of_the_paper(network, batch, target, block, method):
    found = explain(network, batch, target, f"features.{block}", method)
    assert found.dtype == np.float32 and found.shape == (3, SIDE, SIDE)
    assert found.max() == pytest.approx(1, abs=1e-3) and found.min() >= 0
    np.testing.assert_allclose(found, formula(network, batch, target, block, method), atol=2e-3)


@pytest.mark.parametrize("layer", ["features.8", "features.4", "features.3"])
@pytest.mark.parametrize("method", ["gradcam", "layercam"])
def test_the_cut_graph_gives_the_librarys_own_maps(network, batch, layer, method):
    with METHODS[method](network, [network.get_submodule(layer)]) as plain:
        expected = plain(batch, [ClassifierOutputTarget(LABELS.index("yes"))] * len(batch))
    network.zero_grad()
    assert expected.max() > 0.9
    np.testing.assert_allclose(explain(network, batch, "yes", layer, method), expected, atol=1e-5)


def test_a_map_is_named_by_method_and_layer_and_grad_cam_goes_without_saying():
    assert method_and_layer("features.8") == ("gradcam", "features.8")
    assert method_and_layer("layercam@features.4") == ("layercam", "features.4")
    with pytest.raises(ConfigError, match="no method 'scorecam'"):
        method_and_layer("scorecam@features.8")


def test_the_two_classes_have_different_maps(network, batch):
    assert (
        np.abs(explain(network, batch, "yes", "features.8") - explain(network, batch, "no", "features.8")).max() > 0.1
    )


@pytest.mark.parametrize(("target", "rows"), [("yes", slice(0, 32)), ("no", slice(32, 64))])
def test_heat_lies_in_the_quadrant_that_the_logit_depends_on(target, rows):
    heat = explain(Quadrants(), torch.rand(2, 3, 64, 64) + 0.5, target, "features")
    assert (heat[:, rows, rows].sum((1, 2)) / heat.sum((1, 2)) > 0.9).all()  # the rest: half a cell of interpolation


def test_a_frame_has_the_same_map_alone_and_in_a_batch(network, batch):
    together = explain(network, batch, "yes", "features.8")
    alone = np.concatenate([explain(network, one[None], "yes", "features.8") for one in batch])
    np.testing.assert_allclose(alone, together, atol=1e-3)


def test_the_same_frames_give_the_same_bytes(network, batch):
    assert (
        explain(network, batch, "no", "features.8").tobytes() == explain(network, batch, "no", "features.8").tobytes()
    )


def test_a_frozen_network_has_the_same_maps_and_nothing_stays_behind_in_it(network, batch):
    trainable = explain(network, batch, "yes", "features.8")
    assert all(parameter.grad is None for parameter in network.parameters())
    network.requires_grad_(False)
    frozen = explain(network, batch, "yes", "features.8")
    network.requires_grad_(True)
    np.testing.assert_array_equal(frozen, trainable)
    assert not network.features[8]._forward_hooks


def test_an_activation_that_works_in_place_does_not_spoil_the_layer_before_it():
    torch.manual_seed(0)
    batch = torch.randn(2, 3, 16, 16)
    layers = nn.Conv2d(3, 6, 3, padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 2)

    def found(inplace):
        return explain(nn.Sequential(layers[0], nn.ReLU(inplace), *layers[1:]), batch, "yes", "0")

    np.testing.assert_array_equal(found(inplace=True), found(inplace=False))


def test_a_frame_that_does_not_speak_for_the_class_has_a_map_of_zeros():
    heat = explain(Quadrants(), -torch.ones(1, 3, 64, 64), "yes", "features")
    assert not heat.any()
    assert np.isnan(heat_in_circle(heat)).all()


def test_an_unknown_layer_and_one_without_places_are_named(network, batch):
    with pytest.raises(ConfigError, match=r"features\.99"):
        explain(network, batch, "yes", "features.99")
    with pytest.raises(ConfigError, match=r"'classifier' has shape \(3, 2\)"):
        explain(network, batch, "yes", "classifier")
    assert not network.classifier._forward_hooks


def test_the_share_of_heat_in_the_circle_is_that_of_its_area_for_even_heat_and_0_in_the_corners():
    even = np.ones((400, 400), np.float32)
    corner = np.zeros((400, 400), np.float32)
    corner[:40, :40] = 1
    centre = np.zeros((400, 400), np.float32)
    centre[200, 200] = 0.3
    found = heat_in_circle(np.stack([even, corner, centre]))
    np.testing.assert_allclose(found, [np.pi / 4, 0, 1], atol=2e-3)
