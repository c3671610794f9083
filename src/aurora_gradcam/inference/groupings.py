"""Occurrence of aurora by illumination condition, month, hour of universal time and magnetic local time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..conditions import CONDITIONS, DARK_SUN_CLASSES, condition_name
from ..config import Site
from .magnetic import magnetic_local_time
from .occurrence import by_group

ALL = "all"
HOURS = range(24)


def occurrence_table(every: pd.DataFrame, kept: pd.DataFrame, site: Site) -> pd.DataFrame:
    """The occurrence in each group of frames, by each method, with intervals over whole nights.

    Frames outside the nine conditions have no part: no label stands for them. Nights that the classifier has learnt
    from have none either, for it errs less there than the labels of other nights tell. So moonlit nights without a
    frame to train on are all here, and of the others some; that is unbiased as long as aurora is independent of the
    Moon.

    Parameters
    ----------
    every
        Columns frame_id, night, utc, sun_class, moon_class, p_aurora, is_aurora; the frames of nights that the
        classifier has learnt nothing from.
    kept
        Columns frame_id, label, weight; their audit labels.

    Returns
    -------
    grouping (all, condition, month, utc_hour, magnetic_local_time), group, and the columns of `occurrence.by_group`.
    Conditions are corrected by error rates of their own, months and hours by those of all labelled frames.
    """
    inside = every["sun_class"].isin(DARK_SUN_CLASSES) & every["moon_class"].notna()
    frames = every[inside].merge(kept[["frame_id", "label", "weight"]], on="frame_id", how="left", validate="1:1")
    names = [condition_name(sun, moon) for sun, moon in CONDITIONS]
    condition = [condition_name(*classes) for classes in zip(frames["sun_class"], frames["moon_class"], strict=True)]
    magnetic = np.floor(magnetic_local_time(frames["utc"], site.latitude, site.longitude))
    groups = {
        ALL: pd.Series(ALL, index=frames.index),
        "condition": pd.Series(pd.Categorical(condition, names), index=frames.index),
        "month": frames["utc"].dt.strftime("%Y-%m"),
        "utc_hour": _hours(frames["utc"].dt.hour),
        "magnetic_local_time": _hours(magnetic),
    }
    parts = [
        by_group(frames, of_frame, own_rates=grouping in (ALL, "condition")).assign(grouping=grouping)
        for grouping, of_frame in groups.items()
    ]
    table = pd.concat(parts, ignore_index=True)
    return table[["grouping", *(name for name in table if name != "grouping")]]


def _hours(hours: pd.Series) -> pd.Series:
    # hours without a frame are left out: a camera's season has no noon
    present = [hour for hour in HOURS if (hours == hour).any()]
    return pd.Series(pd.Categorical(hours, present), index=hours.index)


def nested(table: pd.DataFrame) -> dict[str, dict[str, dict[str, Any]]]:
    """All frames and the nine conditions as group -> method -> value, low, high, frames, nights, labelled, ..."""
    rows = table[table["grouping"].isin([ALL, "condition"])].drop(columns="grouping")
    tree: dict[str, dict[str, dict[str, Any]]] = {}
    for record in rows.to_dict("records"):
        row = {str(key): value for key, value in record.items()}
        if not row["too_few_nights"]:
            del row["too_few_nights"]
        tree.setdefault(row.pop("group"), {})[row.pop("method")] = row
    return tree
