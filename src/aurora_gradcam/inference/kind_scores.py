"""How good a head's classes are: confusion, F1, AUROC one against the rest and calibration, with intervals over nights.

The positive class of a score that has one is named by its key; `macro_f1` is the mean of F1 over the classes that are
labelled at all.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..tables.kinds import CLASSES, probability_names
from .bootstrap import SHARE, Estimate, ratio_interval
from .reliability import calibration_error_interval
from .resampling import night_interval, per_night
from .scores import Numbers, area_under_curve


def head_scores(rows: pd.DataFrame, head: str) -> Numbers:
    """Scores of a head on labelled frames; numbers that too few nights carry are nan, as in `scores.estimates`.

    Parameters
    ----------
    rows
        Columns night, actual and called (classes of the head), the head's probabilities and, where frames stand for
        others, weight; one row a labelled frame, at least one.

    Returns
    -------
    frames, nights, labelled (frames by class), confusion (frames by actual and called class), accuracy, macro_f1, f1
    and auroc (by labelled class), ece: the calibration error of the likeliest class's probability, as Guo et al. 2017
    have it for several classes. The last five count frames by weight.
    """
    classes = CLASSES[head]
    actual, called, nights = (rows[name].to_numpy(dtype=str) for name in ("actual", "called", "night"))
    weight = rows["weight"].to_numpy(dtype=np.float64) if "weight" in rows else np.ones(len(rows))
    chance = rows[probability_names(head)].to_numpy(dtype=np.float64)
    labelled = [label for label in classes if (actual == label).any()]
    likeliest = np.array(classes)[chance.argmax(1)]
    return {
        "frames": len(rows),
        "nights": len(np.unique(nights)),
        "labelled": {label: int((actual == label).sum()) for label in classes},
        "confusion": confusion(actual, called, classes),
        "accuracy": ratio_interval(weight * (actual == called), weight, nights).as_dict(),
        "macro_f1": macro_f1(actual, called, weight, nights, labelled).as_dict(),
        "f1": {label: f1(actual == label, called == label, weight, nights).as_dict() for label in labelled},
        "auroc": {
            label: area_under_curve(actual == label, chance[:, classes.index(label)], weight, nights).as_dict()
            for label in labelled
        },
        "ece": calibration_error_interval(chance.max(1), likeliest == actual, nights, weight).as_dict(),
    }


def confusion(actual: np.ndarray, called: np.ndarray, classes: tuple[str, ...]) -> dict[str, dict[str, int]]:
    """Frames by actual class, then by the class that they are called."""
    return {
        label: {other: int(((actual == label) & (called == other)).sum()) for other in classes} for label in classes
    }


def f1(actual: np.ndarray, called: np.ndarray, weight: np.ndarray, nights: np.ndarray) -> Estimate:
    """F1 of a class: bool (n,) whether a frame has it, and whether it is called so."""
    return ratio_interval(2 * weight * (actual & called), weight * (1.0 * actual + called), nights)


def macro_f1(
    actual: np.ndarray, called: np.ndarray, weight: np.ndarray, nights: np.ndarray, labelled: list[str]
) -> Estimate:
    """Mean of F1 over the labelled classes; of a draw of nights over those that it holds or calls."""
    has, calls = (np.column_stack([names == label for label in labelled]) for names in (actual, called))
    columns = weight[:, None] * np.column_stack([2.0 * (has & calls), 1.0 * has + calls])
    sums = per_night(columns, nights)

    def mean(times: np.ndarray) -> np.ndarray:
        tops, bottoms = np.hsplit(times @ sums, 2)
        there = bottoms > 0
        return np.where(there, tops / bottoms, 0).sum(axis=1) / there.sum(axis=1)

    return night_interval(mean, nights, bounds=SHARE)
