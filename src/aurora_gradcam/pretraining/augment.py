"""Random changes of whole batches of simulated frames, on the device where they lie.

The geometry is one resampling. The sky circle stays masked: beyond it, as in every frame of the study, all is black.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from ..config import SkyAugmentation

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the brightness of a picture (ITU-R BT.601)."""
BLUR_REACH = 3
DARKEST = 0.25
"""The largest level of what covers a part of the sky: silhouettes and dirt are dark at night."""


def changed(
    pictures: Tensor, masks: Tensor | None, strengths: SkyAugmentation, generator: torch.Generator
) -> tuple[Tensor, Tensor | None]:
    """The batch after random changes; the masks move and are covered as the pictures are.

    Parameters
    ----------
    pictures : float32 (batch, 3, size, size), 0..1.
    masks : float32 (batch, 1, cells, cells), 0..1, over the same square.
    generator : a CPU generator; the same one gives the same changes on every device of one kind.
    """
    draw = _Draw(len(pictures), generator, pictures.device)
    moves, circle = _moves(strengths, draw), 1 - draw.uniform(0, strengths.circle)
    shapes = _covers(strengths, draw)
    dark = draw.uniform(0, DARKEST)

    pictures = _moved(pictures, moves)
    pictures = torch.where(_covered(pictures.shape[-1], shapes), dark, pictures)
    pictures = _noisy(_blurred(_coloured(pictures, strengths, draw), strengths, draw), strengths, draw)
    pictures = pictures.clamp(0, 1) * inside(pictures.shape[-1], circle)
    if masks is not None:
        masks = _moved(masks, moves) * ~_covered(masks.shape[-1], shapes)
        masks = masks * inside(masks.shape[-1], circle)
    return pictures, masks


def inside(size: int, radius: Tensor) -> Tensor:
    """Which pixels lie in a middle circle, bool (batch, 1, size, size); radius (batch, 1, 1, 1), 1 = half the side."""
    x, y = _places(size, radius.device)
    return x**2 + y**2 <= radius**2


class _Draw:
    """Random numbers, one a picture, of shape (batch, 1, 1, 1)."""

    def __init__(self, count: int, generator: torch.Generator, device: torch.device) -> None:
        self.count, self.generator, self.device = count, generator, device

    def uniform(self, low: float, high: float, channels: int = 1) -> Tensor:
        share = torch.rand(self.count, channels, 1, 1, generator=self.generator)
        return (low + (high - low) * share).to(self.device)

    def factor(self, strength: float, channels: int = 1) -> Tensor:
        return torch.exp(self.uniform(-strength, strength, channels))

    def chance(self, share: float) -> Tensor:
        return (torch.rand(self.count, 1, 1, 1, generator=self.generator) < share).to(self.device)

    def normal(self, shape: torch.Size) -> Tensor:
        # millions of numbers: drawn where they are used, from a seed that the CPU's generator gives
        seed = int(torch.randint(2**62, (), generator=self.generator))
        local = torch.Generator(self.device).manual_seed(seed)
        return torch.randn(shape, generator=local, device=self.device)


def _places(size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Pixel centres, -1..1 from edge to edge: x (1, 1, 1, size) and y (1, 1, size, 1)."""
    step = (torch.arange(size, device=device) + 0.5) * (2 / size) - 1
    return step.view(1, 1, 1, size), step.view(1, 1, size, 1)


def _moves(strengths: SkyAugmentation, draw: _Draw) -> Tensor:
    """Affine maps (batch, 2, 3) from places in the new picture to places in the old one."""
    angle = draw.uniform(-1, 1) * math.radians(strengths.rotation)
    mirror = 1 - 2 * draw.chance(strengths.flip).float()
    zoom, shift = draw.factor(strengths.zoom), draw.uniform(-strengths.shift, strengths.shift, 2)
    cosine, sine = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    rows = [cosine * mirror, -sine, shift[:, :1], sine * mirror, cosine, shift[:, 1:]]
    return torch.cat(rows, dim=1).view(-1, 2, 3)


def _moved(pictures: Tensor, moves: Tensor) -> Tensor:
    places = functional.affine_grid(moves, list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, places, mode="bilinear", align_corners=False)


def _covers(strengths: SkyAugmentation, draw: _Draw) -> tuple[Tensor, ...]:
    """Discs, and wedges that reach in from the rim: whether there is one, whether it is a wedge, and its measures."""
    here, wedge = draw.chance(strengths.erase), draw.chance(0.5)
    bearing = draw.uniform(-math.pi, math.pi)
    distance, radius = draw.uniform(0, 1), draw.uniform(0.05, 0.3)
    width, begin = draw.uniform(0.05, 0.4), draw.uniform(0.3, 0.9)
    return here, wedge, bearing, distance, radius, width, begin


def _covered(size: int, shapes: tuple[Tensor, ...]) -> Tensor:
    here, wedge, bearing, distance, radius, width, begin = shapes
    x, y = _places(size, here.device)
    along = x * torch.cos(bearing) + y * torch.sin(bearing)
    across = y * torch.cos(bearing) - x * torch.sin(bearing)
    disc = (along - distance) ** 2 + across**2 <= radius**2
    sector = (along >= begin) & (across.abs() <= along * torch.tan(width))
    return here & torch.where(wedge, sector, disc)


def _coloured(pictures: Tensor, strengths: SkyAugmentation, draw: _Draw) -> Tensor:
    gain = draw.factor(strengths.balance, 3) * draw.factor(strengths.brightness)
    pictures = (pictures * gain).clamp(0, 1)
    # both about the mean of the circle (the square's corners are black): a dark sky stays as dark
    mean = (pictures.mean((1, 2, 3), keepdim=True) * (4 / math.pi)).clamp_min(1 / 255)
    pictures = mean * (pictures / mean) ** draw.factor(strengths.gamma)
    pictures = mean + (pictures - mean) * draw.factor(strengths.contrast)
    spread = draw.factor(strengths.saturation) * ~draw.chance(strengths.grey)
    luma = (pictures * pictures.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
    return luma + (pictures - luma) * spread


def _blurred(pictures: Tensor, strengths: SkyAugmentation, draw: _Draw) -> Tensor:
    sigma = (draw.uniform(0, strengths.blur) * draw.chance(0.5)).clamp_min(1e-3).flatten()
    if strengths.blur == 0:
        return pictures
    steps = torch.arange(-BLUR_REACH, BLUR_REACH + 1, device=pictures.device)
    kernel = torch.exp(-0.5 * (steps / sigma[:, None]) ** 2)
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(3, dim=0)[:, None]
    batch, channels, height, width = pictures.shape
    flat = pictures.reshape(1, batch * channels, height, width)
    for line, padding in ((kernel[..., None], (BLUR_REACH, 0)), (kernel[:, :, None], (0, BLUR_REACH))):
        flat = functional.conv2d(flat, line, padding=padding, groups=batch * channels)
    return flat.view(batch, channels, height, width)


def _noisy(pictures: Tensor, strengths: SkyAugmentation, draw: _Draw) -> Tensor:
    deviation = strengths.noise * draw.uniform(0, 1) ** 2  # squared: most frames have little
    if strengths.noise == 0:
        return pictures
    return pictures + deviation * draw.normal(pictures.shape)
