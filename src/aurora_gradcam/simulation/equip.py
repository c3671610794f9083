"""Equipment drawn at random for the cameras that a network is trained with; every share and range by choice.

They are wide, so that any camera lies within them, and taken from what makers, programs and textbooks describe: none is
fitted to the pictures of a real camera.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from . import markings, transients
from .equipment import Equipment, Faults, Films, Framing, Markings, Optics, Stretch, Transients

BLOOM = 0.5
"""Share of cameras whose lens or dome scatters more of the Moon's light than `moon.GLARE`."""
SPIKES, SMEAR = 0.3, 0.05
STRETCHED = 0.35
LOCAL = 0.35
"""Share of stretching programs that add local contrast."""
FAULTY = 0.35
CUT = 0.2
CHORDS = 0.06
SMALL = 0.2
"""Share of pictures blown up from `ORIGINALS`, pixels from side to side of the circle."""
ORIGINALS = (100, 300)
MARKED = 0.25
VISITED = 0.25
"""Share of nights in which something passes through the picture."""
DIRTY = {"web": 0.03, "flowers": 0.03, "dew": 0.04, "ring": 0.04, "creatures": 0.03}
"""Shares of domes with each of `Films`."""
STORED = 0.8
"""Share of pictures stored as JPEG, of any quality in `QUALITIES`."""
QUALITIES = (30, 95)


def random_equipment(generator: Generator, share: float = 1.0, stretched: float = STRETCHED) -> Equipment:
    """Equipment of a random camera; `share` below 1 makes each part rarer by that factor.

    `stretched` is the share of pictures with an automatic stretch.
    """

    def has(chance: float) -> bool:
        return bool(generator.random() < share * chance)

    return Equipment(
        _optics(generator) if has(BLOOM) else Optics(),
        _stretch(generator) if has(stretched) else None,
        _faults(generator) if has(FAULTY) else Faults(),
        _framing(generator, has(CUT), has(CHORDS), has(SMALL)),
        _markings(generator) if has(MARKED) else Markings(),
        _transients(generator) if has(VISITED) else Transients(),
        _films(generator, share),
        int(generator.integers(QUALITIES[0], QUALITIES[1] + 1)) if has(STORED) else 0,
    )


def _between(generator: Generator, low: float, high: float) -> float:
    return float(np.exp(generator.uniform(np.log(low), np.log(high))))


def _seed(generator: Generator) -> int:
    return int(generator.integers(2**31))


def _optics(generator: Generator) -> Optics:
    ghosts = tuple(
        (
            float(generator.uniform(-1.2, 0.8)),
            _between(generator, 0.01, 0.12),
            _between(generator, 0.005, 0.4),
            tuple((0.3 + 1.2 * generator.random(3)).tolist()),
        )
        for _ in range(int(generator.choice([0, 1, 2, 4], p=[0.4, 0.25, 0.2, 0.15])))
    )
    spikes = int(generator.choice([2, 4, 6, 8, 12, 14])) if generator.random() < SPIKES else 0
    return Optics(
        bloom=_between(generator, 0.02, 0.2),
        fall=float(generator.uniform(1.7, 3.2)),
        spikes=spikes,
        turn=float(generator.uniform(0, np.pi)),
        spike=_between(generator, 0.1, 1.5) if spikes else 0.0,
        ghosts=ghosts,
        smear=_between(generator, 0.1, 5.0) if generator.random() < SMEAR else 0.0,
    )


def _stretch(generator: Generator) -> Stretch:
    percentiles = generator.random() < 0.8
    local = generator.random() < LOCAL
    return Stretch(
        low=_between(generator, 0.05, 10) if percentiles else 0.0,
        high=100 - _between(generator, 0.05, 5) if percentiles else 100.0,
        white=float(generator.uniform(150, 255)) if percentiles else 255.0,
        gamma=float(generator.uniform(0.6, 1.8)),
        steepest=_between(generator, 1.5, 10),
        by_colour=bool(generator.random() < 0.15),
        clip=_between(generator, 1.2, 4.0) if local else 0.0,
        tiles=int(generator.integers(2, 9)),
        local=float(generator.uniform(0.3, 1.0)),
    )


def _faults(generator: Generator) -> Faults:
    def some(chance: float, low: float, high: float) -> float:
        return _between(generator, low, high) if generator.random() < chance else 0.0

    return Faults(
        _seed(generator),
        hot=some(0.6, 2e-5, 4e-3),
        rows=some(0.3, 0.3, 4.0),
        columns=some(0.3, 0.3, 4.0),
        wave=some(0.15, 0.5, 4.0),
        period=_between(generator, 3, 60),
        glow=some(0.3, 10, 150),
        corner=float(generator.uniform(0, 360)),
    )


def _framing(generator: Generator, cut: bool, chords: bool, small: bool) -> Framing:
    reach = np.ones(4)
    if cut:
        # sensors are wider than high; a few stand upright, and the circle is not always in their middle
        sides = (1, 3) if generator.random() < 0.85 else (0, 2)
        both = generator.uniform(0.6, 0.98)
        for side in sides:
            reach[side] = np.clip(both + generator.normal(0, 0.06), 0.5, 1.0)
        if generator.random() < 0.25:
            reach[int(generator.choice(sides))] = 1.0
    left, top, right, bottom = reach.tolist()
    lines = int(generator.integers(1, 4)) if chords else 0
    return Framing(
        (left, top, right, bottom),
        tuple((float(generator.uniform(0, 360)), float(generator.uniform(0.6, 0.95))) for _ in range(lines)),
        int(generator.integers(ORIGINALS[0], ORIGINALS[1] + 1)) if small else 0,
        str(generator.choice(["nearest", "bilinear", "bicubic"], p=[0.15, 0.5, 0.35])),
    )


def _markings(generator: Generator) -> Markings:
    count = int(generator.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))
    kinds = generator.choice(markings.KINDS, count, replace=False, p=markings.SHARES)
    return Markings(_seed(generator), tuple(str(kind) for kind in kinds))


def _transients(generator: Generator) -> Transients:
    count = int(generator.choice([1, 2], p=[0.8, 0.2]))
    kinds = generator.choice(transients.KINDS, count, replace=False, p=transients.SHARES)
    return Transients(_seed(generator), tuple(str(kind) for kind in kinds), float(generator.uniform(0.3, 1)))


def _films(generator: Generator, share: float) -> Films:
    amounts = {
        kind: float(generator.uniform(0.1, 1)) for kind, chance in DIRTY.items() if generator.random() < share * chance
    }
    if not amounts:
        return Films()
    creatures = amounts.pop("creatures", 0.0)
    return Films(_seed(generator), **amounts, creatures=round(4 * creatures + 0.5) if creatures else 0,
                 lit=_between(generator, 0.5, 6.0))  # fmt: skip
