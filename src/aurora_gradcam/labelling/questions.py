"""Which frames an annotator is asked for, in which order, and what the page may know of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from ..conditions import condition_name
from ..corpus.frame_ids import in_order, night_of
from ..errors import InputError
from ..preprocessing.sampling import draws
from ..tables.labels import LABELLED_TABLE, TO_LABEL
from ..tables.predictions import PREDICTIONS_TABLE

Order = Literal["random", "night", "uncertain"]
MEASURES = ("sun_altitude", "sun_azimuth", "moon_altitude", "moon_azimuth", "moon_illumination")


@dataclass(frozen=True)
class Question:
    """A frame to be labelled: when it was taken, its condition, and where Sun and Moon stood (degrees; lit share)."""

    frame_id: str
    night: str
    utc: str
    condition: str
    sun_altitude: float
    sun_azimuth: float
    moon_altitude: float
    moon_azimuth: float
    moon_illumination: float


def utc_text(utc: pd.Timestamp) -> str:
    """`2024-02-01T06:00:00Z`."""
    return f"{utc:%Y-%m-%dT%H:%M:%SZ}"


def _to_label() -> list[str]:
    if not TO_LABEL.exists():
        raise InputError("the list of frames to label is missing", TO_LABEL, "run `dvc repro sample_label`")
    try:
        listed = pd.read_csv(TO_LABEL, dtype=str, usecols=["frame_id"])
    except ValueError as error:
        raise InputError(f"not readable: {error}", TO_LABEL, "run `dvc repro sample_label`") from error
    return list(listed["frame_id"])


def sampled(annotator: str, again: bool) -> list[str]:
    """The frame_ids still to be labelled and, with `again`, those of the sample that somebody else has labelled."""
    frame_ids = _to_label()
    if again:
        labelled = LABELLED_TABLE.read()
        by_others = labelled["annotator"].map(lambda names: bool(set(names.split("+")) - {annotator}))
        frame_ids += list(labelled.loc[by_others, "frame_id"])
    return in_order(set(frame_ids))


def named(frame_ids: Iterable[str], known: Collection[str]) -> list[str]:
    """The frame_ids that were named, each once; InputError where there is no such frame."""
    wanted = list(dict.fromkeys(frame_ids))
    if unknown := [frame_id for frame_id in wanted if frame_id not in known]:
        fix = "copy it from the page of results or from data/labels/labels.csv, such as 20240201-00010"
        raise InputError(f"there is no frame '{unknown[0]}'", "--frames", fix)
    return wanted


def ordered(frame_ids: list[str], order: Order, annotator: str, seed: int) -> list[str]:
    """`random`: each annotator's own, the same after a restart; `night`: by time; `uncertain`: P(yes) near 0.5 first.

    Frames without a prediction come last. InputError where `uncertain` finds no predictions.
    """
    if order == "night":
        return in_order(frame_ids)
    number = dict(zip(frame_ids, draws(frame_ids, seed, f"label {annotator}"), strict=True))
    if order == "random":
        return sorted(frame_ids, key=number.__getitem__)
    if not PREDICTIONS_TABLE.path().exists():
        fix = "train first (`dvc repro`), or take --order random"
        raise InputError("the order 'uncertain' needs the classifier's predictions", PREDICTIONS_TABLE.path(), fix)
    predictions = PREDICTIONS_TABLE.read().set_index("frame_id")["p_aurora"]
    distance = (predictions - 0.5).abs().to_dict()
    return sorted(frame_ids, key=lambda frame_id: (distance.get(frame_id, 1.0), number[frame_id]))


def questions(frame_ids: list[str], sky: pd.DataFrame) -> list[Question]:
    """Look the frames up in the sky table, in the order given; InputError where one is not there."""
    rows = sky.dropna(subset=["utc", "sun_class"]).set_index("frame_id")
    if unknown := [frame_id for frame_id in frame_ids if frame_id not in rows.index]:
        what = f"{len(unknown)} frames to label, such as {unknown[0]}, have no known time"
        raise InputError(what, f"{TO_LABEL} or --frames", "run `dvc repro sample_label`, or name frames with a time")
    return [
        Question(
            frame_id=row["frame_id"],
            night=night_of(row["frame_id"]),
            utc=utc_text(row["utc"]),
            condition=condition_name(row["sun_class"], row["moon_class"]),
            **{name: row[name] for name in MEASURES},
        )
        for row in rows.loc[frame_ids].reset_index().to_dict("records")
    ]
