"""Satellites, aircraft, meteors and insects: light that is added, in single pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage

from aurora_gradcam.simulation import transients
from aurora_gradcam.simulation.camera import AURORAMAX_2018, Camera, direction, make_grid
from aurora_gradcam.simulation.equipment import Equipment, Transients

SIZE = 240


def camera(*kinds: str, seed: int = 1, share: float = 1.0) -> Camera:
    return replace(AURORAMAX_2018, equipment=Equipment(transients=Transients(seed, kinds, share)))


def light(lens: Camera, first: int = 0, count: int = 1) -> torch.Tensor:
    picture = torch.zeros(count, 3, SIZE, SIZE)
    transients.add_transients(picture, lens, first)
    return picture


@pytest.mark.parametrize("kind", transients.KINDS)
def test_each_kind_adds_light_to_a_small_part_of_the_picture(kind):
    added = light(camera(kind), count=8)
    assert torch.isfinite(added).all() and (added >= 0).all() and added.any()
    lit = (added.amax(1) > 0.02 * AURORAMAX_2018.look.exposure).float().mean((1, 2))
    assert float(lit.max()) < 0.2


def test_a_picture_has_the_same_passers_by_whatever_batch_it_is_drawn_in():
    lens = camera("satellite", "insect", share=0.6)
    together = light(lens, 0, 6)
    assert torch.equal(together[4], light(lens, 4)[0])
    assert not torch.equal(together[0], together[1])


def test_they_pass_at_the_stated_share():
    passed = light(camera("meteor", share=0.3), count=200).flatten(1).any(1)
    assert float(passed.float().mean()) == pytest.approx(0.3, abs=0.1)
    assert not light(AURORAMAX_2018, count=3).any()


def test_a_satellite_flies_a_great_circle():
    generator = np.random.default_rng(4)
    x, y = transients._great_circle(AURORAMAX_2018, 720, generator, 50.0)
    grid = make_grid(AURORAMAX_2018, 720)
    inside = (x > 0) & (x < 719) & (y > 0) & (y < 719)
    rows, columns = np.rint(y[inside]).astype(int), np.rint(x[inside]).astype(int)
    way = np.stack([axis[rows, columns].numpy() for axis in (grid.east, grid.north, grid.up)], 1)
    # all of it lies in one plane through the observer
    assert np.linalg.svd(way)[1][2] < 0.01 * np.linalg.svd(way)[1][0]
    assert np.degrees(np.arccos(way[0] @ way[-1])) <= 51
    assert direction(90, 0)[2] == pytest.approx(1)


def test_a_train_is_many_points_on_one_line():
    added = light(camera("train", seed=2))[0, 1]
    _, count = ndimage.label(added.numpy() > 0.2 * float(added.max()))
    assert count >= 5


def test_an_aircraft_shows_red_and_green_side_by_side():
    added = torch.cat([light(camera("aircraft", seed=seed)) for seed in range(6)])
    red, green, blue = added.unbind(1)
    assert bool((red > 2 * green).any()) and bool((green > 2 * red).any())
    assert float(blue.sum()) < float(red.sum()) + float(green.sum())


def test_a_meteor_is_brightest_late_on_its_way():
    generator = np.random.default_rng(0)
    for _ in range(20):
        ((_, _, brightness, _),) = transients._meteor(AURORAMAX_2018, SIZE, generator)
        peak = brightness.sum(1).argmax() / max(1, len(brightness) - 1)
        assert 0.45 <= peak <= 0.9
