"""Counts of the data by month, by illumination and by set: pure functions of tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..conditions import MOON_CLASSES, SUN_CLASSES
from ..corpus.frame_ids import month_of
from ..tables.frames import FRAME_STATUSES
from ..tables.split import SPLITS


def months_table(frames: pd.DataFrame) -> pd.DataFrame:
    """Nights and frames of each month, and frames by status."""
    by_month = frames.assign(month=frames["night"].map(month_of)).groupby("month")
    counts = {"nights": by_month["night"].nunique(), "frames": by_month.size()}
    for status in FRAME_STATUSES:
        counts[status] = by_month["status"].agg(lambda column, status=status: int((column == status).sum()))
    return pd.DataFrame(counts).reset_index()


def illumination_table(sky: pd.DataFrame) -> pd.DataFrame:
    """Frames by sun class (rows) and moon class (columns)."""
    counts = sky.groupby(["sun_class", "moon_class"]).size()
    rows = [
        {"sun_class": sun, **{moon: int(counts.get((sun, moon), 0)) for moon in MOON_CLASSES}} for sun in SUN_CLASSES
    ]
    return pd.DataFrame(rows).assign(all=lambda table: table[list(MOON_CLASSES)].sum(axis=1))


def split_table(counts: dict[str, Any]) -> pd.DataFrame:
    """Frames, classes and nights by set; `counts` as in metrics.json."""
    return pd.DataFrame([{"split": name, **counts[name]} for name in SPLITS])


def tables(frames: pd.DataFrame, sky: pd.DataFrame, metrics: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """All tables of the thesis by file name."""
    return {
        "months": months_table(frames),
        "illumination": illumination_table(sky),
        "split": split_table(metrics["split"]),
    }
