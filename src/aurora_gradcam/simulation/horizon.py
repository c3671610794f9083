"""What stands on the horizon around the camera: trees, buildings, poles, hills, lamps."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from .camera import FULL, Camera, project
from .growth import Pen, bare_tree, spruce
from .plan import Surroundings

Stand = tuple[float, float, float]
"""Trees between two angles in degrees clockwise from the top, and how far the tallest reach in, in radii."""

CLEARING: tuple[Stand, ...] = (
    (14, 34, 0.09),
    (26, 64, 0.17),
    (38, 60, 0.18),
    (56, 74, 0.11),
    (80, 104, 0.13),
    (186, 222, 0.03),
    (262, 350, 0.02),
)
"""The trees of seed 2, `Surroundings`'s default: as they stand around the AuroraMAX camera at Yellowknife in 2018."""
LAMP_COLOURS = ((1.0, 0.62, 0.25), (1.0, 0.95, 0.85), (0.85, 1.0, 1.0))
"""Sodium, warm LED and mercury lamps in red, green and blue."""
ANGLES = np.arange(0, 361, 3.0)


def silhouettes(camera: Camera, size: int, surroundings: Surroundings) -> Tensor:
    """Share of light that passes what stands on the horizon, (size, size); 1 is open sky. Do not write to it."""
    return _silhouettes(tuple(_skyline(camera).round(3).tolist()), size, surroundings)


def _skyline(camera: Camera) -> np.ndarray:
    """Distance from the picture's middle, in radii, of the horizon or the lens's edge, whichever is nearer."""
    x, y = project(camera, np.zeros(72), np.arange(72) * 5.0, FULL)
    right, down = x / (FULL / 2) - 1, y / (FULL / 2) - 1
    angle = np.degrees(np.arctan2(right, -down)) % 360
    order = np.argsort(angle)
    horizon = np.interp(ANGLES, angle[order], np.hypot(right, down)[order], period=360)
    turn = np.radians(ANGLES)
    towards = camera.centre[0] * np.sin(turn) - camera.centre[1] * np.cos(turn)
    return np.minimum(np.minimum(horizon, camera.edge + towards), 1.01)


@lru_cache(maxsize=64)
def _silhouettes(skyline: tuple[float, ...], size: int, surroundings: Surroundings) -> Tensor:
    scale = 2
    picture = Image.new("L", (size * scale, size * scale), 255)
    pen = Pen(ImageDraw.Draw(picture), size * scale, ANGLES, np.array(skyline))
    generator = np.random.default_rng([surroundings.seed, 1])
    # the ground, where the picture shows it
    outer = pen.place(ANGLES, np.full(ANGLES.shape, -0.6))
    inner = pen.place(ANGLES, np.full(ANGLES.shape, 0.002))
    pen.fill(np.concatenate([outer, inner[::-1]]), 0)
    if surroundings.hills > 0:
        _hills(pen, surroundings.hills, generator)
    for first, last, reach in _stands(surroundings, generator):
        _trees(pen, first, last, reach, generator)
    if surroundings.buildings > 0:
        _buildings(pen, surroundings.buildings, generator)
    _poles(pen, surroundings.poles, generator)
    small = picture.reduce(scale)
    return torch.from_numpy(np.asarray(small).astype(np.float32) / 255)


def _stands(surroundings: Surroundings, generator: np.random.Generator) -> tuple[Stand, ...]:
    if surroundings.trees <= 0:
        return ()
    if surroundings.seed == 2:
        return CLEARING
    stands, share = [], 0.0
    while share < surroundings.trees and len(stands) < 12:
        first, width = generator.uniform(0, 360), generator.uniform(8, 70)
        stands.append((first, first + width, float(np.exp(generator.uniform(np.log(0.02), np.log(0.17))))))
        share += width / 360
    return tuple(stands)


def _trees(pen: Pen, first: float, last: float, reach: float, generator: np.random.Generator) -> None:
    bare = generator.uniform() * 0.5
    # trees are about a sixth as wide as tall and stand at random, crowded at some places
    angle = first
    while angle < last:
        envelope = np.sin(np.pi * (angle - first) / (last - first)) ** 0.35
        height = reach * envelope * generator.beta(2.0, 1.8) + 0.004
        if generator.uniform() < bare and height > 0.03:
            bare_tree(pen, angle, height * 0.85, generator)
        else:
            spruce(pen, angle, height, generator)
        angle += generator.exponential(0.35 + 6 * reach) * (0.5 if generator.uniform() < 0.8 else 2.5) + 0.25


