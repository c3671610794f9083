"""Sky frames pasted on larger pictures, as other cameras give them, whose circle is known exactly."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

SIZES = ((640, 480), (1280, 720), (1280, 960), (800, 600), (1024, 1024), (432, 432), (960, 540))
KINDS = ("whole", "off the middle", "cut above and below", "cut at both sides", "cut at one side", "inscribed")
GROUNDS = ("black", "dark", "grey", "white")
NOTES = ("2024-02-01 03:14:07 UTC", "ALL SKY", "exp 30 s  gain 200\ntemp -12 C", "Station 7\n65.1 N 147.4 W")


class Canvas(NamedTuple):
    """A picture, uint8 RGB; centre x, y and radius of its circle in pixels; what kind of picture it is."""

    picture: np.ndarray
    circle: tuple[float, float, float]
    kind: str
    ground: str


def paste(sky: np.ndarray, generator: np.random.Generator) -> Canvas:
    """A square frame, uint8 RGB, cut to its inscribed circle and put somewhere on a ground with notes around it."""
    kind, ground = str(generator.choice(KINDS)), str(generator.choice(GROUNDS, p=(0.45, 0.25, 0.1, 0.2)))
    width, height, x, y, radius = _place(kind, generator)
    level = {"black": 0, "dark": generator.uniform(2, 20), "grey": generator.uniform(40, 160), "white": 250}[ground]
    canvas = np.full((height, width, 3), level, float)
    side = 2 * radius
    resized = np.asarray(Image.fromarray(sky).resize((side, side), Image.Resampling.BICUBIC)).astype(float)
    if generator.random() < 0.15:
        resized = np.repeat(resized.mean(axis=2, keepdims=True), 3, axis=2)
    distance = np.hypot(np.arange(width) + 0.5 - x, (np.arange(height) + 0.5 - y)[:, None])
    if ground != "white":  # light that the lens scatters onto the sensor around its picture
        canvas += (generator.uniform(0, 5) * np.exp(-np.clip(distance - radius, 0, None) / (0.2 * radius)))[..., None]
    left, top = x - radius, y - radius
    rows, columns = slice(max(top, 0), min(top + side, height)), slice(max(left, 0), min(left + side, width))
    share = np.clip(radius - distance + 0.5, 0, 1)[rows, columns, None]
    part = resized[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    canvas[rows, columns] = canvas[rows, columns] * (1 - share) + part * share
    canvas += generator.normal(0, generator.uniform(0, 3), (height, width, 1))
    image = Image.fromarray(canvas.clip(0, 255).astype(np.uint8))
    _write_notes(image, "black" if ground == "white" else "white", generator)
    return Canvas(_compressed(image, generator), (x, y, radius), kind, ground)


def _place(kind: str, generator: np.random.Generator) -> tuple[int, int, int, int, int]:
    """Width and height of the picture; centre and radius of the circle in it."""
    width, height = SIZES[int(generator.integers(len(SIZES)))]
    if kind.startswith("cut"):
        width, height = 1280, 720
    short = min(width, height)
    x, y, radius = width / 2, height / 2, short / 2
    if kind == "whole":
        radius = short * generator.uniform(0.36, 0.48)
    elif kind == "off the middle":
        radius = short * generator.uniform(0.22, 0.4)
        x, y = (generator.uniform(radius + 2, size - radius - 2) for size in (width, height))
    elif kind == "cut above and below" or kind == "cut at both sides":
        radius = height * generator.uniform(0.52, 0.66)
        x += generator.uniform(-0.6, 0.6) * (width / 2 - radius)
    elif kind == "cut at one side":
        radius = height * generator.uniform(0.4, 0.5)
        y = radius * generator.uniform(0.7, 0.9)
    else:
        width = height = short
        x = y = short / 2
    if kind == "cut at both sides":
        width, height, x, y = height, width, y, x
    return width, height, round(x), round(y), round(radius)


def _write_notes(image: Image.Image, ink: str, generator: np.random.Generator) -> None:
    pen = ImageDraw.Draw(image)
    size = int(min(image.size) * generator.uniform(0.02, 0.06))
    for _ in range(int(generator.integers(4))):
        right, below = generator.random(2) < 0.5
        place = (image.width - 4 if right else 4, image.height - 3 * size if below else 4)
        note = NOTES[int(generator.integers(len(NOTES)))]
        pen.multiline_text(place, note, fill=ink, font_size=size, anchor="ra" if right else "la")


def _compressed(image: Image.Image, generator: np.random.Generator) -> np.ndarray:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=int(generator.integers(35, 96)))
    return np.asarray(Image.open(buffer).convert("RGB"))


def error(center: tuple[float, float], radius: float, circle: tuple[float, float, float]) -> float:
    """How far a circle is from the true one, in true radii: by its centre or by its radius, whichever is more."""
    x, y, true = circle
    return float(max(np.hypot(center[0] - x, center[1] - y), abs(radius - true)) / true)
