"""A circle fitted to the rim of the sky, and tests of how much of it is visible."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage
from scipy.optimize import least_squares

from .circle_search import Fit

RAYS = 360
"""Rays along which the rim is sought."""
REACHES = (0.12, 0.06, 0.04)
"""Radii either side of the circle in which the rim is sought, one fit after the other."""
TOLERANCE = 0.02
"""Radii by which the rim along a ray may lie off the circle."""
NEAR = 0.03
"""Radii from the rim at which its inside and outside are compared to tell a rim from a slow fading."""
NEAR_PIXELS = 2.5
"""The same in pixels, at least, as a rim is no sharper than the picture."""
FAR = 0.08
"""Radii from the rim at which the whole step is measured."""
LEAST_SHARPNESS = 0.5
"""Share of the whole step that lies within `NEAR`."""
LEAST_STEP = 2.0
"""Levels, and `STEP_IN_GRAINS` times the ground's grain, by which inside and outside must differ."""
STEP_IN_GRAINS = 1.0
REACHING_ACROSS = 0.5
"""Of the inside's distance from the ground; what lies farther than that beyond the rim contradicts the circle."""
LEAST_SUPPORT = 0.45
"""Share of the visible rays with a rim: trees, as dark as the ground, may hide the rest."""
LEAST_ARC = 0.22
"""Share of all rays with a rim: less does not fix a centre."""
MOST_CONTRADICTED = 0.1
"""Share of the visible rays along which the sky goes on beyond the rim."""
LARGEST_GAP = 190.0
"""Degrees without a rim."""


class Rim(NamedTuple):
    """A fitted circle, and shares of its rays.

    Parameters
    ----------
    fit
        Centre and radius.
    support
        Of the visible rays, those with a rim.
    arc
        Of all rays, those with a rim.
    contradicted
        Of the visible rays, those along which the picture goes on beyond the rim.
    gap
        The largest angle without a rim, degrees.
    step
        Median difference between inside and outside, levels.
    """

    fit: Fit
    support: float
    arc: float
    contradicted: float
    gap: float
    step: float

    @property
    def is_good(self) -> bool:
        """Whether enough of the rim is seen for the circle to be trusted."""
        seen = self.support >= LEAST_SUPPORT and self.arc >= LEAST_ARC
        return seen and self.contradicted <= MOST_CONTRADICTED and self.gap <= LARGEST_GAP

    @property
    def score(self) -> float:
        """Larger for the better of two good circles."""
        return self.arc * (1 - 2 * self.contradicted)


class _Profile(NamedTuple):
    """Distances from the ground along rays.

    `levels` is (rays, n) at the radii `radius` (n,); `inside` tells where a sample lies in the picture.
    """

    levels: np.ndarray
    radius: np.ndarray
    inside: np.ndarray

    def band(self, first: float, end: float) -> np.ndarray:
        """Mean level between two radii along each ray, shape (rays,)."""
        part = slice(*np.searchsorted(self.radius, (first, end)))
        weight = self.inside[:, part]
        return (self.levels[:, part] * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1)


def fit_rim(distance: np.ndarray, grain: float, start: Fit) -> Rim | None:
    """The circle near `start` that fits the rim best; None where no rim is visible.

    Parameters
    ----------
    distance
        How far each pixel is from the ground's colour, float32 (height, width), levels.
    grain
        Distance that the ground's own pixels reach.
    """
    fit, step = start, max(LEAST_STEP, STEP_IN_GRAINS * grain)
    for reach in REACHES:
        x, y, radius = fit
        profile = _sample(distance, fit, 2 * reach)
        at, has_step = _half_levels(profile, radius, reach, step)
        if has_step.sum() < RAYS * LEAST_ARC / 2:
            return None
        right, down = _directions()
        points = np.column_stack([x + right * at, y + down * at])[has_step]
        fit = _fitted(points, fit, reach)
        if not 0.5 * start[2] < fit[2] < 2 * start[2]:
            return None
    return _judge(distance, fit, step)


