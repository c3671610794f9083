"""Whether a picture shows a night sky at all, by what the model learnt of simulated skies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import load_file

from ..pretraining import no_sky
from ..training.network import CLASSIFIER, ModelCard
from ..training.transforms import for_evaluation

SkyCheck = Callable[[np.ndarray], str]
"""A square frame, uint8 RGB -> why it shows no night sky; empty where it may show one."""


def load_sky_check(folder: Path, network: torch.nn.Module, card: ModelCard) -> SkyCheck | None:
    """The check whose limits are kept beside the network's weights; None where there are none.

    Raises
    ------
    InputError
        The limits are not usable.
    """
    limits = no_sky.from_tensors(load_file(folder / CLASSIFIER), folder / CLASSIFIER)
    return make_sky_check(limits, network, card) if limits else None


def make_sky_check(limits: no_sky.Limits, network: torch.nn.Module, card: ModelCard) -> SkyCheck:
    """The check by these limits of a network's early features; it runs those parts of the network once more."""
    prepare, place = for_evaluation(card.image_size, card.mean, card.std), next(network.parameters()).device
    size = (card.image_size, card.image_size)

    def why_no_sky(picture: np.ndarray) -> str:
        features = no_sky.features_of(network, prepare(picture)[None].to(place))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        (reason,) = no_sky.reasons(torch.from_numpy(small.transpose(2, 0, 1))[None], features, limits)
        return reason or ""

    return why_no_sky
