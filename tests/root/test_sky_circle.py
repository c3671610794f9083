from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from aurora_gradcam.corpus import sky_circle


@pytest.mark.parametrize("size", [2, 7, 64, 240, 720])
def test_the_circle_is_that_of_exact_whole_numbers(size):
    """Twice the distances are whole numbers, so that nothing hangs on rounding."""
    doubled = 2 * np.arange(size) - (size - 1)
    exact = doubled[:, None] ** 2 + doubled**2 <= size**2
    assert np.array_equal(sky_circle.is_inside(size), exact)
    assert np.array_equal(exact, exact[::-1, ::-1])


@pytest.mark.parametrize(("size", "radius"), [(60, 30), (61, 20), (720, 360)])
def test_the_mask_of_extract_lies_half_a_pixel_right_and_down(size, radius):
    row, column = np.mgrid[:size, :size] - size // 2
    mask = sky_circle.is_inside(size, radius, sky_circle.extracted(size))
    assert np.array_equal(mask, row**2 + column**2 <= radius**2)
    assert sky_circle.extracted(size) - sky_circle.centred(size) == (0 if size % 2 else 0.5)


def test_the_area_is_that_of_a_circle_and_of_pillow():
    picture = Image.new("1", (720, 720))
    ImageDraw.Draw(picture).ellipse((0, 0, 719, 719), fill=1)
    mask = sky_circle.is_inside(720)
    assert mask.mean() == pytest.approx(np.pi / 4, abs=1e-4)
    assert (mask != np.asarray(picture)).mean() < 0.003
