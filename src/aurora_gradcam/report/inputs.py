"""What the report stage reads: tables, results of other stages, and pictures of frames."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..config import Params
from ..errors import InputError
from ..frame_ids import month_of
from ..images import decode_image
from ..inference import leakage_gap
from ..tables.cams import CAMS_TABLE
from ..tables.frames import FRAMES_TABLE
from ..tables.labels import LABELLED_TABLE, TO_LABEL
from ..tables.predictions import PREDICTIONS_TABLE
from ..tables.sky import SKY_TABLE
from ..tables.split import SPLIT_TABLE
from ..tables.times import TIMES_TABLE
from .truth import described

TRAINING = Path("reports/plots/training.csv")
EVALUATION = Path("reports/metrics/evaluate.json")
EXPLANATIONS = Path("reports/metrics/explanations.json")
OCCURRENCE = Path("reports/metrics/occurrence.csv")
RELIABILITY = Path("reports/plots/reliability.csv")
OVERLAYS = Path("data/gradcam/overlays")
TRUTH = Path("data/labels/truth")


@dataclass(frozen=True)
class Inputs:
    """All tables of a run; `truth` as `truth.described` gives it, None under a real sky.

    `leakage` is None where `make leakage` has not run with these labels.
    """

    frames: pd.DataFrame
    times: pd.DataFrame
    sky: pd.DataFrame
    labelled: pd.DataFrame
    split: pd.DataFrame
    predictions: pd.DataFrame
    cams: pd.DataFrame
    training: pd.DataFrame
    evaluation: dict[str, Any]
    explanations: dict[str, Any]
    occurrence: pd.DataFrame
    reliability: pd.DataFrame
    leakage: dict[str, Any] | None
    to_label: int
    truth: pd.DataFrame | None

    @property
    def labels(self) -> pd.DataFrame:
        """frame_id and label, one row a labelled frame."""
        return self.labelled.drop_duplicates("frame_id")[["frame_id", "label"]]


def there(path: Path, stage: str) -> Path:
    """The path, or an InputError that names the stage to run."""
    if not path.exists():
        raise InputError(f"the result of {stage} is missing", path, f"run `dvc repro {stage}`, or `dvc pull`")
    return path


def read_truth(frames: pd.DataFrame) -> pd.DataFrame | None:
    """What the simulator says of the frames (`truth.described`); None where there is no truth, as under a real sky."""
    paths = [TRUTH / month_of(night) / f"{night}.parquet" for night in sorted(frames["night"].unique())]
    found = [pd.read_parquet(path) for path in paths if path.exists()]
    if not found:
        return None
    rows = pd.concat(found, ignore_index=True)
    return described(rows[rows["frame_id"].isin(frames["frame_id"])].reset_index(drop=True))


def read(params: Params) -> Inputs:
    """Everything, checked, from the current folder."""
    frames = FRAMES_TABLE.read_months(params.months)
    return Inputs(
        frames=frames,
        times=TIMES_TABLE.read_months(params.months),
        sky=SKY_TABLE.read(),
        labelled=LABELLED_TABLE.read(),
        split=SPLIT_TABLE.read(),
        predictions=PREDICTIONS_TABLE.read(),
        cams=CAMS_TABLE.read(),
        training=pd.read_csv(there(TRAINING, "train")),
        evaluation=json.loads(there(EVALUATION, "evaluate").read_text(encoding="utf-8")),
        explanations=json.loads(there(EXPLANATIONS, "gradcam").read_text(encoding="utf-8")),
        occurrence=pd.read_csv(there(OCCURRENCE, "evaluate"), dtype={"group": str}),
        reliability=pd.read_csv(there(RELIABILITY, "evaluate")),
        leakage=leakage_gap.current(),
        to_label=len(pd.read_csv(there(TO_LABEL, "sample_label"))),
        truth=read_truth(frames),
    )


def read_overlay(frame_id: str, target: str) -> np.ndarray | None:
    """The Grad-CAM overlay of a frame for class `yes` or `no`, uint8 RGB; None where that class was not explained."""
    path = OVERLAYS / f"{frame_id}_{target}.jpg"
    return decode_image(path.read_bytes()) if path.exists() else None
