"""From linear light to the picture's 8 bits: trees, dome, vignetting, response and noise."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn import functional

from .camera import Grid
from .noise import field

LUMINANCE = (0.299, 0.587, 0.114)
NOISE_LEVEL = 1.6
NOISE_PICTURES = 6
BALANCE = {"slash": (1.0, 1.0, 1.0), "dash": (1.04, 0.98, 1.02)}
"""Colour balance of the camera of each overlay era; the camera was changed around 2024."""


def response(light: Tensor) -> Tensor:
    """Linear light -> 8-bit level 0..255 (not rounded): a soft shoulder and a gamma of 2."""
    return 255.0 * torch.sqrt(light / (1.0 + light))


def luminance(picture: Tensor) -> Tensor:
    """(batch, 3, height, width) -> (batch, height, width)."""
    weights = torch.tensor(LUMINANCE, dtype=picture.dtype, device=picture.device)
    return torch.einsum("bchw,c->bhw", picture, weights)


def vignette(grid: Grid) -> Tensor:
    """Loss of light towards the circle's edge, (size, size)."""
    return (1 - 0.30 * grid.radius.clamp(0, 1.2) ** 3).clamp_min(0)


def trees(size: int, seed: int) -> Tensor:
    """Share of light that passes the silhouettes at the circle's edge, (size, size); 1 is open sky."""
    scale = 2
    side = size * scale
    picture = Image.new("L", (side, side), 255)
    draw = ImageDraw.Draw(picture)
    generator = np.random.default_rng(seed)
    # (from, to) in degrees clockwise from the top of the picture, how far the tallest reaches in
    for first, last, reach in ((20, 62, 0.17), (80, 112, 0.10), (250, 300, 0.06), (150, 215, 0.035), (330, 372, 0.03)):
        for angle in np.arange(first, last, 1.7):
            height = reach * generator.uniform(0.25, 1.0) * np.sin(np.pi * (angle - first) / (last - first)) ** 0.5
            _conifer(draw, side, angle + generator.normal(0, 0.6), height + 0.008, generator)
    return torch.from_numpy(np.asarray(picture.resize((size, size), Image.Resampling.BOX)).astype(np.float32) / 255)


def _conifer(draw: ImageDraw.ImageDraw, side: int, angle: float, height: float, generator: np.random.Generator) -> None:
    turn = np.radians(angle)
    inward = np.array([-np.sin(turn), np.cos(turn)])
    sideways = np.array([np.cos(turn), np.sin(turn)])
    root = side / 2 * (1 - 1.02 * inward)
    for part in np.linspace(0, 1, 9):
        width = (1 - part) * height * 0.22 * generator.uniform(0.6, 1.2) + 0.0015
        at = root + inward * part * (height + 0.02) * side / 2
        tip = at + inward * (0.2 * height + 0.004) * side / 2
        half = sideways * width * side / 2
        draw.polygon([tuple(at - half), tuple(at + half), tuple(tip)], fill=10)


def dome_snow(size: int, amount: float, generator: torch.Generator) -> Tensor:
    """Share of the view that snow on the dome covers, (size, size); `amount` 0..1."""
    if amount <= 0:
        return torch.zeros(size, size)
    coarse, fine = field(256, 1.6, generator), field(256, 0.7, generator)
    lump = functional.interpolate(coarse[None, None], size=(size, size), mode="bilinear")[0, 0]
    grain = functional.interpolate(fine[None, None], size=(size, size), mode="bilinear")[0, 0]
    # it slides down and gathers on one side
    slope = torch.linspace(-1, 1, size)[None, :] * 0.9 + torch.linspace(-1, 1, size)[:, None] * 0.5
    return torch.sigmoid(6 * (lump + 0.35 * grain + slope - 2.4 + 2.6 * amount)) * (0.75 + 0.1 * grain).clamp(0, 1)


def noise_pictures(size: int, generator: torch.Generator) -> Tensor:
    """A few pictures of sensor noise of unit deviation, (NOISE_PICTURES, 3, size, size): mostly shared by colours."""
    shared = torch.randn(NOISE_PICTURES, 1, size, size, generator=generator)
    own = torch.randn(NOISE_PICTURES, 3, size, size, generator=generator)
    return 0.8 * shared + 0.6 * own
