"""The frames that occurrence is estimated from, with the groups that they stand in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..conditions import DARK_SUN_CLASSES, condition_name
from ..config import Site
from ..corpus.frame_ids import night_of
from ..inference.magnetic import magnetic_local_time
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


def with_points(table: pd.DataFrame, data: Inputs, site: Site) -> pd.DataFrame:
    """The occurrence table with the apparent share also of too few nights for an interval; low and high stay nan."""
    called = {(grouping, group): share for grouping, group, share in shares(grouped(data, site), "is_aurora")}
    points = pd.Series([called.get(key, np.nan) for key in keys(table)], table.index, dtype=float)
    return table.assign(value=table["value"].fillna(points.where(table["method"] == "apparent")))
