"""What programs draw into the sky circle: texts, compass letters, grids, crosses, insets, bars, names of stars.

Kinds and colours are those that programs for all-sky cameras offer; places and texts are random. None of it is sky: the
truth leaves out what it covers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .camera import Camera, project
from .equipment import Markings
from .star_catalogue import bright_stars, precession, unit_vectors
from .stars import horizontal

STATIC = ("text", "compass", "grid", "cross", "inset", "bar", "box", "track")
TURNING = ("labels", "constellations")
KINDS = (*STATIC, *TURNING)
SHARES = (0.22, 0.14, 0.14, 0.1, 0.08, 0.08, 0.06, 0.06, 0.06, 0.06)
"""How often each kind is drawn; by choice."""
COLOURS = ("white", "yellow", "red", "lime", "cyan", "orange", "magenta", "deepskyblue", "silver", "green", "black")
FINER = 2
"""Drawn so many times larger, for smooth edges."""
COVERED = 0.2
"""Share of a cell from which it counts as covered."""
WORDS = ("Exposure", "Gain", "Temp", "Sun", "Moon", "Mean", "Stars", "Cam", "UT", "Focus", "Kp", "SQM", "Dew", "RH")
PLACES = ("All-Sky Camera", "Observatory", "Station 4", "Aurora Cam", "North Ridge", "AllSky", "Field Site", "Dome B")
PAPERS = ("black", "white", "midnightblue", "dimgray")
LETTERS = {0: "N", 90: "E", 180: "S", 270: "W"}
NAMED = 2.2
"""Faintest magnitude of a star with a name beside it."""
LINKED = 3.2
LINK = 17.0
"""Degrees between stars that a line joins at most: with this, lines look like those of constellations."""
Places = tuple[np.ndarray, np.ndarray, np.ndarray]
"""x, y in pixels of the bright stars, and whether each is up."""


def static_layer(markings: Markings, camera: Camera, size: int) -> np.ndarray | None:
    """What stays through a night as colour and opacity, uint8 (size, size, 4), or None without any."""
    kinds = [kind for kind in markings.kinds if kind in STATIC]
    if not kinds:
        return None
    return _layer(markings, camera, size, kinds)


def turning_layer(markings: Markings, camera: Camera, size: int, sidereal: float, latitude: float) -> np.ndarray | None:
    """What turns with the stars, at a sidereal time in degrees, likewise."""
    kinds = [kind for kind in markings.kinds if kind in TURNING]
    if not kinds:
        return None
    return _layer(markings, camera, size, kinds, _star_places(camera, FINER * size, sidereal, latitude))


def compose(picture: np.ndarray, layer: np.ndarray) -> np.ndarray:
    """A uint8 picture (size, size, 3) under a layer of the same size."""
    opacity = layer[..., 3:].astype(np.uint16)
    return ((picture * (255 - opacity) + layer[..., :3] * opacity + 127) // 255).astype(np.uint8)


def resized(layer: np.ndarray, size: int) -> np.ndarray:
    """A layer of another size, each pixel the mean of what it covers."""
    if len(layer) == size:
        return layer
    image = Image.fromarray(layer, "RGBA").convert("RGBa")  # opacity multiplied in, or edges would take on black
    return np.asarray(image.resize((size, size), Image.Resampling.BOX).convert("RGBA"))


def covered(layer: np.ndarray, grid: int) -> np.ndarray:
    """Cells of a coarser square that the layer covers, bool (grid, grid)."""
    opacity = Image.fromarray(layer[..., 3], "L").resize((grid, grid), Image.Resampling.BOX)
    return np.asarray(opacity) > 255 * COVERED


def _layer(markings: Markings, camera: Camera, size: int, kinds: list[str], places: Places | None = None) -> np.ndarray:
    canvas = Image.new("RGBA", (FINER * size, FINER * size))
    draw = ImageDraw.Draw(canvas)
    for kind in kinds:
        generator = np.random.default_rng([markings.seed, KINDS.index(kind)])
        pen = _Pen(draw, FINER * size, generator)
        if places is not None:
            _TURNING[kind](pen, places)
        else:
            _STATIC[kind](pen, camera)
    return resized(np.asarray(canvas), size)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)  # Pillow's own, the same on every machine


class _Pen:
    """One colour, one width and one size of text on a square canvas."""

    def __init__(self, draw: ImageDraw.ImageDraw, side: int, generator: np.random.Generator) -> None:
        self.draw, self.side, self.generator = draw, side, generator
        self.colour = str(generator.choice(COLOURS))
        self.width = max(1, round(side * generator.uniform(0.002, 0.006)))
        self.text_size = max(6, round(side * float(np.exp(generator.uniform(np.log(0.02), np.log(0.07))))))

    def write(self, place: Sequence[float | np.ndarray] | np.ndarray, text: str, anchor: str = "lt") -> None:
        x, y = (float(value) for value in place)
        self.draw.text((x, y), text, self.colour, _font(self.text_size), anchor=anchor)

    def line(self, x: np.ndarray, y: np.ndarray, dashes: bool = False) -> None:
        points = list(zip(np.asarray(x, float).tolist(), np.asarray(y, float).tolist(), strict=True))
        pairs = zip(points[::2], points[1::2], strict=False) if dashes else [points]
        for pair in pairs:
            self.draw.line([value for point in pair for value in point], self.colour, self.width)


def _reading(generator: np.random.Generator) -> str:
    word, value = str(generator.choice(WORDS)), generator.uniform(-30, 200)
    return f"{word}: {value:.1f}"


def _date(generator: np.random.Generator) -> str:
    year, month, day = generator.integers(2005, 2030), generator.integers(1, 13), generator.integers(1, 29)
    clock = f"{generator.integers(24):02d}:{generator.integers(60):02d}:{generator.integers(60):02d}"
    return (
        f"{year}-{month:02d}-{day:02d} {clock}" if generator.random() < 0.6 else f"{day:02d}/{month:02d}/{year} {clock}"
    )


def _text(pen: _Pen, camera: Camera) -> None:
    generator = pen.generator
    lines = [str(generator.choice(PLACES)), _date(generator), *(_reading(generator) for _ in range(4))]
    count = int(generator.integers(1, 7))
    x, y = generator.uniform(0.08, 0.7) * pen.side, generator.choice([0.1, 0.2, 0.7, 0.8, 0.45]) * pen.side
    for k, line in enumerate(lines[:count]):
        pen.write((x, y + 1.15 * k * pen.text_size), line)


def _compass(pen: _Pen, camera: Camera) -> None:
    altitude = pen.generator.uniform(6, 25)
    if pen.generator.random() < 0.3:  # a small cross of arrows in a corner of the circle
        middle = pen.side * pen.generator.uniform(0.25, 0.75, 2)
        for azimuth, letter in list(LETTERS.items())[:2]:
            turn = np.radians(camera.azimuth_up - azimuth) * (-1 if camera.mirrored else 1)
            tip = middle + 0.08 * pen.side * np.array([np.sin(turn), -np.cos(turn)])
            pen.line(*np.stack([middle, tip], 1))
            pen.write(middle + 1.4 * (tip - middle), letter, "mm")
        return
    for azimuth, letter in LETTERS.items():
        pen.write(project(camera, altitude, azimuth, pen.side), letter, "mm")


def _grid(pen: _Pen, camera: Camera) -> None:
    azimuths, dashes = np.arange(0, 361, 2.0), pen.generator.random() < 0.3
    for altitude in np.arange(0, 90, pen.generator.choice([10, 15, 30]))[1:]:
        pen.line(*project(camera, np.full(len(azimuths), altitude), azimuths, pen.side), dashes)
    altitudes = np.arange(2, 91, 2.0)
    for azimuth in np.arange(0, 360, pen.generator.choice([15, 30, 45, 90])):
        pen.line(*project(camera, altitudes, np.full(len(altitudes), azimuth), pen.side), dashes)


def _cross(pen: _Pen, camera: Camera) -> None:
    middle = pen.side * (0.5 + pen.generator.uniform(-0.3, 0.3, 2) * (pen.generator.random() < 0.4))
    length = pen.side * pen.generator.choice([0.03, 0.1, 0.5])
    for x, y in ((1, 0), (0, 1)):
        way = np.array([x, y]) * length
        pen.line(*np.stack([middle - way, middle + way], 1))
    if pen.generator.random() < 0.5:
        radius = pen.side * pen.generator.uniform(0.02, 0.4)
        pen.draw.ellipse([*(middle - radius), *(middle + radius)], outline=pen.colour, width=pen.width)


def _inset(pen: _Pen, camera: Camera) -> None:
    """A graph with its axes, or a second small picture, in a box."""
    generator = pen.generator
    width, height = pen.side * generator.uniform(0.12, 0.35, 2)
    left, top = generator.uniform(0.05, 0.9, 2) * (pen.side - np.array([width, height]))
    box = [left, top, left + width, top + height]
    if generator.random() < 0.5:
        pen.draw.rectangle(box, str(generator.choice(PAPERS)), pen.colour, pen.width)
        x = np.linspace(left, left + width, 40)
        walk = np.cumsum(generator.normal(0, 1, 40))
        pen.line(x, top + height * (0.1 + 0.8 * (walk - walk.min()) / max(float(np.ptp(walk)), 1e-6)))
        return
    coarse = generator.integers(0, 255, (5, 6, 3)).astype(float) * np.array(generator.dirichlet([2, 2, 2]) * 2)
    small = Image.fromarray(coarse.clip(0, 255).astype(np.uint8)).resize(
        (max(1, int(width)), max(1, int(height))), Image.Resampling.BICUBIC
    )
    pen.draw._image.paste(small, (int(left), int(top)))
    pen.draw.rectangle(box, outline=pen.colour, width=pen.width)


def _bar(pen: _Pen, camera: Camera) -> None:
    """A bar across the picture, as of a player or a status line."""
    generator = pen.generator
    height = pen.side * generator.uniform(0.03, 0.1)
    above = generator.random() < 0.5
    top = pen.side * (generator.uniform(0.02, 0.15) if above else generator.uniform(0.85, 0.95))
    shade = int(generator.choice([0, 30, 60, 220]))
    pen.draw.rectangle([0, top, pen.side, top + height], (shade, shade, shade, int(generator.integers(120, 256))))
    pen.text_size = max(6, int(0.7 * height))
    pen.write((pen.side / 2, top + height / 2), f"{_date(generator)}   {_reading(generator)}", "mm")


def _box(pen: _Pen, camera: Camera) -> None:
    """A rectangle or circle that marks a region of interest."""
    width, height = pen.side * pen.generator.uniform(0.05, 0.5, 2)
    left, top = pen.generator.uniform(0.1, 0.9, 2) * (pen.side - np.array([width, height]))
    shape = pen.draw.rectangle if pen.generator.random() < 0.6 else pen.draw.ellipse
    shape([left, top, left + width, top + height], outline=pen.colour, width=pen.width)


def _track(pen: _Pen, camera: Camera) -> None:
    """The foreseen way of a satellite, with its name at one end."""
    low, high = pen.generator.uniform(10, 80, 2).tolist()
    altitude = np.linspace(low, high, 60)
    azimuth = pen.generator.uniform(0, 360) + np.linspace(0, pen.generator.uniform(30, 170), 60)
    x, y = project(camera, altitude, azimuth, pen.side)
    pen.line(x, y, pen.generator.random() < 0.4)
    dot = 1.5 * pen.width + 2
    pen.draw.ellipse([x[0] - dot, y[0] - dot, x[0] + dot, y[0] + dot], pen.colour)
    pen.write((x[0] + 2 * dot, y[0]), f"SAT {pen.generator.integers(10, 9999)}", "lm")


@cache
def _stars() -> tuple[list[str], np.ndarray, np.ndarray, list[tuple[int, int]]]:
    """Names, unit vectors and magnitudes of bright stars, and which of them lines join."""
    names, values = list(bright_stars()), np.array(list(bright_stars().values()))
    vectors = unit_vectors(values[:, 0], values[:, 1]) @ precession(20.0).T
    linked = np.flatnonzero(values[:, 2] < LINKED)
    apart = np.degrees(np.arccos(np.clip(vectors[linked] @ vectors[linked].T, -1, 1)))
    links = set()
    for star, distances in enumerate(apart):
        for other in np.argsort(distances)[1:3]:
            if distances[other] < LINK:
                links.add((int(linked[min(star, other)]), int(linked[max(star, other)])))
    return names, vectors, values[:, 2], sorted(links)


def _star_places(camera: Camera, size: int, sidereal: float, latitude: float) -> Places:
    altitude, azimuth = horizontal(_stars()[1], np.array([sidereal]), latitude)
    return *project(camera, altitude[0], azimuth[0], size), altitude[0] > 5


def _labels(pen: _Pen, places: Places) -> None:
    names, _, magnitude, _ = _stars()
    x, y, up = places
    pen.text_size = max(6, round(0.6 * pen.text_size))
    for star in np.flatnonzero(up & (magnitude < NAMED)):
        mark = 0.012 * pen.side
        pen.draw.ellipse(
            [x[star] - mark, y[star] - mark, x[star] + mark, y[star] + mark], outline=pen.colour, width=pen.width
        )
        pen.write((x[star] + 1.4 * mark, y[star]), names[star], "lm")


def _constellations(pen: _Pen, places: Places) -> None:
    x, y, up = places
    for one, other in _stars()[3]:
        if up[one] and up[other]:
            pen.line(x[[one, other]], y[[one, other]])


_STATIC = {"text": _text, "compass": _compass, "grid": _grid, "cross": _cross, "inset": _inset, "bar": _bar,
           "box": _box, "track": _track}  # fmt: skip
_TURNING = {"labels": _labels, "constellations": _constellations}
