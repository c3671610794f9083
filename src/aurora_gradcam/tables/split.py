"""Table split: which labelled frames train the classifier, choose its epoch, and test it."""

from __future__ import annotations

import pandas as pd

from .kinds import label_columns
from .labels import LABELS
from .table import NIGHT, frame_id, table, text

SPLITS = ("train", "val", "test")

SPLIT_TABLE = table(
    "split",
    "data/tables/split.parquet",
    {
        "frame_id": frame_id(),
        "night": text(NIGHT),
        "label": text(among=LABELS),
        "split": text(among=SPLITS),
        **label_columns(),  # cloud and form, where anybody labelled them
    },
)


def held_out_split(rows: pd.DataFrame) -> str:
    """The split to judge the classifier on, by the column `split`: test, or val where no frame is in test."""
    return "test" if (rows["split"] == "test").any() else "val"
