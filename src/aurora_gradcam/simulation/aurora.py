"""Aurora as light from a volume: precipitation carried up the field lines and summed along each line of sight.

Every pixel meets a ladder of heights; the place that it meets at each height is led down its field line to the map of
precipitation at 100 km. So rays converge in the magnetic zenith, arcs thin out towards the horizon, and red stands
above green, by geometry alone. The Earth is round: at the horizon the light comes from 1000 km away.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from . import emission
from .camera import Grid
from .detail import Detail
from .plan import Episode
from .precipitation import REACH, SCALE_KM, Fields, exposed, level, make_fields, strength_at

EARTH_KM = 6371.0
FOOT_KM = 100.0
SMEARED_KM = 190.0
"""Above it light comes late, as from oxygen's 110 s of 630.0 nm, while the precipitation moves on: it is smeared."""
EXTINCTION = 0.18
"""Magnitudes an airmass near 550 nm."""
TALL = {"arc": 0.1, "band": 0.35, "rays": 1.0, "corona": 1.0, "diffuse": 0.1, "patchy": 0.0}
"""How tall each form stands, 0..1."""

__all__ = ["Aurora", "level", "light", "light_by_episode", "make_aurora", "strength_at"]


@dataclass(frozen=True)
class Aurora:
    """What a night's aurora is drawn from: maps, and where each pixel meets each height."""

    fields: Fields
    heights: Tensor  # (heights, size, size) km
    thickness: Tensor  # (heights, 1, 1) km that each height stands for
    places: Tensor  # (1, heights * size, size, 2) on the map, for grid_sample
    path: Tensor  # (heights, size, size) lengthening of the line of sight, less extinction
    weights: dict[tuple[float, ...], Tensor] = field(default_factory=dict)  # what `_weights` found, by kind of episode
    colours: tuple[tuple[float, float, float], ...] = emission.COLOURS  # how the camera's bands see each emission


def make_aurora(grid: Grid, detail: Detail, zenith: tuple[float, float], generator: torch.Generator) -> Aurora:
    """Draw a night's random fields and lay out the geometry; `zenith` is the magnetic zenith's altitude and azimuth."""
    device, count = grid.up.device, detail.heights
    fields = make_fields(detail.aurora_map, generator, device)
    steps = emission.ladder(count)
    thickness = torch.gradient(steps)[0]
    # each pixel looks at its own heights within a step, or thin curtains would show as a stack of copies
    dither = torch.rand(grid.size, grid.size, generator=generator) - 0.5
    heights = (steps[:, None, None] + thickness[:, None, None] * dither[None]).clamp_min(90.0).to(device)

    up = grid.up.clamp_min(0.0)
    lift = EARTH_KM * up
    reach = torch.sqrt(lift**2 + heights * (2 * EARTH_KM + heights)) - lift  # way along the line of sight, km
    level_reach = torch.hypot(grid.east, grid.north)
    flat = (
        EARTH_KM * torch.asin((reach * level_reach / (EARTH_KM + heights)).clamp(-1, 1)) / level_reach.clamp_min(1e-6)
    )
    altitude, azimuth = (torch.deg2rad(torch.tensor(angle)) for angle in zenith)
    # going up a field line leads towards the magnetic zenith's azimuth; `north` on the map is opposite to it
    sin, cos = torch.sin(azimuth), torch.cos(azimuth)
    toward = grid.east * sin + grid.north * cos
    aside = grid.north * sin - grid.east * cos
    rise = (heights - FOOT_KM) / torch.tan(altitude)
    x, y = aside * flat, -(toward * flat - rise)
    places = torch.stack([torch.asinh(x / SCALE_KM), torch.asinh(y / SCALE_KM)], dim=-1) / REACH
    # van Rhijn's lengthening at the height itself, and the air in front
    cosine_there = torch.sqrt(1 - (level_reach * EARTH_KM / (EARTH_KM + heights)) ** 2)
    airmass = 1 / (up + 0.025 * torch.exp(-11 * up))
    path = 10 ** (-0.4 * EXTINCTION * (airmass - 1)) / cosine_there
    return Aurora(
        fields, heights, thickness[:, None, None].to(device),
        places.reshape(1, count * grid.size, grid.size, 2), path,
    )  # fmt: skip


