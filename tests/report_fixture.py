"""What the stages before report write, invented for the miniature project of tiny.py."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

import tiny
from aurora_gradcam import config
from aurora_gradcam.corpus.images import read_frame
from aurora_gradcam.coupling import couple
from aurora_gradcam.gradcam import explanations, overlays
from aurora_gradcam.inference import evaluate, start
from aurora_gradcam.inference.kinds import kind_columns
from aurora_gradcam.inference.scores import split_scores
from aurora_gradcam.tables.cams import CAMS_TABLE, MEASURES
from aurora_gradcam.tables.frames import FRAMES_TABLE
from aurora_gradcam.tables.kinds import CLASSES, CLOUDS, FORMS
from aurora_gradcam.tables.labels import LABELLED_TABLE, LABELS, TO_LABEL
from aurora_gradcam.tables.predictions import PREDICTIONS_TABLE
from aurora_gradcam.tables.sky import SKY_TABLE
from aurora_gradcam.tables.split import SPLIT_TABLE
from aurora_gradcam.training.network import ModelCard

REPOSITORY = Path(__file__).parents[1]
TRAINING = pd.DataFrame(
    {
        "epoch": [1, 2, 3, 4],
        "phase": ["frozen", "frozen", "finetune", "finetune"],
        "train_loss": [0.60, 0.50, 0.35, 0.20],
        "val_loss": [0.65, 0.52, 0.40, 0.45],
        "train_accuracy": [0.70, 0.75, 0.85, 0.95],
        "val_accuracy": [0.68, 0.74, 0.90, 0.88],
    }
)


def with_labelled_kinds(rows: pd.DataFrame) -> pd.DataFrame:
    """Labelled rows with a cloud each, and a form where there is aurora, by their frame_id alone."""
    number = rows["frame_id"].str[-5:].astype(int) // 10 + rows["frame_id"].str[6:8].astype(int)
    forms = number.map(lambda count: FORMS[count % len(FORMS)]).where(rows["label"] == "yes", None)
    return rows.assign(cloud=number.map(lambda count: CLOUDS[count % len(CLOUDS)]), form=forms)


def predicted_kinds(predicted: pd.DataFrame) -> pd.DataFrame:
    """Predictions with what three heads might say."""
    generator = np.random.default_rng(8)
    outputs = {name: generator.normal(0, 1, (len(predicted), len(of))) for name, of in CLASSES.items()}
    outputs["strength"] = generator.normal(0.5, 0.3, len(predicted))
    return predicted.join(kind_columns(outputs, predicted["is_aurora"].to_numpy()))


def beginning_of(judged: pd.DataFrame, generator: np.random.Generator) -> dict:
    """What `start.compare` gives for starting weights that are less certain, or for those without a head for aurora."""
    test = judged[judged["split"] == "test"].reset_index(drop=True)
    if test.empty:
        return {"weights": "none", "scores": None, "gain": None}
    p_aurora = np.clip(test["p_aurora"] + generator.normal(0, 0.4, len(test)), 0.01, 0.99)
    begun = test.assign(p_aurora=p_aurora, is_aurora=p_aurora >= 0.5)
    gain = {name: of.as_dict() for name, of in start.gains(test, begun).items()}
    return {"weights": "sky", "scores": split_scores(begun), "gain": gain}


def build_results(split: pd.DataFrame, frames_per_group: int = 2, kinds: bool = False) -> None:
    """Write predictions and their scores, cams and overlays, training curves, to_label.csv and the thesis's source.

    kinds : whether the classifier has further heads and people have labelled cloud and form.
    """
    generator = np.random.default_rng(5)
    frames = FRAMES_TABLE.read(tiny.MONTHS[0])
    ok = frames[frames["status"] == "ok"].merge(split[["frame_id", "label", "split"]], on="frame_id")
    wrong = generator.random(len(ok)) < 0.2
    yes = (ok["label"] == "yes").to_numpy() ^ wrong
    logit_yes = np.where(yes, 1, -1) * generator.uniform(0.2, 3, len(ok))
    p_aurora = 1 / (1 + np.exp(-2 * logit_yes))
    predicted = ok[["frame_id"]].assign(
        logit_no=-logit_yes, logit_yes=logit_yes, p_aurora=p_aurora, is_aurora=p_aurora >= 0.5
    )
    if kinds:
        predicted, split = predicted_kinds(predicted.reset_index(drop=True)), with_labelled_kinds(split)
        LABELLED_TABLE.write(with_labelled_kinds(LABELLED_TABLE.read()))
        SPLIT_TABLE.write(split)
    PREDICTIONS_TABLE.write(predicted)
    sky = SKY_TABLE.read()
    card = ModelCard(backbone="efficientnet_b0", image_size=64)
    beginning = beginning_of(split.merge(predicted, on="frame_id"), generator)
    evaluate.report(frames, predicted, sky, split, LABELLED_TABLE.read(), card, config.Site(), beginning)
    shutil.copytree(REPOSITORY / "data/indices", "data/indices")
    couple.run(config.load())

    rows = ok.merge(predicted, on="frame_id").merge(sky, on="frame_id")
    rows["condition"] = [f"{sun} x {moon}" for sun, moon in zip(rows["sun_class"], rows["moon_class"], strict=True)]
    rows["outcome"] = [
        f"{'true' if (label == 'yes') == called else 'false'} {'positive' if called else 'negative'}"
        for label, called in zip(rows["label"], rows["is_aurora"], strict=True)
    ]
    cams = []
    for reason in ("condition", "outcome"):
        chosen = rows.groupby(reason).head(frames_per_group)
        for target in LABELS:
            cams.append(
                chosen[["frame_id", "p_aurora"]].assign(
                    chosen_as=chosen[reason], target=target, layer="features.8", heat_in_circle=0.9
                )
            )
    unmeasured = dict.fromkeys([*MEASURES, "shift_agreement"], np.nan)
    cams = pd.concat(cams).assign(method="gradcam", **unmeasured)
    CAMS_TABLE.write(cams)
    write_explanations(cams)
    folder = Path("data/gradcam/overlays")
    folder.mkdir(parents=True)
    for frame_id in sorted(set(cams["frame_id"])):
        frame = read_frame(frame_id)
        heat = np.exp(-(((np.mgrid[:8, :8] - 4) / 2) ** 2).sum(axis=0))
        for target in LABELS:
            picture = overlays.overlay(frame, heat if target == "yes" else 1 - heat)
            Image.fromarray(picture).save(folder / f"{frame_id}_{target}.jpg", quality=90)

    Path("reports/plots").mkdir(parents=True, exist_ok=True)
    TRAINING.to_csv("reports/plots/training.csv", index=False)
    pd.DataFrame({"frame_id": ["20240201-00000", "20240202-00000"]}).to_csv(TO_LABEL, index=False)
    Path("thesis").mkdir()
    for source in sorted((REPOSITORY / "thesis").glob("*.typ")) + sorted((REPOSITORY / "thesis").glob("*.yaml")):
        shutil.copy(source, "thesis")


def write_explanations(cams: pd.DataFrame) -> None:
    """The summary of one map and one baseline, in which most measures have no frames."""
    rows = cams.drop_duplicates(["frame_id", "target"]).assign(map="gradcam@features.8")
    of_yes = rows[rows["target"] == "yes"]
    forgotten = of_yes[["frame_id", "map"]].assign(part="classifier", rank_correlation=0.3)
    found = explanations.summary(rows, of_yes.assign(baseline="uniform"), forgotten, "yes")
    Path("reports/metrics/explanations.json").write_text(json.dumps(found))


def project() -> config.Params:
    """Write the whole project below the current folder; return its parameters."""
    build_results(tiny.build())
    return config.load()
