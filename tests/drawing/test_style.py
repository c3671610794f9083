"""Photographs inside an SVG take little room; what is see-through stays as it is."""

from __future__ import annotations

import base64
import io
import re
from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from aurora_gradcam.drawing import style


def embedded(pixels: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return f'<image xlink:href="data:image/png;base64,\n{base64.b64encode(buffer.getvalue()).decode()}" x="1"/>'


@pytest.mark.parametrize("place", ["lower left", "lower center", "lower right", "upper center"])
def test_the_note_on_the_simulated_sky_covers_no_legend_and_no_axes(place):
    with style.applied():
        figure = style.blank(2.0)
        axes = figure.subplots()
        for number in range(6):
            axes.plot([0, 1], label=f"a rather long name of line {number}")
        axes.set_xlabel("below the axes")
        legend = figure.legend(*axes.get_legend_handles_labels(), loc=f"outside {place}", ncols=3)
        style.say_simulated(figure)
        style.settle(figure)
        (note,) = figure.texts
        boxes = [legend.get_window_extent(), note.get_window_extent(), axes.get_tightbbox()]
        for one, other in combinations(boxes, 2):
            assert not one.overlaps(other)


@pytest.fixture
def photograph() -> np.ndarray:
    row, column = np.mgrid[:120, :120]
    noise = np.random.default_rng(3).normal(0, 6, (120, 120, 3))
    levels = (60 + 40 * np.sin(row / 20) + 30 * np.cos(column / 15))[..., None] + noise
    return np.dstack([levels.clip(0, 255), np.full((120, 120), 255)]).astype(np.uint8)


def test_a_photograph_becomes_a_jpeg_that_looks_alike(photograph):
    svg = embedded(photograph)
    smaller = style.with_jpegs(svg)
    assert len(smaller) < 0.5 * len(svg) and smaller.endswith('x="1"/>')
    content = base64.b64decode(re.search(r"jpeg;base64,([^\"]+)", smaller)[1])
    picture = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), dtype=float)
    assert np.abs(picture - photograph[..., :3]).mean() < 5  # the noise is 6
    assert style.with_jpegs(svg) == smaller


def test_pictures_with_gaps_and_drawings_stay_as_they_are(photograph):
    photograph[:60, :, 3] = 0
    gaps = embedded(photograph)
    assert style.with_jpegs(gaps) == gaps
    even = embedded(np.full((120, 120, 4), 255, np.uint8))
    assert style.with_jpegs(even) == even
    assert style.with_jpegs("<svg><path/></svg>") == "<svg><path/></svg>"
