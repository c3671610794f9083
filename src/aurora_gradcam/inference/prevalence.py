"""Estimators of the share of frames with aurora, each a function of sums over frames."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

MIN_YOUDEN = 0.1
"""Sensitivity + specificity - 1 up to which a classifier tells too little for the Rogan-Gladen correction."""
SUMS = ("frames", "called", "p", "weight", "yes", "yes_called", "no_called", "weighted_p", "weighted_p2", "yes_p")
"""What the estimators take, summed over frames: all frames, those called, p_aurora; over labelled frames the weight,
the weight of those with aurora, of those also called, of those called without aurora; weight x p_aurora, weight x
p_aurora squared, and weight x p_aurora of those with aurora."""


def night_sums(frames: pd.DataFrame, nights: np.ndarray) -> np.ndarray:
    """SUMS of each of the nights given, in their order: float64 (nights, len(SUMS)); zeros for a night without frames.

    Parameters
    ----------
    frames
        Columns night, p_aurora, is_aurora, label (no, yes, null: not labelled), weight (null where not labelled).
    """
    p, called = frames["p_aurora"].to_numpy(dtype=np.float64), frames["is_aurora"].to_numpy(dtype=bool)
    labelled, yes = frames["label"].notna().to_numpy(dtype=bool), (frames["label"] == "yes").to_numpy(dtype=bool)
    weight = np.where(labelled, frames["weight"].to_numpy(dtype=np.float64), 0.0)
    columns = (
        np.ones_like(p), called, p, weight, weight * yes, weight * (yes & called), weight * (~yes & called),
        weight * p, weight * p**2, weight * yes * p,
    )  # fmt: skip
    place = pd.Index(nights).get_indexer(frames["night"])
    known = place >= 0
    summed = [np.bincount(place[known], np.asarray(column)[known], minlength=len(nights)) for column in columns]
    return np.stack(summed, axis=-1).astype(np.float64).reshape(len(nights), len(SUMS))


def _named(sums: np.ndarray) -> dict[str, np.ndarray]:
    return dict(zip(SUMS, np.moveaxis(sums, -1, 0), strict=True))


def apparent(sums: np.ndarray) -> np.ndarray:
    """Share of the frames that are called aurora: (..., SUMS) -> (...); biased wherever the classifier errs."""
    of = _named(sums)
    with np.errstate(divide="ignore", invalid="ignore"):
        return of["called"] / of["frames"]


def rogan_gladen(sums: np.ndarray) -> np.ndarray:
    """(apparent + specificity - 1) / (sensitivity + specificity - 1), kept within 0 and 1: (..., SUMS) -> (...).

    Source: Rogan & Gladen 1978, American Journal of Epidemiology 107, 71. nan where the denominator is not above
    MIN_YOUDEN, or where labelled frames of one class are missing.
    """
    of = _named(sums)
    with np.errstate(divide="ignore", invalid="ignore"):
        sensitivity = of["yes_called"] / of["yes"]
        specificity = 1 - of["no_called"] / (of["weight"] - of["yes"])
        youden = sensitivity + specificity - 1
        share = (apparent(sums) + specificity - 1) / youden
    return np.where(youden > MIN_YOUDEN, np.clip(share, 0, 1), np.nan)


def prediction_powered(sums: np.ndarray) -> np.ndarray:
    """Labelled share + tuning x (mean p_aurora of all - of labelled frames), kept within 0 and 1: (..., SUMS) -> (...).

    Sources: Angelopoulos et al. 2023, Science 382, 669, with the tuning 1; Angelopoulos, Duchi & Zrnic 2023,
    arXiv:2311.01453, tuned for the least variance, which is at cov(label, p) / var(p): theirs has a further
    1 + labelled / all, since their labelled frames are not among the others as they are here. Right whatever the
    classifier does, and the narrower the better p_aurora foretells the label. Labelled frames count by their weight.
    nan without labelled frames.
    """
    of = _named(sums)
    with np.errstate(divide="ignore", invalid="ignore"):
        labelled_share, labelled_p = of["yes"] / of["weight"], of["weighted_p"] / of["weight"]
        covariance = of["yes_p"] / of["weight"] - labelled_share * labelled_p
        variance = of["weighted_p2"] / of["weight"] - labelled_p**2
        tuning = np.where(variance > 1e-12, np.clip(covariance / variance, 0, 1), 0)
        return np.clip(labelled_share + tuning * (of["p"] / of["frames"] - labelled_p), 0, 1)


METHODS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "apparent": apparent,
    "rogan_gladen": rogan_gladen,
    "prediction_powered": prediction_powered,
}
