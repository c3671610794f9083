"""What only a simulated sky can tell: scores against its truth, errors of the labels, and whether intervals hold it.

A real sky has no truth, and then nothing of this appears.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..config import Site
from ..inference.bootstrap import ratio_interval
from ..inference.scores import split_scores
from ..tables.split import SPLITS
from . import occurrence_groups, truth_kinds
from .inputs import Inputs

ROUNDING = 1e-6
"""Limits come from a file with six decimals."""


def collect(data: Inputs, site: Site) -> dict[str, Any]:
    """The part `truth` of metrics.json: {"truth": ...}, or {} without truth.

    scores : the scores of each set as in `inference.scores.split_scores`, with the truth in the place of the labels.
    labels : of each set, frames, nights, and `agreement` of labels and truth, with missed (aurora labelled no) and
    invented (no aurora labelled yes).
    occurrence : the true share of the frames that occurrence is estimated from, by grouping and group.
    kinds : of the further heads, see `truth_kinds.collect`.
    coverage : by method, how many cells (groups with an interval) there are, and whose interval holds the true share.
    """
    if data.truth is None:
        return {}
    by_split = {name: judged(data, name) for name in SPLITS}
    table = with_truth(data, site)
    return {
        "truth": {
            "scores": {name: split_scores(rows) for name, rows in by_split.items()},
            "labels": {name: agreement(rows) for name, rows in by_split.items()},
            "occurrence": true_shares(table),
            "coverage": coverage(table),
            "kinds": truth_kinds.collect(data),
        }
    }


def judged(data: Inputs, split: str) -> pd.DataFrame:
    """The frames of one set with predictions; `label` holds the truth (yes or no), and `labelled` what people said."""
    assert data.truth is not None
    rows = data.split[data.split["split"] == split].merge(data.predictions, on="frame_id")
    rows = rows.rename(columns={"label": "labelled"}).merge(data.truth[["frame_id", "visible"]], on="frame_id")
    return rows.assign(label=rows["visible"].map({True: "yes", False: "no"}))


def agreement(rows: pd.DataFrame) -> dict[str, Any]:
    """How often label and truth of frames are the same, with its interval over nights; `rows` from `judged`."""
    same = (rows["labelled"] == rows["label"]).to_numpy()
    aurora = (rows["label"] == "yes").to_numpy()
    return {
        "frames": len(rows),
        "nights": rows["night"].nunique(),
        "agreement": ratio_interval(same, np.ones(len(rows)), rows["night"].to_numpy(dtype=str)).as_dict(),
        "missed": int((~same & aurora).sum()),
        "invented": int((~same & ~aurora).sum()),
    }


def with_truth(data: Inputs, site: Site) -> pd.DataFrame:
    """The occurrence table with the column truth: the true share of the group's frames; nan where it is not known.

    Without any truth the table stays as it is.
    """
    if data.truth is None:
        return data.occurrence
    visible = data.truth.set_index("frame_id")["visible"]
    rows = occurrence_groups.grouped(data, site)
    rows = rows.assign(visible=rows["frame_id"].map(visible).astype(float))
    true = {(grouping, group): share for grouping, group, share in occurrence_groups.shares(rows, "visible")}
    true["all", "all"] = float(rows["visible"].mean())
    found = [true.get(key, np.nan) for key in occurrence_groups.keys(data.occurrence)]
    return data.occurrence.assign(truth=found)


def true_shares(table: pd.DataFrame) -> dict[str, dict[str, float]]:
    """True share by grouping and group; `table` from `with_truth`."""
    tree: dict[str, dict[str, float]] = {}
    for (grouping, group), share in zip(occurrence_groups.keys(table), table["truth"], strict=True):
        if np.isfinite(share):
            tree.setdefault(grouping, {})[group] = float(share)
    return tree


def coverage(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Cells with an interval, and those whose interval holds the truth, by method; `table` from `with_truth`."""
    cells = table[(table["grouping"] != "all") & table["low"].notna() & table["truth"].notna()]
    held = (cells["low"] - ROUNDING <= cells["truth"]) & (cells["truth"] <= cells["high"] + ROUNDING)
    return {
        str(method): {
            "cells": int((cells["method"] == method).sum()),
            "held": int(held[cells["method"] == method].sum()),
        }
        for method in dict.fromkeys(table["method"])
    }
