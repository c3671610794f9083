"""Stage evaluate: every frame classified; scores by split and by illumination condition, and calibration.

The one place where labels of the test nights meet predictions: nothing that shapes the classifier reads what it writes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import config
from ..corpus.frame_ids import sort_key
from ..errors import DataError
from ..files import write_text
from ..results import (
    CONDITIONS,
    CONFUSION_PLOT,
    DIGITS,
    OCCURRENCE,
    RELIABILITY_PLOT,
    ROC_PLOT,
    rounded,
    write_json,
)
from ..results import EVALUATION as METRICS
from ..stage import stage_main
from ..tables.frames import FRAMES_TABLE
from ..tables.labels import LABELLED_TABLE
from ..tables.predictions import PREDICTIONS_TABLE
from ..tables.sky import SKY_TABLE
from ..tables.split import SPLIT_TABLE, held_out_split
from ..training import loaded
from ..training.network import ModelCard
from . import by_night, conditions, groupings, kind_results, reliability, scores, start
from .classify import ahead, helpers, predictions
from .kinds import kind_columns

logger = logging.getLogger(__name__)

LEARNT_FROM = ("train", "val")
"""Splits whose nights shaped the classifier: its weights, its best epoch, its temperature, its threshold."""


def _write_csv(path: Path, frame: pd.DataFrame) -> None:
    write_text(path, frame.round(DIGITS).to_csv(index=False, lineterminator="\n"))


def _usable(frames: pd.DataFrame) -> pd.DataFrame:
    """The frames with a picture, in order; the others are counted in a warning."""
    bad = frames.loc[frames["status"] != "ok", "status"].value_counts().sort_index()
    if len(bad):
        kinds = ", ".join(f"{count} {status}" for status, count in bad.items())
        logger.warning(f"{bad.sum()} of {len(frames)} frames get no prediction ({kinds})")
    usable = frames[frames["status"] == "ok"].sort_values("frame_id", ignore_index=True, key=sort_key)
    if usable.empty:
        raise DataError("no frame has a picture to classify", "data/tables/frames", "look at extract's warnings")
    return usable


def run(params: config.Params) -> None:
    """Classify every good frame of `params.months`; write the predictions table, the scores and DVC's plots."""
    frames = FRAMES_TABLE.read_months(params.months)
    usable = _usable(frames)
    network, card, _ = loaded.classifier()
    logits, kinds = by_night.classify_nights(usable, params.evaluate.batch_size)
    predicted = predictions(list(usable["frame_id"]), logits, card.temperature, card.threshold)
    predicted = predicted.join(kind_columns(kinds, predicted["is_aurora"].to_numpy()))
    PREDICTIONS_TABLE.write(predicted)
    split = SPLIT_TABLE.read()

    def pictures_of(rows: pd.DataFrame) -> Iterator[np.ndarray]:
        chosen = rows[["frame_id", "night"]].merge(usable[["frame_id", "member"]], on="frame_id", validate="1:1")
        return ahead(by_night.decoded, by_night.contents(chosen), helpers(network), params.evaluate.batch_size)

    beginning = start.compare(card, _judged(split, predicted), pictures_of, params.evaluate.batch_size)
    report(frames, predicted, SKY_TABLE.read(), split, LABELLED_TABLE.read(), card, params.site, beginning)


def _judged(split: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    """The frames of the split with their predictions, in order."""
    joined = split.merge(predicted, on="frame_id", validate="1:1")
    return joined.sort_values("frame_id", ignore_index=True, key=sort_key)


def report(
    frames: pd.DataFrame,
    predicted: pd.DataFrame,
    sky: pd.DataFrame,
    split: pd.DataFrame,
    labelled: pd.DataFrame,
    card: ModelCard,
    site: config.Site,
    beginning: dict[str, Any] | None = None,
) -> None:
    """Write the scores, the occurrence and the plots of predictions.

    `frames` to `labelled` are tables; `beginning` is what `start.compare` found.
    """
    skies = sky[["frame_id", "utc", "sun_class", "moon_class"]]
    every = predicted.merge(frames[["frame_id", "night"]], on="frame_id", validate="1:1")
    every = every.merge(skies, on="frame_id", how="left", validate="1:1")
    judged = _judged(split, predicted)
    if len(judged) < len(split):
        lost = len(split) - len(judged)
        logger.warning(f"{lost} of {len(split)} labelled frames have no prediction")
    audited = labelled.merge(predicted, on="frame_id").merge(skies, on="frame_id", how="left")
    audited = audited.sort_values("frame_id", ignore_index=True, key=sort_key)
    kept, left_out = conditions.untouched_audit(audited, split, LEARNT_FROM)

    rows = conditions.by_condition(every, kept, left_out)
    _write_csv(CONDITIONS, conditions.flat(rows))
    keyed = {row["condition"]: {key: row[key] for key in list(row)[3:]} for row in rows}
    learnt_from = set(split.loc[split["split"].isin(LEARNT_FROM), "night"])
    occurrence = groupings.occurrence_table(every[~every["night"].isin(learnt_from)], kept, site)
    _write_csv(OCCURRENCE, occurrence)
    fitted = card.provenance.get("calibration", {})
    metrics = {
        "splits": scores.by_split(judged),
        **({"start": beginning} if beginning else {}),
        "conditions": keyed,
        "audit": conditions.trust(kept, left_out),
        "calibration": {
            "temperature": card.temperature,
            "threshold": card.threshold,
            **{key: fitted[key] for key in ("temperature_from", "threshold_from") if key in fitted},
            **reliability.calibration_errors(judged),
        },
        "occurrence": groupings.nested(occurrence),
        "all_frames": conditions.totals(every),
        "frames_without_prediction": len(frames) - len(predicted),
    }
    if kinds := kind_results.collect(every, split, labelled, kept, learnt_from):
        metrics["kinds"] = kinds
    write_json(METRICS, rounded(metrics))
    _write_plots(judged)


def _write_plots(judged: pd.DataFrame) -> None:
    """DVC's plots: outcomes and the ROC of the held-out frames, reliability of val and test."""
    chosen = held_out_split(judged)
    held_out = judged[judged["split"] == chosen]
    called = held_out["is_aurora"].map({False: "no", True: "yes"})
    confusion = {"split": held_out["split"], "actual": held_out["label"], "predicted": called}
    _write_csv(CONFUSION_PLOT, pd.DataFrame(confusion))

    curve = scores.roc(held_out)
    curve.insert(0, "split", chosen)
    _write_csv(ROC_PLOT, curve)

    _write_csv(RELIABILITY_PLOT, reliability.diagrams(judged))


main = stage_main(run)


if __name__ == "__main__":
    main()
