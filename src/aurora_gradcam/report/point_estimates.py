"""Values of scores that lack nothing but nights for an interval: `17 of 20` says more than an empty field.

metrics.json holds no number without an interval. The page, the thesis and the cards show these beside the others, each
with what it was counted from.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss, roc_auc_score

from ..results import rounded
from . import against_truth
from .inputs import Inputs
from .metrics import Metrics
from .occurrence_groups import unseen, with_condition

SCORES = {
    "accuracy": (("tp", "tn"), ("tp", "tn", "fp", "fn")),
    "sensitivity": (("tp",), ("tp", "fn")),
    "specificity": (("tn",), ("tn", "fp")),
    "precision": (("tp",), ("tp", "fp")),
}
"""Outcomes in the numerator and in the denominator of each score that is a share of frames."""
APPARENT = {"apparent": (("yes",), ("yes", "no"))}
CALLS = {"yes_share": (("yes",), ("yes", "no")), "yes_no_odds": (("yes",), ("no",))}


def lacks_only_nights(estimate: dict[str, Any] | None) -> bool:
    """Whether an estimate has frames, but too few nights for a value with an interval."""
    return bool(estimate and estimate["value"] is None and estimate.get("too_few_nights") and estimate["frames"])


def fill_ratios(estimates: dict[str, Any], counts: dict[str, int], ratios: dict[str, tuple]) -> None:
    """Give each ratio that lacks only nights its value, `count` and `of` (what was counted); no low and high."""
    for name, (numerator, denominator) in ratios.items():
        count, of = (sum(counts[key] for key in keys) for keys in (numerator, denominator))
        if lacks_only_nights(estimates.get(name)) and of:
            estimates[name] |= {"value": count / of, "count": count, "of": of}


def fill_values(estimates: dict[str, Any], values: dict[str, float]) -> None:
    """Give each estimate that lacks only nights its value; low and high stay None."""
    for name, value in values.items():
        if lacks_only_nights(estimates.get(name)) and np.isfinite(value):
            estimates[name] |= {"value": rounded(value)}


def score_values(rows: pd.DataFrame) -> dict[str, float]:
    """The scores that are no plain share, as `inference.scores.estimates` defines them; {} without frames."""
    if rows.empty:
        return {}
    yes, called = (rows["label"] == "yes").to_numpy(), rows["is_aurora"].to_numpy(dtype=bool)
    p_aurora = rows["p_aurora"].to_numpy(dtype=np.float64)
    values = {
        "f1": float(f1_score(yes, called, zero_division=np.nan)),
        "brier": float(np.mean((p_aurora - yes) ** 2)),
        "log_loss": float(log_loss(yes, p_aurora, labels=[False, True])),
    }
    if yes.any() and not yes.all():
        values |= {
            "balanced_accuracy": float(balanced_accuracy_score(yes, called)),
            "auroc": float(roc_auc_score(yes, p_aurora)),
        }
    return values


def call_values(rows: pd.DataFrame) -> dict[str, float]:
    """Mean and (population) standard deviation of P(yes); {} without frames."""
    if rows.empty:
        return {}
    return {"p_aurora_mean": rows["p_aurora"].mean(), "p_aurora_std": rows["p_aurora"].std(ddof=0)}


def outcomes(rows: pd.DataFrame) -> dict[str, int]:
    """Tp, fp, fn and tn of rows with label (yes, no) and is_aurora."""
    yes, called = rows["label"] == "yes", rows["is_aurora"].astype(bool)
    pairs = {"tp": yes & called, "fp": ~yes & called, "fn": yes & ~called, "tn": ~yes & ~called}
    return {name: int(pair.sum()) for name, pair in pairs.items()}


def audited(data: Inputs) -> pd.DataFrame:
    """The audit labels of nights outside training and validation, with predictions and condition."""
    rows = data.labelled[data.labelled["set"] == "audit"]
    return unseen(with_condition(rows.merge(data.predictions, on="frame_id"), data), data)


def with_point_estimates(metrics: Metrics, data: Inputs) -> dict[str, Any]:
    """The metrics as people read them: scores that lack only nights have their value, shares with their counts.

    Frames of one condition have equal weights in the audit, or nearly so, and plain counts are what a reader can check.
    """
    tree: dict[str, Any] = copy.deepcopy(dict(metrics))
    judged = data.split.merge(data.predictions, on="frame_id")
    for name, score in tree["scores"].items():
        fill_ratios(score, score, SCORES)
        fill_values(score, score_values(judged[judged["split"] == name]))
    for name, score in tree.get("truth", {}).get("scores", {}).items():
        fill_ratios(score, score, SCORES)
        fill_values(score, score_values(against_truth.judged(data, name)))
    if begun := tree.get("start", {}).get("scores"):
        fill_ratios(begun, begun, SCORES)
    calls, audit = with_condition(data.predictions, data), audited(data)
    for name, condition in tree["conditions"].items():
        labelled = audit[audit["condition"] == name]
        fill_ratios(condition, condition, CALLS)
        fill_values(condition, call_values(calls[calls["condition"] == name]))
        fill_ratios(condition, outcomes(labelled), SCORES)
        fill_values(condition, score_values(labelled))
    fill_ratios(tree["all_frames"], tree["all_frames"], CALLS)
    fill_values(tree["all_frames"], call_values(calls))
    calls = unseen(calls, data)
    for name, methods in tree["occurrence"].items():
        of_condition = calls if name == "all" else calls[calls["condition"] == name]
        yes = int(of_condition["is_aurora"].sum())
        fill_ratios(methods, {"yes": yes, "no": len(of_condition) - yes}, APPARENT)
    return tree