def _directions() -> tuple[np.ndarray, np.ndarray]:
    angle = np.arange(RAYS) * 2 * np.pi / RAYS
    return np.cos(angle), np.sin(angle)


def _sample(distance: np.ndarray, fit: Fit, reach: float) -> _Profile:
    x, y, radius = fit
    right, down = _directions()
    at = radius * np.linspace(1 - reach, 1 + reach, max(33, int(2 * reach * radius) + 1))
    column, row = x + np.outer(right, at) - 0.5, y + np.outer(down, at) - 0.5
    levels = ndimage.map_coordinates(distance, [row, column], order=1, mode="nearest")
    # neighbouring rays see the same rim: their mean is quieter
    levels = ndimage.uniform_filter1d(levels, 5, axis=0, mode="wrap")
    height, width = distance.shape
    inside = (column >= 0) & (column <= width - 1) & (row >= 0) & (row <= height - 1)
    return _Profile(levels, at, inside)


def _half_levels(profile: _Profile, radius: float, reach: float, step: float) -> tuple[np.ndarray, np.ndarray]:
    """The outermost radius along each ray that is above halfway from outside to inside, and whether there is a step."""
    inside = profile.band((1 - reach) * radius, (1 - reach / 2) * radius)
    outside = profile.band((1 + reach / 2) * radius, (1 + reach) * radius)
    window = np.abs(profile.radius - radius) <= reach * radius
    above = (profile.levels > ((inside + outside) / 2)[:, None]) & window
    last = above.shape[1] - 1 - np.argmax(above[:, ::-1], axis=1)
    seen = profile.inside[:, np.searchsorted(profile.radius, (1 + reach / 2) * radius)]
    at = profile.radius[last] + (profile.radius[1] - profile.radius[0]) / 2
    return at, seen & above.any(axis=1) & (inside - outside >= step)


def _fitted(points: np.ndarray, start: Fit, reach: float) -> Fit:
    """The circle nearest to points (n, 2); those far off pull little."""
    x, y = points.T
    answer = least_squares(lambda fit: np.hypot(x - fit[0], y - fit[1]) - fit[2], start,
                           loss="cauchy", f_scale=max(reach / 12 * start[2], 0.3))  # fmt: skip
    return float(answer.x[0]), float(answer.x[1]), float(answer.x[2])


def _judge(distance: np.ndarray, fit: Fit, step: float) -> Rim:
    radius = fit[2]
    near_share = max(NEAR, NEAR_PIXELS / radius)
    far_share = max(FAR, 2 * near_share)
    profile = _sample(distance, fit, 1.5 * far_share)
    inside, outside = (profile.band((1 - far_share) * radius, (1 - near_share / 2) * radius),
                       profile.band((1 + near_share / 2) * radius, (1 + far_share) * radius))  # fmt: skip
    near = (profile.band((1 - near_share) * radius, (1 - near_share / 4) * radius)
            - profile.band((1 + near_share / 4) * radius, (1 + near_share) * radius))  # fmt: skip
    visible = profile.inside[:, np.searchsorted(profile.radius, (1 + near_share) * radius)]
    at, has_step = _half_levels(profile, radius, far_share, step)
    is_near = np.abs(at - radius) <= max(TOLERANCE * radius, 1.5)
    sharp = near >= LEAST_SHARPNESS * (inside - outside)
    rim = visible & has_step & is_near & sharp & (outside < REACHING_ACROSS * inside)
    across = visible & (outside > step) & (outside >= REACHING_ACROSS * inside)
    seen = max(int(visible.sum()), 1)
    return Rim(fit, rim.sum() / seen, float(rim.mean()), across.sum() / seen, _largest_gap(rim),
               float(np.median((inside - outside)[rim])) if rim.any() else 0.0)  # fmt: skip


def _largest_gap(rim: np.ndarray) -> float:
    """Degrees of the longest run of rays without a rim, around the circle."""
    places = np.flatnonzero(rim)
    if not len(places):
        return 360.0
    steps = np.diff(np.append(places, places[0] + len(rim)))
    return float(steps.max() * 360 / len(rim))
