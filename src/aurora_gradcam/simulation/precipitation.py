"""Where electrons fall: maps of precipitation at 100 km height, 1 where an aurora of its form is brightest.

The maps are drawn, not computed from the magnetosphere: arcs, folds, curls, streaks and patches of sizes and speeds as
all-sky imagers see them. Positions are bent by a flow without sources, which gives folds and swirls that look alike to
those of sheared plasma (Hallinan 1976, J. Geophys. Res. 81, 3959), and wound up into spirals.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
import torch
from torch import Tensor

from .noise import field, line, look_up, look_up_all, look_up_line
from .plan import Episode

SCALE_KM, REACH = 60.0, 3.25
"""The map's samples lie at SCALE_KM sinh(u), u in -REACH..REACH: densely overhead, thinly towards the horizon."""
RAMP_MINUTES = 1.2
FAINTEST = -1.5
"""Decimal logarithm of the kilorayleigh from which a course is drawn: a thirtieth of what is visible on a dark sky."""
LONG_S, MOMENTS = 6.0, 2
"""Exposures in seconds that are longer are the mean of so many moments at each place of the map; within shorter ones
aurora moves by less than a sample of the map."""
FLOW_KM = 420.0
EPISODES, NUMBERS = 64, 32


@dataclass(frozen=True)
class Fields:
    """What a night's maps are drawn from."""

    east: Tensor  # (map, map) km, magnetic
    north: Tensor
    flow: Tensor  # (2, size, size) displacement without sources, unit deviation
    streaks: Tensor  # (size, size) drawn out along x
    blobs: Tensor
    rays: Tensor  # (length,)
    slow: Tensor
    wander: Tensor
    numbers: Tensor  # (EPISODES, NUMBERS) uniform 0..1: what makes one aurora differ from the next


def make_fields(map_size: int, generator: torch.Generator, device: torch.device | str) -> Fields:
    """Draw a night's fields on the CPU and move them to `device`."""
    step = SCALE_KM * torch.sinh(torch.linspace(-REACH, REACH, map_size))
    north, east = torch.meshgrid(step, step, indexing="ij")
    stream = field(192, 3.1, generator)
    flow = torch.stack([torch.roll(stream, 1, 0) - torch.roll(stream, -1, 0),
                        torch.roll(stream, -1, 1) - torch.roll(stream, 1, 1)])  # fmt: skip
    tensors = (
        east, north, flow / flow.std(), field(192, 1.45, generator, stretch=6.0), field(192, 1.6, generator),
        line(2048, 0.5, generator), line(512, 1.1, generator), line(512, 2.2, generator),
        torch.rand(EPISODES, NUMBERS, generator=generator),
    )  # fmt: skip
    return Fields(*(tensor.to(device) for tensor in tensors))


def level(episode: Episode, minutes: Tensor) -> Tensor:
    """How far an episode has risen, 0..1, at minutes (batch,)."""
    rise = ((minutes - episode.start) / RAMP_MINUTES).clamp(0, 1)
    fall = ((episode.end - minutes) / RAMP_MINUTES).clamp(0, 1)
    return torch.minimum(rise, fall) ** 2 * (3 - 2 * torch.minimum(rise, fall))


def _between_knots(knots: tuple[tuple[float, float], ...], minutes: Tensor) -> Tensor:
    """Values (batch,) at minutes (batch,) of a line through (minute, value); constant beyond its ends."""
    at, values = np.array(knots).T
    read = np.interp(minutes.detach().cpu().double().numpy(), at, values)
    return torch.as_tensor(read, dtype=minutes.dtype, device=minutes.device)


def strength_at(episode: Episode, minutes: Tensor) -> Tensor:
    """Strength in kilorayleigh at minutes (batch,), (batch,): 0 where nothing is drawn."""
    if not episode.course:
        return episode.strength * level(episode, minutes)
    logarithm = _between_knots(episode.course, minutes)
    return torch.where(logarithm > FAINTEST, 10**logarithm, 0.0)


def north_at(episode: Episode, minutes: Tensor) -> Tensor | float:
    """Place in km to the magnetic north at minutes (batch, ...); one number where it does not move.

    The minutes of one entry lie close together: between the first and the last of them the way is straight.
    """
    if not episode.path:
        return episode.north_km
    each = minutes.reshape(len(minutes), -1)
    first, last = each.amin(1), each.amax(1)
    begin, end = _between_knots(episode.path, first), _between_knots(episode.path, last)
    speed = (end - begin) / (last - first).clamp_min(1e-6)
    return (begin[:, None] + speed[:, None] * (each - first[:, None])).view_as(minutes)


