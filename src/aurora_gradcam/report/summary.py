"""reports/metrics.json: what `dvc metrics diff` compares, each number recounted from the tables."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from ..config import Params
from ..frame_ids import month_of
from ..tables.frames import is_simulated
from ..tables.split import SPLITS
from ..tables.times import TIME_STATUSES

DIGITS = 6


def rounded(value: Any) -> Any:
    """The same tree with floats to six places; what is no number (NaN, infinity) becomes None."""
    if isinstance(value, dict):
        return {str(key): rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    if isinstance(value, float):
        return round(value, DIGITS) if math.isfinite(value) else None
    return value


def data_counts(frames: pd.DataFrame) -> dict[str, int]:
    """Nights, frames, frames that are not ok, months."""
    nights = frames["night"].unique()
    return {
        "nights": len(nights),
        "frames": len(frames),
        "frames_bad": int((frames["status"] != "ok").sum()),
        "months": len({month_of(night) for night in nights}),
    }


def time_counts(times: pd.DataFrame) -> dict[str, int]:
    """Frames by the way their time was got."""
    return {status: int((times["time_status"] == status).sum()) for status in TIME_STATUSES}


def label_counts(labelled: pd.DataFrame, to_label: int) -> dict[str, int]:
    """Labelled frames, each counted once though it may stand in both sets; `to_label` still wait for a person."""
    once = labelled.drop_duplicates("frame_id")["label"]
    yes, no = int((once == "yes").sum()), int((once == "no").sum())
    return {"labelled": len(once), "yes": yes, "no": no, "to_label": to_label}


def split_counts(split: pd.DataFrame, policy: str) -> dict[str, Any]:
    """Frames, classes and nights of train, val and test."""
    counts: dict[str, Any] = {"policy": policy}
    for name in SPLITS:
        rows = split[split["split"] == name]
        counts[name] = {
            "frames": len(rows),
            "nights": rows["night"].nunique(),
            "yes": int((rows["label"] == "yes").sum()),
            "no": int((rows["label"] == "no").sum()),
        }
    return counts


def best_epoch(training: pd.DataFrame, select_by: str) -> pd.Series:
    """The row of the epoch whose weights were kept: lowest loss or highest accuracy, the earlier one of equals."""
    chosen = training[select_by].idxmin() if select_by == "val_loss" else training[select_by].idxmax()
    return training.loc[chosen]


def training_results(training: pd.DataFrame, params: Params) -> dict[str, Any]:
    """The best epoch's numbers and what training started from."""
    best = best_epoch(training, params.train.select_by)
    return {
        "best_epoch": int(best["epoch"]),
        "epochs": len(training),
        "val_loss": float(best["val_loss"]),
        "val_accuracy": float(best["val_accuracy"]),
        "weights": params.train.weights,
    }


def collect(
    params: Params,
    frames: pd.DataFrame,
    times: pd.DataFrame,
    labelled: pd.DataFrame,
    split: pd.DataFrame,
    training: pd.DataFrame,
    evaluation: dict[str, Any],
    explanations: dict[str, Any],
    leakage: dict[str, Any] | None,
    to_label: int,
) -> dict[str, Any]:
    """All of metrics.json; `evaluation` and `explanations` are the stages' own files, taken over as they stand.

    Of the explanations the maps for their target class are kept. `leakage` is None where the two ways to split were not
    compared on these labels.
    """
    target = explanations["target"]
    return rounded(
        {
            "simulated": is_simulated(frames),
            "data": data_counts(frames),
            "times": time_counts(times),
            "labels": label_counts(labelled, to_label),
            "split": split_counts(split, params.split.policy),
            "train": training_results(training, params),
            "scores": evaluation["splits"],
            "conditions": evaluation["conditions"],
            "audit": evaluation["audit"],
            "calibration": evaluation["calibration"],
            "occurrence": evaluation["occurrence"],
            "explanations": {
                "drawn": explanations["drawn"],
                "maps": {name: of.get(target, {}) for name, of in explanations["maps"].items()},
                "baselines": explanations["baselines"],
                "randomisation": explanations["randomisation"],
            },
            "leakage": leakage and {key: leakage[key] for key in ("night", "frame", "scores")},
            "all_frames": evaluation["all_frames"],
            "frames_without_prediction": evaluation["frames_without_prediction"],
        }
    )
