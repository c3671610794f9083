from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn
from torch.nn import functional

from aurora_gradcam.corpus.sky_circle import is_inside
from aurora_gradcam.gradcam import sanity
from aurora_gradcam.gradcam.maps import explain
from aurora_gradcam.training.network import build

SIDE = 64
CIRCLE = is_inside(SIDE)
PAIRS = [("gradcam", "features.8"), ("layercam", "features.3")]


@pytest.fixture(scope="module")
def batch() -> torch.Tensor:
    coarse = torch.randn(3, 3, 6, 6, generator=torch.Generator().manual_seed(5))
    return functional.interpolate(coarse, size=(SIDE, SIDE), mode="bilinear")


@pytest.fixture(scope="module")
def network(batch) -> nn.Module:
    """An untrained EfficientNet-B0 whose BatchNorms know the batch."""
    built = build("efficientnet_b0", seed=3)
    for part in sanity.parts_from_the_head(built)[::-1]:
        sanity.randomise(built, copy.deepcopy(built), part, batch)
    return built.eval()


def test_rank_agreement_is_spearmans_over_the_pixels_named_alone():
    generator = np.random.default_rng(1)
    first, second = generator.random((2, 4, SIDE, SIDE))
    second += first
    found = sanity.rank_agreement(first, second, CIRCLE)
    expected = [
        stats.pearsonr(stats.rankdata(a[CIRCLE]), stats.rankdata(b[CIRCLE]))[0]
        for a, b in zip(first, second, strict=True)
    ]
    np.testing.assert_allclose(found, expected)
    spoilt = np.where(CIRCLE, second, generator.random(second.shape) * 9)
    np.testing.assert_array_equal(sanity.rank_agreement(first, spoilt, CIRCLE), found)


def test_an_even_map_agrees_with_nothing_and_a_map_with_itself_whatever_its_scale():
    heat = np.random.default_rng(2).random((2, SIDE, SIDE))
    heat[1] = 0
    found = sanity.rank_agreement(heat, heat**3 * 5, CIRCLE)
    assert found[0] == pytest.approx(1) and np.isnan(found[1])
    assert sanity.rank_agreement(heat, np.zeros_like(heat), CIRCLE)[0] == 0  # nothing of it is left


def test_parts_go_from_the_head_to_the_first_block_and_hold_every_weight(network):
    parts = sanity.parts_from_the_head(network)
    assert parts == ["classifier", *[f"features.{block}" for block in range(8, -1, -1)]]
    named = sum(weights.numel() for part in parts for weights in network.get_submodule(part).parameters())
    assert named == sum(weights.numel() for weights in network.parameters())


def test_a_part_is_randomised_alone_and_its_outputs_are_normalised_anew(network, batch):
    changed, fresh = copy.deepcopy(network), build("efficientnet_b0", seed=8)
    sanity.randomise(changed, fresh, "features.5", batch)
    before, after, given = network.state_dict(), changed.state_dict(), fresh.state_dict()
    for name in after:
        if not name.startswith("features.5."):
            torch.testing.assert_close(after[name], before[name], rtol=0, atol=0)
        elif "running" not in name and "num_batches" not in name:
            torch.testing.assert_close(after[name], given[name], rtol=0, atol=0)
    first = changed.features[5][0].block[0]  # the expansion: convolution, BatchNorm, activation
    with torch.no_grad():
        normalised = first[1](first[0](changed.features[:5](batch)))
    torch.testing.assert_close(normalised.mean((0, 2, 3)), torch.zeros(normalised.shape[1]), atol=1e-3, rtol=0)
    assert not any(module.training for module in changed.modules())


def test_a_network_that_forgets_nothing_keeps_its_maps(network, batch):
    curves = sanity.randomisation_curve(network, copy.deepcopy(network), batch, PAIRS)
    assert list(curves) == PAIRS
    for curve in curves.values():
        assert curve.shape == (10, 3)
        np.testing.assert_allclose(curve, 1, atol=1e-2)


def test_a_network_that_forgets_all_loses_its_maps_and_is_itself_left_alone(network, batch):
    kept = copy.deepcopy(network.state_dict())
    curves = sanity.randomisation_curve(network, build("efficientnet_b0", seed=8), batch, PAIRS)
    assert all(torch.equal(kept[name], tensor) for name, tensor in network.state_dict().items())
    for curve in curves.values():
        assert curve.shape == (10, 3) and np.isfinite(curve).all()
        assert np.abs(curve[-3:].mean()) < 0.4
    again = sanity.randomisation_curve(network, build("efficientnet_b0", seed=8), batch, PAIRS)
    np.testing.assert_array_equal(curves[PAIRS[0]], again[PAIRS[0]])


def test_the_first_step_is_the_map_with_a_new_head_alone(network, batch):
    fresh = build("efficientnet_b0", seed=8)
    first = sanity.randomisation_curve(network, fresh, batch, PAIRS[:1])[PAIRS[0]][0]
    headless = copy.deepcopy(network)
    headless.classifier = fresh.classifier
    before, after = (explain(one, batch, "yes", "features.8") for one in (network, headless.eval()))
    np.testing.assert_allclose(first, sanity.rank_agreement(before, after, CIRCLE), atol=1e-6)


def test_shifts_move_whole_pixels_and_zeros_come_in():
    image = np.arange(1, 26).reshape(1, 5, 5)
    moved = sanity.shifted(image, 1, -2)
    assert moved[0].tolist() == [[0] * 5] + [[*row[2:], 0, 0] for row in image[0, :4].tolist()]
    assert (sanity.shifted(image, 0, 0) == image).all()
    there_and_back = sanity.shifted(sanity.shifted(image, 2, 1), -2, -1)
    assert (there_and_back[0, :3, :4] == image[0, :3, :4]).all() and there_and_back[0, 3:].sum() == 0


def test_maps_that_move_with_the_sky_agree_fully_and_maps_that_stay_do_not():
    generator = np.random.default_rng(6)
    pictures = generator.integers(1, 255, (2, SIDE, SIDE, 3), dtype=np.uint8) * CIRCLE[..., None].astype(np.uint8)
    still = generator.random((2, SIDE, SIDE))
    seen = []

    def explained(frames: np.ndarray) -> dict[str, np.ndarray]:
        seen.append(frames)
        moving = frames.mean(-1)
        return {"moving": moving, "still": still, "even": np.zeros_like(still)}

    found = sanity.shift_agreement(explained, pictures)
    np.testing.assert_allclose(found["moving"], 1)
    assert (np.abs(found["still"]) < 0.1).all()
    assert np.isnan(found["even"]).all()
    step = 2  # 8 / 240 of 64 pixels
    assert len(seen) == 5
    assert all(not frames[:, ~CIRCLE].any() for frames in seen)
    expected = np.zeros_like(pictures)
    expected[:, :, step:] = pictures[:, :, :-step]
    assert any((frames == expected * CIRCLE[..., None]).all() for frames in seen[1:])
