"""Pictures that show no night sky, drawn at random: heaps of things, pages of text, landscapes and day skies.

They stand for all that a folder of pictures may hold beside sky frames, so that the difference can be learnt without
any photograph. Heaps of overlapping shapes whose sizes follow a power law ("dead leaves") have the edges and the
spectrum of photographs (Lee, Mumford and Huang 2001, doi:10.1023/A:1011109015675), and networks learn from them as from
photographs (Baradad et al. 2021, arXiv:2106.05963).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.random import Generator
from PIL import Image, ImageDraw, ImageFilter
from torch import Tensor

SIZE_EXPONENT = 1.8
"""Of the power law of the leaves' radii: theirs is radius**-(1 + 1.8), between those that Lee et al. fitted."""
WORDS = (
    "a",
    "the",
    "of",
    "and",
    "home",
    "menu",
    "search",
    "news",
    "contact",
    "login",
    "value",
    "weather",
    "10:45",
    "2019",
)


def draw(count: int, seed: int, size: int) -> Tensor:
    """`count` pictures within the circle that the square holds, black outside, uint8 (count, 3, size, size)."""
    step = (np.arange(size) + 0.5) * 2 / size - 1
    inside = (step[:, None] ** 2 + step**2 <= 1)[..., None]
    pictures = [_KINDS[number % len(_KINDS)](np.random.default_rng([seed, number]), size) for number in range(count)]
    return torch.from_numpy(np.stack([picture * inside for picture in pictures])).permute(0, 3, 1, 2).contiguous()


def leaves(generator: Generator, size: int) -> np.ndarray:
    """Overlapping ellipses, rectangles and polygons of a few colours, uint8 (size, size, 3)."""
    image = Image.new("RGB", (size, size), _colour(generator.uniform(0, 255, 3)))
    canvas, palette = ImageDraw.Draw(image), _palette(generator)
    least, shape = generator.uniform(0.01, 0.05) * size, int(generator.integers(4))
    for _ in range(int(generator.integers(30, 400))):
        radius = min(least * generator.uniform(1e-3, 1) ** (-1 / SIZE_EXPONENT), size / 1.5)
        colour = _colour(255 * palette[generator.integers(len(palette))] + generator.normal(0, 15, 3))
        _leaf(canvas, generator, shape if shape < 3 else int(generator.integers(3)), radius, colour, size)
    texture = generator.uniform(2, 25) * (generator.random() < 0.7)
    return _photograph(generator, np.asarray(image) + texture * _texture(generator, size, generator.uniform(0.5, 1.5)))


def page(generator: Generator, size: int) -> np.ndarray:
    """Lines of text and boxes on a bright or dark ground, uint8 (size, size, 3)."""
    dark = generator.random() < 0.3
    ground = generator.uniform(0, 60) if dark else generator.uniform(200, 255)
    ink = generator.uniform(150, 255) if dark else generator.uniform(0, 110)
    image = Image.new("RGB", (size, size), _colour(ground + generator.uniform(-10, 10, 3)))
    canvas = ImageDraw.Draw(image)
    for _ in range(int(generator.integers(0, 10))):
        left, top = generator.uniform(-0.1, 1, 2) * size
        box = [left, top, left + generator.uniform(0.02, 0.7) * size, top + generator.uniform(0.01, 0.5) * size]
        canvas.rectangle(box, fill=_colour(generator.uniform(0, 255, 3)))
    left, top, bottom = generator.uniform(-0.1, 0.5), generator.uniform(0, 0.3), generator.uniform(0.6, 1.1)
    letters, line = generator.uniform(0.025, 0.055) * size, generator.uniform(0.03, 0.065) * size
    for height in np.arange(top * size, bottom * size, line):
        words = generator.choice(WORDS, int(generator.integers(2, 12)))
        canvas.text((left * size, height), " ".join(words), fill=_colour(ink * np.ones(3)), font_size=letters)
    return _photograph(generator, np.asarray(image, dtype=float))


def landscape(generator: Generator, size: int) -> np.ndarray:
    """A bright upper and a textured lower part, parted by a skyline, uint8 (size, size, 3)."""
    across = np.linspace(0, 1, size)
    relief = np.interp(across, np.linspace(0, 1, 24), generator.normal(0, 0.12 * generator.random(), 24))
    skyline = 0.5 + generator.uniform(-0.25, 0.3) + generator.uniform(-0.15, 0.15) * (across - 0.5) + relief
    ground = (across[:, None] > skyline)[..., None]
    sky = generator.uniform(90, 255, 3) + generator.uniform(-60, 60) * (across[:, None, None] - 0.5)
    levels = np.where(ground, generator.uniform(20, 160, 3), sky)
    strength = np.where(ground, generator.uniform(5, 40), generator.uniform(0, 15))
    return _photograph(generator, levels + strength * _texture(generator, size, generator.uniform(0.4, 1.3)))


def day_sky(generator: Generator, size: int) -> np.ndarray:
    """White clouds on a blue sky, uint8 (size, size, 3)."""
    blue = generator.uniform((40, 100, 180), (140, 190, 255))
    shape = _texture(generator, size, generator.uniform(1.2, 2)) + generator.uniform(-1.5, 1.5)
    cover = 1 / (1 + np.exp(-generator.uniform(1, 4) * shape))
    levels = blue * (1 - cover) + generator.uniform(190, 255) * cover
    return _photograph(generator, levels + generator.normal(0, generator.uniform(0, 4), (size, size, 1)))


_KINDS = (leaves, leaves, leaves, page, page, landscape, landscape, day_sky)


def _colour(levels: np.ndarray) -> tuple[int, ...]:
    return tuple(int(level) for level in levels.clip(0, 255))


def _palette(generator: Generator) -> np.ndarray:
    """A few colours, 0..1, (n, 3), from grey to full."""
    colours = generator.uniform(0, 1, (int(generator.integers(3, 9)), 3)) * generator.uniform(0.3, 1)
    saturation = generator.random()
    return colours * saturation + colours.mean(1, keepdims=True) * (1 - saturation)


def _leaf(
    canvas: ImageDraw.ImageDraw, generator: Generator, shape: int, radius: float, colour: tuple[int, ...], size: int
) -> None:
    x, y = generator.uniform(0, size, 2)
    flat = radius * generator.uniform(0.3, 1)
    box = [x - radius, y - flat, x + radius, y + flat]
    if shape == 0:
        canvas.ellipse(box, fill=colour)
    elif shape == 1:
        canvas.rectangle(box, fill=colour)
    else:
        bearings = np.sort(generator.uniform(0, 2 * np.pi, int(generator.integers(3, 8))))
        canvas.polygon([(x + radius * np.cos(each), y + radius * np.sin(each)) for each in bearings], fill=colour)


def _texture(generator: Generator, size: int, exponent: float) -> np.ndarray:
    """Noise of deviation 1 whose amplitude falls with frequency to the power of -exponent, (size, size, 1)."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size))
    frequency[0, 0] = np.inf
    waves = generator.normal(size=frequency.shape) + 1j * generator.normal(size=frequency.shape)
    noise = np.fft.irfft2(waves * frequency**-exponent, (size, size))
    return (noise / noise.std())[..., None]


def _photograph(generator: Generator, levels: np.ndarray) -> np.ndarray:
    """Levels as a camera gives them, half of them a little out of focus."""
    image = Image.fromarray(np.broadcast_to(levels, (*levels.shape[:2], 3)).clip(0, 255).astype(np.uint8))
    if generator.random() < 0.5:
        image = image.filter(ImageFilter.GaussianBlur(generator.uniform(0, 1.5)))
    return np.asarray(image)
