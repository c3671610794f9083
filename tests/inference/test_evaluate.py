from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch

import tiny
from aurora_gradcam import config
from aurora_gradcam.corpus import archive
from aurora_gradcam.corpus.images import read_frame
from aurora_gradcam.errors import DataError, InputError
from aurora_gradcam.inference import evaluate
from aurora_gradcam.inference.reliability import expected_calibration_error
from aurora_gradcam.tables.frames import FRAMES_TABLE
from aurora_gradcam.tables.labels import LABELLED_TABLE
from aurora_gradcam.tables.predictions import PREDICTIONS_TABLE
from aurora_gradcam.tables.sky import SKY_TABLE
from aurora_gradcam.tables.split import SPLIT_TABLE, SPLITS
from aurora_gradcam.training import loaded
from aurora_gradcam.training import network as networks
from aurora_gradcam.training.transforms import for_evaluation


class Greenness(torch.nn.Module):
    """Stands in for the network: calls aurora where the brightest green is strong."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(4.0))

    def forward(self, batch):
        green = batch[:, 1].amax(dim=(1, 2)) * self.scale
        return torch.stack([-green, green], dim=1)


NIGHTS = tuple(f"202402{day:02d}" for day in range(1, 25))
"""Two months' worth of the miniature project, so that val and test have six nights each."""


@pytest.fixture
def split(tmp_path, monkeypatch) -> pd.DataFrame:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AURORA_WORKERS", "1")
    return tiny.build(nights=NIGHTS)


def use(monkeypatch, **changes) -> None:
    card = networks.ModelCard(backbone="efficientnet_b0", image_size=64, temperature=2.0).model_copy(update=changes)
    monkeypatch.setattr(loaded, "classifier", lambda: (Greenness().eval(), card, None))


@pytest.fixture
def project(split, monkeypatch) -> pd.DataFrame:
    """The miniature project with a classifier that is right about every frame."""
    use(monkeypatch)
    return split


OUTPUTS = (
    PREDICTIONS_TABLE.path(),
    evaluate.METRICS,
    evaluate.CONDITIONS,
    evaluate.CONFUSION_PLOT,
    evaluate.ROC_PLOT,
    evaluate.RELIABILITY_PLOT,
)


def run(*assignments: str) -> dict:
    evaluate.run(config.load(assignments=assignments))
    return json.loads(evaluate.METRICS.read_text())


def test_every_good_frame_is_predicted_and_the_others_are_counted(project, capsys):
    metrics = run()
    frames = FRAMES_TABLE.read_months(("2024-02",))
    predicted = PREDICTIONS_TABLE.read()
    assert predicted["frame_id"].tolist() == sorted(frames.loc[frames["status"] == "ok", "frame_id"])
    assert metrics["frames_without_prediction"] == 2
    assert metrics["all_frames"]["frames"] == len(frames) - 2
    assert "2 of 216 frames get no prediction (1 corrupt, 1 missing)" in capsys.readouterr().err


def test_a_prediction_belongs_to_its_own_frame(project):
    run()
    predicted = PREDICTIONS_TABLE.read().merge(project, on="frame_id")
    assert (predicted["is_aurora"] == (predicted["label"] == "yes")).all()
    row = predicted.iloc[17]
    picture = read_frame(row["frame_id"])
    with torch.no_grad():
        logits = Greenness()(for_evaluation(64, networks.IMAGENET_MEAN, networks.IMAGENET_STD)(picture)[None])[0]
    assert [row["logit_no"], row["logit_yes"]] == pytest.approx(logits.tolist(), abs=1e-5)
    assert row["p_aurora"] == pytest.approx(torch.softmax(logits / 2, 0)[1].item(), abs=1e-6)


def test_scores_are_of_each_splits_own_frames(project):
    splits = run()["splits"]
    counted = project.groupby("split").agg(frames=("frame_id", "size"), nights=("night", "nunique"))
    yes = project[project["label"] == "yes"].groupby("split").size()
    for split in SPLITS:
        assert splits[split]["frames"] == counted.loc[split, "frames"]
        assert splits[split]["nights"] == counted.loc[split, "nights"]
        assert (splits[split]["tp"], splits[split]["fn"], splits[split]["fp"]) == (yes[split], 0, 0)
        for name in ("accuracy", "auroc", "precision", "sensitivity"):
            assert splits[split][name]["low"] < splits[split][name]["value"] == splits[split][name]["high"] == 1


