"""The stage as a whole: its numbers are recounted here, and a second run writes the same bytes."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from sklearn.metrics import accuracy_score

import report_fixture
from aurora_gradcam.drawing import style
from aurora_gradcam.errors import InputError
from aurora_gradcam.inference.bootstrap import MIN_NIGHTS
from aurora_gradcam.report import inputs, overview, photos, report, summary, thesis, truth
from aurora_gradcam.tables.frames import FRAMES_TABLE
from aurora_gradcam.tables.labels import LABELLED_TABLE
from aurora_gradcam.tables.predictions import PREDICTIONS_TABLE
from aurora_gradcam.tables.split import SPLIT_TABLE, SPLITS
from aurora_gradcam.tables.times import TIMES_TABLE

FIGURES = {
    "full_workflow", "moon_phase_distribution", "validation_gradcam", "acc_loss", "error_analysis", "augmentation",
    "p_yes_heatmap", "p_yes_histograms", "gradcam_by_brightness", "gradcam_by_colour", "gradcam_by_form",
    "gradcam_by_weather", "reliability", "occurrence_by_condition", "occurrence_by_time", "keograms",
}  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("AURORA_WORKERS", "1")
        report.run(report_fixture.project())
        yield folder


def digests(folder: Path) -> dict[str, str]:
    outputs = [path for name in ("reports", "thesis") for path in sorted((folder / name).rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in outputs}


def test_a_second_run_in_another_process_writes_the_same_bytes(project):
    before = digests(project)
    environment = {**os.environ, "PYTHONHASHSEED": "12345", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    command = [sys.executable, "-m", "aurora_gradcam.report.report"]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert "Warning" not in finished.stderr
    assert digests(project) == before


def test_every_figure_is_there_as_picture_and_as_vector(project):
    assert {path.stem for path in (project / "reports/figures").iterdir()} == FIGURES
    assert {path.stem for path in (project / "thesis/figures").iterdir()} == FIGURES
    for path in (project / "reports/figures").iterdir():
        with Image.open(path) as picture:
            assert picture.width == 945  # 6.3 inches at 150 dots an inch
            assert len(set(picture.convert("L").get_flattened_data())) > 10  # not one even surface


def test_the_overview_fits_a_readme(project):
    path = project / "reports/overview.png"
    assert path.stat().st_size < 400_000
    with Image.open(path) as picture:
        assert picture.width == 1600


def test_metrics_are_recounts_of_the_tables(project):
    metrics = json.loads((project / "reports/metrics.json").read_text())
    frames, times = FRAMES_TABLE.read("2024-02"), TIMES_TABLE.read("2024-02")
    assert metrics["simulated"] is True
    assert metrics["data"] == {"nights": 12, "frames": 12 * 9, "frames_bad": 2, "months": 1}
    assert metrics["times"] == {"read": len(times), "repaired": 0, "interpolated": 0, "failed": 0}

    labelled = LABELLED_TABLE.read().set_index("frame_id")["label"].to_dict()  # a frame in both sets counts once
    yes = list(labelled.values()).count("yes")
    expected = {"labelled": len(labelled), "yes": yes, "no": len(labelled) - yes, "to_label": 2}
    assert metrics["labels"] == expected

    split = SPLIT_TABLE.read()
    assert metrics["split"]["policy"] == "night"
    assert metrics["split"]["test"]["nights"] == len({row.night for row in split.itertuples() if row.split == "test"})
    assert sum(metrics["split"][name]["frames"] for name in SPLITS) == len(split)

    joined = split.merge(PREDICTIONS_TABLE.read(), on="frame_id")
    for name in SPLITS:
        rows = joined[joined["split"] == name]
        enough = rows["night"].nunique() >= MIN_NIGHTS
        accuracy = accuracy_score(rows["label"] == "yes", rows["is_aurora"]) if enough else None
        assert metrics["scores"][name]["accuracy"]["value"] == pytest.approx(accuracy, abs=1e-6)
    assert metrics["train"] == {
        "best_epoch": 3, "epochs": 4, "val_loss": 0.4, "val_accuracy": 0.9, "weights": "none"
    }  # fmt: skip
    assert len(metrics["conditions"]) == 9
    assert sum(row["frames"] for row in metrics["conditions"].values()) == len(frames) - 2


def test_the_tables_of_the_thesis_add_up(project):
    months = pd.read_csv(project / thesis.TABLES / "months.csv")
    assert months.iloc[0].tolist() == ["2024-02", 12, 108, 106, 1, 0, 1]
    illumination = pd.read_csv(project / thesis.TABLES / "illumination.csv", index_col="sun_class")
    assert illumination.loc[["Night", "Astronomical", "Nautical"]].to_numpy().tolist() == [[12, 12, 12, 36]] * 3
    assert illumination.loc[["Civil", "Day"]].to_numpy().sum() == 0


def test_undefined_numbers_become_null_and_others_keep_six_places():
    tree = {"a": float("nan"), "b": [1 / 3, float("inf")], "c": {"d": 7, "e": None}}
    assert summary.rounded(tree) == {"a": None, "b": [0.333333, None], "c": {"d": 7, "e": None}}


def test_the_kept_epoch_is_the_earlier_of_equals():
    curves = pd.DataFrame({"epoch": [1, 2, 3], "val_loss": [0.5, 0.3, 0.3], "val_accuracy": [0.8, 0.7, 0.8]})
    assert summary.best_epoch(curves, "val_loss")["epoch"] == 2
    assert summary.best_epoch(curves, "val_accuracy")["epoch"] == 1


def test_a_missing_result_names_the_stage_to_run(project, monkeypatch, tmp_path):
    monkeypatch.setattr(inputs, "EVALUATION", tmp_path / "evaluate.json")
    with pytest.raises(InputError, match="dvc repro evaluate"):
        report.run(report.config.load())


def test_nothing_explained_is_said_in_the_figures_and_fails_nothing(project):
    params = report.config.load()
    data = inputs.read(params)
    data = dataclasses.replace(data, cams=data.cams.iloc[:0])
    drawn = dict(photos.all_of(data, params))
    assert "No material" in drawn["gradcam_by_brightness"].texts[0].get_text()
    assert "No material" in overview.compose(data, params).texts[0].get_text()


TRUTH = pd.DataFrame(
    [
        ("20240201-00000", True, "band", 0.0, 0.0, 0.1, 0.0),
        ("20240201-00010", True, "corona", 0.9, 0.4, 0.1, 0.0),
        ("20240201-00020", True, "patchy", 0.3, 0.5, 0.5, 0.5),
        ("20240201-00030", False, "none", 0.05, 0.0, 0.0, 0.0),
        ("20240201-00040", False, "none", 0.7, 0.9, 0.0, 0.0),
        ("20240201-00050", False, "none", 0.7, 0.0, 0.0, 0.5),
        ("20240201-00055", False, "none", 0.7, 0.0, 0.0, 0.5),  # a video frame that extract did not take
    ],
    columns=["frame_id", "visible", "form", "cloud_fraction", "red", "purple", "snow"],
)


def test_the_simulators_truth_is_told_in_the_words_of_the_figures():
    told = truth.described(TRUTH).astype(object).where(lambda table: table.notna(), None)
    assert told["form"].tolist() == ["arc", "radial", "diffuse", None, None, None, None]
    assert told["colour"].tolist() == [None, "red", "pink", None, None, None, None]
    assert told["weather"].tolist() == [None, None, None, "clear", "cloud", "snow", "snow"]
    silent = truth.described(TRUTH.drop(columns=["red", "purple", "snow"]))
    assert silent["colour"].isna().all()
    assert silent["weather"].tolist()[3:] == ["clear", "cloud", "cloud", "cloud"]


def test_truth_is_read_where_there_is_some_and_groups_the_explained_frames(project):
    frames = FRAMES_TABLE.read("2024-02")
    assert inputs.read_truth(frames) is None
    folder = project / inputs.TRUTH / "2024-02"
    folder.mkdir(parents=True)
    TRUTH.assign(utc=pd.Timestamp("2024-02-01", tz="UTC")).to_parquet(folder / "20240201.parquet")
    try:
        params = report.config.load()
        data = inputs.read(params)
        assert data.truth["frame_id"].tolist() == TRUTH["frame_id"].tolist()[:-1]
        with style.applied():
            drawn = dict(photos.all_of(data, params))
    finally:
        shutil.rmtree(project / inputs.TRUTH)
    headings = [axes.get_title("left") for axes in drawn["gradcam_by_form"].axes]
    assert [heading for heading in headings if heading] == ["arc", "radial", "diffuse"]
    assert sum(len(axes.images) for axes in drawn["gradcam_by_form"].axes) >= 2
