"""When simulated aurora counts as visible, against pictures whose answer follows from the definition by hand."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aurora_gradcam.simulation import truth

SIZE = 100
OPEN = torch.ones(SIZE, SIZE, dtype=torch.bool)


def pictures(rise: float, rows: int, level: float = 20.0, veil: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
    """A grey sky of one level, with a rise over some rows and a veil over all, and the same sky without."""
    plain = torch.full((1, 3, SIZE, SIZE), level)
    picture = plain + veil
    picture[:, :, :rows] += rise
    return picture, plain


def test_a_bright_strip_over_three_percent_is_visible_and_its_mask_exact():
    seen = truth.seen(*pictures(12.0, rows=3), noise=0.0, open_sky=OPEN)
    assert bool(seen.visible) and not bool(seen.borderline)
    assert seen.visibility.item() == pytest.approx(12 / truth.LEAST_LEVELS)
    assert seen.mask[0, :3].all() and not seen.mask[0, 3:].any()
    assert seen.sky_fraction.item() == pytest.approx(0.03)
    assert seen.strength.item() == pytest.approx(12.0, rel=1e-5)


def test_one_percent_of_the_sky_is_too_little():
    seen = truth.seen(*pictures(60.0, rows=1), noise=0.0, open_sky=OPEN)
    assert not bool(seen.visible) and seen.visibility.item() == 0
    assert seen.mask.sum() == SIZE  # it is seen, but it is not enough


def test_an_even_veil_is_no_visible_aurora():
    seen = truth.seen(*pictures(0.0, rows=0, veil=30.0), noise=0.0, open_sky=OPEN)
    assert seen.visibility.item() == pytest.approx(0.1 * 30 / truth.LEAST_LEVELS, rel=1e-4) and not seen.mask.any()


@given(rise=st.floats(0.5, 100), level=st.floats(0, 150), noise=st.floats(0, 10))
def test_the_least_difference_follows_weber_and_the_noise(rise, level, noise):
    seen = truth.seen(*pictures(rise, rows=10, level=level), noise=noise, open_sky=OPEN)
    least = max(truth.LEAST_LEVELS, truth.WEBER_SHARE * level, truth.NOISE_TIMES * noise)
    assert seen.visibility.item() == pytest.approx(rise / least, rel=1e-3)


def test_a_frame_near_the_threshold_is_borderline():
    low, high = truth.BORDERLINE
    expected = {0.9 * low: False, 1.05 * low: True, 1.0: True, 0.95 * high: True, 1.05 * high: False}
    for times, borderline in expected.items():
        seen = truth.seen(*pictures(times * truth.LEAST_LEVELS, rows=10), noise=0.0, open_sky=OPEN)
        assert bool(seen.borderline) is borderline, times


def test_what_trees_hide_does_not_count():
    hidden = OPEN.clone()
    hidden[:3] = False
    seen = truth.seen(*pictures(12.0, rows=3), noise=0.0, open_sky=hidden)
    assert not bool(seen.visible) and not seen.mask.any()
