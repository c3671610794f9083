"""Heat maps drawn over frames; the sky keeps its place and what lies outside it stays as it was."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from PIL import Image

from ..corpus.sky_circle import is_inside

COLOURS = "inferno"
"""Perceptually uniform and safe for colour-blind readers; no green, the colour of most aurora."""
STRENGTH = 0.6
"""Opacity of the hottest place."""
JPEG_QUALITY = 90


def resized(heat: np.ndarray, size: int) -> np.ndarray:
    """A map (s, s) brought to float32 (size, size) bilinearly; values stay within the map's own range."""
    enlarged = Image.fromarray(heat.astype(np.float32)).resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(enlarged)


def overlay(frame: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """A frame under its heat: the hotter a place, the more it takes the heat's colour; cold places show the frame.

    Parameters
    ----------
    frame
        uint8 RGB (size, size, 3), masked to the inscribed sky circle.
    heat
        A map in 0..1, (s, s) of any side, over the same field of view.

    Returns
    -------
    uint8 RGB (size, size, 3); equal to `frame` outside the circle.
    """
    size = len(frame)
    if frame.shape != (size, size, 3) or heat.ndim != 2:
        raise ValueError(f"a square RGB frame and one map are needed, not {frame.shape} and {heat.shape}")
    weight = resized(heat, size).clip(0, 1)
    opacity = (STRENGTH * weight * is_inside(size))[..., None]
    colours = matplotlib.colormaps[COLOURS](weight)[..., :3] * 255
    return np.rint((1 - opacity) * frame + opacity * colours).astype(np.uint8)


def panel(pictures: Sequence[np.ndarray], gap: int = 8) -> np.ndarray:
    """Pictures of one height side by side, as the study shows them: frame, overlay for yes, overlay for no.

    `pictures` are uint8 RGB (height, width, 3); `gap` white columns stand between two of them.
    """
    white = np.full((len(pictures[0]), gap, 3), 255, np.uint8)
    spaced = [part for picture in pictures for part in (white, picture)]
    return np.concatenate(spaced[1:], axis=1)
