"""What else lies on a dome: spiders and their webs, insects, frost flowers, dew, and a ring of condensation."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter
from torch import Tensor

from .deposits import TEXTURE, Snow, read_field, unit_places
from .equipment import Films
from .noise import field, ripples

BLUR = 0.004
"""Deviation, in units of the picture's side, of what lies on a dome: the lens is focused on the stars."""
FINER = 2
"""Drawn so many times larger, for smooth edges."""


def films_on(films: Films, size: int) -> tuple[Snow, ...]:
    """The layers that hide what lies behind, from the first to the last, for a picture of `size` pixels."""
    generator = np.random.default_rng([films.seed, 1])
    layers = []
    if films.flowers > 0:
        layers.append(_flowers(films, size, generator))
    if films.web > 0:
        layers.append(_web(films, size, generator))
    if films.creatures:
        layers.append(_creatures(films, size, generator))
    return tuple(layers)


def _layer(cover: Image.Image, size: int, shine: float, blur: float, strength: float = 1.0) -> Snow:
    blurred = cover.filter(ImageFilter.GaussianBlur(blur * cover.width)).resize((size, size), Image.Resampling.BOX)
    share = torch.from_numpy(np.asarray(blurred, dtype=np.float32) * (strength / 255)).clamp_(0, 1)
    return Snow(share, torch.full((3, size, size), float(shine)))