def exposed(fields: Fields, episode: Episode, minutes: Tensor, exposure_s: float) -> Tensor:
    """The map of one episode, mean over an exposure about minutes (batch,), (batch, map, map)."""
    if exposure_s <= LONG_S:
        return precipitation(fields, episode, minutes)
    # each place has its own moments within the exposure, or the curtains would show as so many copies
    own = _moments(fields.east.shape[-1]).to(fields.east.device)
    total = 0
    for k in range(MOMENTS):
        shift = ((k + own) / MOMENTS - 0.5) * (exposure_s / 60)
        total = total + precipitation(fields, episode, minutes[:, None, None] + shift)
    return total / MOMENTS


@lru_cache(maxsize=4)
def _moments(map_size: int) -> Tensor:
    """A moment 0..1 for each place of a map, (map, map)."""
    return torch.rand(map_size, map_size, generator=torch.Generator().manual_seed(map_size))


def precipitation(fields: Fields, episode: Episode, minutes: Tensor) -> Tensor:
    """The map of one episode, (batch, map, map), at minutes (batch,) or at those of each place (batch, map, map)."""
    t = minutes if minutes.dim() == 3 else minutes[:, None, None]
    # an episode's numbers hang on itself, not on the others of its night
    name = f"{episode.form} {episode.start} {episode.end} {episode.north_km}"
    own = fields.numbers[crc32(name.encode()) % EPISODES].tolist()
    turn = torch.deg2rad(torch.tensor(episode.turn))
    east = fields.east * torch.cos(turn) + fields.north * torch.sin(turn)
    north = fields.north * torch.cos(turn) - fields.east * torch.sin(turn) - north_at(episode, t)
    x, y = _bent(fields, episode, east[None], north if north.dim() == 3 else north[None], t, own)
    drawn = {"diffuse": _diffuse, "patchy": _patchy}.get(episode.form, _curtains)
    return drawn(fields, episode, x, y, t, own) / PEAKS[episode.form]


PEAKS = {"arc": 1.15, "band": 1.85, "rays": 2.5, "corona": 3.35, "diffuse": 0.93, "patchy": 1.0}
"""Medians of the maps' maxima over many nights, by which they are divided to be about 1 where they are brightest."""


def _between(low: float, high: float, share: float) -> float:
    return low + (high - low) * share


BENDS = {
    "arc": (4, 22),
    "band": (25, 85),
    "rays": (15, 60),
    "corona": (50, 110),
    "diffuse": (35, 150),
    "patchy": (20, 60),
}
"""Least and greatest displacement in km, by form."""


def _bent(
    fields: Fields, episode: Episode, east: Tensor, north: Tensor, t: Tensor, own: list[float]
) -> tuple[Tensor, Tensor]:
    bend = _between(*BENDS[episode.form], own[0])
    length = FLOW_KM * _between(0.8, 2.0, own[1])
    drift = _between(-16.0, 16.0, own[2])
    # a large swirl and a small one that travels faster; both change shape as they slip through each other
    wide = look_up_all(
        fields.flow, (east + drift * t) / (2.2 * length) + own[3], (north + 2.0 * t) / (2.2 * length) + own[4]
    )
    fine = look_up_all(
        fields.flow, (east + 2.4 * drift * t) / (0.8 * length) + own[5], north / (0.8 * length) + 0.012 * t
    )
    share = {"corona": 0.75, "rays": 0.35, "diffuse": 0.15}.get(episode.form, 0.25)
    x = east + bend * (wide[:, 0] + share * fine[:, 0])
    y = north + bend * (wide[:, 1] + share * fine[:, 1])
    curls = {"band": 0.5, "diffuse": 0.45, "rays": 0.3, "arc": 0.1}.get(episode.form, 0.0)
    if own[6] < curls:
        x, y = _wound(x, y, t, own)
    return x, y


def _wound(x: Tensor, y: Tensor, t: Tensor, own: list[float]) -> tuple[Tensor, Tensor]:
    """Wind the map up around one place, as in spirals and curls."""
    radius = _between(45.0, 190.0, own[7] ** 1.5)
    u, v = x - _between(-160.0, 160.0, own[20]) + 5.0 * t, y - _between(-40.0, 40.0, own[21])
    angle = _between(1.2, 4.6, own[10]) * torch.exp(-(u**2 + v**2) / radius**2)
    cos, sin = torch.cos(angle), torch.sin(angle)
    return x + (cos - 1) * u - sin * v, y + sin * u + (cos - 1) * v


CURTAINS = {
    # form: (most curtains, width km, spacing km, rays, length of a ray pattern km)
    "arc": (2, (4.0, 14.0), (35.0, 110.0), 0.15, 900.0),
    "band": (4, (5.0, 20.0), (25.0, 90.0), 0.45, 700.0),
    "rays": (3, (3.0, 9.0), (30.0, 90.0), 0.95, 520.0),
    "corona": (5, (9.0, 24.0), (18.0, 45.0), 0.9, 460.0),
}


