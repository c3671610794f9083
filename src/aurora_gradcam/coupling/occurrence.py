"""Occurrence of aurora by Kp, and by Kp and magnetic local time, corrected by labelled frames."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..conditions import DARK_SUN_CLASSES
from ..inference.occurrence import by_group

LEVELS = {"0-1": (0, 1), "2": (2, 2), "3": (3, 3), "4-9": (4, 9)}
"""Rounded Kp of each level, first and last: wide where few nights are."""
SECTOR_HOURS = 3


def in_darkness(every: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """The frames of the nine conditions with their labels, if any; columns and reasons as in `inference.groupings`.

    Parameters
    ----------
    every
        Columns frame_id, sun_class, moon_class; the frames of nights that the classifier has learnt nothing from.
    kept
        Columns frame_id, label, weight; their audit labels.
    """
    inside = every["sun_class"].isin(DARK_SUN_CLASSES) & every["moon_class"].notna()
    return every[inside].merge(kept[["frame_id", "label", "weight"]], on="frame_id", how="left", validate="1:1")


def kp_groups(kp: pd.Series) -> pd.Series:
    """Kp rounded to whole numbers as text, 2- to 2+ being 2; null where it is unknown."""
    rounded = kp.round().astype("Int64")
    present = [str(value) for value in sorted(rounded.dropna().unique())]
    return pd.Series(pd.Categorical(rounded.astype("string"), present), index=kp.index)


def kp_hour_groups(kp: pd.Series, magnetic_hour: pd.Series) -> pd.Series:
    """Level of Kp and sector of magnetic local time, such as `2 x 21-24`; null where either is unknown."""
    rounded, first = kp.round(), np.floor(magnetic_hour / SECTOR_HOURS) * SECTOR_HOURS
    level = pd.Series(pd.NA, index=kp.index, dtype="string")
    for name, (low, high) in LEVELS.items():
        level = level.mask(rounded.between(low, high), name)
    sector = first.map(lambda hour: pd.NA if pd.isna(hour) else f"{hour:02.0f}-{hour + SECTOR_HOURS:02.0f}")
    both = level + " x " + sector.astype("string")
    order = [f"{name} x {hour:02d}-{hour + SECTOR_HOURS:02d}" for name in LEVELS for hour in range(0, 24, SECTOR_HOURS)]
    present = set(both.dropna())
    return pd.Series(pd.Categorical(both, [name for name in order if name in present]), index=kp.index)


def by_activity(frames: pd.DataFrame) -> pd.DataFrame:
    """Occurrence in each group of activity, by each method, with intervals over whole nights.

    Sensitivity and specificity come from all labelled frames: how well aurora is seen is taken not to depend on Kp.

    Parameters
    ----------
    frames
        Columns night, p_aurora, is_aurora, label, weight, kp, magnetic_local_time; also no row at all.

    Returns
    -------
    grouping (kp, kp_magnetic_hour), group, and the columns of `inference.occurrence.by_group`.
    """
    groups = {
        "kp": kp_groups(frames["kp"]),
        "kp_magnetic_hour": kp_hour_groups(frames["kp"], frames["magnetic_local_time"]),
    }
    parts = [by_group(frames, of_frame).assign(grouping=grouping) for grouping, of_frame in groups.items()]
    table = pd.concat(parts, ignore_index=True)
    return table[["grouping", *(name for name in table if name != "grouping")]]
