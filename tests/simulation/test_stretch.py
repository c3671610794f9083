"""Automatic stretch: percentiles, gamma and local contrast, and what they do to the truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_gradcam.config import Site
from aurora_gradcam.simulation import scene, stretch, truth
from aurora_gradcam.simulation.camera import AURORAMAX_2018
from aurora_gradcam.simulation.detail import TRAINING
from aurora_gradcam.simulation.ephemeris import ephemeris
from aurora_gradcam.simulation.equipment import Equipment, Stretch
from aurora_gradcam.simulation.plan import Episode, Plan
from aurora_gradcam.simulation.sensor import luminance

SIZE = 64
EVERYWHERE = torch.ones(SIZE, SIZE, dtype=torch.bool)


def ramp(low: float, high: float) -> torch.Tensor:
    """A grey picture whose levels rise evenly from left to right."""
    return torch.linspace(low, high, SIZE).expand(1, 3, SIZE, SIZE).contiguous()


def test_percentiles_become_black_and_white_as_numpy_has_them():
    picture = torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1)) * 80 + 20
    tones = stretch.tones(picture, EVERYWHERE, Stretch(low=2, high=98, white=200.0, steepest=50))
    grey = luminance(picture)[0].numpy()
    low, high = np.percentile(grey, [2, 98])
    expected = ((picture - low) / (high - low)).clamp(0, 255 / 200) * 200
    torch.testing.assert_close(tones.of(picture), expected.float(), atol=0.2, rtol=0)


def test_gamma_lifts_the_middle_and_leaves_the_ends():
    picture = ramp(0, 255)
    shown = stretch.tones(picture, EVERYWHERE, Stretch(gamma=2.0)).of(picture)[0, 0, 0]
    torch.testing.assert_close(shown, 255 * (picture[0, 0, 0] / 255) ** 0.5, atol=0.1, rtol=0)


@given(low=st.floats(0, 120), width=st.floats(0, 130), steepest=st.floats(1, 10))
@settings(deadline=None, max_examples=40)
def test_no_difference_grows_more_than_the_limit(low, width, steepest):
    picture = ramp(low, low + width)
    shown = stretch.tones(picture, EVERYWHERE, Stretch(low=1, high=99, steepest=steepest)).of(picture)[0, 0, 0]
    rise = picture[0, 0, 0].diff()
    assert (shown.diff() <= steepest * rise + 1e-2).all() and (shown.diff() >= -1e-3).all()


def test_each_colour_alone_takes_the_tint_off():
    tinted = ramp(10, 60) * torch.tensor([1.0, 2.0, 0.5])[:, None, None]
    together, alone = (
        stretch.tones(tinted, EVERYWHERE, Stretch(0.01, 99.99, steepest=50, by_colour=each)).of(tinted)[0, :, 0, 32]
        for each in (False, True)
    )
    assert float(alone.max() - alone.min()) < 1 < 20 < float(together.max() - together.min())


def test_local_contrast_equalises_each_tile():
    # the left half is dark and the right half bright, with faint detail in both
    detail = torch.rand(SIZE, SIZE, generator=torch.Generator().manual_seed(2)) * 8
    picture = (detail + torch.where(torch.arange(SIZE) < SIZE // 2, 20.0, 160.0)).expand(1, 3, SIZE, SIZE)
    tones = stretch.tones(picture, EVERYWHERE, Stretch(clip=20.0, tiles=2))
    shown = tones.of(picture)[0, 0]
    middle = (slice(8, 56), slice(4, 12)), (slice(8, 56), slice(52, 60))
    for part in middle:
        assert float(shown[part].std()) > 2 * float(picture[0, 0][part].std())
    plain = stretch.tones(picture, EVERYWHERE, Stretch()).of(picture)
    torch.testing.assert_close(plain, picture)


def test_a_strip_or_a_single_pixel_is_stretched_as_the_whole():
    picture = torch.rand(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(3)) * 90
    tones = stretch.tones(picture, EVERYWHERE, Stretch(1, 99, gamma=0.8, clip=2.0))
    torch.testing.assert_close(tones.of(picture[1:], 1), tones.of(picture)[1:])


def test_the_slope_is_that_of_a_small_difference_at_the_median():
    picture = ramp(40, 60)
    tones = stretch.tones(picture, EVERYWHERE, Stretch(low=0.01, high=99.99, steepest=100))
    assert float(tones.slope[0]) == pytest.approx(255 / 20, rel=0.01)


def seen_with(spread: Stretch | None, noise: float = 0.0) -> truth.Seen:
    start = datetime(2024, 2, 11, 7, 20, tzinfo=UTC)
    camera = replace(
        AURORAMAX_2018,
        look=replace(AURORAMAX_2018.look, noise=noise),
        equipment=Equipment(stretch=spread, jpeg=95),
    )
    plan = Plan("20240211", start, 1, (Episode("band", 0, 30, 2.5),), camera=camera)
    night = scene.make_night(plan, 5, Site(), TRAINING)
    return scene.render(night, ephemeris([start], Site()), np.array([8.0])).seen


def test_stretched_aurora_counts_as_people_see_it_but_not_more_than_its_noise_lets_it():
    plain, steep = seen_with(None), seen_with(Stretch(1, 99.5, steepest=8))
    assert (steep.visibility > 1.3 * plain.visibility).all()
    # a stretch spreads noise as much as aurora
    assert (seen_with(Stretch(1, 99.5, steepest=8), noise=12.0).visibility < steep.visibility).all()
