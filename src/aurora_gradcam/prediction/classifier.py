"""The classifier with all that its folder holds, and the one path from square frames to what is told of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from ..inference.classify import classify_kinds, predictions
from ..inference.kinds import kind_columns, p_cloud
from ..tables.kinds import CLOUD, FORM, STRENGTH
from ..training import network as networks
from ..training.heads import Heads, load_heads
from . import model
from .sky_check import SkyCheck, load_sky_check

KIND_COLUMNS = (f"p_{CLOUD}", CLOUD, FORM, STRENGTH)
"""Probability of any cloud; clear, broken or overcast; form of the aurora, and its strength in kilorayleigh, of frames
called aurora."""


class Classifier(NamedTuple):
    """A network in evaluation mode, its card; its check for pictures of no sky and its further heads, if any."""

    network: torch.nn.Module
    card: networks.ModelCard
    why_no_sky: SkyCheck | None
    heads: Heads | None = None


def load(folder: Path) -> Classifier:
    """The classifier of a model folder; fetched first where a fresh clone lacks it.

    Raises
    ------
    InputError
        A file is missing or damaged, or some do not belong together.
    """
    model.fetch_missing(folder)
    network, card = networks.load_classifier(folder)
    network.requires_grad_(False)
    return Classifier(network, card, load_sky_check(folder, network, card), load_heads(folder))


def classify_pictures(
    classifier: Classifier, names: Sequence[Hashable], pictures: Iterable[np.ndarray], batch_size: int
) -> pd.DataFrame:
    """A row a picture: logit_no, logit_yes, p_aurora, is_aurora and those of KIND_COLUMNS for which there is a head.

    Parameters
    ----------
    names
        The rows' index; read once the pictures are drawn, so that their iterator may fill it.
    pictures
        Square frames, uint8 RGB.
    """
    network, card, _, heads = classifier
    logits, outputs = classify_kinds(network, card, pictures, batch_size, heads)
    predicted = predictions(names, logits, card.temperature, card.threshold)
    return predicted.join(_kinds(outputs, predicted["is_aurora"])).set_index("frame_id")


def _kinds(outputs: dict[str, np.ndarray], is_aurora: pd.Series) -> pd.DataFrame:
    """Those of KIND_COLUMNS that the heads give."""
    columns = kind_columns(outputs, is_aurora.to_numpy())
    if CLOUD in columns:
        columns[f"p_{CLOUD}"] = p_cloud(columns)
    if FORM in columns:  # a frame that is not called aurora has no form to tell
        columns[FORM] = columns[FORM].where(is_aurora, None)
    return columns[[name for name in KIND_COLUMNS if name in columns]]
