"""What part of the sky circle a sensor records, and how finely.

Many sensors are lower than the lens's circle and cut it above and below; small originals are blown up.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .equipment import Framing


def recorded(framing: Framing, size: int) -> Tensor:
    """Pixels of a size x size square around the circle that the sensor records, bool (size, size)."""
    step = (torch.arange(size) + 0.5) * 2 / size - 1
    right, down = step[None, :], step[:, None]
    # a reach of 1 or more cuts nothing, not even the corners outside the circle
    left_edge, top, right_edge, bottom = (reach if reach < 1 else 2.0 for reach in framing.reach)
    kept = (right >= -left_edge) & (right <= right_edge) & (down >= -top) & (down <= bottom)
    for turn, distance in framing.chords:
        angle = torch.deg2rad(torch.tensor(turn))
        kept = kept & (right * torch.sin(angle) - down * torch.cos(angle) <= distance)
    return kept


def native(framing: Framing, size: int) -> int:
    """Side in pixels at which a picture of `size` is recorded: that of the original, where it is smaller."""
    return framing.original if 0 < framing.original < size else size


def reduced(picture: Tensor, side: int) -> Tensor:
    """Levels (3, size, size) as a sensor of `side` pixels averages them."""
    return functional.interpolate(picture[None], size=(side, side), mode="area")[0]


def blown_up(picture: Tensor, framing: Framing, size: int) -> Tensor:
    """A uint8 picture (3, side, side) blown up to size x size."""
    corners = {} if framing.upscaling == "nearest" else {"align_corners": False}
    larger = functional.interpolate(picture[None].float(), size=(size, size), mode=framing.upscaling, **corners)
    return larger[0].add_(0.5).clamp_(0, 255).to(torch.uint8)
