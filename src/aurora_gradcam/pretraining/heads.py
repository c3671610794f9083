"""How the heads beside the aurora's learn from simulated skies, and how well they do there: `training.heads`."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from scipy.stats import spearmanr
from sklearn.metrics import f1_score, roc_auc_score
from torch import Tensor
from torch.nn import functional

from ..config import HeadWeights
from ..tables.kinds import CLASSES, STRENGTH
from ..tables.kinds import HEADS as NAMES
from ..training.heads import PREFIX, Heads, from_tensors, tensors_of
from .sky_frames import UNKNOWN, Frames

__all__ = (
    "CLASSES",
    "NAMES",
    "PREFIX",
    "STRENGTH",
    "Heads",
    "from_tensors",
    "known",
    "loss",
    "scores",
    "tensors_of",
)

VISIBLE = 1.0
"""Visibility from which an aurora has a strength that a picture can tell."""
HUBER = 0.5
"""Error of the strength (a factor of 3) from which its loss grows linearly: few frames show very faint or bright ones
under cloud, where the picture tells little."""


def known(frames: Frames, present: Tensor | None = None) -> dict[str, Tensor]:
    """Frames (bool (n,)) whose truth each head can learn from or be judged by; a head without any truth is left out.

    Cloud counts wherever it is known, form where aurora is clearly visible or clearly absent, strength where aurora is
    visible.

    Parameters
    ----------
    frames
        Simulated frames.
    present
        Frames whose picture still shows what was drawn, bool (n,); None stands for all.
    """
    kept = torch.ones(len(frames), dtype=torch.bool) if present is None else present.bool().cpu()
    conditions = {
        "cloud": lambda: frames.cloud != UNKNOWN,
        "form": lambda: (frames.form != UNKNOWN) & ~frames.borderline & kept,
        STRENGTH: lambda: cast(Tensor, frames.strength).isfinite() & (frames.visibility >= VISIBLE) & kept,
    }
    return {name: cast(Tensor, rule()) for name, rule in conditions.items() if getattr(frames, name) is not None}


def loss(outputs: dict[str, Tensor], frames: Frames, present: Tensor | None, weights: HeadWeights) -> Tensor:
    """Weighted sum of the heads' mean losses over the frames that count for each; zero where there are none.

    Parameters
    ----------
    outputs
        What `Heads` gave.
    frames, present
        See `known`.
    weights
        `pretrain.head_weights`; a head of weight 0 teaches nothing.
    """
    device = next(iter(outputs.values())).device
    total = torch.zeros((), device=device)
    for name, counts in known(frames, present).items():
        weight = getattr(weights, name)
        if weight and counts.any():
            given, actual = outputs[name][counts.to(device)].float(), getattr(frames, name)[counts].to(device)
            total = total + weight * _mean_loss(name, given, actual)
    return total


def _mean_loss(name: str, given: Tensor, actual: Tensor) -> Tensor:
    if name == STRENGTH:
        return functional.huber_loss(given, actual, delta=HUBER)
    return functional.cross_entropy(given, actual)


def scores(outputs: dict[str, Tensor], frames: Frames) -> dict[str, dict[str, object]]:
    """Scores of each head on simulated frames that count for it; None where a score has no definition.

    Returns
    -------
    For cloud and form `simulated_frames`, `simulated_macro_f1` over the classes that occur and `simulated_auroc` by
    class, one against the rest; for strength `simulated_frames`, `simulated_rank_correlation` (Spearman) and
    `simulated_mean_absolute_error` in decades.
    """
    rows = {}
    for name, counts in known(frames).items():
        if name not in outputs:
            continue
        given, actual = outputs[name][counts].double().numpy(), getattr(frames, name)[counts].numpy()
        rows[name] = _strength_scores(given, actual) if name == STRENGTH else _class_scores(name, given, actual)
    return rows


def _class_scores(name: str, logits: np.ndarray, actual: np.ndarray) -> dict[str, object]:
    aurocs: dict[str, float | None] = {}
    for place, label in enumerate(CLASSES[name]):
        here = actual == place
        # one logit alone does not order frames as the chance of a class does: the others move too
        chance = torch.from_numpy(logits).softmax(1).numpy()[:, place]
        aurocs[label] = float(roc_auc_score(here, chance)) if 0 < here.sum() < len(here) else None
    present = np.unique(actual)
    macro = f1_score(actual, logits.argmax(1), labels=present, average="macro") if len(actual) else None
    return {
        "simulated_frames": len(actual),
        "simulated_macro_f1": None if macro is None else float(macro),
        "simulated_auroc": aurocs,
    }


def _strength_scores(given: np.ndarray, actual: np.ndarray) -> dict[str, object]:
    varied = len(actual) > 1 and np.ptp(actual) > 0 and np.ptp(given) > 0
    return {
        "simulated_frames": len(actual),
        "simulated_rank_correlation": float(spearmanr(given, actual).statistic) if varied else None,
        "simulated_mean_absolute_error": float(np.abs(given - actual).mean()) if len(actual) else None,
    }
