"""Find the sky circle of an all-sky camera in its pictures, and cut it out.

Pixel (column, row) covers the square from there to (column + 1, row + 1), so that the circle of `config.Circle` with
the centre (360, 360) and the radius 360 is the one inscribed in a picture of 720x720. (The mask that `video` draws
counts from the pixels' centres instead and lies half a pixel further right and down.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from ..config import Circle
from ..errors import DataError
from ..sky_circle import is_inside
from .circle_fit import LARGEST, RAYS, SMALLEST, Fit, directions, fitted, ransac, support_of

WORKING_SIDE = 360  # longest side in pixels while searching; the circle is then refined at full size
STEPS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96)  # levels of 255 above the surround that are tried as threshold
LEAST_SUPPORT = 0.6  # share of the circle's visible edge at which an edge is found: trees hide the rest
LEAST_ARC = 0.35  # share of the whole circle at which an edge is found: much less does not fix a centre
EQUAL = 0.15  # of supports this close the clearer edge counts: glare around the lens and the Moon's glow are round too
LEAST_SHARPNESS = 0.6  # share of the light that is gone within a few hundredths of the radius; vignetting fades slowly
LEAST_STEP = 1.5  # levels of 255 by which the light must fall along a ray


class _Edge(NamedTuple):
    support: float
    clarity: float
    fit: Fit


def cut(picture: np.ndarray, circle: Circle) -> np.ndarray:
    """The square around the circle, black outside it.

    Parameters
    ----------
    picture
        uint8 RGB (height, width, 3).
    circle
        In the picture's pixels; where it leaves the picture, the square is black.

    Returns
    -------
    uint8 RGB (2 * radius, 2 * radius, 3); pixels whose centres lie within the circle are the picture's own.
    """
    radius, side = circle.radius, 2 * circle.radius
    left, top = (middle - radius for middle in circle.center)
    square = np.zeros((side, side, 3), np.uint8)
    height, width = picture.shape[:2]
    rows = slice(min(max(top, 0), height), min(max(top + side, 0), height))
    columns = slice(min(max(left, 0), width), min(max(left + side, 0), width))
    part = picture[rows, columns]
    if part.size:
        down, right = rows.start - top, columns.start - left
        square[down : down + part.shape[0], right : right + part.shape[1]] = part
    square[~is_inside(side)] = 0
    return square


def find_circle(pictures: Sequence[np.ndarray]) -> Circle:
    """The sky circle of one camera, from one or better several of its pictures.

    The pictures are averaged. Regions brighter than the surround by each of `STEPS` are outlined along rays, and the
    circle on which most of an outline agrees is kept (RANSAC: Fischler and Bolles, 1981). Then the edge is sought
    again at full size, ray by ray, halfway between the levels inside and outside, and the circle fitted to it with a
    loss that trees, light domes and overlays pull little on.

    Parameters
    ----------
    pictures
        uint8 RGB (height, width, 3), all of one size.

    Raises
    ------
    DataError
        No picture, pictures of several sizes, or no circle to be seen.
    """
    light = _light(pictures)
    factor = max(1, min(-(-max(light.shape) // WORKING_SIDE), *light.shape))
    height, width = (side // factor for side in light.shape)
    small = light[: height * factor, : width * factor].reshape(height, factor, width, factor).mean(axis=(1, 3))
    smooth = ndimage.gaussian_filter(small, 1.0, mode="nearest")
    surround = np.percentile(smooth, 2)
    coarse = [fit for step in STEPS if (fit := _coarse(smooth > surround + step)) is not None]
    # most thresholds outline the same circle, to the pixel
    starts = {tuple(factor * round(part) for part in fit) for fit in coarse}
    fine = [edge for start in sorted(starts) if (edge := _refined(light, surround, start)) is not None]
    if fine:
        best = max(edge.support for edge in fine)
        x, y, radius = max((edge for edge in fine if edge.support >= best - EQUAL), key=lambda edge: edge.clarity).fit
        return Circle(center=(round(x), round(y)), radius=round(radius))
    raise DataError("no sky circle is to be seen", f"a picture of {light.shape[1]}x{light.shape[0]}",
                    "give it in pixels, as --circle x,y,r")  # fmt: skip


def _light(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Mean level of the pictures in their brightest band, float32 (height, width)."""
    shapes = {picture.shape for picture in pictures}
    if len(shapes) != 1:
        sizes = ", ".join(sorted(f"{shape[1]}x{shape[0]}" for shape in shapes)) or "none"
        raise DataError("pictures of one size are needed to find the sky circle", sizes,
                        "give --circle x,y,r, or one camera's pictures at a time")  # fmt: skip
    total = np.zeros(shapes.pop(), np.float32)
    for picture in pictures:
        total += picture
    return total.max(axis=2) / len(pictures)