def light(aurora: Aurora, episodes: tuple[Episode, ...], minutes: Tensor, exposure_s: float = 0.0) -> Tensor:
    """The aurora's light in nanolambert before clouds and trees, (batch, 3, size, size), at minutes (batch,).

    It is the mean over an exposure of `exposure_s` seconds about each minute.
    """
    return light_by_episode(aurora, episodes, minutes, exposure_s)[0]


def light_by_episode(
    aurora: Aurora, episodes: tuple[Episode, ...], minutes: Tensor, exposure_s: float = 0.0
) -> tuple[Tensor, Tensor]:
    """What `light` gives, and the sum over the bands of each episode's own, (episodes, batch, size, size)."""
    size = aurora.path.shape[-1]
    seen = torch.zeros(len(minutes), 3, size, size, device=aurora.path.device)
    parts = torch.zeros(len(episodes), len(minutes), size, size, device=aurora.path.device)
    for episode, part in zip(episodes, parts, strict=True):
        kilorayleigh = strength_at(episode, minutes)
        active = kilorayleigh > 0
        if not bool(active.any()):
            continue
        rate = exposed(aurora.fields, episode, minutes[active], exposure_s)
        scale = kilorayleigh[active][:, None, None, None]
        own = scale * _seen(aurora, episode, rate)
        seen[active] += own
        part[active] = own.sum(1)
    return seen, parts


def _seen(aurora: Aurora, episode: Episode, rate: Tensor) -> Tensor:
    """One kilorayleigh of green where the map is 1, (batch, 3, size, size)."""
    count, size, _ = aurora.heights.shape
    high = int((aurora.heights.mean((1, 2)) < SMEARED_KM).sum()) * size
    smeared = functional.avg_pool2d(rate[:, None], (9, 1), 1, (4, 0), count_include_pad=False)
    smeared = functional.avg_pool2d(smeared, (1, 9), 1, (0, 4), count_include_pad=False)
    slices = torch.cat(
        [_sampled(rate[:, None], aurora.places[:, :high]), _sampled(smeared, aurora.places[:, high:])], dim=2
    ).reshape(len(rate), count, 1, size, size)
    weights = _weights(aurora, episode)
    seen = torch.zeros(len(rate), 3, size, size, device=slices.device)
    for height in range(count):  # far quicker than the same sum as one product of matrices
        seen.addcmul_(slices[:, height], weights[height])
    return functional.avg_pool2d(seen, 3, 1, 1, count_include_pad=False)


def _weights(aurora: Aurora, episode: Episode) -> Tensor:
    """One weight for each band, height and pixel, so that the slices are read once; (heights, 3, size, size)."""
    key = (TALL[episode.form], episode.red, episode.purple, episode.green)
    if key not in aurora.weights:
        shares = emission.profiles(aurora.heights, TALL[episode.form]) * aurora.thickness
        shares = shares / shares.sum(1, keepdim=True)
        column = torch.tensor(emission.strengths(episode.red, episode.purple, episode.green), device=shares.device)
        mix = column[:, None] * torch.tensor(aurora.colours, device=shares.device) * emission.NANOLAMBERT
        weights = torch.einsum("lhyx,lc->hcyx", shares, mix) * aurora.path[:, None]
        aurora.weights[key] = weights.contiguous()
    return aurora.weights[key]


def _sampled(maps: Tensor, places: Tensor) -> Tensor:
    places = places.expand(len(maps), -1, -1, -1)
    return functional.grid_sample(maps, places, mode="bilinear", padding_mode="border", align_corners=True)
