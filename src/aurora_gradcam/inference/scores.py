"""How good the calls are: scores with intervals over whole nights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.metrics import confusion_matrix, roc_curve

from ..tables.split import SPLITS
from .bootstrap import SHARE, Estimate, ratio_interval
from .reliability import calibration_error_interval
from .resampling import night_interval, per_night

Numbers = dict[str, object]
SCORES = (
    *("accuracy", "balanced_accuracy", "sensitivity", "specificity", "precision", "f1"),
    *("auroc", "brier", "log_loss", "ece"),
)
SMALLEST = np.finfo(np.float64).eps
"""Probabilities are kept this far from 0 and 1 under a logarithm, as in scikit-learn's log_loss."""


def estimates(frames: pd.DataFrame) -> dict[str, Estimate]:
    """Scores of labelled frames, class yes being the positive one, each with its interval over whole nights.

    Every score counts the frames and nights that it rests on: a sensitivity those with aurora, a precision those called
    aurora; balanced accuracy and AUROC count the nights of the class that has fewer. With too few of them, or without a
    definition (as a precision where nothing is called aurora), the numbers are nan.

    Parameters
    ----------
    frames
        Columns night, label (no, yes), p_aurora, is_aurora and, where frames stand for others, weight; also no row at
        all.

    Returns
    -------
    accuracy, balanced_accuracy (mean of sensitivity and specificity), sensitivity (recall), specificity, precision, f1,
    auroc, brier (mean square of p - yes; Brier 1950), log_loss (mean, in nats), ece (see `reliability`).
    """
    yes, called = (frames["label"] == "yes").to_numpy(), frames["is_aurora"].to_numpy(dtype=bool)
    p, nights = frames["p_aurora"].to_numpy(dtype=np.float64), frames["night"].to_numpy(dtype=str)
    weight = frames["weight"].to_numpy(dtype=np.float64) if "weight" in frames else np.ones(len(frames))
    hit, chance_of_truth = weight * (yes & called), np.clip(np.where(yes, p, 1 - p), SMALLEST, 1 - SMALLEST)
    ratios = {
        "accuracy": (weight * (yes == called), weight),
        "sensitivity": (hit, weight * yes),
        "specificity": (weight * (~yes & ~called), weight * ~yes),
        "precision": (hit, weight * called),
        "f1": (2 * hit, weight * (1.0 * yes + called)),
        "brier": (weight * (p - yes) ** 2, weight),
        "log_loss": (-weight * np.log(chance_of_truth), weight),
    }
    values = {
        name: ratio_interval(top, bottom, nights, share=name not in ("brier", "log_loss"))
        for name, (top, bottom) in ratios.items()
    }
    values["balanced_accuracy"] = _balanced_accuracy(yes, called, weight, nights)
    values["auroc"] = area_under_curve(yes, p, weight, nights)
    values["ece"] = calibration_error_interval(p, yes, nights, weight)
    return {name: values[name] for name in SCORES}


def _balanced_accuracy(yes: np.ndarray, called: np.ndarray, weight: np.ndarray, nights: np.ndarray) -> Estimate:
    columns = np.column_stack([yes & called, yes, ~yes & ~called, ~yes]) * weight[:, None]
    sums = per_night(columns, nights)

    def mean_of_both(times: np.ndarray) -> np.ndarray:
        right_yes, all_yes, right_no, all_no = (times @ sums).T
        return (right_yes / all_yes + right_no / all_no) / 2

    return night_interval(mean_of_both, nights, (yes, ~yes), bounds=SHARE)


def area_under_curve(yes: np.ndarray, p: np.ndarray, weight: np.ndarray, nights: np.ndarray) -> Estimate:
    """Share of pairs of a yes and a no in which the yes has the larger p, ties counting half (Hanley & McNeil 1982)."""
    return night_interval(area_by_draw(yes, p, weight, nights), nights, (yes, ~yes), bounds=SHARE)


def area_by_draw(
    yes: np.ndarray, p: np.ndarray, weight: np.ndarray, nights: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """The area under the ROC curve as a statistic of whole nights, as `night_interval` takes it."""
    names, of_row = np.unique(nights, return_inverse=True)
    return area_statistic(yes, p, weight, of_row, len(names))


def area_statistic(
    yes: np.ndarray, p: np.ndarray, weight: np.ndarray, of_row: np.ndarray, count: int
) -> Callable[[np.ndarray], np.ndarray]:
    """The area under the curve as a function of how often each of `count` nights counts, (d, count) -> (d,).

    `of_row` is the place of each row's night. `pairs` holds the won pairs by night of the yes and night of the no, so
    that a draw of nights is a quadratic form.
    """
    rank = rankdata(p, method="dense")
    pairs = np.zeros((count, count))
    for night in range(count):
        no = ~yes & (of_row == night)
        below = np.bincount(rank[no], weight[no], minlength=rank.max(initial=0) + 1)
        half_won = np.cumsum(below) - below / 2
        pairs[:, night] = np.bincount(of_row[yes], weight[yes] * half_won[rank[yes]], minlength=count)
    totals = np.zeros((count, 2))
    np.add.at(totals, of_row, np.column_stack([yes, ~yes]) * weight[:, None])

    def area(times: np.ndarray) -> np.ndarray:
        return ((times @ pairs) * times).sum(axis=1) / (times @ totals).prod(axis=1)

    return area


def split_scores(labelled: pd.DataFrame) -> Numbers:
    """Scores of one split.

    Parameters
    ----------
    labelled
        The columns of `estimates`; one row a frame, also none at all.

    Returns
    -------
    frames, nights, yes, no (labels), the scores of `estimates` as dictionaries (`Estimate.as_dict`), tn, fp, fn, tp.
    """
    actual, called = labelled["label"] == "yes", labelled["is_aurora"].astype(bool)
    counts = confusion_matrix(actual, called, labels=[False, True]).ravel().tolist() if len(labelled) else (0,) * 4
    return {
        "frames": len(labelled),
        "nights": labelled["night"].nunique(),
        "yes": int(actual.sum()),
        "no": int((~actual).sum()),
        **{name: estimate.as_dict() for name, estimate in estimates(labelled).items()},
        **dict(zip(("tn", "fp", "fn", "tp"), counts, strict=True)),
    }


def by_split(labelled: pd.DataFrame) -> dict[str, Numbers]:
    """`split_scores` of train, val and test; a split without frames is there with `frames` 0."""
    return {split: split_scores(labelled[labelled["split"] == split]) for split in SPLITS}


def roc(labelled: pd.DataFrame) -> pd.DataFrame:
    """Receiver operating characteristic: fpr, tpr, threshold (inf: nothing called); no rows with one class only."""
    actual = labelled["label"] == "yes"
    curve = roc_curve(actual, labelled["p_aurora"]) if actual.nunique() == 2 else ([], [], [])
    return pd.DataFrame(dict(zip(("fpr", "tpr", "threshold"), curve, strict=True)), dtype="float64")
