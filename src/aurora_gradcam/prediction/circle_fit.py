"""A circle through edge points, of which some lie anywhere: on trees, light domes, letters."""

from __future__ import annotations

import numpy as np
from scipy.optimize import least_squares

RAYS = 720  # edge points looked for, one each half degree
TRIPLES = 1500  # circles tried through three edge points: enough when one point in five is right
TOLERANCE = 0.015  # an edge point agrees with a circle up to this distance, in radii
SMALLEST = 0.2  # radius, in shorter sides of the picture: the Moon is far smaller
LARGEST = 0.85  # radius, in longer sides of the picture
LEAST_POINTS = RAYS // 10  # fewer outline nothing

Fit = tuple[float, float, float]  # centre x, centre y, radius, in pixels counted from the picture's corner


def directions() -> tuple[np.ndarray, np.ndarray]:
    """Steps right and down of one pixel's length along each ray, shape (RAYS,) each."""
    angle = np.arange(RAYS) * 2 * np.pi / RAYS
    return np.cos(angle), np.sin(angle)


def ransac(points: np.ndarray, shape: tuple[int, int]) -> Fit | None:
    """The circle through three of the points, shape (n, 2), with which most agree; none where nothing fits.

    Random sample consensus: Fischler and Bolles (1981), Communications of the ACM 24(6). `shape` is the picture's.
    """
    if len(points) < LEAST_POINTS:
        return None
    generator = np.random.default_rng(0)  # the same pictures give the same circle
    a, b, c = points[generator.integers(len(points), size=(3, TRIPLES))]
    ab, ac = b - a, c - a
    area = 2 * (ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0])
    with np.errstate(divide="ignore", invalid="ignore"):
        x = a[:, 0] + (ac[:, 1] * (ab**2).sum(1) - ab[:, 1] * (ac**2).sum(1)) / area
        y = a[:, 1] + (ab[:, 0] * (ac**2).sum(1) - ac[:, 0] * (ab**2).sum(1)) / area
    radius = np.hypot(a[:, 0] - x, a[:, 1] - y)
    usable = np.isfinite(radius) & (radius >= SMALLEST * min(shape)) & (radius <= LARGEST * max(shape))
    if not usable.any():
        return None
    x, y, radius = x[usable], y[usable], radius[usable]
    away = np.abs(np.hypot(points[:, :1] - x, points[:, 1:] - y) - radius)
    best = np.argmax((away <= np.maximum(TOLERANCE * radius, 1)).sum(axis=0))
    return fitted(points, (x[best], y[best], radius[best]))


def fitted(points: np.ndarray, start: Fit) -> Fit:
    """The circle nearest to those points, shape (n, 2), that are not far from `start`; farther ones pull less."""
    near = _away(points, start) <= 3 * TOLERANCE * start[2]
    if near.sum() < LEAST_POINTS // 2:
        return start
    x, y = points[near].T
    answer = least_squares(lambda fit: np.hypot(x - fit[0], y - fit[1]) - fit[2], start,
                           loss="soft_l1", f_scale=max(TOLERANCE / 3 * start[2], 0.3))  # fmt: skip
    return tuple(float(value) for value in answer.x)


def _away(points: np.ndarray, fit: Fit) -> np.ndarray:
    return np.abs(np.hypot(points[:, 0] - fit[0], points[:, 1] - fit[1]) - fit[2])


def support_of(points: np.ndarray, fit: Fit, shape: tuple[int, int], reach: float = 0.0) -> tuple[float, float]:
    """Share of the circle's visible edge, and of the whole circle, at which a point agrees with it.

    Visible is what lies in the picture with `reach` radii around it.
    """
    x, y, radius = fit
    right, down = directions()
    column, row = x + (1 + reach) * radius * right, y + (1 + reach) * radius * down
    visible = (np.minimum(column, row) >= 2) & (column <= shape[1] - 2) & (row <= shape[0] - 2)
    agreeing = points[_away(points, fit) <= max(TOLERANCE * radius, 1)]
    angle = np.arctan2(agreeing[:, 1] - y, agreeing[:, 0] - x) * RAYS / (2 * np.pi)
    # a degree either way, as rays from the region's middle are not evenly spread about the circle's
    touched = np.zeros(RAYS, bool)
    for spread in range(-2, 3):
        touched[(np.rint(angle).astype(int) + spread) % RAYS] = True
    touched &= visible
    return touched.sum() / max(visible.sum(), 1), touched.mean()
