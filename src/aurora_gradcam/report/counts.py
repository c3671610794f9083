"""Shares that counts give where nights are too few for an interval: `17 of 20` says more than nothing.

metrics.json holds no number without an interval. The page, the thesis and the cards show these beside the others, each
with its counts.
"""

from __future__ import annotations

import copy
from typing import Any

import pandas as pd

from ..conditions import condition_name
from ..frame_ids import night_of
from .inputs import Inputs
from .metrics import Metrics

SCORES = {
    "accuracy": (("tp", "tn"), ("tp", "tn", "fp", "fn")),
    "sensitivity": (("tp",), ("tp", "fn")),
    "specificity": (("tn",), ("tn", "fp")),
    "precision": (("tp",), ("tp", "fp")),
}
"""Outcomes in the numerator and in the denominator of each score that is a share of frames."""
APPARENT = {"apparent": (("yes",), ("yes", "no"))}
CALLS = {"yes_share": (("yes",), ("yes", "no")), "yes_no_odds": (("yes",), ("no",))}


def fill(estimates: dict[str, Any], counts: dict[str, int], ratios: dict[str, tuple]) -> None:
    """Give each ratio that lacks only the nights its value, without an interval, and what was counted.

    The estimate gains `count` and `of`; low and high stay None.
    """
    for name, (numerator, denominator) in ratios.items():
        estimate = estimates.get(name)
        count, of = (sum(counts[key] for key in keys) for keys in (numerator, denominator))
        if estimate and estimate["value"] is None and estimate.get("too_few_nights") and of:
            estimate |= {"value": count / of, "count": count, "of": of}


def outcomes(rows: pd.DataFrame) -> dict[str, int]:
    """Tp, fp, fn and tn of rows with label (yes, no) and is_aurora."""
    yes, called = rows["label"] == "yes", rows["is_aurora"].astype(bool)
    pairs = {"tp": yes & called, "fp": ~yes & called, "fn": yes & ~called, "tn": ~yes & ~called}
    return {name: int(pair.sum()) for name, pair in pairs.items()}


def with_condition(rows: pd.DataFrame, data: Inputs) -> pd.DataFrame:
    """The rows of nights outside training and validation, with `condition` (`nan x nan`: unknown time)."""
    rows = rows[~rows["frame_id"].map(night_of).isin(data.shaping_nights)]
    rows = rows.merge(data.sky[["frame_id", "sun_class", "moon_class"]], on="frame_id", how="left")
    names = map(condition_name, rows["sun_class"].astype(str), rows["moon_class"].astype(str))
    return rows.assign(condition=pd.Series(names, rows.index, dtype=object))


def audited(data: Inputs) -> pd.DataFrame:
    """The audit labels of nights outside training and validation, with predictions and condition."""
    rows = data.labelled[data.labelled["set"] == "audit"]
    return with_condition(rows.merge(data.predictions, on="frame_id"), data)


def unseen_calls(data: Inputs) -> pd.DataFrame:
    """The predictions of nights outside training and validation, with condition."""
    return with_condition(data.predictions, data)


def with_counts(metrics: Metrics, data: Inputs) -> dict[str, Any]:
    """The metrics as people read them: shares of few nights hold their value and counts.

    Frames of one condition have equal weights in the audit, so that their plain counts give the same share.
    """
    tree: dict[str, Any] = copy.deepcopy(dict(metrics))
    for score in tree["scores"].values():
        fill(score, score, SCORES)
    rows = audited(data)
    for name, condition in tree["conditions"].items():
        fill(condition, condition, CALLS)
        fill(condition, outcomes(rows[rows["condition"] == name]), SCORES)
    fill(tree["all_frames"], tree["all_frames"], CALLS)
    calls = unseen_calls(data)
    for name, methods in tree["occurrence"].items():
        called = calls if name == "all" else calls[calls["condition"] == name]
        yes = int(called["is_aurora"].sum())
        fill(methods, {"yes": yes, "no": len(called) - yes}, APPARENT)
    return tree
