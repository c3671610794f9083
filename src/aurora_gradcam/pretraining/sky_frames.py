"""Simulated frames for pretraining: drawn by several processes, reduced, and kept in memory."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from multiprocessing import get_context, parent_process
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .. import memory, parallel
from ..errors import DataError

Draw = Callable[..., Any]
"""`draw(indices, seed, size)` -> pictures uint8 (n, 3, size, size), visibility (n,), borderline (n,) and, where it
knows them, mask (n, cells, cells), cloud, form and strength (n,). A module-level function; frame i depends on (seed, i)
alone."""
NIGHT = 4
"""So many frames in a row share a night; a chunk of work holds whole nights."""
CHUNK = 32
UNKNOWN = -1
"""Place of a class that is not known."""
BEHIND = 10
"""How far those who draw stand back (`nice`) for the training that they draw ahead of."""
FURTHER = {"cloud": torch.int64, "form": torch.int64, "strength": torch.float32}
"""Truths beside the aurora's, and their types."""
HELD_OUT = 1_000_000_000
STATISTICS = 1_500_000_000
"""Where the indices of the held-out frames, and of those for BatchNorm's statistics, begin: no round gets there."""


@dataclass(frozen=True)
class Frames:
    """Simulated frames and their truth; what the draw does not know is None.

    `pictures` are uint8 (n, 3, size, size); `visibility` float32 (n,), from 1 on aurora is clearly visible;
    `borderline` bool (n,); `masks` float32 (n, 1, cells, cells), the share of each cell where aurora counts.
    `cloud` and `form` are int64 (n,), places in `heads.CLASSES` or UNKNOWN; `strength` float32 (n,), decimal logarithm
    of kilorayleigh, NaN where unknown.
    """

    pictures: Tensor
    visibility: Tensor
    borderline: Tensor
    masks: Tensor | None = None
    cloud: Tensor | None = None
    form: Tensor | None = None
    strength: Tensor | None = None

    def __len__(self) -> int:
        return len(self.pictures)

    def part(self, chosen: Tensor | slice) -> Frames:
        """The chosen frames."""
        columns = (getattr(self, column.name) for column in fields(self))
        return Frames(*cast(Any, tuple(None if column is None else column[chosen] for column in columns)))


def soft_labels(visibility: Tensor, steepness: float) -> Tensor:
    """Chance that an observer says yes, (n,): sigmoid(steepness ln visibility), one half at the threshold of 1."""
    return torch.sigmoid(steepness * torch.log(visibility))


def batches(count: int, batch_size: int, generator: torch.Generator | None = None) -> list[Tensor]:
    """Indices in batches of at most `batch_size`, as even as can be; shuffled where there is a generator."""
    order = torch.arange(count) if generator is None else torch.randperm(count, generator=generator)
    return list(order.tensor_split(math.ceil(count / batch_size)))


class Studio:
    """Draws frames; on as many processes as `parallel.worker_count()` says, which changes no frame."""

    def __init__(self, draw: Draw, seed: int, image_size: int, pool: ProcessPoolExecutor | None) -> None:
        self.draw, self.seed, self.image_size, self.pool = draw, seed, image_size, pool

    def begin(self, first: int, count: int, size: int) -> Callable[[], Frames]:
        """Have frames first .. first + count - 1 drawn and reduced to `size`; call the result to wait for them."""
        numbers = [range(at, min(at + CHUNK, first + count)) for at in range(first, first + count, CHUNK)]
        work = partial(_drawn, self.draw, self.seed, self.image_size, size)
        if self.pool is None:
            return lambda: _joined(_on_one_thread(work, numbers))
        futures: list[Future] = [self.pool.submit(work, chunk) for chunk in numbers]
        return lambda: _joined(future.result() for future in futures)


@contextmanager
def studio(draw: Draw, seed: int, image_size: int) -> Iterator[Studio]:
    """A studio whose processes live as long as the block."""
    workers = parallel.worker_count()
    if workers == 1:
        yield Studio(draw, seed, image_size, None)
        return
    # spawn, not fork: a forked child inherits the locks of torch's and OpenMP's threads and can hang on them
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_prepare_worker)
    try:
        yield Studio(draw, seed, image_size, pool)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _prepare_worker() -> None:
    torch.set_num_threads(1)
    os.nice(BEHIND)
    memory.keep()
    # a killed parent cannot end its workers: each watches for that itself, or it would wait for work for ever
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)


def _on_one_thread(work: Callable, chunks: Sequence[range]) -> list[tuple]:
    # as in a worker: sums over more threads may round differently
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [work(chunk) for chunk in chunks]
    finally:
        torch.set_num_threads(before)


def _drawn(draw: Draw, seed: int, image_size: int, size: int, numbers: range) -> tuple[np.ndarray | None, ...]:
    skies = draw(list(numbers), seed=seed, size=image_size)
    expected = (len(numbers), 3, image_size, image_size)
    if tuple(skies.pictures.shape) != expected or skies.pictures.dtype != torch.uint8:
        raise DataError(f"simulated pictures are {tuple(skies.pictures.shape)} and not uint8 {expected}", numbers)
    pictures = skies.pictures
    if size != image_size:
        small = functional.interpolate(pictures.float(), (size, size), mode="bilinear", antialias=True)
        pictures = small.round().clamp(0, 255).to(torch.uint8)
    mask = getattr(skies, "mask", None)
    tensors = (
        pictures,
        skies.visibility.float(),
        skies.borderline.bool(),
        None if mask is None else mask.float().reshape(len(numbers), 1, *mask.shape[-2:]),
        *(_truth(skies, name, kind) for name, kind in FURTHER.items()),
    )
    # arrays travel between processes as bytes; tensors would each hold a file descriptor open. The way loses the order
    # of the axes in memory, on which the rounding of later sums depends: it is the plain one from the beginning
    return tuple(None if tensor is None else tensor.cpu().contiguous().numpy() for tensor in tensors)


def _truth(skies: Any, name: str, kind: torch.dtype) -> Tensor | None:
    truth = getattr(skies, name, None)
    return None if truth is None else truth.to(kind)


def _joined(chunks: Iterator[tuple] | list[tuple]) -> Frames:
    columns = zip(*chunks, strict=True)
    tensors = (None if column[0] is None else torch.from_numpy(np.concatenate(column)) for column in columns)
    return Frames(*cast(Any, tuple(tensors)))
