"""Automatic stretch: levels spread between percentiles, gamma, and local contrast, by each picture's own histogram.

The tones are drawn from the sky with aurora and laid on the same sky without it too, as an exposure is that of the
whole sky: so what is compared differs by the aurora alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .equipment import Stretch
from .sensor import luminance

BINS = 64
"""Steps of level in the tables of local contrast."""
NEAR = 4.0
"""Levels on both sides of the sky's median between which the slope of the tones is measured."""


@dataclass(frozen=True)
class Tones:
    """The tones of some pictures: black and span in levels (batch, 3, 1, 1), and tables (batch, BINS, tiles, tiles).

    `slope`, (batch,), is how many times larger a small difference becomes at the sky's median level.
    """

    stretch: Stretch
    black: Tensor
    span: Tensor
    tables: Tensor | None
    slope: Tensor

    def of(self, levels: Tensor, number: int | None = None) -> Tensor:
        """Levels (batch, 3, height, width) in these tones; those of picture `number` alone if one is named."""
        part = slice(None) if number is None else slice(number, number + 1)
        spread = _spread(levels, self.stretch, self.black[part], self.span[part])
        if self.tables is None:
            return spread
        return _local(spread, self.tables[part], self.stretch.local)


def tones(levels: Tensor, inside: Tensor, stretch: Stretch) -> Tones:
    """The tones for pictures (batch, 3, size, size) of levels 0..255, by what they show `inside`, bool (size, size)."""
    sky = levels if stretch.by_colour else luminance(levels)[:, None]
    ordered = sky[:, :, inside].sort(dim=2).values
    last = ordered.shape[2] - 1
    black, high = (
        torch.full_like(ordered[:, :, 0], end) if share == none else ordered[:, :, round(last * share / 100)]
        for share, none, end in ((stretch.low, 0, 0.0), (stretch.high, 100, 255.0))
    )
    black, high = black[..., None, None], high[..., None, None]
    span = (high - black).clamp_min(stretch.white / stretch.steepest)
    black, span = black.expand(-1, 3, 1, 1), span.expand(-1, 3, 1, 1)
    middle = ordered[:, :, last // 2].mean(1)
    tables = None
    if stretch.clip > 0:
        tables = _tables(luminance(_spread(levels, stretch, black, span)), inside, stretch)
    plain = Tones(stretch, black, span, None, torch.ones(len(levels)))
    ends = [(middle + side)[:, None, None, None].expand(-1, 3, 1, 1) for side in (-NEAR, NEAR)]
    low, up = (plain.of(end).mean((1, 2, 3)) for end in ends)
    slope = (up - low) / (2 * NEAR)
    if tables is not None:
        slope = slope * (1 + stretch.local * (_steepness(tables, (low + up) / 2) - 1))
    return Tones(stretch, black, span, tables, slope)


def _spread(levels: Tensor, stretch: Stretch, black: Tensor, span: Tensor) -> Tensor:
    share = ((levels - black) / span).clamp(0, 255 / stretch.white)
    return stretch.white * (share if stretch.gamma == 1 else share ** (1 / stretch.gamma))


def _tables(grey: Tensor, inside: Tensor, stretch: Stretch) -> Tensor:
    """Levels that equalise each tile's clipped histogram, (batch, BINS, tiles, tiles).

    Contrast-limited adaptive histogram equalisation: Pizer et al. 1987 (Computer Vision, Graphics, and Image
    Processing 39, 355); what is clipped is shared out evenly.
    """
    batch, size, _ = grey.shape
    tiles = stretch.tiles
    place = (torch.arange(size, device=grey.device) * tiles) // size
    tile = (place[:, None] * tiles + place[None, :])[inside]
    level = (grey[:, inside] * ((BINS - 1) / 255)).round().long().clamp(0, BINS - 1)
    frame = torch.arange(batch, device=grey.device)[:, None]
    counts = torch.bincount(
        ((frame * tiles * tiles + tile) * BINS + level).reshape(-1), minlength=batch * tiles * tiles * BINS
    )
    counts = counts.reshape(batch, tiles * tiles, BINS).float()
    number = counts.sum(2, keepdim=True)
    share = torch.where(number > 0, counts / number.clamp_min(1), 1 / BINS)
    clipped = share.clamp_max(stretch.clip / BINS)
    clipped = clipped + (1 - clipped.sum(2, keepdim=True)) / BINS
    risen = (clipped.cumsum(2) - 0.5 * clipped) * 255
    return risen.permute(0, 2, 1).reshape(batch, BINS, tiles, tiles)


def _steepness(tables: Tensor, level: Tensor) -> Tensor:
    """Mean slope of the tables around a level (batch,)."""
    place = (level * ((BINS - 1) / 255)).round().long().clamp(1, BINS - 2)
    frame = torch.arange(len(tables), device=tables.device)
    rise = tables[frame, place + 1] - tables[frame, place - 1]
    return rise.mean((1, 2)) / (2 * 255 / (BINS - 1))


def _local(levels: Tensor, tables: Tensor, share: float) -> Tensor:
    """Levels whose luminance is mapped by the tables of the four nearest tiles; colours keep their ratios."""
    grey = luminance(levels)
    batch, height, width = grey.shape
    down = ((torch.arange(height, device=grey.device) + 0.5) * 2 / height - 1)[:, None].expand(batch, height, width)
    right = ((torch.arange(width, device=grey.device) + 0.5) * 2 / width - 1).expand(batch, height, width)
    # from the middle of the first bin to the middle of the last
    deep = (grey.clamp(0, 255) * (2 / 255) - 1) * ((BINS - 1) / BINS)
    places = torch.stack([right, down, deep], dim=-1)[:, None]
    mapped = functional.grid_sample(tables[:, None], places, padding_mode="border", align_corners=False)[:, 0, 0]
    gain = 1 + share * (mapped / grey.clamp_min(1.0) - 1)
    return (levels * gain[:, None]).clamp(0, 255)
