"""Find the sky circle of an all-sky camera in its pictures, and cut it out.

Pixel (column, row) covers the square from there to (column + 1, row + 1), so that the circle of `config.Circle` with
the centre (360, 360) and the radius 360 is the one inscribed in a picture of 720x720.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ..config import Circle
from ..corpus.sky_circle import is_inside
from ..errors import DataError
from .circle_rim import Rim, fit_rim
from .circle_search import search

PATCH = 0.04
"""Side of the patches along the border that show the ground around the circle, in shorter sides of the picture."""
SAME_GROUND = 8.0
"""Levels up to which two patches show the same ground."""
GROUNDS = 3
"""Grounds that are tried: pages and status bars have others than the picture."""
LEAST_GRAIN = 1.5
"""Levels by which even pixels differ once they were JPEG."""
BLUR = 1.0
"""Pixels by which the picture is blurred against noise, at least; a blur moves no straight rim."""
BLUR_OF_SIDE = 1 / 600
"""The same in longer sides of the picture."""
LEAST_SIDE = 16
"""Pixels of a picture within a margin."""
MARGIN_MARKS = 0.1
"""Share of a row or column of a page's margin that letters may take."""
STARTS = 6
"""Circles of the coarse search that are fitted, for each ground."""


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

    The pictures are averaged. For each even ground that their border shows (black, white or any other), the picture
    becomes a map of distances from that ground's colour; circles that stand out from it are searched for, fitted to
    their rim at full size, and tested: how much of the rim is sharp, and whether anything reaches across it.

    Parameters
    ----------
    pictures
        uint8 RGB (height, width, 3), all of one size.

    Raises
    ------
    DataError
        No picture, pictures of several sizes, or no circle that passes the tests: a wrong circle is worse than none.
    """
    picture = _mean(pictures)
    height, width = picture.shape[:2]
    picture = cv2.GaussianBlur(picture, (0, 0), max(BLUR, max(width, height) * BLUR_OF_SIDE))
    good, (left, top) = _good_rims(picture), (0, 0)
    if not good:  # a figure on a page: the ground around the circle is not that of the page
        left, top, inner = _without_margin(picture)
        good = _good_rims(inner) if inner.size < picture.size else []
    if not good:
        raise DataError("no sky circle found", f"a picture of {width}x{height}",
                        "give it in pixels, as --circle x,y,r")  # fmt: skip
    x, y, radius = max(good, key=lambda rim: rim.score).fit
    return Circle(center=(round(x + left), round(y + top)), radius=round(radius))


def _good_rims(picture: np.ndarray) -> list[Rim]:
    """Circles of a blurred picture, float32 (height, width, 3), that pass the tests."""
    rims: list[Rim | None] = []
    for colour, grain in _grounds(picture):
        distance = np.abs(picture - colour).max(axis=2)
        starts = search(distance, grain, STARTS) if min(distance.shape) > 1 else []
        rims += [fit_rim(distance, grain, start) for start in starts]
    return [rim for rim in rims if rim is not None and rim.is_good]


def _without_margin(picture: np.ndarray) -> tuple[int, int, np.ndarray]:
    """Left and top of the part within an even margin of the corners' colour, and that part."""
    colour, _ = _grounds(picture)[0]
    other = np.abs(picture - colour).max(axis=2) > SAME_GROUND
    rows, columns = (np.flatnonzero(other.mean(axis=axis) > MARGIN_MARKS) for axis in (1, 0))
    if min(len(rows), len(columns)) < LEAST_SIDE:
        return 0, 0, picture
    trim = int(np.ceil(2 * BLUR))
    left, top, right, bottom = columns[0] + trim, rows[0] + trim, columns[-1] + 1 - trim, rows[-1] + 1 - trim
    return int(left), int(top), picture[top:bottom, left:right]


def _mean(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Mean of the pictures, float32 (height, width, 3)."""
    shapes = {picture.shape for picture in pictures}
    if len(shapes) != 1:
        sizes = ", ".join(sorted(f"{shape[1]}x{shape[0]}" for shape in shapes)) or "none"
        raise DataError("pictures of one size are needed to find the sky circle", sizes,
                        "give --circle x,y,r, or one camera's pictures at a time")  # fmt: skip
    total = np.zeros(shapes.pop(), np.float32)
    for picture in pictures:
        total += picture
    return total / len(pictures)


def _grounds(picture: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Colours of the even patches in the corners and along the border, the most frequent first, with their grain."""
    height, width = picture.shape[:2]
    side = max(2, round(PATCH * min(height, width)))
    corners = [(top, left) for top in (0, height - side) for left in (0, width - side)]
    patches = [picture[max(top, 0) :, max(left, 0) :][:side, :side].reshape(-1, 3) for top, left in corners]
    grounds: list[list[np.ndarray]] = []
    for patch in patches:
        colour = np.median(patch, axis=0)
        near = (group for group in grounds if np.abs(np.median(group[0], axis=0) - colour).max() <= SAME_GROUND)
        group = next(near, None)
        if group is None:
            grounds.append([patch])
        else:
            group.append(patch)
    grounds.sort(key=len, reverse=True)
    return [_colour_and_grain(np.concatenate(group)) for group in grounds[:GROUNDS]]


def _colour_and_grain(patch: np.ndarray) -> tuple[np.ndarray, float]:
    """The middle colour of pixels (n, 3), and the distance from it that noise reaches; letters pull on neither."""
    colour = np.median(patch, axis=0).astype(np.float32)
    spread = np.median(np.abs(patch - colour).max(axis=1))
    return colour, max(LEAST_GRAIN, 2 * float(spread))
