"""What passes through single pictures: satellites, aircraft, meteors and insects, as light at the lens.

How bright they are is told by the camera's exposure, so that each kind is drawn from hardly seen to saturated.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .camera import Camera, project
from .stars import add_spots

KINDS = ("train", "satellite", "aircraft", "meteor", "insect")
SHARES = (0.15, 0.2, 0.25, 0.2, 0.2)
"""How often each kind is drawn; by choice."""
STEP = 0.6
"""Pixels from one spot of a trail to the next."""
Spots = tuple[np.ndarray, np.ndarray, np.ndarray, float]
"""x, y in pixels, light (n, 3) in units of the exposure, and deviation in pixels."""


def add_transients(picture: Tensor, camera: Camera, first: int) -> None:
    """Add what passes through pictures `first` and on to light (batch, 3, size, size) in nanolambert, in place."""
    passing = camera.equipment.transients
    size = picture.shape[-1]
    for k in range(len(picture) if passing.kinds else 0):
        generator = np.random.default_rng([passing.seed, first + k])
        for kind in passing.kinds:
            if generator.random() >= passing.share:
                continue
            for x, y, light, sigma in DRAWN[kind](camera, size, generator):
                frame = torch.full((len(x),), k, device=picture.device)
                values = [torch.as_tensor(v, dtype=torch.float32, device=picture.device) for v in (x, y, light)]
                add_spots(picture, frame, values[0], values[1], values[2] * camera.look.exposure, sigma)


def _strength(generator: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(generator.uniform(np.log(low), np.log(high))))


def _great_circle(
    camera: Camera, size: int, generator: np.random.Generator, degrees: float
) -> tuple[np.ndarray, np.ndarray]:
    """x, y of the way of something that flies `degrees` straight over the sky, a point each `STEP` pixels or so."""
    count = max(3, int(degrees * size / (180 * STEP)))
    altitude, azimuth = generator.uniform(15, 85), generator.uniform(0, 360)
    start, heading = _vector(altitude, azimuth), generator.uniform(0, 2 * np.pi)
    east, north = _vector(0, azimuth + 90), np.cross(_vector(0, azimuth + 90), start)
    along = np.cos(heading) * east + np.sin(heading) * north
    turn = np.radians(np.linspace(-degrees / 2, degrees / 2, count))[:, None]
    way = np.cos(turn) * start + np.sin(turn) * along
    way = way[way[:, 2] > 0.05]
    east_part, north_part, up = way.T
    return project(camera, np.degrees(np.arcsin(up)), np.degrees(np.arctan2(east_part, north_part)), size)


def _vector(altitude: float, azimuth: float) -> np.ndarray:
    height, turn = np.radians(altitude), np.radians(azimuth)
    return np.array([np.cos(height) * np.sin(turn), np.cos(height) * np.cos(turn), np.sin(height)])


def _white(strength: np.ndarray | float, count: int, tint: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> np.ndarray:
    return np.broadcast_to(np.asarray(strength).reshape(-1, 1), (count, 1)) * np.array(tint)


def _satellite(camera: Camera, size: int, generator: np.random.Generator) -> list[Spots]:
    """One streak, even or with a flare: satellites at 500 km cross up to 0.9 degrees a second overhead."""
    x, y = _great_circle(camera, size, generator, degrees=generator.uniform(2, 60))
    place = np.linspace(0, 1, len(x))
    flare = 1 + 6 * np.exp(-(((place - generator.random()) / 0.1) ** 2)) * (generator.random() < 0.3)
    return [(x, y, _white(_strength(generator, 0.06, 1.2) * flare, len(x)), 0.55)]


def _train(camera: Camera, size: int, generator: np.random.Generator) -> list[Spots]:
    """Newly launched satellites in one orbit, one behind the other: points or short streaks."""
    x, y = _great_circle(camera, size, generator, degrees=generator.uniform(15, 80))
    number = int(generator.integers(6, 40))
    phase = np.linspace(0, number, len(x)) % 1
    duty = generator.uniform(0.15, 0.7)
    lit = phase < duty
    brightness = _strength(generator, 0.1, 1.5)
    return [(x[lit], y[lit], _white(brightness, int(lit.sum())), 0.55)]


def _aircraft(camera: Camera, size: int, generator: np.random.Generator) -> list[Spots]:
    """Red and green lines of position lights and dots of the anti-collision lights.

    Red is left and green right (14 CFR 25.1389); white or red flashes come 40 to 100 times a minute (14 CFR 25.1401).
    """
    x, y = _great_circle(camera, size, generator, degrees=generator.uniform(10, 110))
    if len(x) < 4:
        return []
    ahead = np.stack([np.gradient(x), np.gradient(y)])
    aside = np.stack([-ahead[1], ahead[0]]) / np.maximum(np.hypot(*ahead), 1e-6)
    gap = generator.uniform(0.2, 2.0) * size / 240
    steady, flashes = _strength(generator, 0.05, 0.8), _strength(generator, 0.5, 8.0)
    spots = [
        (x + side * gap * aside[0], y + side * gap * aside[1], _white(steady, len(x), tint), 0.55)
        for side, tint in ((1, (1.0, 0.2, 0.12)), (-1, (0.2, 1.0, 0.45)))
    ]
    every = max(3, int(generator.uniform(4, 20) * size / (240 * STEP)))
    dots = slice(int(generator.integers(every)), None, every)
    tint = (1.0, 1.0, 1.0) if generator.random() < 0.7 else (1.0, 0.25, 0.2)
    return [*spots, (x[dots], y[dots], _white(3 * flashes, len(x[dots]), tint), 0.7)]


def _meteor(camera: Camera, size: int, generator: np.random.Generator) -> list[Spots]:
    """A streak that rises slowly and falls fast, green ahead by oxygen and magnesium, now and then with a flare.

    Light curves of single bodies peak after the middle of the path (Beech & Murray 2003, MNRAS 345, 696).
    """
    x, y = _great_circle(camera, size, generator, degrees=generator.uniform(3, 35))
    place = np.linspace(0, 1, len(x))
    peak = generator.uniform(0.5, 0.85)
    curve = np.where(place < peak, place / peak, (1 - place) / (1 - peak)).clip(0) ** 0.8
    curve = curve + 3 * np.exp(-(((place - peak) / 0.03) ** 2)) * (generator.random() < 0.3)
    ahead = (place / peak).clip(0, 1)[:, None]
    tint = (1 - ahead) * np.array([0.6, 1.0, 0.7]) + ahead * np.array([1.0, 0.95, 0.85])
    return [(x, y, _strength(generator, 0.1, 6.0) * curve[:, None] * tint, 0.65)]


def _insect(camera: Camera, size: int, generator: np.random.Generator) -> list[Spots]:
    """Insects close to the lens in a lamp's light: blobs out of focus, or bent streaks that wings cut into beads."""
    return [_flight(size, generator) for _ in range(int(generator.integers(1, 6)))]


