"""Table split: which labelled frames train the classifier, choose its epoch, and test it."""

from __future__ import annotations

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
    },
)