def test_the_nine_conditions_are_named_and_add_up(project):
    conditions = run()["conditions"]
    assert next(iter(conditions)) == "Night x No_Moon"
    assert len(conditions) == 9
    assert sum(row["frames"] for row in conditions.values()) == 214
    # frames 0 of the 24 nights are Night x No_Moon and alternate in label; every last one is Nautical x Moon_Full
    assert (conditions["Night x No_Moon"]["yes"], conditions["Night x No_Moon"]["no"]) == (12, 12)
    assert conditions["Night x No_Moon"]["yes_no_odds"]["value"] == 1
    assert conditions["Nautical x Moon_Full"]["frames"] == 22
    table = pd.read_csv(evaluate.CONDITIONS)
    assert table["condition"].tolist() == list(conditions)
    for part in ("value", "low", "high", "nights"):
        assert table[f"yes_share_{part}"].tolist() == [row["yes_share"][part] for row in conditions.values()]


def test_conditions_are_judged_by_audit_labels_of_nights_that_shaped_nothing(project):
    metrics = run()
    labelled = LABELLED_TABLE.read()
    audit = labelled[labelled["set"] == "audit"].merge(project[["frame_id", "night", "split"]], on="frame_id")
    trained = audit["split"].isin(["train", "val"])
    found = metrics["audit"]
    assert (found["left_out_frames"], found["left_out_nights"]) == (trained.sum(), audit[trained]["night"].nunique())
    assert (found["labelled_frames"], found["labelled_nights"]) == (
        (~trained).sum(),
        audit[~trained]["night"].nunique(),
    )
    rows = metrics["conditions"].values()
    assert sum(row["labelled_frames"] for row in rows) == found["labelled_frames"]
    assert sum(row["left_out_frames"] for row in rows) == found["left_out_frames"]
    assert found["sensitivity"]["value"] == found["specificity"]["value"] == 1
    one = metrics["conditions"]["Night x No_Moon"]
    assert one["sensitivity"] == {"value": None, "low": None, "high": None, "too_few_nights": True} | {
        key: one["sensitivity"][key] for key in ("frames", "nights")
    }
    assert one["sensitivity"]["nights"] < 5


def test_the_calibration_tells_of_val_and_test_before_and_after(project):
    calibration = run()["calibration"]
    assert list(calibration) == [
        *("temperature", "threshold", "val_ece_before", "val_ece_after", "test_ece_before", "test_ece_after")
    ]
    assert (calibration["temperature"], calibration["threshold"]) == (2, 0.5)
    judged = project.merge(PREDICTIONS_TABLE.read(), on="frame_id")
    test = judged[judged["split"] == "test"]
    yes, margin = test["label"] == "yes", test["logit_yes"] - test["logit_no"]
    before = expected_calibration_error(1 / (1 + np.exp(-margin)), yes)
    after = expected_calibration_error(test["p_aurora"], yes)
    assert calibration["test_ece_before"]["value"] == pytest.approx(before, abs=1e-6)
    assert calibration["test_ece_after"]["value"] == pytest.approx(after, abs=1e-6)
    table = pd.read_csv(evaluate.RELIABILITY_PLOT)
    assert table.groupby(["split", "calibration"])["frames"].sum().to_dict() == {
        ("test", "after"): len(test),
        ("test", "before"): len(test),
        ("val", "after"): (judged["split"] == "val").sum(),
        ("val", "before"): (judged["split"] == "val").sum(),
    }


def test_the_threshold_is_the_cards(project, monkeypatch):
    before = run()["all_frames"]["yes"]
    p_aurora = PREDICTIONS_TABLE.read()["p_aurora"]
    threshold = float(p_aurora.quantile(0.9))
    use(monkeypatch, threshold=threshold)
    assert run()["all_frames"]["yes"] == (p_aurora >= threshold).sum() < before