def _coarse(bright: np.ndarray) -> Fit | None:
    """The circle about the largest bright region, bool (height, width); none where it is nothing like round."""
    labels, count = ndimage.label(bright)
    if not count:
        return None
    region = ndimage.binary_fill_holes(labels == np.argmax(np.bincount(labels.ravel())[1:]) + 1)
    y, x = (part.mean() + 0.5 for part in np.nonzero(region))
    points = _outline(region, x, y)
    fit = ransac(points, region.shape)
    if fit is None or not SMALLEST * min(region.shape) <= fit[2] <= LARGEST * max(region.shape):
        return None
    return fit if min(support_of(points, fit, region.shape)) >= LEAST_ARC / 2 else None


def _outline(region: np.ndarray, x: float, y: float) -> np.ndarray:
    """Where the region ends on each ray from (x, y), shape (n, 2); rays on which it reaches the picture's border lack.

    From outside inwards, so that what is dark in the region does not count.
    """
    height, width = region.shape
    right, down = directions()
    distance = np.arange(0, np.hypot(height, width), 0.5)
    columns = np.floor(x + np.outer(right, distance)).astype(int)
    rows = np.floor(y + np.outer(down, distance)).astype(int)
    within = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    is_region = within & region[rows.clip(0, height - 1), columns.clip(0, width - 1)]
    last = is_region.shape[1] - 1 - np.argmax(is_region[:, ::-1], axis=1)
    end = x + right * distance[last], y + down * distance[last]
    inner = (np.minimum(*end) >= 2) & (end[0] <= width - 2) & (end[1] <= height - 2)
    return np.column_stack(end)[is_region.any(axis=1) & inner]


def _refined(light: np.ndarray, surround: float, start: Fit) -> _Edge | None:
    """The circle through the half-way levels along rays at full size, or none where too few rays meet a step."""
    fit = start
    for reach in (0.08, 0.05):
        points, fall, sharpness = _half_levels(light, surround, fit, reach)
        if len(points) < RAYS * LEAST_ARC / 2 or sharpness < LEAST_SHARPNESS:
            return None
        fit = fitted(points, fit)
    support, arc = support_of(points, fit, light.shape, reach)
    return _Edge(support, fall * sharpness, fit) if support >= LEAST_SUPPORT and arc >= LEAST_ARC else None


def _half_levels(light: np.ndarray, surround: float, fit: Fit, reach: float) -> tuple[np.ndarray, float, float]:
    """Points, shape (n, 2), at which the light falls halfway from sky to surround within `reach` radii of the circle.

    Rays that leave the picture, or along which nothing falls, give none. Beside the points, the medians of the fall in
    levels, and of its share in the fall that would reach the level of the surround.
    """
    x, y, radius = fit
    right, down = directions()
    distance = radius * np.linspace(1 - reach, 1 + reach, max(21, int(4 * reach * radius) + 1))
    column, row = x + np.outer(right, distance) - 0.5, y + np.outer(down, distance) - 0.5
    profile = ndimage.map_coordinates(light, [row, column], order=1, mode="nearest")
    # neighbouring rays see the same edge: their mean is quieter
    profile = ndimage.uniform_filter1d(profile, 5, axis=0, mode="wrap")
    quarter = len(distance) // 4
    inside, outside = np.median(profile[:, :quarter], axis=1), np.median(profile[:, -quarter:], axis=1)
    height, width = light.shape
    within = (column[:, -1] >= 0) & (column[:, -1] <= width - 1) & (row[:, -1] >= 0) & (row[:, -1] <= height - 1)
    falls = within & (inside - outside >= LEAST_STEP)
    if not falls.any():
        return np.empty((0, 2)), 0.0, 0.0
    profile, inside, outside, right, down = (part[falls] for part in (profile, inside, outside, right, down))
    # the outermost place still above halfway
    above = profile > ((inside + outside) / 2)[:, None]
    last = above.shape[1] - 1 - np.argmax(above[:, ::-1], axis=1)
    at = distance[last] + (distance[1] - distance[0]) / 2
    fall = inside - outside
    share = fall / np.maximum(inside - surround, fall)
    return np.column_stack([x + right * at, y + down * at]), float(np.median(fall)), float(np.median(share))
