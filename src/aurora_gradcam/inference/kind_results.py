"""What evaluate writes of cloud and form: nothing without a head or a label for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

import pandas as pd

from ..conditions import DARK_SUN_CLASSES
from ..tables.kinds import CLASSES, CLOUD, KINDS, actual, probability_names
from ..tables.split import SPLITS
from .clear_sky import by_cloud, conditions_by_cloud, when_clear
from .kind_scores import head_scores
from .occurrence import Occurrence
from .scores import Numbers

AUDIT = "audit"


def collect(
    every: pd.DataFrame, split: pd.DataFrame, labelled: pd.DataFrame, kept: pd.DataFrame, learnt_from: Collection[str]
) -> dict[str, Any]:
    """All results of the further heads; empty where there are neither heads nor labels of cloud.

    Parameters
    ----------
    every
        All predictions, with night, sun_class and moon_class.
    split, labelled
        The tables.
    kept
        Columns frame_id, night, label, weight: audit labels of nights that the classifier has learnt nothing from.
    learnt_from
        Nights that the classifier has learnt from.

    Returns
    -------
    `heads`: head -> set (train, val, test, audit) -> `kind_scores.head_scores`, of heads and sets with labels;
    `occurrence`: `clear_sky.by_cloud`; `occurrence_when_clear`, beside the plain one of the nine conditions;
    `conditions`: `clear_sky.conditions_by_cloud`. What there is nothing for is not there.
    """
    named = with_kinds(kept, labelled)
    inside = every["sun_class"].isin(DARK_SUN_CLASSES) & every["moon_class"].notna()
    unseen = every[inside & ~every["night"].isin(list(learnt_from))]
    rows = with_labels(unseen, named)
    heads = {head: by_set(every, split, named, head) for head in CLASSES if head in every}
    clear = when_clear(rows)
    parts: dict[str, Any] = {
        "heads": {head: sets for head, sets in heads.items() if sets},
        "occurrence": by_cloud(rows) if CLOUD in every and len(rows) else {},
        "occurrence_when_clear": clear and flat(clear),
        "conditions": conditions_by_cloud(every) if CLOUD in every else {},
    }
    return {name: part for name, part in parts.items() if part}


def with_kinds(kept: pd.DataFrame, labelled: pd.DataFrame) -> pd.DataFrame:
    """The audit labels that are kept, with the kinds that people named in them."""
    kinds = [kind for kind in KINDS if kind in labelled]
    audit = labelled.loc[labelled["set"] == AUDIT, ["frame_id", *kinds]]
    return kept[["frame_id", "night", "label", "weight"]].merge(audit, on="frame_id", validate="1:1")


def with_labels(frames: pd.DataFrame, named: pd.DataFrame) -> pd.DataFrame:
    """Predictions beside label, weight and actual_cloud of audit frames, null for all others."""
    cloud = named[CLOUD] if CLOUD in named else pd.Series(None, named.index, dtype=object)
    given = named[["frame_id", "label", "weight"]].assign(actual_cloud=cloud)
    return frames.merge(given, on="frame_id", how="left", validate="1:1")


def by_set(every: pd.DataFrame, split: pd.DataFrame, named: pd.DataFrame, head: str) -> dict[str, Numbers]:
    """The scores of a head on each split and on the audit, where any of its frames has a label for it."""
    tables = {name: split[split["split"] == name] for name in SPLITS} | {AUDIT: named}
    columns = ["frame_id", head, *probability_names(head)]
    called = every[columns].rename(columns={head: "called"})
    scores = {}
    for name, rows in tables.items():
        if head not in rows or not rows[head].notna().any():
            continue
        rows = rows.assign(actual=actual(rows, head)).dropna(subset="actual").merge(called, on="frame_id")
        if len(rows):
            scores[name] = head_scores(rows.sort_values("frame_id", ignore_index=True), head)
    return scores


def flat(of: Occurrence) -> dict[str, Any]:
    """An occurrence as metrics.json has it: value, low, high, frames, nights, labelled, labelled_nights."""
    rest = {"labelled": of.labelled, "labelled_nights": of.labelled_nights}
    return asdict(of.estimate) | rest | ({"too_few_nights": True} if of.too_few_nights else {})