def test_the_plots_hold_what_dvc_draws(project):
    run()
    confusion = pd.read_csv(evaluate.CONFUSION_PLOT, keep_default_na=False)
    assert list(confusion.columns) == ["split", "actual", "predicted"]
    of_test = project.loc[project["split"] == "test", "label"].value_counts()
    assert confusion["actual"].value_counts().to_dict() == of_test.to_dict()
    assert (confusion["actual"] == confusion["predicted"]).all()
    curve = pd.read_csv(evaluate.ROC_PLOT)
    assert list(curve.columns) == ["split", "fpr", "tpr", "threshold"]
    assert set(curve["split"]) == {"test"}
    assert (curve["fpr"].iloc[-1], curve["tpr"].iloc[-1]) == (1, 1)


def test_without_a_test_split_val_is_drawn_and_scores_are_null(project):
    SPLIT_TABLE.write(project.assign(split=project["split"].replace("test", "val")))
    metrics = run()
    assert metrics["splits"]["test"]["frames"] == 0
    assert metrics["splits"]["test"]["accuracy"]["value"] is None
    assert metrics["splits"]["test"]["accuracy"]["too_few_nights"] is True
    assert metrics["calibration"]["test_ece_after"]["value"] is None
    assert set(pd.read_csv(evaluate.ROC_PLOT)["split"]) == {"val"}


def test_frames_without_a_time_are_predicted_but_in_no_condition(project):
    sky = SKY_TABLE.read()
    sky.loc[sky.index[:5], ["utc", "sun_class", "moon_class"]] = None
    SKY_TABLE.write(sky.drop(index=sky.index[5]))
    metrics = run()
    assert metrics["all_frames"]["frames"] == 214
    assert metrics["all_frames"]["frames_outside_conditions"] == 6
    assert sum(row["frames"] for row in metrics["conditions"].values()) == 208


def test_a_labelled_frame_without_a_picture_is_counted(project, capsys):
    frames = FRAMES_TABLE.read("2024-02")
    frames.loc[frames["frame_id"] == "20240203-00010", "status"] = "blank"
    FRAMES_TABLE.write(frames, "2024-02")
    metrics = run()
    assert sum(split["frames"] for split in metrics["splits"].values()) == len(project) - 1
    assert f"1 of {len(project)} labelled frames have no prediction" in capsys.readouterr().err


def test_a_frame_that_its_archive_lacks_is_a_clear_error(project):
    path = archive.night_path(archive.FRAMES, "20240205")
    archive.write(path, [pair for pair in archive.read_all(path) if pair[0] != "20240205-00030.jpg"])
    with pytest.raises(DataError, match=r"20240205-00030\.jpg.*dvc pull"):
        run()
    assert not PREDICTIONS_TABLE.path().exists()


def test_a_picture_that_cannot_be_decoded_is_named(project):
    path = archive.night_path(archive.FRAMES, "20240205")
    members = dict(archive.read_all(path))
    members["20240205-00030.jpg"] = members["20240205-00030.jpg"][:300]
    archive.write(path, members.items())
    with pytest.raises(DataError, match="20240205-00030"):
        run()


def test_no_frame_with_a_picture_is_a_clear_error(project):
    frames = FRAMES_TABLE.read("2024-02")
    FRAMES_TABLE.write(frames.assign(status="blank"), "2024-02")
    with pytest.raises(DataError, match="no frame"):
        run()


def test_a_missing_model_is_a_clear_error(tiny_project):
    with pytest.raises(InputError, match=r"model\.json"):
        run()


def test_a_real_model_gives_the_same_bytes_twice_and_on_several_workers(tiny_project, monkeypatch):
    card = networks.ModelCard(backbone="efficientnet_b0", image_size=32)
    networks.save(networks.build(card.backbone, seed=3), card)
    written = []
    for workers in ("1", "3"):
        monkeypatch.setenv("AURORA_WORKERS", workers)
        run("evaluate.batch_size=16")
        written.append([path.read_bytes() for path in OUTPUTS])
        for path in OUTPUTS:
            path.unlink()
    assert written[0] == written[1]
