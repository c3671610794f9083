from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import tiny
from aurora_gradcam.corpus.sky_circle import is_inside
from aurora_gradcam.gradcam.overlays import STRENGTH, overlay, panel, resized


@pytest.fixture
def frame() -> np.ndarray:
    return tiny.draw("yes", np.random.default_rng(2), 120)


def luminance(colours: np.ndarray) -> np.ndarray:
    """Relative luminance of sRGB, IEC 61966-2-1."""
    value = colours / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_the_sky_circle_touches_the_sides_and_has_the_area_of_a_circle():
    circle = is_inside(720)
    assert circle.mean() == pytest.approx(np.pi / 4, abs=1e-3)
    assert circle[360, 0] and circle[0, 360] and not circle[0, 0]
    assert (circle == circle.T).all() and (circle == circle[::-1]).all()


def test_outside_the_sky_the_frame_is_untouched_however_hot(frame):
    frame[~is_inside(120)] = 77
    drawn = overlay(frame, np.ones((8, 8), np.float32))
    np.testing.assert_array_equal(drawn[~is_inside(120)], 77)
    assert (drawn[is_inside(120)] != frame[is_inside(120)]).any(axis=1).mean() > 0.9


def test_without_heat_the_frame_stays_as_it_was(frame):
    np.testing.assert_array_equal(overlay(frame, np.zeros((8, 8), np.float32)), frame)


def test_the_hottest_place_has_the_last_colour_of_inferno_at_the_stated_strength():
    black = np.zeros((64, 64, 3), np.uint8)
    drawn = overlay(black, np.ones((4, 4), np.float32))
    np.testing.assert_allclose(drawn[32, 32], STRENGTH * np.array([252, 255, 164]), atol=1)  # inferno ends at #fcffa4


def test_more_heat_is_always_lighter_so_that_it_can_be_read_without_colours():
    black = np.zeros((64, 64, 3), np.uint8)
    levels = [overlay(black, np.full((2, 2), heat, np.float32))[32, 32] for heat in np.linspace(0.1, 1, 10)]
    assert (np.diff(luminance(np.array(levels))) > 0).all()


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_heat_is_drawn_where_the_map_has_it(row, column):
    heat = np.zeros((2, 2), np.float32)
    heat[row, column] = 1
    drawn = overlay(np.zeros((100, 100, 3), np.uint8), heat).sum(axis=2)
    halves = drawn.reshape(2, 50, 2, 50).sum(axis=(1, 3))
    assert np.unravel_index(halves.argmax(), (2, 2)) == (row, column)


def test_the_frame_given_is_not_changed(frame):
    before = frame.copy()
    overlay(frame, np.ones((8, 8), np.float32))
    np.testing.assert_array_equal(frame, before)


@given(
    arrays.arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.floats(0, 1, width=32)),
    st.integers(1, 60),
)
def test_resizing_stays_within_the_range_of_the_map(heat, size):
    found = resized(heat, size)
    assert found.shape == (size, size) and found.dtype == np.float32
    assert heat.min() - 1e-6 <= found.min() and found.max() <= heat.max() + 1e-6


def test_a_panel_shows_the_pictures_in_order_between_white_gaps():
    pictures = [np.full((10, width, 3), value, np.uint8) for width, value in ((4, 1), (6, 2), (5, 3))]
    found = panel(pictures, gap=2)
    assert found[0, :, 0].tolist() == [1] * 4 + [255] * 2 + [2] * 6 + [255] * 2 + [3] * 5
    assert found.shape == (10, 19, 3)


@pytest.mark.parametrize("shape", [(10, 12, 3), (10, 10), (10, 10, 4)])
def test_only_square_colour_frames_are_drawn_on(shape):
    with pytest.raises(ValueError, match="square RGB"):
        overlay(np.zeros(shape, np.uint8), np.ones((2, 2), np.float32))
