"""The classifier with all that its folder holds, and the one path from square frames to what is told of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
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
from .sky_check import Judging, SkyCheck, load_sky_check

KIND_COLUMNS = (f"p_{CLOUD}", CLOUD, FORM, STRENGTH)
"""Probability of any cloud; clear, broken or overcast; form of the aurora, and its strength in kilorayleigh, of frames
called aurora."""
NO_SKY = "why_no_sky"


class Classifier(NamedTuple):
    """A network in evaluation mode, its card; its check for pictures of no sky and its further heads, if any."""

    network: torch.nn.Module
    card: networks.ModelCard
    sky_check: SkyCheck | None
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

    Further NO_SKY, why a picture shows no night sky: empty where it may show one, and where the model has no check.

    Parameters
    ----------
    names
        The rows' index; read once the pictures are drawn, so that their iterator may fill it.
    pictures
        Square frames, uint8 RGB.
    """
    network, card, check, heads = classifier
    judging: AbstractContextManager[Judging | None] = check.judging() if check else nullcontext()
    with judging as judged:
        noted = _noted(pictures, judged) if judged else pictures
        logits, outputs = classify_kinds(network, card, noted, batch_size, heads)
    predicted = predictions(names, logits, card.temperature, card.threshold)
    predicted = predicted.join(_kinds(outputs, predicted["is_aurora"]))
    return predicted.assign(**{NO_SKY: judged.reasons() if judged else ""}).set_index("frame_id")


def _noted(pictures: Iterable[np.ndarray], judging: Judging) -> Iterator[np.ndarray]:
    for picture in pictures:
        judging.note(picture)
        yield picture


def _kinds(outputs: dict[str, np.ndarray], is_aurora: pd.Series) -> pd.DataFrame:
    """Those of KIND_COLUMNS that the heads give."""
    columns = kind_columns(outputs, is_aurora.to_numpy())
    if CLOUD in columns:
        columns[f"p_{CLOUD}"] = p_cloud(columns)
    if FORM in columns:  # a frame that is not called aurora has no form to tell
        columns[FORM] = columns[FORM].where(is_aurora, None)
    return columns[[name for name in KIND_COLUMNS if name in columns]]
