"""A night's frames in order, drawn by several threads; each frame's bytes are the same, however many there are.

Threads, not processes: torch lets go of Python's lock while it computes, and they share the night and the pictures.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import torch

from .. import memory
from ..config import Site
from . import scene
from .ephemeris import Ephemeris, ephemeris
from .plan import Plan

BATCH = 5
AHEAD = 3
"""Batches in hand for each thread, so that none waits for the encoder."""


@dataclass(frozen=True)
class Drawn:
    """Some frames as arrays: pictures uint8 (batch, full, full, 3) and, one entry a frame, their truth."""

    pictures: np.ndarray
    mask: np.ndarray
    visible: np.ndarray
    borderline: np.ndarray
    visibility: np.ndarray
    sky_fraction: np.ndarray
    strength: np.ndarray
    cloud_fraction: np.ndarray
    form: np.ndarray
    log_kilorayleigh: np.ndarray


@lru_cache(maxsize=2)
def _prepared(plan: Plan, seed: int, site: Site) -> tuple[scene.Night, Ephemeris]:
    # one thread: sums in another order would change the last bits, and with them the video
    torch.set_num_threads(1)
    memory.keep()
    return scene.make_night(plan, seed, site), ephemeris(plan.times(), site)


def draw(first: int, plan: Plan, seed: int, site: Site) -> Drawn:
    """The BATCH frames of a night from number `first` on."""
    night, places = _prepared(plan, seed, site)
    numbers = slice(first, min(first + BATCH, plan.frames))
    frames = scene.render(night, scene.part(places, numbers), plan.minutes()[numbers], first)
    seen = frames.seen
    return Drawn(
        frames.pictures.permute(0, 2, 3, 1).contiguous().numpy(),
        *(part.numpy() for part in (seen.mask, seen.visible, seen.borderline, seen.visibility, seen.sky_fraction)),
        seen.strength.numpy(),
        *(part.numpy() for part in (frames.cloud_fraction, frames.form, frames.log_kilorayleigh)),
    )


def rendered(plan: Plan, seed: int, site: Site, workers: int = 1) -> Iterator[tuple[int, Drawn]]:
    """All frames of a night in batches, in order, each with the number of its first frame; `workers` threads draw."""
    starts = range(0, plan.frames, BATCH)
    draw_batch = partial(draw, plan=plan, seed=seed, site=site)
    if workers == 1 or len(starts) == 1:
        yield from ((first, draw_batch(first)) for first in starts)
        return
    draw_batch(starts[0])  # prepares the night once for all threads
    # how many threads torch itself starts is a setting of each thread
    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        waiting: deque[tuple[int, Future]] = deque()
        for first in starts:
            waiting.append((first, pool.submit(draw_batch, first)))
            if len(waiting) >= AHEAD * workers:
                number, future = waiting.popleft()
                yield number, future.result()
        while waiting:
            number, future = waiting.popleft()
            yield number, future.result()
