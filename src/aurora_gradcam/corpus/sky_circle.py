"""The sky circle as a mask: which pixels of a square picture show sky.

Two origins are in use. Frames and classifier count a pixel by its centre, `centred`. The mask that `extract` draws into
the frames counts from the pixel right and down of the middle, `extracted`, half a pixel further: it stays like that as
long as the frames of a season do, since another origin changes their bytes.
"""

from __future__ import annotations

import numpy as np


def centred(size: int) -> float:
    """Place of the middle of `size` pixels, counted from the first pixel's centre: 359.5 of 720."""
    return (size - 1) / 2


def extracted(size: int) -> float:
    """Place of the middle of `size` pixels as `extract` counts it, half a pixel after `centred`: 360 of 720."""
    return size // 2


def distance(size: int, middle: float, step: int = 1) -> np.ndarray:
    """Distance in pixels of every `step`-th row and column of a square picture from `middle`, float (n, n)."""
    offset = np.arange(0, size, step) - middle
    return np.hypot(offset[:, None], offset)


def is_inside(size: int, radius: float | None = None, middle: float | None = None) -> np.ndarray:
    """Which pixels of a square picture lie within the circle.

    Parameters
    ----------
    size
        Side of the picture, pixels.
    radius
        Pixels; half the side unless given.
    middle
        Row and column of the circle's centre, counted from the first pixel's centre; `centred(size)` unless given.

    Returns
    -------
    bool (size, size).
    """
    radius = size / 2 if radius is None else radius
    return distance(size, centred(size) if middle is None else middle) <= radius


def ffmpeg_expression(radius: float, middle: float) -> str:
    """`is_inside` for ffmpeg's filter geq, 1 inside and 0 outside."""
    return f"lte(hypot(X-{middle:g},Y-{middle:g}),{radius:g})"
