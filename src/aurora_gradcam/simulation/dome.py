"""The dome over the camera: snow, hoarfrost, drops and dust on it, and what stands around it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .camera import Camera
from .deposits import Snow, drops_on, dust_on, frost_on, snow_on
from .films import dew_on, films_on, ring_on
from .horizon import lamps, silhouettes
from .plan import Surroundings, Weather
from .sensor import soften

SCATTERED = 0.45
"""Share of the light of hoarfrost that comes from the whole sky; the rest comes from the sky near by."""


@dataclass(frozen=True)
class Dome:
    """What light meets before the lens, for pictures of `size` px; None where nothing lies on the dome.

    `straight` is the share that passes trees and dust, (size, size), `standing` that of trees alone; `lamps` light in
    nanolambert, (3, size, size); `frost` the veiled share, (size, size); `drops` where the picture is read instead, in
    pixels right and down, what share passes, and how much of the pixel a drop covers, (4, size, size); `films` what
    hides the sky like snow.
    """

    size: int
    straight: Tensor
    standing: Tensor
    lamps: Tensor | None = None
    snow: Snow | None = None
    frost: Tensor | None = None
    drops: Tensor | None = None
    films: tuple[Snow, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether nothing but trees and dust stands before the sky: then `through` is a product with `straight`."""
        return not self.films and all(part is None for part in (self.lamps, self.snow, self.frost, self.drops))

    def open_sky(self, grid: int) -> Tensor:
        """Share of the sky that is seen straight, (grid, grid): no trees, snow or frost. Drops count as open."""
        share = self.standing
        if self.snow is not None:
            share = share * (1 - self.snow.cover)
        if self.frost is not None:
            share = share * (1 - self.frost)
        for film in self.films:
            share = share * (1 - film.cover)
        return functional.interpolate(share[None, None], size=(grid, grid), mode="area")[0, 0]


def make_dome(
    camera: Camera,
    detail_full: int,
    weather: Weather,
    surroundings: Surroundings,
    generator: torch.Generator,
    device: torch.device | str = "cpu",
) -> Dome:
    """The dome of one night, drawn on the CPU and moved to `device`; `detail_full` is the picture's side in pixels."""
    size = detail_full
    standing = silhouettes(camera, size, surroundings)
    # the lens is focused on the stars; what varies slowly, like the sky, needs no blur
    straight = soften((standing * dust_on(size, generator))[None, None], camera.look)[0, 0]
    snow = snow_on(size, weather.snow, generator) if weather.snow > 0 else None
    frost = frost_on(size, weather.frost, generator) if weather.frost > 0 else None
    drops = drops_on(size, weather.drops, generator) if weather.drops > 0 else None
    films = camera.equipment.films
    if films.ring > 0:
        ring = ring_on(films, size)
        frost = ring if frost is None else torch.maximum(frost, ring)
    if films.dew > 0 and drops is None:
        drops = dew_on(films, size)
    return Dome(
        size,
        straight.to(device),
        standing.to(device),
        lamps(size, surroundings).to(device) if surroundings.lamps else None,
        snow.to(device) if snow else None,
        frost.to(device) if frost is not None else None,
        drops.to(device) if drops is not None else None,
        tuple(film.to(device) for film in films_on(films, size)),
    )


def through(dome: Dome, light: Tensor, ambient: Tensor) -> Tensor:
    """Light of the sky (batch, 3, size, size) -> light that reaches the lens, nanolambert.

    `ambient` is the light of the whole sky, (batch, 3, 1, 1), which makes snow and frost shine.
    """
    light = light * dome.straight
    if dome.lamps is not None:
        light = light + dome.lamps
    if dome.drops is not None:
        light = _through_drops(light, dome.drops)
    if dome.frost is not None:
        light = _through_frost(light, dome.frost, ambient)
    for layer in dome.films if dome.snow is None else (dome.snow, *dome.films):
        lit = layer.shine * ambient
        if dome.lamps is not None:
            lit = lit + layer.shine * dome.lamps.mean(dim=(1, 2), keepdim=True)
        light = torch.lerp(light, lit, layer.cover.expand_as(light))
    return light


def _blurred(light: Tensor, pixels: int) -> Tensor:
    """A wide, cheap blur: means over squares, drawn smooth."""
    small = functional.avg_pool2d(light, pixels, stride=pixels, ceil_mode=True, count_include_pad=False)
    return functional.interpolate(small, size=light.shape[-2:], mode="bilinear", align_corners=False)


def _through_frost(light: Tensor, veil: Tensor, ambient: Tensor) -> Tensor:
    """Ice scatters: the veil's light is that of the sky near by and of the whole sky, without colour of its own."""
    near = _blurred(light, max(2, light.shape[-1] // 24))
    glow = near * (1 - SCATTERED) + ambient * SCATTERED
    white = glow.mean(dim=1, keepdim=True)
    return torch.lerp(light, 0.6 * glow + 0.4 * white, veil.expand_as(light))


def _through_drops(light: Tensor, drops: Tensor) -> Tensor:
    """A drop is a short lens: it shows a wide part of the sky upside down, far out of focus."""
    size = light.shape[-1]
    small = functional.avg_pool2d(light, 3, ceil_mode=True, count_include_pad=False)
    step = (torch.arange(size, device=light.device) + 0.5) * 2 / size - 1
    places = torch.stack([step.expand(size, size), step[:, None].expand(size, size)], dim=-1)
    places = places + drops[:2].permute(1, 2, 0) * (2 / size)
    bent = functional.grid_sample(
        small, places.expand(light.shape[0], -1, -1, -1), align_corners=False, padding_mode="border"
    )
    return torch.lerp(light, bent * drops[2], drops[3].expand_as(light))
