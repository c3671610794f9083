"""Drawing trees that lean in from the horizon of an all-sky picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import ImageDraw


@dataclass(frozen=True)
class Pen:
    """Draws on a square picture of `side` px in angles clockwise from its top and heights above the skyline.

    Heights are in units of the circle's radius, inwards from the `skyline` (its distance from the middle at `angles`).
    """

    draw: ImageDraw.ImageDraw
    side: int
    angles: np.ndarray
    skyline: np.ndarray

    def place(self, angle: np.ndarray, height: np.ndarray) -> np.ndarray:
        """Angles in degrees and heights, shape (n,) -> x, y in pixels, shape (n, 2)."""
        distance = np.interp(np.mod(angle, 360), self.angles, self.skyline) - height
        turn = np.radians(angle)
        return self.side / 2 * (1 + np.stack([distance * np.sin(turn), -distance * np.cos(turn)], axis=-1))

    def fill(self, outline: np.ndarray, level: int) -> None:
        """A polygon of points (n, 2) in pixels at a level 0 (dark) to 255."""
        self.draw.polygon(outline.ravel().tolist(), fill=level)

    def stroke(self, points: np.ndarray, width: float, level: int) -> None:
        """A line through points (n, 2) in pixels, `width` in radii."""
        self.draw.line(points.ravel().tolist(), fill=level, width=max(1, round(width * self.side / 2)))


def spruce(pen: Pen, angle: float, height: float, generator: np.random.Generator) -> None:
    """A slender spruce: drooping twigs of uneven length on both sides of a trunk, gaps between them."""
    pixels = height * pen.side / 2
    slim = generator.uniform(0.12, 0.24)
    lean = generator.normal(0, 0.04)
    foot, top = pen.place(np.array([angle, angle]), np.array([-0.01, height]))
    trunk = top - foot
    across = np.array([-trunk[1], trunk[0]])
    top = top + lean * across
    trunk = top - foot
    if pixels < 9:
        # too small for twigs
        half = 0.5 * slim * across
        pen.fill(np.stack([foot - half, foot + half, foot + 0.7 * trunk, top, foot + 0.6 * trunk - 0.4 * half]), 8)
        return
    pen.stroke(np.stack([foot, top]), 0.0025 + 0.012 * height, 0)
    twigs = int(np.clip(pixels * 0.5, 5, 36))
    along = np.sort(generator.uniform(0.02, 0.97, 2 * twigs))
    # northern spruces: narrow spire, often a thicker tuft at the tip
    length = slim * ((1 - along) ** 0.75 + 0.05) * generator.uniform(0.35, 1.2, 2 * twigs)
    side = np.where(np.arange(2 * twigs) % 2 == 0, 1, -1)
    start = foot + along[:, None] * trunk
    droop = generator.uniform(-0.6, 0.0, 2 * twigs)
    end = start + (side * length)[:, None] * across + (droop * length)[:, None] * trunk
    width = max(1, round(0.028 * pixels))
    for begin, tip in zip(start.tolist(), end.tolist(), strict=True):
        pen.draw.line((*begin, *tip), fill=8, width=width)


def bare_tree(pen: Pen, angle: float, height: float, generator: np.random.Generator) -> None:
    """A birch without leaves: a stem that forks again and again into ever finer branches."""
    foot, top = pen.place(np.array([angle, angle]), np.array([-0.01, height * 0.45]))
    pixels = height * pen.side / 2
    width = max(1, round(0.03 * pixels))
    pen.draw.line((*foot.tolist(), *top.tolist()), fill=25, width=width)
    direction = np.arctan2(*(top - foot)[::-1])
    ends = np.array([[*top, direction]])
    reach, level = 0.3 * pixels, 40
    depth = 4 if pixels > 40 else 3
    for _ in range(depth):
        begin = np.repeat(ends, 3, axis=0)
        turned = begin[:, 2] + generator.normal(0, 0.42, len(begin))
        length = reach * generator.uniform(0.5, 1.1, len(begin))
        tips = begin[:, :2] + length[:, None] * np.stack([np.cos(turned), np.sin(turned)], axis=-1)
        for start, tip in zip(begin[:, :2].tolist(), tips.tolist(), strict=True):
            pen.draw.line((*start, *tip), fill=level)
        ends = np.concatenate([tips, turned[:, None]], axis=1)
        reach, level = reach * 0.6, min(level + 35, 150)
