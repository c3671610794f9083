"""Circles whose inside differs from one even ground around them, wherever a picture may hold one: a coarse search.

The operator is that of Daugman (1993, IEEE Transactions on Pattern Analysis and Machine Intelligence 15, 1148-1161) for
the rim of the iris, with bands for its derivative: along every ray from a centre, how much more the band within a
radius differs from the ground than the band beyond it does.
"""

from __future__ import annotations

import cv2
import numpy as np

SIDE = 112
"""Longest side in pixels of the picture that is searched; narrow pictures are searched larger."""
SHORT_SIDE = 60
"""Its shortest side, so that a small circle in a narrow picture stays larger than the steps."""
LONGEST_SIDE = 448
"""Longest side of a narrow picture."""
SMALLEST = 0.2
"""Radius, in shorter sides of the picture: the Moon is far smaller."""
LARGEST = 0.85
"""Radius, in longer sides of the picture."""
LARGEST_CUT = 1.5
"""Radius, in shorter sides of the picture."""
RAYS = 48
"""Rays from each centre."""
STEP = 3
"""Pixels between centres, and between radii."""
INNER = 0.08
"""Width of the band within the rim, in radii."""
OUTER = 0.12
"""Width of the band beyond the rim, in radii."""
LEAST_VISIBLE = 0.25
"""Share of a rim that lies in the picture."""
WHOLE_RIM = 0.25
"""Weight of the whole rim beside its visible part: of two equal rims, the one seen more of."""
LEAST_SCORE = 0.1
"""Mean difference of the bands, 1 where all within and nothing beyond differs from the ground."""
SATURATION = 12.0
"""Times the picture's grain by which a pixel differs from the ground for certain."""

Fit = tuple[float, float, float]
"""Centre x, centre y, radius, in pixels counted from the picture's corner."""


def search(distance: np.ndarray, grain: float, count: int) -> list[Fit]:
    """The `count` circles that stand out best from the ground, the best first; fewer where fewer stand out.

    Parameters
    ----------
    distance
        How far each pixel is from the ground's colour, float32 (height, width), levels.
    grain
        Distance that the ground's own pixels reach.
    """
    short, long = sorted(distance.shape)
    factor = max(1.0, min(long / SIDE, short / SHORT_SIDE), long / LONGEST_SIDE)
    width, height = (max(1, round(side / factor)) for side in distance.shape[::-1])
    small = cv2.resize(distance, (width, height), interpolation=cv2.INTER_AREA)
    # what differs, differs: neither the Moon nor bright cloud counts for more than a dark sky
    contrast = np.clip((small / grain - 1) / SATURATION, 0, 1) ** 0.5
    x, y, radius, score = _scores(contrast.astype(np.float32))
    fits: list[Fit] = []
    while len(fits) < count and score.size and score.max() > LEAST_SCORE:
        best = np.argmax(score)
        fits.append((float(x[best]) * factor, float(y[best]) * factor, float(radius[best]) * factor))
        near = np.hypot(x - x[best], y - y[best]) + np.abs(radius - radius[best]) < 0.1 * radius[best]
        score[near] = 0
    return fits


def _scores(contrast: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Centres, radii and scores of all circles of the grid, each flat."""
    height, width = contrast.shape
    largest = min(LARGEST * max(contrast.shape), LARGEST_CUT * min(contrast.shape))
    radii = np.arange(SMALLEST * min(contrast.shape), largest, STEP)
    radii = radii[radii >= STEP]
    reach = int(np.ceil(largest * (1 + OUTER))) + 3
    padded = np.pad(contrast, reach, constant_values=-1)
    offsets = _rays(reach, padded.shape[1])
    columns, rows = np.arange(STEP // 2, width, STEP), np.arange(STEP // 2, height, STEP)
    scores = np.empty((len(rows), len(columns), len(radii)), np.float32)
    for number, row in enumerate(rows):
        starts = (row + reach) * padded.shape[1] + columns + reach
        scores[number] = _band_differences(padded.ravel()[starts[:, None, None] + offsets], radii)
    y, x, radius = np.meshgrid(rows + 0.5, columns + 0.5, radii, indexing="ij")
    return x.ravel(), y.ravel(), radius.ravel(), scores.ravel()


def _rays(length: int, width: int) -> np.ndarray:
    """Places along rays from a pixel, relative to its own in a flat picture of that width, shape (`RAYS`, length)."""
    angle, along = np.arange(RAYS) * 2 * np.pi / RAYS, np.arange(length)
    down, right = (np.rint(np.outer(step, along)).astype(int) for step in (np.sin(angle), np.cos(angle)))
    return down * width + right


def _band_differences(values: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Scores (centres, radii) of rays (centres, `RAYS`, distances), -1 where they have left the picture."""
    inner, rim, outer = (np.rint(radii * share).astype(int) for share in (1 - INNER, 1, 1 + OUTER))
    inner, outer = np.minimum(inner, rim - 1), np.maximum(outer, rim + 2)
    visible = values >= 0
    sums = np.cumsum(np.maximum(values, 0), axis=2)
    counts = np.cumsum(visible, axis=2, dtype=np.float32)

    def mean(first: np.ndarray, end: np.ndarray) -> np.ndarray:
        number = counts[..., end] - counts[..., first]
        return (sums[..., end] - sums[..., first]) / np.maximum(number, 1)

    seen = visible[..., np.minimum(rim + 1, values.shape[2] - 1)]
    difference = ((mean(inner - 1, rim - 1) - mean(rim, outer)) * seen).sum(axis=1)
    share = seen.mean(axis=1)
    score = difference / RAYS * (1 + WHOLE_RIM) / (share + WHOLE_RIM)
    return np.where(share >= LEAST_VISIBLE, score, 0)
