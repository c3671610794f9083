"""The gap between the scores of a split by frames, which leaks, and of whole nights, with its interval."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score

from ..corpus.frame_ids import sort_key
from ..errors import DataError
from ..results import LEAKAGE, read_json
from ..tables.labels import LABELLED_TABLE
from ..tables.split import SPLIT_TABLE
from .bootstrap import SHARE, Estimate, interval

SCORES = {
    "accuracy": lambda yes, called, p, weight: np.average(yes == called, weights=weight),
    "balanced_accuracy": lambda yes, called, p, weight: balanced_accuracy_score(yes, called, sample_weight=weight),
    "f1": lambda yes, called, p, weight: f1_score(yes, called, sample_weight=weight, zero_division=np.nan),
    "auroc": lambda yes, called, p, weight: roc_auc_score(yes, p, sample_weight=weight),
}


def _score(name: str, frames: pd.DataFrame, weight: np.ndarray) -> float:
    yes, counted = (frames["label"] == "yes").to_numpy(), weight > 0
    if len(np.unique(yes[counted])) < 2:
        return np.nan
    called, p = frames["is_aurora"].to_numpy(dtype=bool), frames["p_aurora"].to_numpy()
    return float(SCORES[name](yes[counted], called[counted], p[counted], weight[counted]))


def _gap(frame: Estimate, night: Estimate) -> Estimate:
    """Frame minus night, its limits recovered from those of both (Zou & Donner 2008, Statistics in Medicine 27, 1693).

    As if the two were independent: nights that stand in both move both scores alike, so the limits are rather wide.
    It rests on the nights of the set that has fewer.
    """
    value = frame.value - night.value
    down = np.hypot(frame.value - frame.low, night.high - night.value)
    up = np.hypot(frame.high - frame.value, night.value - night.low)
    frames, nights = frame.frames + night.frames, min(frame.nights, night.nights)
    return Estimate(value, value - down, value + up, frames, nights)


def compared(by_night: pd.DataFrame, by_frame: pd.DataFrame, draws: int = 1000) -> dict[str, Any]:
    """Scores under both policies, each with an interval over whole nights, and their gap (frame minus night).

    Parameters
    ----------
    by_night, by_frame
        Columns night, label, p_aurora, is_aurora of the frames that each policy reports: the test set of whole nights,
        and the validation set that shares its nights with training.

    Returns
    -------
    score -> night, frame, gap as `Estimate.as_dict`.
    """

    def with_interval(name: str, frames: pd.DataFrame) -> Estimate:
        own = frames["night"].to_numpy(dtype=str)
        return interval(lambda weight: _score(name, frames, weight), own, draws, bounds=SHARE)

    both = {name: (with_interval(name, by_night), with_interval(name, by_frame)) for name in SCORES}
    return {
        name: {"night": night.as_dict(), "frame": frame.as_dict(), "gap": _gap(frame, night).as_dict()}
        for name, (night, frame) in both.items()
    }


def reported(split: pd.DataFrame, predicted: pd.DataFrame, name: str) -> pd.DataFrame:
    """The frames of one split with their labels and predictions; DataError where there is none."""
    rows = (
        split[split["split"] == name]
        .merge(predicted, on="frame_id")
        .sort_values("frame_id", ignore_index=True, key=sort_key)
    )
    if rows.empty:
        raise DataError(f"the split '{name}' holds no frame", SPLIT_TABLE.path(), "run `dvc repro` with policy night")
    return rows


def labels_digest() -> str:
    """MD5 of the labelled table, by which a result is known to belong to these labels."""
    return hashlib.md5(LABELLED_TABLE.path().read_bytes(), usedforsecurity=False).hexdigest()


def current() -> dict[str, Any] | None:
    """The result, if there is one and it was made with the labels that are here; else None."""
    if not LEAKAGE.exists():
        return None
    result = read_json(LEAKAGE)
    return result if result["labelled_md5"] == labels_digest() else None