def _hills(pen: Pen, share: float, generator: np.random.Generator) -> None:
    middle, width = generator.uniform(0, 360), 360 * min(share, 1.0)
    angle = np.linspace(middle - width / 2, middle + width / 2, 160)
    waves = sum(
        generator.normal() / k * np.sin(k * np.radians(angle) * 3 + generator.uniform(0, 6.3)) for k in range(1, 24)
    )
    ends = np.sin(np.pi * np.linspace(0, 1, 160)) ** 0.6
    height = ends * generator.uniform(0.02, 0.06) * (1 + 0.4 * waves).clip(0.1, 1.7)
    foot = pen.place(angle, np.full(160, -0.2))
    pen.fill(np.concatenate([foot, pen.place(angle, height)[::-1]]), 0)


def _buildings(pen: Pen, share: float, generator: np.random.Generator) -> None:
    taken = 0.0
    while taken < share * 300:
        middle, half = generator.uniform(0, 360), generator.uniform(1.5, 8)
        low = generator.uniform(0.012, 0.05)
        ridge = low + generator.choice([0.0, 0.35]) * low
        angle = middle + half * np.array([-1, -1, 0, 1, 1])
        pen.fill(pen.place(angle, np.array([-0.2, low, ridge, low, -0.2])), int(generator.integers(0, 12)))
        if generator.uniform() < 0.4:
            chimney = middle + half * generator.uniform(-0.7, 0.7) + np.array([-0.4, -0.4, 0.4, 0.4])
            pen.fill(pen.place(chimney, np.array([0, 1.5, 1.5, 0]) * low), 0)
        taken += 2 * half


def _poles(pen: Pen, number: int, generator: np.random.Generator) -> None:
    start, step = generator.uniform(0, 360), generator.uniform(9, 30)
    wires = generator.uniform() < 0.5
    tops = []
    for k in range(number):
        angle = start + k * step if wires else generator.uniform(0, 360)
        height = generator.uniform(0.04, 0.11)
        pen.stroke(pen.place(np.array([angle, angle]), np.array([-0.02, height])), generator.uniform(0.003, 0.007), 0)
        if generator.uniform() < 0.6:
            arm = pen.place(angle + np.array([-0.8, 0.8]), np.array([0.88, 0.88]) * height)
            pen.stroke(arm, 0.003, 20)
        tops.append((angle, 0.88 * height))
    for (left, high), (right, low) in pairwise(tops):
        if wires:
            along = np.linspace(0, 1, 16)
            sag = (high + (low - high) * along) * (1 - along * (1 - along))
            pen.stroke(pen.place(left + (right - left) * along, sag), 0.0015, 120)


@lru_cache(maxsize=64)
def lamps(size: int, surroundings: Surroundings) -> Tensor:
    """Light of the lamps on the horizon with their glare in the lens, (3, size, size), nanolambert. Do not write to it.

    The glare falls with the square of the distance, as in the Stiles-Holladay law (CIE 146:2002).
    """
    light = torch.zeros(3, size, size)
    generator = np.random.default_rng([surroundings.seed, 2])
    step = (torch.arange(size) + 0.5) * 2 / size - 1
    for _ in range(surroundings.lamps):
        angle, distance = generator.uniform(0, 2 * np.pi), generator.uniform(0.92, 0.985)
        colour = torch.tensor(LAMP_COLOURS[generator.integers(len(LAMP_COLOURS))])[:, None, None]
        strength = float(np.exp(generator.uniform(np.log(40), np.log(900))))
        right, down = float(distance * np.sin(angle)), float(-distance * np.cos(angle))
        squared = (step[None, :] - right) ** 2 + (step[:, None] - down) ** 2
        core = 60 * torch.exp(-squared / (2 * (0.004**2 + (0.8 / size) ** 2)))
        light += colour * (strength * (core + 1 / (1 + squared / 0.03**2)))
    return light
