from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from aurora_gradcam.corpus.sky_circle import is_inside
from aurora_gradcam.gradcam import faithfulness as module
from aurora_gradcam.gradcam.faithfulness import even_sky, faithfulness, probability_without, removal_order

# isort: split
from pytorch_grad_cam.metrics.road import ROADCombined
from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget

SIZE = 24
CIRCLE = is_inside(SIZE)
NORTH = CIRCLE & (np.arange(SIZE) < SIZE / 2)[:, None]


class Northern(nn.Module):
    """Two logits from the mean brightness of the circle's upper half: yes 8 (it - 0.8), no 0: an even sky is a no."""

    def __init__(self):
        super().__init__()
        self.seen = []
        self.weight = nn.Parameter(torch.tensor(8.0))

    def forward(self, batch):
        self.seen.append(batch.detach().clone())
        north = (batch.mean(1) * torch.from_numpy(NORTH)).sum((1, 2)) / NORTH.sum()
        return torch.stack([0 * north, self.weight * (north - 0.8)], 1)


@pytest.fixture
def batch() -> torch.Tensor:
    """A bright upper half over a dark lower one, black outside the circle."""
    frames = torch.rand(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1)) * 0.2
    frames[:, :, : SIZE // 2] += 1
    return frames * torch.from_numpy(CIRCLE)


@pytest.fixture
def heat() -> np.ndarray:
    return np.random.default_rng(4).random((2, SIZE, SIZE)).astype(np.float32)


def test_ranks_follow_the_heat_and_leave_out_what_lies_outside_the_circle(heat):
    ranks = removal_order(heat, seed=0)
    assert not ranks[:, ~CIRCLE].any()
    for of_frame, rank in zip(heat, ranks, strict=True):
        assert sorted(rank[CIRCLE]) == list(range(1, CIRCLE.sum() + 1))
        assert (np.argsort(of_frame[CIRCLE]) == np.argsort(rank[CIRCLE])).all()


def test_equally_hot_places_are_ranked_by_chance_and_not_from_the_top_down():
    ranks = removal_order(np.zeros((1, 96, 96), np.float32), seed=3)[0]
    circle = is_inside(96)
    row = np.mgrid[:96, :96][0][circle]
    assert abs(np.corrcoef(row, ranks[circle])[0, 1]) < 0.05
    assert (removal_order(np.zeros((1, 96, 96), np.float32), seed=3)[0] == ranks).all()
    assert (removal_order(np.zeros((1, 96, 96), np.float32), seed=4)[0] != ranks).any()


@pytest.mark.parametrize("fraction", [0, 0.2, 0.6, 1])
def test_just_the_hottest_share_of_the_circle_is_filled_and_nothing_outside_it(batch, heat, fraction):
    network = Northern()
    probability_without(network, batch, removal_order(heat, 0), fraction, even_sky)
    filled = (network.seen[-1] != batch).any(1).numpy()
    count = round(fraction * CIRCLE.sum())
    assert filled.sum((1, 2)).tolist() == [count, count]
    assert not filled[:, ~CIRCLE].any()
    if 0 < fraction < 1:
        for one, of_frame in zip(filled, heat, strict=True):
            assert of_frame[one].min() > of_frame[CIRCLE & ~one].max()


def test_an_even_sky_has_the_mean_of_the_circle_and_keeps_what_stays(batch):
    stays = torch.from_numpy(~NORTH).float()
    found = even_sky(batch[0], stays)
    mean = batch[0].numpy()[:, CIRCLE].mean(1)
    np.testing.assert_allclose(found.numpy()[:, NORTH], np.repeat(mean[:, None], NORTH.sum(), 1), rtol=1e-5)
    np.testing.assert_array_equal(found.numpy()[:, ~NORTH], batch[0].numpy()[:, ~NORTH])


def test_the_probability_is_that_of_the_class_at_the_cards_temperature(batch, heat):
    ranks = removal_order(heat, 0)
    mean = batch.mean(1).numpy()[:, NORTH].mean(1)
    for temperature in (1.0, 2.5):
        yes = probability_without(Northern(), batch, ranks, 0, even_sky, "yes", temperature)
        no = probability_without(Northern(), batch, ranks, 0, even_sky, "no", temperature)
        np.testing.assert_allclose(yes, 1 / (1 + np.exp(-8 * (mean - 0.8) / temperature)), rtol=1e-5)
        np.testing.assert_allclose(no, 1 - yes, atol=1e-6)


def test_deletion_and_insertion_are_the_areas_under_curves_got_by_removing_pixels_by_hand(batch, heat):
    found = faithfulness(Northern(), batch, heat, fractions=(0.2, 0.4, 0.6, 0.8))
    network, shares = Northern(), np.array([0, 0.2, 0.4, 0.6, 0.8, 1])
    for number in range(2):
        hottest_first = np.argsort(-heat[number][CIRCLE])
        frame = batch[number].numpy()[:, CIRCLE]
        curves = []
        for order in (hottest_first, hottest_first[::-1]):
            probabilities = []
            for share in shares:
                changed = frame.copy()
                changed[:, order[: round(share * len(order))]] = frame.mean(1)[:, None]
                whole = batch[number].clone()
                whole[:, torch.from_numpy(CIRCLE)] = torch.from_numpy(changed)
                probabilities.append(torch.softmax(network(whole[None]), 1)[0, 1].item())
            curves.append(np.array(probabilities))
        deletion = ((curves[0][1:] + curves[0][:-1]) / 2 * 0.2).sum()
        insertion = ((curves[1][1:] + curves[1][:-1]) / 2 * 0.2).sum()  # the coldest removed = the hottest put back
        assert found["deletion"][number] == pytest.approx(deletion, abs=1e-5)
        assert found["insertion"][number] == pytest.approx(insertion, abs=1e-5)


def test_a_map_of_what_matters_beats_one_of_what_does_not(batch):
    right = np.repeat(NORTH[None], 2, 0).astype(np.float32)
    wrong = 1 - right
    good, bad = faithfulness(Northern(), batch, right), faithfulness(Northern(), batch, wrong)
    assert (good["deletion"] < bad["deletion"] - 0.05).all()
    assert (good["insertion"] > bad["insertion"] + 0.05).all()
    assert (good["road"] > 0.05).all() and (bad["road"] < -0.05).all()
    np.testing.assert_allclose(good["road"], -bad["road"], atol=0.05)  # the one's most relevant is the other's least


def test_road_is_that_of_the_library_where_the_whole_square_is_sky(batch, heat, monkeypatch):
    monkeypatch.setattr(module, "is_inside", lambda size: np.ones((size, size), bool))
    # heat is distinct everywhere, so that the library's order, which knows no ties, is the same
    expected = ROADCombined(percentiles=[20, 40, 60, 80])(
        batch, heat, [ClassifierOutputSoftmaxTarget(1)] * 2, Northern().eval()
    )
    np.testing.assert_allclose(
        faithfulness(Northern(), batch, heat, fractions=(0.2, 0.4, 0.6, 0.8))["road"], expected, atol=0.01
    )


def test_the_same_seed_gives_the_same_numbers_and_torchs_own_generator_is_left_alone(batch, heat):
    torch.manual_seed(11)
    before = torch.random.get_rng_state()
    first = faithfulness(Northern(), batch, heat, seed=5)
    assert (torch.random.get_rng_state() == before).all()
    torch.manual_seed(12)
    second = faithfulness(Northern(), batch, heat, seed=5)
    assert all((first[name] == second[name]).all() for name in first)


def test_a_map_of_zeros_names_no_place_and_has_no_measure(batch, heat):
    heat[0] = 0
    for values in faithfulness(Northern(), batch, heat).values():
        assert np.isnan(values[0]) and np.isfinite(values[1])
