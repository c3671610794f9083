"""The classifier of the current folder, kept in memory by every process that works on nights or batches with it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from torch import nn

from .. import memory
from .heads import Heads, load_heads
from .network import CARD, CLASSIFIER, MODELS, ModelCard, fix_threads, load_classifier


def classifier() -> tuple[nn.Module, ModelCard, Heads | None]:
    """The network in evaluation mode without gradients, its card and its further heads; read again when they change.

    Raises
    ------
    InputError
        As `network.load_classifier`.
    """
    files = [(MODELS / name).resolve() for name in (CLASSIFIER, CARD)]
    return _read(*((path, path.stat().st_mtime_ns if path.exists() else 0) for path in files))


@lru_cache(maxsize=1)
def _read(*files: tuple[Path, int]) -> tuple[nn.Module, ModelCard, Heads | None]:
    memory.keep()
    fix_threads()
    network, card = load_classifier()
    return network.requires_grad_(False), card, load_heads()
