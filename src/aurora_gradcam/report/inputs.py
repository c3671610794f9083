"""What the report stage reads: tables, results of other stages, and pictures of frames."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from ..config import Params
from ..corpus.frame_ids import month_of
from ..corpus.images import decode_image
from ..errors import InputError
from ..inference import leakage_result
from ..results import COUPLING, EVALUATION, EXPLANATIONS, OCCURRENCE, OCCURRENCE_BY_KP, RELIABILITY_PLOT, read_json
from ..stage import WARNINGS
from ..tables.cams import CAMS_TABLE
from ..tables.frames import FRAMES_TABLE
from ..tables.labels import LABELLED_TABLE, TO_LABEL
from ..tables.predictions import PREDICTIONS_TABLE
from ..tables.sky import SKY_TABLE
from ..tables.split import SPLIT_TABLE, held_out_split
from ..tables.times import TIMES_TABLE
from .truth_groups import described

TRAINING = Path("reports/plots/training.csv")
MODEL_CARD = Path("data/models/model.json")
STUDY = Path("thesis/study.yaml")
OVERLAYS = Path("data/gradcam/overlays")
TRUTH = Path("data/labels/truth")
STAGES = ("extract", "ocr_utc", "illuminate", "sample_label", "split", "train", "evaluate", "couple", "gradcam")
"""The stages before this one, in their order."""


@dataclass(frozen=True)
class Inputs:
    """All tables and results of a run.

    coupling, occurrence_by_kp
        None where the stage couple has not run.
    leakage
        None where `make leakage` has not run with these labels.
    truth
        As `truth_groups.described` gives it; None under a real sky.
    model, study
        model.json and thesis/study.yaml; None where the file is missing.

    Warnings
        (stage, message) of every warning of the stages' last runs, in the order of the stages.
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
    coupling: dict[str, Any] | None
    occurrence_by_kp: pd.DataFrame | None
    leakage: dict[str, Any] | None
    to_label: int
    truth: pd.DataFrame | None
    model: dict[str, Any] | None
    study: dict[str, Any] | None
    warnings: list[tuple[str, str]]

    @property
    def held_out(self) -> str:
        """The split to judge the classifier on: test, or val where there is no test set."""
        return held_out_split(self.split)

    @property
    def shaping_nights(self) -> set[str]:
        """Nights of training and validation: they shaped the weights, the epoch, the temperature or the threshold."""
        return set(self.split.loc[self.split["split"] != "test", "night"])

    @property
    def labels(self) -> pd.DataFrame:
        """frame_id and label, one row a labelled frame."""
        return self.labelled.drop_duplicates("frame_id")[["frame_id", "label"]]


def required(path: Path, stage: str) -> Path:
    """The path, or an InputError that names the stage to run."""
    if not path.exists():
        raise InputError(f"the result of {stage} is missing", path, f"run `dvc repro {stage}`, or `dvc pull`")
    return path


def read_truth(frames: pd.DataFrame) -> pd.DataFrame | None:
    """The simulator's truth about the frames (`truth_groups.described`); None without any, as for a real sky."""
    paths = [TRUTH / month_of(night) / f"{night}.parquet" for night in sorted(frames["night"].unique())]
    tables = [pd.read_parquet(path) for path in paths if path.exists()]
    if not tables:
        return None
    rows = pd.concat(tables, ignore_index=True)
    return described(rows[rows["frame_id"].isin(frames["frame_id"])].reset_index(drop=True))


def read_warnings(folder: Path = WARNINGS, months: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """(stage, message) of every warning that the stages left, in the order of the stages, then of the months.

    A stage that runs by month has a folder of its own; months that are not listed in `months` are left out.
    """
    rows: list[tuple[str, str]] = []
    for stage in STAGES:
        paths = [folder / f"{stage}.txt", *(folder / stage / f"{month}.txt" for month in sorted(months))]
        texts = [path.read_text(encoding="utf-8") for path in paths if path.exists()]
        rows += [(stage, line) for text in texts for line in text.splitlines() if line.strip()]
    return rows


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
        training=pd.read_csv(required(TRAINING, "train")),
        evaluation=read_json(required(EVALUATION, "evaluate")),
        explanations=read_json(required(EXPLANATIONS, "gradcam")),
        occurrence=pd.read_csv(required(OCCURRENCE, "evaluate"), dtype={"group": str}),
        reliability=pd.read_csv(required(RELIABILITY_PLOT, "evaluate")),
        coupling=read_json(COUPLING) if COUPLING.exists() else None,
        occurrence_by_kp=pd.read_csv(OCCURRENCE_BY_KP, dtype={"group": str}) if OCCURRENCE_BY_KP.exists() else None,
        leakage=leakage_result.current(),
        to_label=len(pd.read_csv(required(TO_LABEL, "sample_label"))),
        truth=read_truth(frames),
        study=yaml.safe_load(STUDY.read_text(encoding="utf-8")) if STUDY.exists() else None,
        model=read_json(MODEL_CARD) if MODEL_CARD.exists() else None,
        warnings=read_warnings(months=params.months),
    )


def read_overlay(frame_id: str, target: str) -> np.ndarray | None:
    """The Grad-CAM overlay of a frame for class `yes` or `no`, uint8 RGB; None where that class was not explained."""
    path = OVERLAYS / f"{frame_id}_{target}.jpg"
    return decode_image(path.read_bytes()) if path.exists() else None
