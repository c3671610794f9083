"""Random skies for training: each frame hangs on seed and number alone, and the mix is what it is meant to be."""

from __future__ import annotations

from dataclasses import fields

import pytest
import torch

from aurora_gradcam.config import Site
from aurora_gradcam.simulation import rendering, skies
from aurora_gradcam.simulation.draw import random_plan
from aurora_gradcam.simulation.truth import FORMS


@pytest.fixture(scope="module")
def some() -> skies.Skies:
    torch.set_num_threads(1)
    return skies.batch(range(160), seed=5)


def test_a_frame_depends_on_seed_and_number_alone(some):
    numbers = [17, 3, 42]
    again = skies.batch(numbers, seed=5)
    for column in (field.name for field in fields(skies.Skies)):
        assert torch.equal(getattr(again, column), getattr(some, column)[numbers]), column
    assert not torch.equal(skies.batch([3], seed=6).pictures, some.pictures[[3]])


def test_pictures_are_skies_in_a_black_frame(some):
    assert some.pictures.shape == (160, 3, 240, 240) and some.pictures.dtype == torch.uint8
    step = torch.arange(240) - 119.5
    outside = torch.hypot(step[:, None], step[None, :]) > 121
    assert some.pictures[:, :, outside].max() == 0
    # no two nights look alike, and hardly any frame is black or burnt out
    means = some.pictures.float().mean((1, 2, 3))
    assert ((means > 4) & (means < 235 * 0.785)).float().mean() > 0.9


def test_visible_aurora_is_common_but_not_everywhere(some):
    clear = ~some.borderline
    share = (some.visibility[clear] >= 1).float().mean()
    assert 0.25 < share < 0.65
    assert some.borderline.float().mean() < 0.25
    assert {FORMS[k] for k in some.form.unique().tolist()} == set(FORMS)


def test_the_coarse_mask_belongs_to_the_visible_aurora(some):
    assert some.mask.shape == (160, skies.MASK, skies.MASK)
    assert (some.mask >= 0).all() and (some.mask <= 1).all()
    area = some.mask.mean((1, 2))
    assert (area[some.visibility >= 1.2] > 0.005).all() and (area[some.visibility < 0.01] < 0.02).all()


def test_the_same_night_is_drawn_by_one_process_or_two():
    plans = (random_plan("20240211", 30, seed, Site()) for seed in range(99))
    plan = next(plan for plan in plans if plan.episodes and plan.clouds)
    short = type(plan)(**{**vars(plan), "frames": 2 * rendering.BATCH})
    alone, shared = (
        [drawn.pictures for _, drawn in rendering.rendered(short, 42, Site(), workers)] for workers in (1, 2)
    )
    assert len(alone) == 2 and all((a == b).all() for a, b in zip(alone, shared, strict=True))
