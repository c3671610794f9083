"""How good the calls are by split, and how often aurora is called in each illumination condition."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
    roc_curve,
)

from ..config import CONDITIONS
from ..tables import SPLITS, condition_name

Numbers = dict[str, "float | int | None"]


def split_scores(labelled: pd.DataFrame) -> Numbers:
    """Scores of one split, class yes being the positive one.

    Parameters
    ----------
    labelled : night, label (no, yes), p_aurora, is_aurora; one row a frame, also none at all.

    Returns
    -------
    frames, nights, accuracy, precision, recall, f1, auroc, log_loss (natural), tn, fp, fn, tp. A score without a
    definition here (no frames, one class only, nothing called aurora) is nan.
    """
    actual, called, p_aurora = labelled["label"] == "yes", labelled["is_aurora"].astype(bool), labelled["p_aurora"]
    some, both = len(labelled) > 0, actual.nunique() == 2
    undefined = {"zero_division": np.nan}
    tn, fp, fn, tp = confusion_matrix(actual, called, labels=[False, True]).ravel().tolist() if some else (0, 0, 0, 0)
    return {
        "frames": len(labelled),
        "nights": labelled["night"].nunique(),
        "accuracy": accuracy_score(actual, called) if some else np.nan,
        "precision": precision_score(actual, called, **undefined) if some else np.nan,
        "recall": recall_score(actual, called, **undefined) if some else np.nan,
        "f1": f1_score(actual, called, **undefined) if some else np.nan,
        "auroc": roc_auc_score(actual, p_aurora) if both else np.nan,
        "log_loss": log_loss(actual, p_aurora, labels=[False, True]) if some else np.nan,
        "tn": tn,
        "fp": fp,
        "fn": fn,
        "tp": tp,
    }


def by_split(labelled: pd.DataFrame) -> dict[str, Numbers]:
    """`split_scores` of train, val and test; a split without frames is there with `frames` 0."""
    return {split: split_scores(labelled[labelled["split"] == split]) for split in SPLITS}


def held_out(labelled: pd.DataFrame) -> str:
    """The split to judge the classifier on: test, or val where the policy leaves no test frames."""
    return "test" if (labelled["split"] == "test").any() else "val"


def roc(labelled: pd.DataFrame) -> pd.DataFrame:
    """Receiver operating characteristic: fpr, tpr, threshold (inf: nothing called); no rows with one class only."""
    actual = labelled["label"] == "yes"
    curve = roc_curve(actual, labelled["p_aurora"]) if actual.nunique() == 2 else ([], [], [])
    return pd.DataFrame(dict(zip(("fpr", "tpr", "threshold"), curve, strict=True)), dtype="float64")


def calls(frames: pd.DataFrame) -> Numbers:
    """How often aurora is called.

    Parameters
    ----------
    frames : night, p_aurora, is_aurora; one row a frame, also none at all.

    Returns
    -------
    frames, nights, yes, no; yes_share = yes / frames; yes_no_odds = yes / no, which the study prints as its "ratio";
    mean and (population) standard deviation of p_aurora. What would divide by zero is nan.
    """
    count, yes = len(frames), int(frames["is_aurora"].sum())
    return {
        "frames": count,
        "nights": frames["night"].nunique(),
        "yes": yes,
        "no": count - yes,
        "yes_share": yes / count if count else np.nan,
        "yes_no_odds": yes / (count - yes) if count > yes else np.nan,
        "p_aurora_mean": frames["p_aurora"].mean(),
        "p_aurora_std": frames["p_aurora"].std(ddof=0),
    }


def by_condition(frames: pd.DataFrame) -> pd.DataFrame:
    """The nine-condition table: condition, sun_class, moon_class and `calls`, in the order of config.CONDITIONS.

    Parameters
    ----------
    frames : sun_class, moon_class (both may be null) and the columns of `calls`.
    """
    rows = []
    for sun, moon in CONDITIONS:
        chosen = frames[(frames["sun_class"] == sun) & (frames["moon_class"] == moon)]
        rows.append({"condition": condition_name(sun, moon), "sun_class": sun, "moon_class": moon, **calls(chosen)})
    return pd.DataFrame(rows)


def totals(frames: pd.DataFrame, conditions: pd.DataFrame) -> Numbers:
    """`calls` of all frames, how many lie in none of the nine conditions, and the mean of the conditions' odds.

    `mean_yes_no_odds` is the plain mean over the conditions that have odds, the study's headline; it weighs a
    condition of 600 frames like one of 98,000 and is no share.
    """
    return {
        **calls(frames),
        "frames_outside_conditions": len(frames) - int(conditions["frames"].sum()),
        "mean_yes_no_odds": conditions["yes_no_odds"].mean(),
    }
