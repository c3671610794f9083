"""What clouds of each kind look like, and drawing the clouds of one night."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .noise import billows, field, ripples
from .plan import CloudLayer


@dataclass(frozen=True)
class Kind:
    """Shape of a kind of cloud; lengths in km, chosen to look like photographs.

    `height` is that of the layer (WMO International Cloud Atlas, 2017, gives the ranges), `period` the side of the tile
    of large shapes, `slope` how fast their amplitude falls with frequency, `stretch` how much longer than wide they
    are, `warp` how far they are bent. `cells` are the fine structure: its tile's side, its share beside the large
    shapes, its size. `edge` is the softness of the rim in deviations of the shapes, `relief` the unevenness below,
    `sides` how much more of the sky they cover when seen from the side, in deviations for each path through them.
    """

    height: float
    period: float
    slope: float
    stretch: float
    warp: float
    cells: tuple[float, float, float]
    edge: float
    relief: float
    sides: float


KINDS = {
    "cirrus": Kind(9.0, 150.0, 1.7, 2.2, 6.0, (60.0, 0.7, 1.5), 2.1, 0.12, 0.0),
    "altocumulus": Kind(4.0, 70.0, 1.7, 1.2, 0.9, (12.0, 0.75, 0.32), 2.0, 0.2, 0.05),
    "cumulus": Kind(2.0, 28.0, 1.6, 1.2, 0.7, (9.0, 0.45, 0.35), 1.1, 0.3, 0.25),
    "stratus": Kind(1.0, 18.0, 1.8, 1.5, 0.4, (7.0, 0.2, 0.5), 1.8, 0.2, 0.1),
}


@dataclass(frozen=True)
class Layer:
    """A layer of one night: its fields and what was drawn for it.

    `large` (4, n, n) are two fields of large shapes and the two parts of the bending, `fine` (2, n, n) the fine
    structure and the relief, `along` the unit vector (east, north) of the streaks. `trail` is the place in km, half
    width in km and depth of a straight band across the sky, as aircraft leave it, or None.
    """

    kind: Kind
    plan: CloudLayer
    large: Tensor
    fine: Tensor
    along: tuple[float, float]
    phase: float
    trail: tuple[float, float, float] | None


Clouds = tuple[Layer, ...]


def _uniform(low: float, high: float, generator: torch.Generator) -> float:
    return low + (high - low) * float(torch.rand((), generator=generator))


def _fine(name: str, kind: Kind, size: int, generator: torch.Generator) -> Tensor:
    """The fine structure of a kind, drawn along x; some nights have bands across instead of streaks or flakes."""
    banded = _uniform(0, 1, generator) < 0.3
    if name == "cumulus":
        # heaped tops, torn at their rims
        return 0.7 * billows(size, kind.cells[0] / 2.4, generator) + 0.7 * field(size, 1.15, generator)
    if name == "cirrus" and not banded:
        return field(size, 1.35, generator, stretch=12.0)
    if name == "stratus":
        return field(size, 1.5, generator, stretch=1.5)
    # a band or flake and the gap beside it are about twice as wide as the flake
    count = kind.cells[0] / kind.cells[2] / 2
    flakes = ripples(size, count, generator, stretch=5.0 if banded else 1.3)
    # their size and strength differ from place to place
    patches = 1 + 0.5 * field(size, 1.7, generator).clamp(-1.6, 1.6)
    return (flakes * patches + 0.7 * field(size, 1.1, generator)) / 1.3


def make_clouds(
    layers: tuple[CloudLayer, ...],
    field_size: int,
    generator: torch.Generator,
    device: torch.device | str = "cpu",
) -> Clouds:
    """Draw the clouds of a night from fields (field_size, field_size); no layers give an empty tuple.

    The fields are drawn on the CPU and moved to `device`.

    Raises
    ------
    KeyError : a layer's kind is not in `plan.CLOUD_KINDS`.
    """
    clouds = []
    for plan in layers:
        kind = KINDS[plan.kind]
        stretch = kind.stretch * _uniform(0.8, 1.4, generator)
        shapes = [field(field_size, kind.slope, generator, stretch) for _ in range(2)]
        bends = [field(field_size, 2.6, generator) for _ in range(2)]
        fine = _fine(plan.kind, kind, field_size, generator)
        relief = 0.6 * field(field_size, 1.7, generator, 1.5) + 0.6 * fine
        # streaks lie about along the wind, as ice falls out of the moving heads of cirrus
        angle = math.atan2(plan.wind[1], plan.wind[0]) + _uniform(-0.5, 0.5, generator)
        trail = None
        if plan.kind == "cirrus" and _uniform(0, 1, generator) < 0.35:
            trail = (_uniform(-14, 14, generator), _uniform(0.25, 1.6, generator), _uniform(0.2, 0.7, generator))
        layer = Layer(
            kind,
            plan,
            torch.stack([*shapes, *bends]).to(device),
            torch.stack([fine, relief]).to(device),
            (math.cos(angle), math.sin(angle)),
            _uniform(0, 1, generator),
            trail,
        )
        clouds.append(layer)
    return tuple(clouds)
