"""The camera itself: from linear light at the lens to the picture's 8-bit levels, and the noise on them."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from .camera import FULL, Look

LUMINANCE = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in luminance (ITU-R BT.601, section 2.5.1)."""
WHITE_POINT = 4.0
"""Light, in units of the exposure, that reaches the highest level; brighter light is clipped."""
METERED = 600.0
"""Mean light of the sky, in nanolambert, from which a camera that meters shortens its exposure."""
NOISE_PICTURES = 6
SHARED = 0.8
"""Correlation of the noise of two colours: video is stored with a quarter of the samples for colour (4:2:0)."""
NEIGHBOUR_WEIGHT = 0.18
OWN_WEIGHT = (1 - 4 * NEIGHBOUR_WEIGHT**2) ** 0.5
"""Weights of a pixel and its four neighbours in full-size noise; their squares add up to 1."""


def luminance(picture: Tensor) -> Tensor:
    """(batch, 3, height, width) -> (batch, height, width), ITU-R BT.601."""
    red, green, blue = picture.unbind(1)
    return LUMINANCE[0] * red + LUMINANCE[1] * green + LUMINANCE[2] * blue


def colour_matrix(look: Look) -> Tensor:
    """Overlap of filters, white balance, then saturation, which keeps the luminance; (3, 3), acts on linear light.

    A camera without colours shows its band's light in all three.
    """
    if look.band is not None:
        return torch.tensor(look.band.sky).repeat(3, 1)
    grey = torch.tensor(LUMINANCE).expand(3, 3)
    saturate = grey + look.saturation * (torch.eye(3) - grey)
    red, blue, off = look.leak
    filters = torch.tensor([[1 - red + off, red, -off], [0.0, 1.0, 0.0], [0.0, blue, 1 - blue]])
    return saturate @ torch.diag(torch.tensor(look.balance, dtype=torch.float32)) @ filters


def gain(light: Tensor, look: Look) -> Tensor:
    """Exposure relative to that on a dark night, (batch, 1, 1, 1), under the sky `light` (batch, 3, h, w), nanolambert.

    It is (1 + mean / METERED)^-metering of the mean green light, or that of the camera's one band: a smooth law, since
    real programmes are unpublished.
    """
    mean = light[:, 1:2].mean((2, 3), keepdim=True)
    if look.band is not None:
        shares = torch.tensor(look.band.sky, device=light.device)
        mean = (light.mean((2, 3)) @ shares).clamp_min(0)[:, None, None, None] / look.band.airglow
    return (1 + mean / METERED) ** -look.metering


def transmission(axis: Tensor, look: Look, edge: float) -> Tensor:
    """Share of light that the lens passes at a distance (height, width) from its axis, units of the circle's radius.

    Loss grows with the fourth power of the distance and is `vignette` on the circle; the field stop makes a soft
    dark edge.
    """
    vignette = (1 - look.vignette * (axis / edge).clamp(0, 1.3) ** 4).clamp_min(0)
    stop = ((edge - axis) / (0.5 * look.rim)).clamp(-1, 1) * 0.5 + 0.5
    return vignette * stop * stop * (3 - 2 * stop)


def curve(light: Tensor, look: Look) -> Tensor:
    """Balanced light in units of the exposure, (batch, 3, height, width) -> levels 0..255, not rounded.

    The shoulder is x (1 + x / w^2) / (1 + x) with white point w (Reinhard et al. 2002, equation 4); then each band's
    gamma, and the levels of no light.
    """
    # a table read at the root of the light is many times as fast as powers, and right to a tenth of a level
    place = light.clamp(0, WHITE_POINT).mul_(STEPS**2 / WHITE_POINT).sqrt_().to(torch.int32)
    tables, shaped = _tables(look).to(light.device), torch.empty_like(light)
    for picture, places in zip(shaped, place, strict=True):
        for band, table in enumerate(tables):
            picture[band] = table.index_select(0, places[band].reshape(-1)).view_as(picture[band])
    return shaped


STEPS = 16383


@lru_cache(maxsize=64)
def _tables(look: Look) -> Tensor:
    """Levels at the middle of each step of the root of the light, (3, STEPS + 1)."""
    x = WHITE_POINT * ((torch.arange(STEPS + 1, dtype=torch.float64) + 0.5) / STEPS).clamp_max(1) ** 2
    share = x * (1 + x * WHITE_POINT**-2) / (1 + x)
    shaped = [
        black + (255 - black) * share ** (1 / (look.gamma * bend))
        for black, bend in zip(look.black, look.bend, strict=True)
    ]
    return torch.stack(shaped).float()