def _curtains(fields: Fields, episode: Episode, x: Tensor, y: Tensor, t: Tensor, own: list[float]) -> Tensor:
    most, widths, spacings, rayed, pattern = CURTAINS[episode.form]
    curtains = 1 + int(own[11] * most * 0.999) if episode.form != "corona" else 3 + int(own[11] * 2.99)
    width, spacing = _between(*widths, own[12]), _between(*spacings, own[13])
    rayed = rayed * _between(0.6, 1.0, own[14]) if episode.form != "arc" else rayed * own[14]
    extent = _between(350.0, 2600.0, own[15])
    glow = _between(0.03, 0.2, own[16] ** 2)
    total = torch.zeros_like(y)
    for k in range(curtains):
        shift = own[17] + 0.231 * k
        middle = (k - (curtains - 1) / 2) * spacing * (0.8 + 0.4 * own[22 + k])
        slow = look_up_line(fields.slow, (x + (6.0 - 9.0 * k) * t) / 2200 + shift)
        strength = torch.sigmoid(1.5 * slow + 0.9) * torch.exp(-(((x - (own[27] - 0.5) * 600) / extent) ** 2))
        wander = 0.4 * spacing * look_up_line(fields.wander, (x - 4.0 * t) / 3500 + 2 * shift)
        distance = (y - middle - wander) / (width * (0.7 + 0.7 * strength))
        # the poleward side fades slowly, the equatorward edge is sharp
        side = torch.where(distance > 0, 0.55 * distance, distance)
        curtain = torch.exp(-(side**2))
        if rayed > 0.05:
            along = x + 0.35 * (y - middle) + (14.0 + 8.0 * k) * t
            fine = look_up_line(fields.rays, along / pattern + 1.7 * shift)
            coarse = look_up_line(fields.rays, (along - 20.0 * t) / (5.3 * pattern) + shift)
            curtain = curtain * ((1 - rayed) + rayed * torch.exp(0.75 * fine + 0.6 * coarse - 0.55).clamp_max(3.2))
        # soft light about each curtain
        total = total + strength * (1 - 0.12 * k) * (curtain + glow * torch.exp(-((distance / 4.5) ** 2)))
    return total


def _diffuse(fields: Fields, episode: Episode, x: Tensor, y: Tensor, t: Tensor, own: list[float]) -> Tensor:
    depth, size = episode.extent * _between(60.0, 240.0, own[11]), _between(260.0, 700.0, own[12])
    # one side is often a clear edge, the other fades
    edge = _between(0.25, 1.0, own[19])
    side = torch.where(y < 0, y / (edge * depth), y / depth)
    veil = torch.exp(
        -(side**2) - ((x - 400 * (own[13] - 0.5)) / (episode.extent * _between(300.0, 1500.0, own[14]))) ** 2
    )
    streaks = look_up(fields.streaks, (x + 9.0 * t) / (1.9 * size) + own[15], y / size + 0.004 * t + own[16])
    blobs = look_up(fields.blobs, (x + 5.0 * t) / 1300 + own[17], y / 1300 + 0.006 * t)
    contrast = _between(0.7, 1.5, own[18])
    drawn = veil * torch.sigmoid(0.7 + contrast * (1.7 * streaks + 1.0 * blobs))
    return drawn * _striated(fields, episode, x, y, t, own) if episode.striations else drawn


def _striated(fields: Fields, episode: Episode, x: Tensor, y: Tensor, t: Tensor, own: list[float]) -> Tensor:
    """Share 0..1 of a diffuse aurora that dark striations leave.

    Lanes some 5 to 20 km wide and ten times as long, along the aurora, that drift with it (Royrvik & Davis 1977, J.
    Geophys. Res. 82, 4720).
    """
    size = _between(220.0, 420.0, own[23])
    lanes = look_up(fields.streaks, (x + 9.0 * t) / (2.5 * size) + own[24], y / size + 0.003 * t + own[25])
    return 1 - episode.striations * torch.sigmoid(4.0 * (lanes - 0.4))


def _patchy(fields: Fields, episode: Episode, x: Tensor, y: Tensor, t: Tensor, own: list[float]) -> Tensor:
    size = _between(180.0, 480.0, own[11])
    patches = look_up(fields.blobs, (x + 3.0 * t) / size + own[12], y / size + own[13])
    patches = torch.sigmoid(_between(2.5, 7.0, own[14]) * (patches - _between(0.3, 1.2, own[15])))
    envelope = torch.exp(-((y / _between(120.0, 330.0, own[16])) ** 2))
    # neighbours pulsate out of step, with periods of 5 to 30 s (Nishimura et al. 2020, Space Sci. Rev. 216, 4)
    phase = 6.0 * look_up(fields.blobs, x / 900 + own[17], y / 900 + own[18])
    beat = 0.5 + 0.5 * torch.sin(phase + 2 * torch.pi * 60.0 * t / _between(5.0, 30.0, own[19]))
    return patches * envelope * (1 - episode.pulsation + episode.pulsation * beat)
