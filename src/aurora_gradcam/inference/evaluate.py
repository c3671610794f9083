"""Stage evaluate: every frame classified; scores by split and by illumination condition."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from .. import archive, config, memory, tables
from ..errors import DataError, exit_clearly
from ..progress import track
from ..training.network import load_classifier
from . import scores
from .classify import ahead, classify, helpers, predictions

METRICS = Path("reports/metrics/evaluate.json")
CONDITIONS = Path("reports/metrics/conditions.csv")
CONFUSION_PLOT = Path("reports/plots/predictions.csv")
ROC_PLOT = Path("reports/plots/roc.csv")
DIGITS = 6
_FIX = "run `dvc pull`, or `dvc repro --force extract`"


def contents(frames: pd.DataFrame) -> Iterator[tuple[str, bytes]]:
    """frame_id and JPG bytes of the frames, in their order; each night's archive is opened once."""
    for night, of_night in frames.groupby("night", sort=False):
        path = archive.night_path(archive.FRAMES, str(night))
        with archive.opened(path) as opened:
            for frame_id, member in zip(of_night["frame_id"], of_night["member"], strict=True):
                try:
                    content = opened.read(member)
                except KeyError as error:
                    raise DataError(f"the night archive has no member {member}", path, _FIX) from error
                yield frame_id, content


def _decode(named: tuple[str, bytes]) -> np.ndarray:
    frame_id, content = named
    try:
        return archive.decode_image(content)
    except OSError as error:
        raise DataError("this frame, extracted as ok, is no readable picture", frame_id, _FIX) from error


def plain(value: object) -> object:
    """The same tree for JSON: numbers rounded to `DIGITS`, nan as null."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, float | np.floating):
        return None if np.isnan(value) else round(float(value), DIGITS)
    return int(value) if isinstance(value, np.integer) else value


def _write(path: Path, text: str) -> None:
    with archive.written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _write_csv(path: Path, frame: pd.DataFrame) -> None:
    _write(path, frame.round(DIGITS).to_csv(index=False, lineterminator="\n"))


def _usable(frames: pd.DataFrame) -> pd.DataFrame:
    """The frames with a picture, in order; the others are counted on standard error."""
    bad = frames.loc[frames["status"] != "ok", "status"].value_counts().sort_index()
    if len(bad):
        kinds = ", ".join(f"{count} {status}" for status, count in bad.items())
        print(f"evaluate: {bad.sum()} of {len(frames)} frames get no prediction ({kinds})", file=sys.stderr)
    usable = frames[frames["status"] == "ok"].sort_values("frame_id", ignore_index=True)
    if usable.empty:
        raise DataError("no frame has a picture to classify", "data/tables/frames", "look at extract's warnings")
    return usable


def run(params: config.Params) -> None:
    """Classify every good frame of `params.months`; write the predictions table, the scores and DVC's plots."""
    memory.keep()
    frames = tables.FRAMES.read_months(params.months)
    usable = _usable(frames)
    network, card = load_classifier()
    pictures = ahead(_decode, contents(usable), helpers(network), params.evaluate.batch_size)
    logits = classify(network, card, track(pictures, "classify", total=len(usable)), params.evaluate.batch_size)
    predicted = predictions(usable["frame_id"], logits, card.temperature, params.evaluate.threshold)
    tables.PREDICTIONS.write(predicted)
    report(frames, predicted, tables.SKY.read(), tables.SPLIT.read())


def report(frames: pd.DataFrame, predicted: pd.DataFrame, sky: pd.DataFrame, split: pd.DataFrame) -> None:
    """Write the scores and plots of predictions."""
    every = predicted.merge(frames[["frame_id", "night"]], on="frame_id", validate="1:1").merge(
        sky[["frame_id", "sun_class", "moon_class"]], on="frame_id", how="left", validate="1:1"
    )
    labelled = split.merge(predicted, on="frame_id", validate="1:1").sort_values("frame_id", ignore_index=True)
    if len(labelled) < len(split):
        lost = len(split) - len(labelled)
        print(f"evaluate: {lost} of {len(split)} labelled frames have no prediction", file=sys.stderr)

    conditions = scores.by_condition(every)
    _write_csv(CONDITIONS, conditions)
    metrics = {
        "splits": scores.by_split(labelled),
        "conditions": {
            row.pop("condition"): row for row in conditions.drop(columns=["sun_class", "moon_class"]).to_dict("records")
        },
        "all_frames": scores.totals(every, conditions),
        "frames_without_prediction": len(frames) - len(predicted),
    }
    _write(METRICS, json.dumps(plain(metrics), indent=2, allow_nan=False) + "\n")

    chosen = scores.held_out(labelled)
    held_out = labelled[labelled["split"] == chosen]
    called = held_out["is_aurora"].map({False: "no", True: "yes"})
    confusion = {"split": held_out["split"], "actual": held_out["label"], "predicted": called}
    _write_csv(CONFUSION_PLOT, pd.DataFrame(confusion))

    curve = scores.roc(held_out)
    curve.insert(0, "split", chosen)
    _write_csv(ROC_PLOT, curve)


@exit_clearly
def main() -> None:
    """Run the stage in the current folder."""
    run(config.load())


if __name__ == "__main__":
    main()