def _flight(size: int, generator: np.random.Generator) -> Spots:
    place, heading = generator.uniform(0.1, 0.9, 2) * size, generator.uniform(0, 2 * np.pi)
    length = _strength(generator, 0.005, 0.5) * size
    sigma = max(0.7, _strength(generator, 0.003, 0.03) * size)
    count = max(1, int(length / (0.5 * sigma)))
    way = np.linspace(-0.5, 0.5, count) if count > 1 else np.zeros(1)
    bend = heading + generator.normal(0, 1.2) * way
    x = place[0] + length * way * np.cos(bend)
    y = place[1] + length * way * np.sin(bend)
    beats = 1 + 0.9 * np.cos(2 * np.pi * generator.uniform(2, 12) * way)
    # a spot's light adds up to its whole: so much in its middle, times its area
    bright = _strength(generator, 0.1, 2.0) * 2 * np.pi * sigma**2 / max(1.0, 2.5 * sigma / max(length / count, 0.5))
    tint = (1.0, 0.85, 0.65) if generator.random() < 0.5 else (0.95, 0.95, 1.0)
    return x, y, _white(bright * beats, count, tint), float(sigma)


DRAWN = {
    "train": _train,
    "satellite": _satellite,
    "aircraft": _aircraft,
    "meteor": _meteor,
    "insect": _insect,
}
