"""Whether a picture shows a night sky at all, by what the model learnt of simulated skies."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import load_file

from ..pretraining import no_sky
from ..training.network import CLASSIFIER, ModelCard


class Judging:
    """Judges the pictures of one classification: each is noted before it goes into the network."""

    def __init__(self, limits: no_sky.Limits, size: int, features: list[torch.Tensor]) -> None:
        self._limits, self._size, self._features = limits, size, features
        self._waiting: deque[torch.Tensor] = deque()
        self._reasons: list[str] = []

    def note(self, picture: np.ndarray) -> None:
        """Take the next picture, a square frame, uint8 RGB."""
        self._judge()
        small = cv2.resize(picture, (self._size, self._size), interpolation=cv2.INTER_AREA)
        self._waiting.append(torch.from_numpy(small.transpose(2, 0, 1)))

    def reasons(self) -> list[str]:
        """Of every picture why it shows no night sky, empty where it may show one; all must have been classified."""
        self._judge()
        return self._reasons

    def _judge(self) -> None:
        while self._features:
            of_batch = self._features.pop(0)
            pictures = torch.stack([self._waiting.popleft() for _ in of_batch])
            self._reasons += [reason or "" for reason in no_sky.reasons(pictures, of_batch, self._limits)]


class SkyCheck:
    """The check by limits of a network's early features, which are collected while the network classifies."""

    def __init__(self, limits: no_sky.Limits, network: torch.nn.Module, card: ModelCard) -> None:
        self._limits, self._network, self._size = limits, network, card.image_size

    @contextmanager
    def judging(self) -> Iterator[Judging]:
        """Judge the pictures that the network classifies within the block, in their order."""
        with no_sky.pooled(self._network) as features:
            yield Judging(self._limits, self._size, features)


def load_sky_check(folder: Path, network: torch.nn.Module, card: ModelCard) -> SkyCheck | None:
    """The check whose limits are kept beside the network's weights; None where there are none.

    Raises
    ------
    InputError
        The limits are not usable.
    """
    limits = no_sky.from_tensors(load_file(folder / CLASSIFIER), folder / CLASSIFIER)
    return SkyCheck(limits, network, card) if limits else None
