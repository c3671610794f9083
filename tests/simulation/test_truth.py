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


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.0, truth.CLEAR), (0.12, truth.CLEAR), (0.13, truth.BROKEN), (0.87, truth.BROKEN), (0.88, truth.OVERCAST)],
)
def test_a_sky_of_less_than_one_okta_is_clear_and_of_more_than_seven_overcast(share, expected):
    assert truth.cloud_class(torch.tensor([share])).item() == expected


def test_strength_is_the_logarithm_of_the_kilorayleigh_that_reach_the_camera():
    glow, passed = torch.zeros(3, 3, SIZE, SIZE), torch.ones(3, 1, SIZE, SIZE)
    glow[:2, 1, :10] = 25.0 * 61
    passed[1] = 0.1
    expected = [torch.tensor(value).log10().item() for value in (25.0, 2.5, truth.FLOOR_KR)]
    assert truth.strength(glow, passed, OPEN).tolist() == pytest.approx(expected, abs=1e-5)


def test_the_form_is_the_one_that_covers_most_of_the_visible_area():
    seen = truth.seen(*pictures(30.0, rows=60), noise=0.0, open_sky=OPEN)
    parts = torch.zeros(2, 1, SIZE, SIZE)
    parts[0, :, :20], parts[1, :, 20:60] = 100.0, 1.0
    assert truth.FORMS[truth.form(("corona", "band"), parts, seen).item()] == "arc"
    parts[0, :, :50] = 100.0
    assert truth.FORMS[truth.form(("corona", "band"), parts, seen).item()] == "corona"
    dark = truth.seen(*pictures(1.0, rows=60), noise=0.0, open_sky=OPEN)
    assert truth.form(("corona", "band"), parts, dark).item() == 0
    assert truth.form((), parts[:0], seen).item() == 0
