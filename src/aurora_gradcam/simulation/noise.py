"""Cloud-like random fields that tile, and reading them at any place."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def field(size: int, slope: float, generator: torch.Generator, stretch: float = 1.0) -> Tensor:
    """A periodic random field (size, size) of zero mean and unit deviation whose amplitude falls as frequency^-slope.

    `stretch` > 1 draws it out along x. Spectral synthesis: white noise, weighted in Fourier space.
    """
    white = torch.randn(size, size, generator=generator)
    y = torch.fft.fftfreq(size)[:, None]
    x = torch.fft.rfftfreq(size)[None, :] * stretch
    frequency = torch.sqrt(x**2 + y**2).clamp_min(1.0 / size)
    spectrum = torch.fft.rfft2(white) * frequency**-slope
    spectrum[0, 0] = 0
    result = torch.fft.irfft2(spectrum, s=(size, size))
    return result / result.std()


def line(size: int, slope: float, generator: torch.Generator) -> Tensor:
    """The same in one dimension, shape (size,)."""
    spectrum = torch.fft.rfft(torch.randn(size, generator=generator))
    frequency = torch.fft.rfftfreq(size).clamp_min(1.0 / size)
    spectrum = spectrum * frequency**-slope
    spectrum[0] = 0
    result = torch.fft.irfft(spectrum, n=size)
    return result / result.std()


def look_up(texture: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Read a periodic (size, size) field at x, y in periods, shapes that broadcast to (batch, height, width)."""
    size = texture.shape[-1]
    # one row and column of the next tile, so that interpolation is seamless
    tile = functional.pad(texture[None, None], (0, 1, 0, 1), mode="circular")
    # grid_sample with align_corners counts -1..1 from the first to the last sample
    x, y = torch.broadcast_tensors(x, y)
    places = torch.stack([x - torch.floor(x), y - torch.floor(y)], dim=-1) * 2 - 1
    tile = tile.expand(x.shape[0], 1, size + 1, size + 1)
    return functional.grid_sample(tile, places, mode="bilinear", align_corners=True)[:, 0]


def look_up_line(profile: Tensor, x: Tensor) -> Tensor:
    """Read a periodic (size,) profile at x in periods, any shape, by linear interpolation."""
    size = profile.shape[0]
    place = (x - torch.floor(x)) * size
    left = place.to(torch.int32).clamp_max_(size - 1)
    step = torch.roll(profile, -1) - profile
    value, rise = (table.index_select(0, left.reshape(-1)).view_as(place) for table in (profile, step))
    return rise.mul_(place - left).add_(value)


def ripples(size: int, count: float, generator: torch.Generator, stretch: float = 1.0) -> Tensor:
    """A periodic field (size, size) of waves of about one length, `count` to the period: flakes, or bands if stretched.

    Zero mean, unit deviation; `stretch` > 1 draws it out along x. White noise passed through a ring in Fourier space.
    """
    y = torch.fft.fftfreq(size)[:, None]
    x = torch.fft.rfftfreq(size)[None, :] * stretch
    octaves = torch.log2(torch.sqrt(x**2 + y**2).clamp_min(0.1 / size) * size / count)
    spectrum = torch.fft.rfft2(torch.randn(size, size, generator=generator)) * torch.exp(-((octaves / 0.8) ** 2))
    spectrum[0, 0] = 0
    result = torch.fft.irfft2(spectrum, s=(size, size))
    return result / result.std()


def billows(size: int, count: float, generator: torch.Generator) -> Tensor:
    """A periodic field (size, size) of rounded bumps with sharp creases in three sizes, the largest `count` a period.

    Zero mean, unit deviation. Perlin's turbulence: the sum of absolute values of noise of falling size and amplitude.
    """
    result = sum(0.55**k * ripples(size, count * 2**k, generator).abs() for k in range(3))
    return (result - result.mean()) / result.std()


def look_up_all(textures: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Read periodic (channels, size, size) fields at x, y in periods (batch, height, width): (batch, channels, ...)."""
    tile = functional.pad(textures[None], (0, 1, 0, 1), mode="circular")
    places = torch.stack([x - torch.floor(x), y - torch.floor(y)], dim=-1) * 2 - 1
    tile = tile.expand(x.shape[0], *tile.shape[1:])
    return functional.grid_sample(tile, places, mode="bilinear", align_corners=True)