def light_of_share(share: float) -> float:
    """Inverse of the shoulder in `curve`: the light, in units of the exposure, that fills a share 0..1 of the range."""
    a = WHITE_POINT**-2
    # a x^2 + (1 - share) x - share = 0
    half = (1 - share) / (2 * a)
    return (half**2 + share / a) ** 0.5 - half


def soften(picture: Tensor, look: Look) -> Tensor:
    """Blur (batch, channels, size, size) by `softness` pixels of the full picture; nothing below half a pixel."""
    deviation = look.softness * picture.shape[-1] / FULL
    if deviation < 0.5:
        return picture
    reach = min(int(2.5 * deviation + 0.5), min(picture.shape[-2:]) - 1)
    steps = torch.arange(-reach, reach + 1, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (steps / deviation) ** 2)
    kernel = (kernel / kernel.sum()).tolist()
    # sums of shifted pictures beat a depthwise convolution on a CPU
    for dim, pad in ((2, (0, 0, reach, reach)), (3, (reach, reach, 0, 0))):
        size = picture.shape[dim]
        padded = functional.pad(picture, pad, mode="replicate")
        picture = padded.narrow(dim, reach, size) * kernel[reach]
        for step in range(1, reach + 1):
            pair = padded.narrow(dim, reach - step, size) + padded.narrow(dim, reach + step, size)
            picture.add_(pair, alpha=kernel[reach + step])
    return picture


def levels(light: Tensor, look: Look, passed: Tensor) -> Tensor:
    """Light through the lens -> levels 0..255 without noise, not rounded.

    light : (batch, 3, height, width), nanolambert; passed : (height, width), what `transmission` gives.
    """
    batch, _, height, width = light.shape
    matrix = (colour_matrix(look) / look.exposure).to(light.device)
    arriving = (light * passed).reshape(batch, 3, -1)
    exposed = torch.matmul(matrix, arriving)
    if look.highlights:
        exposed += (arriving[:, 1:2] / look.exposure - WHITE_POINT).clamp_min_(0)
    return curve(exposed.reshape(batch, 3, height, width), look)


def noise_scale(size: int) -> Tensor:
    """Deviation of the noise of unit deviation at full size in a picture of `size` pixels a side."""
    block = round(FULL / size)
    side, own_weight = NEIGHBOUR_WEIGHT, OWN_WEIGHT
    kernel = torch.tensor([[0.0, side, 0.0], [side, own_weight, side], [0.0, side, 0.0]])
    mean = functional.conv_transpose2d(torch.full((1, 1, block, block), block**-2.0), kernel[None, None])
    return mean.square().sum().sqrt() if size < FULL else torch.ones(())


def noise_pictures(
    size: int, generator: torch.Generator, device: torch.device | str = "cpu", count: int = NOISE_PICTURES
) -> Tensor:
    """Pictures of sensor noise of unit deviation at full size, (count, 3, size, size).

    Neighbours are correlated as interpolation from the Bayer mosaic and video compression leave them. A smaller
    picture is an average of full pixels, so its noise is smaller: a third at 240 px, but for what neighbours share.
    """
    shared = torch.randn(count, 1, size, size, generator=generator)
    own = torch.randn(count, 3, size, size, generator=generator)
    noise = own.mul_((1 - SHARED) ** 0.5).add_(shared, alpha=SHARED**0.5)
    if size >= FULL:
        mixed = OWN_WEIGHT * noise
        for dim, shift in ((-1, -1), (-1, 1), (-2, -1), (-2, 1)):
            mixed.add_(torch.roll(noise, shift, dim), alpha=NEIGHBOUR_WEIGHT)
        return mixed.to(device)
    return (noise * noise_scale(size)).to(device)


def noise_deviation(picture: Tensor, look: Look) -> Tensor:
    """Deviation of the noise in levels at full size, of levels 0..255.

    Read noise and photon noise add in quadrature. Photons scatter light by its root; a gamma of 2 turns that into one
    deviation for all levels, so it only grows where the curve leaves black and falls towards white.
    """
    share = (picture / 255).clamp(0, 1)
    return share.mul_(1 - share).mul_(look.shot**2 * 4).add_(look.noise**2).sqrt_()


def noise_of(pictures: Tensor, number: int) -> Tensor:
    """The noise of picture `number`, (3, size, size); used again it is shifted, and does not repeat within a minute."""
    count, size = len(pictures), pictures.shape[-1]
    turn, noise = number // count, pictures[number % count]
    return torch.roll(noise, ((turn * 89) % size, (turn * 233) % size), (-2, -1)) if turn else noise


def add_noise(picture: Tensor, noise: Tensor, look: Look) -> Tensor:
    """Levels with noise of unit deviation at full size, clipped to 0..255; both (..., 3, height, width)."""
    return noise_deviation(picture, look).mul_(noise).add_(picture).clamp_(0, 255)
