"""reports/metrics.json: each number recounted from the tables, or taken over from the stage that made it."""

from __future__ import annotations

from typing import Any, cast

import pandas as pd

from ..config import Params
from ..corpus.frame_ids import month_of
from ..results import rounded
from ..tables.frames import is_simulated
from ..tables.split import SPLITS
from ..tables.times import TIME_STATUSES
from . import against_truth
from .inputs import Inputs
from .metrics_shape import Metrics

COUPLED = ("hours", "kp_slope", "chances")
"""What is taken over from the stage couple."""


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
    """Frames by the status of their time."""
    return {str(status): int((times["time_status"] == status).sum()) for status in TIME_STATUSES}


def label_counts(labelled: pd.DataFrame, to_label: int) -> dict[str, int]:
    """Labelled frames, each counted once though it may stand in both sets; `to_label` still wait for a person."""
    labels = labelled.drop_duplicates("frame_id")["label"]
    yes, no = int((labels == "yes").sum()), int((labels == "no").sum())
    return {"labelled": len(labels), "yes": yes, "no": no, "to_label": to_label}


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
    row = training[select_by].idxmin() if select_by == "val_loss" else training[select_by].idxmax()
    return training.loc[row]


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


def collect(params: Params, data: Inputs) -> Metrics:
    """All of metrics.json; the results of evaluate and gradcam are taken over as they stand.

    Of the explanations the maps for their target class are kept. `leakage` is None where the two ways to split have not
    been compared on these labels.
    """
    evaluation, explanations = data.evaluation, data.explanations
    target = explanations["target"]
    tree = {
        "simulated": is_simulated(data.frames),
        "data": data_counts(data.frames),
        "times": time_counts(data.times),
        "labels": label_counts(data.labelled, data.to_label),
        "split": split_counts(data.split, params.split.policy),
        "train": training_results(data.training, params),
        "scores": evaluation["splits"],
        **({"start": evaluation["start"]} if "start" in evaluation else {}),
        "conditions": evaluation["conditions"],
        "audit": evaluation["audit"],
        "calibration": evaluation["calibration"],
        "occurrence": evaluation["occurrence"],
        "coupling": data.coupling and {key: data.coupling[key] for key in COUPLED if key in data.coupling},
        **({"kinds": evaluation["kinds"]} if "kinds" in evaluation else {}),
        **against_truth.collect(data, params.site),
        "explanations": {
            "drawn": explanations["drawn"],
            "maps": {name: of.get(target, {}) for name, of in explanations["maps"].items()},
            "baselines": explanations["baselines"],
            "randomisation": explanations["randomisation"],
        },
        "leakage": data.leakage,
        "all_frames": evaluation["all_frames"],
        "frames_without_prediction": evaluation["frames_without_prediction"],
    }
    return cast(Metrics, rounded(tree))
