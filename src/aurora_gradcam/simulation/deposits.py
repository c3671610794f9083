"""What gathers on the dome: snow, hoarfrost, drops of water, dust."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .noise import field, look_up

TEXTURE = 256
SNOW_TINT = (1.2, 1.0, 0.82)
"""Snow on a dome is mostly lit by lamps of the station: browner than the sky."""


@dataclass(frozen=True)
class Snow:
    """Share covered, (size, size), and light in units of the sky's mean light, (3, size, size)."""

    cover: Tensor
    shine: Tensor

    def to(self, device: torch.device | str) -> Snow:
        """The same on a device."""
        return Snow(self.cover.to(device), self.shine.to(device))


def unit_places(size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Right and down of every pixel in units of the circle's radius, and their length."""
    step = (torch.arange(size) + 0.5) * 2 / size - 1
    right, down = step.expand(size, size), step[:, None].expand(size, size)
    return right, down, torch.hypot(right, down)


def read_field(texture: Tensor, periods: float, size: int) -> Tensor:
    """A field, `periods` of it across the picture, (size, size)."""
    step = torch.arange(size) * periods / size
    return look_up(texture, step.expand(1, size, size), step[:, None].expand(1, size, size))[0]


def snow_on(size: int, amount: float, generator: torch.Generator) -> Snow:
    """Lumps of snow over the share `amount` of the circle, gathered on one side, with ragged edges and dark pits."""
    coarse, fine = field(TEXTURE, 1.9, generator), field(TEXTURE, 1.1, generator)
    turn = float(torch.rand(1, generator=generator)) * 2 * torch.pi
    right, down, radius = unit_places(size)
    side = right * torch.cos(torch.tensor(turn)) + down * torch.sin(torch.tensor(turn))
    lump, grain = read_field(coarse, 1.0, size), read_field(fine, 2.3, size)
    # grains cling to each other in ridges like coral
    ridge = 1 - read_field(fine.T, 1.7, size).abs()
    height = lump + 0.55 * grain + 0.4 * ridge + 1.1 * side - 0.5 * (side - 0.35).abs()
    edge = height.min() - 1 if amount >= 1 else torch.quantile(height[radius <= 1], 1 - amount)
    cover = ((height - edge) / 0.16 + 0.5).clamp(0, 1)
    thick = (height - edge).clamp(0, 1)
    pits = (0.5 + 0.32 * ridge + 0.22 * grain - 0.2 * thick).clamp(0.06, 1.6)
    # single crystals that face a light, fewer than one in two hundred pixels of the full picture
    crystal = torch.rand(size, size, generator=generator)
    share = 0.004 * min(1.0, size / 720)
    shine = pits * 1.5 + 4.0 * ((crystal < share) & (ridge > 0.3)).float()
    return Snow(cover, shine * torch.tensor(SNOW_TINT)[:, None, None])


def frost_on(size: int, amount: float, generator: torch.Generator) -> Tensor:
    """Share of light that hoarfrost scatters, (size, size): feathers that grow inwards from the rim of the dome."""
    fern, patch = field(TEXTURE, 1.3, generator, stretch=3.0), field(TEXTURE, 2.0, generator)
    right, down, radius = unit_places(size)
    patchy = read_field(patch, 0.8, size)
    # feathers lie in all directions, and bend from one patch into the next
    turn = 1.4 * patchy + 0.5 * read_field(patch.T, 1.7, size)
    along, across = right * turn.cos() + down * turn.sin(), down * turn.cos() - right * turn.sin()
    feather = 1 - look_up(fern, (0.7 * along)[None], (1.6 * across)[None])[0].abs()
    grown = amount * 2.2 - 1.1 + 0.45 * (radius - 0.6) + 0.3 * patchy + 0.25 * feather
    return (torch.sigmoid(3.5 * grown) * (0.78 + 0.16 * feather)).clamp(0, 0.97) * min(1.0, amount * 6)


def drops_on(size: int, amount: float, generator: torch.Generator) -> Tensor:
    """Where the picture is read inside drops instead, and how strongly, (4, size, size).

    The four are pixels right, pixels down, the share of light that passes, and how much of the pixel a drop covers.
    """
    drops = torch.zeros(4, size, size)
    drops[2] = 1
    number = max(1, round(130 * amount))
    middle = (torch.rand(number, 2, generator=generator) * 2 - 1).tolist()
    radii = (0.009 * (4.5 ** torch.rand(number, generator=generator))).tolist()
    for (right, down), radius in zip(middle, radii, strict=True):
        reach = max(1.5, radius * size / 2)
        x, y = (right + 1) * size / 2, (down + 1) * size / 2
        left, top = max(0, int(x - reach)), max(0, int(y - reach))
        window = drops[:, top : int(y + reach) + 2, left : int(x + reach) + 2]
        across = torch.arange(left, left + window.shape[2]) + 0.5 - x
        along = (torch.arange(top, top + window.shape[1]) + 0.5 - y)[:, None]
        squared = (across**2 + along**2) / reach**2
        inside = squared < 1
        # the rim bends light away from the lens, the middle gathers it
        passes = 1.12 - 0.75 * squared.clamp(0, 1) ** 3
        window[0] = torch.where(inside, -4.0 * across, window[0])
        window[1] = torch.where(inside, -4.0 * along, window[1])
        window[2] = torch.where(inside, passes, window[2])
        # out of focus: the rim of a drop is not sharp
        window[3] = torch.maximum(window[3], ((1 - squared) * 2.5).clamp(0, 1))
    return drops


def dust_on(size: int, generator: torch.Generator) -> Tensor:
    """Share of light that dust and scratches let pass, (size, size), within a few per cent of 1."""
    film = functional.interpolate(
        torch.rand(1, 1, 24, 24, generator=generator), size=(size, size), mode="bilinear", align_corners=False
    )[0, 0]
    clean = 1 - 0.025 * film
    for x, y, depth in torch.rand(18, 3, generator=generator).tolist():
        left, top, width = int(x * size), int(y * size), max(1, size // 240)
        clean[top : top + width, left : left + width] *= 1 - 0.1 * depth
    return clean