def _canvas(size: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    canvas = Image.new("L", (FINER * size, FINER * size))
    return canvas, ImageDraw.Draw(canvas)


def _web(films: Films, size: int, generator: np.random.Generator) -> Snow:
    """An orb web before part of the dome: spokes, and threads between them that sag; some are torn."""
    canvas, draw = _canvas(size)
    side = canvas.width
    middle = side * (0.5 + generator.uniform(-0.3, 0.3, 2))
    spokes = int(generator.integers(9, 20))
    angles = np.sort(np.linspace(0, 2 * np.pi, spokes, endpoint=False) + generator.normal(0, 0.08, spokes))
    lengths = side * (0.15 + 0.5 * films.web) * generator.uniform(0.6, 1.3, spokes)
    directions = np.stack([np.cos(angles), np.sin(angles)], 1)
    thread = max(1, round(side / 400))
    for direction, length in zip(directions, lengths, strict=True):
        draw.line([*middle, *(middle + direction * length)], 200, thread)
    for turn in np.linspace(0.15, 0.95, int(generator.integers(5, 14))):
        for here, there in zip(range(spokes), [*range(1, spokes), 0], strict=True):
            if generator.random() < 0.2:
                continue
            ends = [middle + directions[k] * lengths[k] * turn for k in (here, there)]
            sag = middle + 0.47 * (ends[0] + ends[1] - 2 * middle)
            draw.line([*ends[0], *sag, *ends[1]], 160, thread)
    return _layer(canvas, size, films.lit, 0.5 * BLUR, 0.9)


def _creatures(films: Films, size: int, generator: np.random.Generator) -> Snow:
    """Spiders and insects that sit on the dome, dark before the sky or bright where a lamp reaches them."""
    canvas, draw = _canvas(size)
    side = canvas.width
    for _ in range(films.creatures):
        distance, turn = np.sqrt(generator.random()) * 0.8, generator.uniform(0, 2 * np.pi)
        middle = side / 2 * (1 + distance * np.array([np.cos(turn), np.sin(turn)]))
        length = side * np.exp(generator.uniform(np.log(0.015), np.log(0.07)))
        heading = generator.uniform(0, 2 * np.pi)
        ahead, aside = (np.array([np.cos(a), np.sin(a)]) for a in (heading, heading + np.pi / 2))
        spider = generator.random() < 0.5
        for place, radius in ((-0.35, 0.38), (0.25, 0.25)) if spider else ((-0.5, 0.2), (0.0, 0.24), (0.5, 0.16)):
            x, y = middle + ahead * place * length
            draw.ellipse([x - radius * length, y - radius * length, x + radius * length, y + radius * length], 255)
        for pair in np.linspace(0.7, -0.7, 4 if spider else 3):
            for flank in (-1, 1):
                knee = middle + ahead * pair * length + aside * flank * length * generator.uniform(0.6, 0.9)
                foot = middle + ahead * 2.0 * pair * length + aside * flank * length * generator.uniform(0.9, 1.4)
                draw.line([*middle, *knee, *foot], 255, max(1, round(0.09 * length)))
    dark = generator.random() < 0.6
    return _layer(canvas, size, 0.05 if dark else films.lit, BLUR * float(generator.uniform(0.3, 1.5)), 1.0)


def _flowers(films: Films, size: int, generator: np.random.Generator) -> Snow:
    """Crystals of frost, most of them near the rim where glass is coldest.

    Stars of six branches with barbs at 60 degrees, as ice grows (Libbrecht 2005, Reports on Progress in Physics 68,
    855).
    """
    canvas, draw = _canvas(size)
    side = canvas.width
    for _ in range(max(1, round(60 * films.flowers))):
        distance, turn = generator.beta(2.5, 1.2), generator.uniform(0, 2 * np.pi)
        middle = side / 2 * (1 + distance * np.array([np.cos(turn), np.sin(turn)]))
        length = side * np.exp(generator.uniform(np.log(0.01), np.log(0.08)))
        first = generator.uniform(0, np.pi / 3)
        for angle in first + np.arange(6) * np.pi / 3:
            _branch(draw, middle, angle, length * generator.uniform(0.6, 1.2), generator)
    return _layer(canvas, size, films.lit, 0.4 * BLUR, 0.85)


def _branch(
    draw: ImageDraw.ImageDraw, start: np.ndarray, angle: float, length: float, generator: np.random.Generator
) -> None:
    along = np.array([np.cos(angle), np.sin(angle)])
    draw.line([*start, *(start + along * length)], 230, max(1, round(length / 14)))
    for place in np.linspace(0.25, 0.9, max(2, min(7, int(length / 4)))):
        barb = length * (1.05 - place) * 0.5 * generator.uniform(0.7, 1.2)
        for side in (-1, 1):
            tip = angle + side * np.pi / 3
            root = start + along * length * place
            draw.line([*root, *(root + barb * np.array([np.cos(tip), np.sin(tip)]))], 170, 1)


def ring_on(films: Films, size: int) -> Tensor:
    """Share of light that a film of condensed water scatters, (size, size): a ring that a warm middle leaves."""
    generator = torch.Generator().manual_seed(films.seed + 2)
    patchy = read_field(field(TEXTURE, 1.7, generator), 1.0, size)
    radius = unit_places(size)[2]
    middle, width, tilt = torch.rand(3, generator=generator).tolist()
    inner = 0.35 + 0.5 * middle
    outward = (radius - inner + 0.05 * patchy) / (0.06 + 0.1 * width)
    closed = torch.sigmoid(outward)
    if tilt < 0.5:  # a ring that is clear again at the rim
        closed = closed * torch.sigmoid((inner + 0.3 - radius + 0.05 * patchy) / 0.06)
    return (closed * films.ring * (0.85 + 0.1 * patchy)).clamp(0, 0.95)


def dew_on(films: Films, size: int) -> Tensor:
    """Small drops side by side, as `deposits.drops_on` gives drops: each bends the light by its slope, (4, size, size).

    They lie where dew gathers first, on one side or all over, more of the dome the larger `films.dew`.
    """
    generator = torch.Generator().manual_seed(films.seed + 3)
    count = float(torch.randint(24, 60, (1,), generator=generator))
    height = read_field(ripples(TEXTURE, count, generator), 1.0, size)
    coarse = read_field(field(TEXTURE, 1.8, generator), 1.0, size)
    right, down, _ = unit_places(size)
    turn = float(torch.rand(1, generator=generator)) * 2 * torch.pi
    towards = right * torch.cos(torch.tensor(turn)) + down * torch.sin(torch.tensor(turn))
    wet = torch.sigmoid((coarse * 0.5 + towards + 4 * films.dew - 2) / 0.25)
    steep_down, steep_right = torch.gradient(height)
    reach = 0.05 * size * (60 / count)
    passes = (1.0 + 0.25 * height).clamp(0.4, 1.6)
    return torch.stack([-reach * steep_right, -reach * steep_down, passes, 0.9 * wet])
