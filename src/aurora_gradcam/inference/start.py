"""The network that training started from, as it was, beside the trained one on the same test nights.

What labels are worth is the gain over not labelling at all. Both networks see the same frames, so their scores are
compared in pairs: a hard night is as hard for both.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from ..errors import InputError
from ..training import weights
from ..training.calibration import DEFAULT_TEMPERATURE, DEFAULT_THRESHOLD
from ..training.network import ModelCard, build, device
from .bootstrap import Estimate
from .classify import classify, predictions
from .resampling import night_interval, per_night
from .scores import Numbers, area_by_draw, split_scores

logger = logging.getLogger(__name__)

SPLIT = "test"
"""Val nights chose the trained network's epoch, temperature and threshold; only test nights compare the two fairly."""
DECIDES = "balanced_accuracy"
"""The gain that is warned of."""


def load(card: ModelCard) -> tuple[torch.nn.Module, ModelCard] | None:
    """The network that training started from in evaluation mode on `device()`, with a card of the defaults.

    None where the weights have no head of their own for aurora (`none`, `imagenet`, other classes), where the card does
    not tell them, and, with a warning, where their file is no longer the one that training started from.
    """
    origin = card.provenance.get("weights") or {}
    if origin.get("name") in (None, "none", "imagenet"):
        return None
    path = weights.SKY if origin["name"] == "sky" else Path(origin["name"])
    if not path.exists() or weights.sha256_of(path) != origin["sha256"]:
        logger.warning(f"{path} is not the file that training started from: the labels' gain over it is not known")
        return None
    tensors = weights.read(path)
    network = build(card.backbone)
    try:
        weights.fill(network, tensors, path)
    except InputError:
        return None
    if tensors[f"{weights.HEAD}weight"].shape[0] != len(card.classes):
        return None
    begun = card.model_copy(update={"temperature": DEFAULT_TEMPERATURE, "threshold": DEFAULT_THRESHOLD})
    return network.to(device()).eval(), begun


def compare(
    card: ModelCard,
    judged: pd.DataFrame,
    pictures: Callable[[pd.DataFrame], Iterable[np.ndarray]],
    batch_size: int,
) -> dict[str, Any]:
    """The scores of the starting network on the test frames, and the trained one's gain over it.

    Parameters
    ----------
    card
        The trained classifier's.
    judged
        Columns frame_id, night, label, split, p_aurora and is_aurora (of the trained classifier), in order.
    pictures
        Given rows of `judged`, their pictures in order, as `classify` takes them.

    Returns
    -------
    `weights` (their name); `scores` (`scores.split_scores`) and `gain` (`gains`), both None without a comparison.
    """
    name = (card.provenance.get("weights") or {}).get("name")
    nothing = {"weights": name, "scores": None, "gain": None}
    rows = judged[judged["split"] == SPLIT].reset_index(drop=True)
    if rows.empty or (begun := load(card)) is None:
        return nothing
    network, plain = begun
    logits = classify(network, plain, pictures(rows), batch_size)
    before = predictions(list(rows["frame_id"]), logits, plain.temperature, plain.threshold)
    changed = rows.assign(p_aurora=before["p_aurora"], is_aurora=before["is_aurora"])
    gain = gains(rows, changed)
    _warn(str(name), gain[DECIDES])
    scores: Numbers = split_scores(changed)
    return {"weights": name, "scores": scores, "gain": {key: of.as_dict() for key, of in gain.items()}}


def gains(trained: pd.DataFrame, begun: pd.DataFrame) -> dict[str, Estimate]:
    """Differences of scores, positive where the trained network is better, each with its interval over whole nights.

    Both networks' frames of a night are drawn together.

    Parameters
    ----------
    trained, begun
        Columns night, label, p_aurora, is_aurora; the same frames in the same order.

    Returns
    -------
    accuracy, balanced_accuracy, sensitivity, specificity, auroc: trained minus begun; brier: begun minus trained, since
    less is better.
    """
    yes, nights = (trained["label"] == "yes").to_numpy(), trained["night"].to_numpy(dtype=str)
    p, q = (rows["p_aurora"].to_numpy(dtype=np.float64) for rows in (trained, begun))
    right, was_right = (rows["is_aurora"].to_numpy(dtype=bool) == yes for rows in (trained, begun))
    better = right.astype(float) - was_right
    error = (q - yes) ** 2 - (p - yes) ** 2
    sums = per_night(
        np.column_stack([better, error, np.ones(len(yes)), better * yes, yes, better * ~yes, ~yes]), nights
    )
    areas = [area_by_draw(yes, of, np.ones(len(yes)), nights) for of in (p, q)]

    def mean(top: int, bottom: int) -> Callable[[np.ndarray], np.ndarray]:
        return lambda times: (times @ sums[:, top]) / (times @ sums[:, bottom])

    on_yes, on_no = mean(3, 4), mean(5, 6)
    statistics: dict[str, tuple[Callable[[np.ndarray], np.ndarray], tuple[np.ndarray, ...]]] = {
        "accuracy": (mean(0, 2), ()),
        "balanced_accuracy": (lambda times: (on_yes(times) + on_no(times)) / 2, (yes, ~yes)),
        "sensitivity": (on_yes, (yes,)),
        "specificity": (on_no, (~yes,)),
        "auroc": (lambda times: areas[0](times) - areas[1](times), (yes, ~yes)),
        "brier": (mean(1, 2), ()),
    }
    return {name: night_interval(statistic, nights, parts) for name, (statistic, parts) in statistics.items()}


def _warn(name: str, gain: Estimate) -> None:
    """Warn where the labels brought nothing that can be seen."""
    if np.isnan(gain.low):
        logger.warning(
            f"{gain.nights} test nights are too few to tell whether the labels brought anything over the"
            f" weights '{name}' that training started from"
        )
    elif gain.low <= 0:
        what = "made the classifier worse than" if gain.high < 0 else "brought no gain that can be told from 0 over"
        logger.warning(
            f"the labels {what} the weights '{name}' that training started from: balanced accuracy on the test nights"
            f" {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"
        )
