"""The frames that occurrence is estimated from, with the groups that they stand in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..conditions import DARK_SUN_CLASSES, condition_name
from ..config import Site
from ..corpus.frame_ids import night_of
from ..inference.conditions import untouched_audit
from ..inference.magnetic import magnetic_local_time
from ..inference.prevalence import METHODS, night_sums
from .inputs import Inputs

GROUPINGS = ("condition", "month", "utc_hour", "magnetic_local_time")


def with_condition(rows: pd.DataFrame, data: Inputs) -> pd.DataFrame:
    """The rows with `condition`; for an unknown time it is `nan x nan`."""
    rows = rows.merge(data.sky[["frame_id", "sun_class", "moon_class"]], on="frame_id", how="left")
    names = map(condition_name, rows["sun_class"].astype(str), rows["moon_class"].astype(str))
    return rows.assign(condition=pd.Series(names, rows.index, dtype=object))


def unseen(rows: pd.DataFrame, data: Inputs) -> pd.DataFrame:
    """The rows of nights outside training and validation."""
    return rows[~rows["frame_id"].map(night_of).isin(data.shaping_nights)]


def grouped(data: Inputs, site: Site) -> pd.DataFrame:
    """Frames of the nine conditions in nights outside training and validation, as in `inference.groupings`.

    Returns
    -------
    The columns of the predictions, utc, and of GROUPINGS as text; hours are whole numbers.
    """
    rows = unseen(with_condition(data.predictions, data), data)
    rows = rows[rows["sun_class"].isin(DARK_SUN_CLASSES) & rows["moon_class"].notna()]
    rows = rows.merge(data.sky[["frame_id", "utc"]], on="frame_id").reset_index(drop=True)
    magnetic = np.floor(magnetic_local_time(rows["utc"], site.latitude, site.longitude))
    hours = {"utc_hour": rows["utc"].dt.hour, "magnetic_local_time": magnetic}
    texts = {name: of.astype(int).astype(str) for name, of in hours.items()}
    return rows.assign(month=rows["utc"].dt.strftime("%Y-%m"), **texts)


def shares(rows: pd.DataFrame, column: str) -> Iterator[tuple[str, str, float]]:
    """(grouping, group, mean of a column) of all groups of `grouped` frames."""
    for grouping in GROUPINGS:
        for group, share in rows.groupby(grouping)[column].mean().items():
            yield grouping, str(group), float(share)


def keys(table: pd.DataFrame) -> list[tuple[str, str]]:
    """(grouping, group) of each row of the occurrence table as `shares` writes them: hours without decimals."""
    hourly = table["grouping"].isin(["utc_hour", "magnetic_local_time"])
    groups = table["group"].astype(str).mask(hourly, table["group"].astype(str).str.removesuffix(".0"))
    return list(zip(table["grouping"], groups, strict=True))


def points(data: Inputs, site: Site) -> dict[tuple[str, str, str], float]:
    """The occurrence by (grouping, group, method) as `inference.occurrence` estimates it, without any interval.

    Rates of error are a condition's own, and for months and hours those of all labelled frames.
    """
    audit = data.labelled.merge(data.sky[["frame_id", "sun_class", "moon_class"]], on="frame_id")
    kept, _ = untouched_audit(audit, data.split, ("train", "val"))
    rows = grouped(data, site).merge(kept[["frame_id", "label", "weight"]], on="frame_id", how="left")
    rows = rows.assign(night=rows["frame_id"].map(night_of))
    nights = np.unique(rows["night"])
    whole = night_sums(rows, nights).sum(axis=0)
    found = {}
    for grouping in GROUPINGS:
        for group, part in rows.groupby(grouping):
            own = night_sums(part, nights).sum(axis=0)
            rates = own if grouping == "condition" else np.concatenate([own[:3], whole[3:]])
            for method, estimate in METHODS.items():
                value = estimate(rates if method == "rogan_gladen" else own)
                found[grouping, str(group), method] = float(value)
    return found


def with_points(table: pd.DataFrame, data: Inputs, site: Site) -> pd.DataFrame:
    """The occurrence table with values also where nights are too few for an interval; low and high stay nan there."""
    known = points(data, site)
    values = [known.get((*key, method), np.nan) for key, method in zip(keys(table), table["method"], strict=True)]
    lacking = table["too_few_nights"].astype(bool) & (table["frames"] > 0)
    return table.assign(value=table["value"].fillna(pd.Series(values, table.index, dtype=float).where(lacking)))
