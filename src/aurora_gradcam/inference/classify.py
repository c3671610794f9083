"""The one path from pictures to predictions: evaluation and every later use classify through here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd
import torch

from ..parallel import worker_count
from ..tables.kinds import CLASSES
from ..training.calibration import aurora_probability
from ..training.heads import Heads, outputs_of, pooled
from ..training.transforms import for_evaluation

if TYPE_CHECKING:
    from ..training.network import ModelCard

Item = TypeVar("Item")
Result = TypeVar("Result")


def helpers(network: torch.nn.Module) -> int:
    """Threads that prepare pictures while the network works: `worker_count()` beside an accelerator, else none.

    On a CPU the network itself keeps every core busy, and threads beside it gave no more frames a second.
    """
    return 0 if next(network.parameters()).device.type == "cpu" else worker_count()


def ahead(function: Callable[[Item], Result], items: Iterable[Item], threads: int, depth: int) -> Iterator[Result]:
    """`map(function, items)` in order, worked out by threads up to `depth` items before they are asked for.

    Without threads a plain map. Only the calling thread draws from `items`.
    """
    if not threads:
        yield from map(function, items)
        return
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > depth:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def classify(network: torch.nn.Module, card: ModelCard, pictures: Iterable[np.ndarray], batch_size: int) -> np.ndarray:
    """Logits of pictures, on the device that the network lies on.

    Parameters
    ----------
    network
        In evaluation mode.
    card
        The model's input size, mean and standard deviation.
    pictures
        uint8 RGB, shape (height, width, 3); drawn lazily, so that a whole season fits.
    batch_size
        Pictures at a time; changes the logits by no more than the rounding of float32.

    Returns
    -------
    float64, shape (n, 2), columns no and yes.
    """
    return classify_kinds(network, card, pictures, batch_size, None)[0]


def classify_kinds(
    network: torch.nn.Module, card: ModelCard, pictures: Iterable[np.ndarray], batch_size: int, heads: Heads | None
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """`classify`, and in the same pass what the further heads say (`kinds.kind_columns` takes it); empty without."""
    place = next(network.parameters()).device
    inputs = ahead(for_evaluation(card.image_size, card.mean, card.std), pictures, helpers(network), batch_size)
    logits, outputs = [], []
    collected: AbstractContextManager[list[torch.Tensor]] = pooled(network) if heads else nullcontext([])
    with torch.inference_mode(), collected as features:
        while batch := list(islice(inputs, batch_size)):
            stack = torch.stack(batch).to(place, memory_format=torch.channels_last)
            logits.append(network(stack).double().cpu().numpy())
            outputs.append(heads(features.pop().float()) if heads else {})
    if not logits:
        return np.empty((0, 2)), {name: np.empty((0, *_width(name))) for name in heads or ()}
    joined = {name: torch.cat([row[name] for row in outputs]).double().cpu().numpy() for name in outputs[0]}
    return np.concatenate(logits), joined


def _width(head: str) -> tuple[int, ...]:
    return (outputs_of(head),) if head in CLASSES else ()


def predictions(
    frame_ids: Sequence[Hashable], logits: np.ndarray, temperature: float, threshold: float
) -> pd.DataFrame:
    """Rows of the predictions table; a frame is aurora from `threshold` on."""
    p_aurora = aurora_probability(logits, temperature)
    return pd.DataFrame(
        {
            "frame_id": list(frame_ids),
            "logit_no": logits[:, 0],
            "logit_yes": logits[:, 1],
            "p_aurora": p_aurora,
            "is_aurora": p_aurora >= threshold,
        }
    )
