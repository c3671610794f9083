"""Sensors that cut the circle, masks of people, and small originals blown up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import torch

from aurora_gradcam.config import Site
from aurora_gradcam.simulation import development, framing, scene
from aurora_gradcam.simulation.camera import AURORAMAX_2018, Camera
from aurora_gradcam.simulation.detail import TRAINING
from aurora_gradcam.simulation.ephemeris import ephemeris
from aurora_gradcam.simulation.equipment import Equipment, Framing
from aurora_gradcam.simulation.plan import Episode, Plan

START = datetime(2024, 2, 11, 7, 20, tzinfo=UTC)
STRONG = Episode("diffuse", 0, 30, 60.0)


def drawn(part: Framing, jpeg: int = 0, camera: Camera = AURORAMAX_2018) -> scene.Frames:
    lens = replace(camera, equipment=Equipment(framing=part, jpeg=jpeg))
    night = scene.make_night(Plan("20240211", START, 1, (STRONG,), camera=lens), 5, Site(), TRAINING)
    return scene.render(night, ephemeris([START], Site()), np.array([8.0]))


@pytest.mark.parametrize("size", [120, 240, 720])
def test_a_cut_circle_ends_at_the_exact_row(size):
    kept = framing.recorded(Framing(reach=(1.0, 0.75, 1.0, 0.5)), size)
    rows = torch.arange(size)
    expected = (rows >= size / 8) & (rows < 0.75 * size)
    assert torch.equal(kept, expected[:, None].expand(size, size))


def test_nothing_beyond_the_sensor_is_drawn_or_counted():
    cut = drawn(Framing(reach=(0.8, 0.7, 1.0, 0.9)), jpeg=40)
    kept = framing.recorded(Framing(reach=(0.8, 0.7, 1.0, 0.9)), 240)
    whole = drawn(Framing(), jpeg=40)
    assert not cut.pictures[0][:, ~kept].any()
    assert torch.equal(cut.pictures[0] * kept, whole.pictures[0] * kept)
    coarse = framing.recorded(Framing(reach=(0.8, 0.7, 1.0, 0.9)), 120)
    assert not cut.seen.mask[0][~coarse].any() and cut.seen.mask.any() and whole.seen.mask[0][~coarse].any()


@pytest.mark.parametrize(("turn", "pixel"), [(0, (10, 120)), (90, (120, 230)), (180, (230, 120)), (270, (120, 10))])
def test_a_chord_cuts_off_what_lies_beyond_it(turn, pixel):
    kept = framing.recorded(Framing(chords=((float(turn), 0.8),)), 240)
    assert not kept[pixel] and kept[239 - pixel[0], 239 - pixel[1]]
    assert int((~kept).sum()) == 24 * 240


def test_a_small_original_has_as_many_different_pixels_as_it_was_recorded_with():
    picture = drawn(Framing(original=120, upscaling="nearest")).pictures[0]
    # two by two pixels are one, but for the circle's edge
    blocks = picture[:, 60:180, 60:180].reshape(3, 60, 2, 60, 2)
    assert (blocks.amax((2, 4)) == blocks.amin((2, 4))).all()
    whole = drawn(Framing()).pictures[0]
    means = whole[:, 60:180, 60:180].float().reshape(3, 60, 2, 60, 2).mean((2, 4))
    assert float((blocks[:, :, 0, :, 0].float() - means).abs().mean()) < 6  # the same sky, but for noise


@pytest.mark.parametrize("upscaling", ["bilinear", "bicubic"])
def test_smooth_upscaling_is_that_of_torch(upscaling):
    small = (torch.rand(3, 50, 50, generator=torch.Generator().manual_seed(1)) * 255).to(torch.uint8)
    shown = framing.blown_up(small, Framing(original=50, upscaling=upscaling), 120)
    expected = torch.nn.functional.interpolate(small[None].float(), size=(120, 120), mode=upscaling)[0]
    assert int((shown.int() - expected.round().clamp(0, 255).int()).abs().max()) <= 1


def test_an_original_that_is_no_smaller_changes_nothing():
    assert framing.native(Framing(original=300), 240) == 240
    assert torch.equal(drawn(Framing(original=300)).pictures, drawn(Framing(upscaling="nearest")).pictures)


def test_a_few_large_pixels_keep_their_whole_noise():
    noisy = replace(AURORAMAX_2018, look=replace(AURORAMAX_2018.look, noise=6.0))
    few, many = (
        drawn(Framing(original=side, upscaling="nearest"), camera=noisy).pictures[0].float() for side in (60, 0)
    )
    rough = [float(p[:, 100:140:step, 100:140:step].diff(dim=2).std()) for p, step in ((few, 4), (many, 1))]
    assert rough[0] > 1.4 * rough[1]
    lens = replace(noisy, equipment=Equipment(framing=Framing(original=60)))
    room = development.make_room(lens, 240, 120)
    finish = development.Finish(room, None, [None])
    # a cell of the truth is smaller than such a pixel
    assert development.noise_of(finish, 120) == 6.0
