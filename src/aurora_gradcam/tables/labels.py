"""The labels of frames: their two files of text, and the table labelled that joins them with the sample."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from .kinds import label_columns
from .table import frame_id, number, table, text

LABELS = ("no", "yes")
LABELS_FILE = Path("data/labels/labels.csv")
LABELS_COLUMNS = ("frame_id", "label", "annotator")
SIMULATOR = "simulator"  # the annotator of labels that come from a simulated sky
SIMULATED_ANNOTATOR = "simulated-"  # how the names of simulated people begin
TO_LABEL = Path("data/tables/to_label.csv")


def is_person(annotator: str) -> bool:
    """Whether a name in the labels file is that of a real person."""
    return annotator != SIMULATOR and not annotator.startswith(SIMULATED_ANNOTATOR)


class SampleSet(StrEnum):
    """Which part of the sample a labelled frame belongs to."""

    TRAIN_POOL = "train_pool"  # drawn date-aware from sample_label.conditions; split divides it
    AUDIT = "audit"  # drawn at random in each condition, to measure rates of errors


LABELLED_TABLE = table(
    "labelled",
    "data/tables/labelled.parquet",
    {
        "frame_id": frame_id(),
        "label": text(among=LABELS),
        "set": text(among=tuple(SampleSet)),
        "annotator": text(),
        "weight": number(1),  # frames that this one stands for in its set's population
        **label_columns(),  # cloud and form, where anybody labelled them
    },
    key=("frame_id", "set"),
)
