from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from aurora_gradcam.config import Params, Train
from aurora_gradcam.corpus import archive
from aurora_gradcam.corpus.frame_ids import night_of
from aurora_gradcam.corpus.images import read_frame
from aurora_gradcam.errors import DataError, InputError
from aurora_gradcam.inference.classify import classify
from aurora_gradcam.tables.split import SPLIT_TABLE
from aurora_gradcam.training import calibration, network, train

PARAMS = Params(
    months=("2024-02",),
    seed=7,
    train=Train(
        backbone="efficientnet_b0",
        weights="none",
        image_size=32,
        batch_size=16,
        frozen_epochs=1,
        finetune_epochs=1,
        least_val_nights=1,
    ),
)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    torch.set_num_threads(1)
    monkeypatch.delenv("AURORA_DEVICE", raising=False)


def written():
    places = [network.MODELS, train.CURVES.parent, train.LIVE]
    files = [path for place in places for path in sorted(place.rglob("*")) if path.is_file()]
    return {path.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_two_runs_write_the_same_bytes_and_the_card_says_what_was_done(tiny_project):
    train.run(PARAMS)
    first = written()
    train.run(PARAMS)
    assert written() == first
    assert sorted(first) == [
        "data/models/classifier.safetensors",
        "data/models/model.json",
        "reports/dvclive/metrics.json",
        "reports/dvclive/plots/metrics/train/accuracy.tsv",
        "reports/dvclive/plots/metrics/train/loss.tsv",
        "reports/dvclive/plots/metrics/val/accuracy.tsv",
        "reports/dvclive/plots/metrics/val/loss.tsv",
        "reports/plots/training.csv",
    ]
    curves = pd.read_csv(train.CURVES)
    assert list(curves) == ["epoch", "phase", "train_loss", "val_loss", "train_accuracy", "val_accuracy"]
    assert list(curves["phase"]) == ["frozen", "finetune"]

    _, card = network.load_classifier()
    assert (card.backbone, card.image_size) == ("efficientnet_b0", 32)
    made = card.provenance
    assert made["weights"] == {"name": "none", "sha256": None}
    assert made["split_sha256"] == hashlib.sha256(SPLIT_TABLE.path().read_bytes()).hexdigest()
    counts = tiny_project["split"].value_counts()
    assert made["frames"] == {"train": counts["train"], "val": counts["val"]}
    assert Train(**made["train"]) == PARAMS.train
    assert made["simulated"] is True and made["seed"] == 7
    assert made["best_epoch"]["val_loss"] == pytest.approx(curves["val_loss"].min(), abs=1e-6)
    assert made["versions"]["torch"] == torch.__version__
    assert set(json.loads(Path("reports/dvclive/metrics.json").read_text())) == {"train", "val", "step"}


def stored_logits(project, split):
    """Logits, targets and nights of a split by the one path that evaluate takes as well."""
    rows = project[project["split"] == split].sort_values("frame_id")
    pictures = [read_frame(frame_id) for frame_id in rows["frame_id"]]
    model, card = network.load_classifier()
    return classify(model, card, pictures, 8), (rows["label"] == "yes").to_numpy().astype(int), rows["night"], card


def test_temperature_and_threshold_come_from_the_val_frames_by_the_stored_weights(tiny_project):
    train.run(PARAMS)
    logits, targets, nights, card = stored_logits(tiny_project, "val")
    assert card.temperature == pytest.approx(calibration.fit_temperature(logits, targets), rel=1e-3)
    p_aurora = calibration.aurora_probability(logits, card.temperature)
    selection = calibration.select_threshold(p_aurora, targets, nights)
    assert card.threshold == pytest.approx(selection.threshold, abs=1e-4)
    told = card.provenance["calibration"]
    assert told["best_threshold"]["best"] == pytest.approx(selection.best, abs=1e-4)
    assert told["val_frames"] == len(targets)
    assert (told["temperature_from"], told["threshold_from"]) == ("val", selection.origin)
    assert told["val_nights"] == {"no": 3, "yes": 3}
    assert told["val_log_loss_before"] == pytest.approx(calibration.cross_entropy(logits, targets), rel=1e-4)
    after = calibration.cross_entropy(logits, targets, card.temperature)
    assert told["val_log_loss_after"] == pytest.approx(after, rel=1e-4)
    assert told["val_log_loss_after"] <= told["val_log_loss_before"]


def test_too_few_val_nights_choose_neither_temperature_nor_threshold(tiny_project, caplog):
    few = PARAMS.train.model_copy(update={"least_val_nights": 4, "finetune_epochs": 0})
    train.run(PARAMS.model_copy(update={"train": few}))
    card = network.read_card()
    assert (card.temperature, card.threshold) == (1, 0.5)
    told = card.provenance["calibration"]
    assert (told["temperature_from"], told["threshold_from"]) == ("default", "default")
    assert told["val_log_loss_after"] == told["val_log_loss_before"]
    assert "val has aurora in 3 nights and none in 3, and least_val_nights is 4" in caplog.text
    assert "learns from 52 frames of 6 nights; val 27 frames of 3 nights; set apart for the test" in caplog.text


def test_a_fixed_threshold_is_kept(tiny_project):
    fixed = PARAMS.train.model_copy(update={"threshold": 0.25, "finetune_epochs": 0})
    train.run(PARAMS.model_copy(update={"train": fixed}))
    card = network.read_card()
    assert card.threshold == 0.25
    assert card.provenance["calibration"]["threshold_from"] == "params"


def test_test_frames_change_nothing(tiny_project):
    params = PARAMS.model_copy(update={"train": PARAMS.train.model_copy(update={"finetune_epochs": 0})})
    train.run(params)
    before = network.read_card()
    swapped = tiny_project["label"].map({"yes": "no", "no": "yes"}).where(tiny_project["split"] == "test")
    SPLIT_TABLE.write(tiny_project.assign(label=swapped.fillna(tiny_project["label"])))
    train.run(params)
    after = network.read_card()
    assert (after.temperature, after.threshold) == (before.temperature, before.threshold)
    assert after.provenance["classifier_sha256"] == before.provenance["classifier_sha256"]


def test_it_goes_on_from_weights_in_a_file(tiny_project):
    beginning = network.build("efficientnet_b0", seed=11)
    Path("begin").mkdir()
    torch.save(beginning.state_dict(), "begin/own.pth")
    params = PARAMS.model_copy(
        update={"train": PARAMS.train.model_copy(update={"weights": "begin/own.pth", "finetune_epochs": 0})}
    )
    train.run(params)
    origin = network.read_card().provenance["weights"]
    assert origin == {"name": "begin/own.pth", "sha256": hashlib.sha256(Path("begin/own.pth").read_bytes()).hexdigest()}
    trained = load_file(network.MODELS / network.CLASSIFIER)
    name = "features.0.0.weight"  # frozen throughout
    assert torch.equal(trained[name], beginning.state_dict()[name].half())  # kernels are stored in half precision


def test_weights_that_cannot_be_had_leave_no_model(tiny_project):
    with pytest.raises(InputError, match="sky"):
        train.run(PARAMS.model_copy(update={"train": PARAMS.train.model_copy(update={"weights": "sky"})}))
    assert not network.MODELS.exists()


def test_frames_are_read_in_order_with_their_targets(tiny_project):
    rows = train.chosen(tiny_project.sample(frac=1, random_state=1), "val")
    pictures = train.load(rows, 32)
    expected = tiny_project[tiny_project["split"] == "val"].sort_values("frame_id")
    assert list(pictures.frame_ids) == list(expected["frame_id"])
    assert pictures.targets == [int(label == "yes") for label in expected["label"]]
    assert {picture.shape for picture in pictures.pictures} == {(32, 32, 3)}
    green = [picture[..., 1].max() for picture in pictures.pictures]
    assert all((level > 100) == bool(target) for level, target in zip(green, pictures.targets, strict=True))


@pytest.mark.parametrize("name", ["train", "val"])
@pytest.mark.parametrize("label", ["yes", "no"])
def test_a_split_of_one_class_is_refused(tiny_project, name, label):
    rows = tiny_project[(tiny_project["split"] != name) | (tiny_project["label"] == label)]
    SPLIT_TABLE.write(rows)
    missing = {"yes": "no", "no": "yes"}[label]
    with pytest.raises(DataError, match=f"the split '{name}' holds no frame labelled '{missing}'"):
        train.run(PARAMS)


def test_an_empty_split_is_refused(tiny_project):
    SPLIT_TABLE.write(tiny_project[tiny_project["split"] != "val"])
    with pytest.raises(DataError, match="the split 'val' holds no frame"):
        train.run(PARAMS)


def test_an_empty_test_split_is_none_of_its_business(tiny_project):
    rows = tiny_project[tiny_project["split"] != "test"]
    assert len(train.chosen(rows, "train")) == (rows["split"] == "train").sum()


def rewrite(frame_id, content):
    path = archive.night_path(archive.FRAMES, night_of(frame_id))
    members = [(name, data) for name, data in archive.read_all(path) if name != f"{frame_id}.jpg"]
    archive.write(path, members if content is None else [*members, (f"{frame_id}.jpg", content)])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "the frame 20240203-00030 of the split table has no picture"),
        (b"no picture", "the picture of frame 20240203-00030 cannot be decoded"),
    ],
)
def test_a_frame_without_a_usable_picture_is_named(tiny_project, content, message):
    rewrite("20240203-00030", content)
    with pytest.raises(DataError, match=message):
        train.run(PARAMS)
    assert not network.MODELS.exists()


def test_a_missing_night_archive(tiny_project):
    archive.night_path(archive.FRAMES, "20240203").unlink()
    with pytest.raises(InputError, match=r"archive is missing.*20240203\.zip"):
        train.run(PARAMS)


def test_the_entry_point_exits_clearly(tiny_project, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["train"])
    SPLIT_TABLE.path().unlink()
    with pytest.raises(SystemExit) as stop:
        train.main()
    assert stop.value.code == 2
    assert "split' is missing" in capsys.readouterr().err
