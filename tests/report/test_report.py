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
from pydantic import TypeAdapter
from sklearn.metrics import accuracy_score, confusion_matrix

import report_fixture
import tiny
from aurora_gradcam import results
from aurora_gradcam.drawing import style
from aurora_gradcam.errors import InputError
from aurora_gradcam.inference.bootstrap import MIN_NIGHTS
from aurora_gradcam.report import (
    inputs,
    metrics,
    metrics_shape,
    overview,
    photo_figures,
    point_estimates,
    report,
    thesis,
    truth_groups,
)
from aurora_gradcam.tables.frames import FRAMES_TABLE
from aurora_gradcam.tables.labels import LABELLED_TABLE
from aurora_gradcam.tables.predictions import PREDICTIONS_TABLE
from aurora_gradcam.tables.split import SPLIT_TABLE, SPLITS
from aurora_gradcam.tables.times import TIMES_TABLE

FIGURES = {
    "full_workflow", "moon_phase_distribution", "validation_gradcam", "acc_loss", "error_analysis", "augmentation",
    "p_yes_heatmap", "p_yes_histograms", "gradcam_by_brightness", "reliability", "occurrence_by_condition",
    "occurrence_by_time", "keograms", "season_keogram",
}  # fmt: skip
"""Without those by form, colour and weather, which need the simulator's truth."""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("AURORA_WORKERS", "1")
        report_fixture.project()
        with Path("params.yaml").open("a") as file:
            file.write("report: {figure_dpi: 60, keogram_minutes: 8}\n")
        report.run(report.config.load())
        yield folder


def digests(folder: Path) -> dict[str, str]:
    folders = [path for name in ("reports", "thesis") for path in sorted((folder / name).rglob("*")) if path.is_file()]
    outputs = [*folders, folder / results.MODEL_CARD, folder / results.DATA_CARD]
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
            assert picture.width == 378  # 6.3 inches at 60 dots an inch
            assert len(set(picture.convert("L").get_flattened_data())) > 10  # not one even surface


def test_nights_that_last_long_enough_have_keograms(project):
    made = {path.stem for path in (project / "reports/keograms").iterdir()}
    assert made == set(tiny.NIGHTS[2:])  # the first two lost their last minute
    text = (project / "reports/index.html").read_text()
    assert text.count('alt="keogram and P(yes) of') == len(made)
    assert text.count('class="short"') == 2 and "no keogram" not in text
    assert "season keogram" in text


def test_the_overview_fits_a_readme(project):
    path = project / "reports/overview.png"
    assert path.stat().st_size < 400_000
    with Image.open(path) as picture:
        assert picture.width == 1600


def test_metrics_are_recounts_of_the_tables(project):
    written = json.loads((project / "reports/metrics.json").read_text())
    frames, times = FRAMES_TABLE.read("2024-02"), TIMES_TABLE.read("2024-02")
    assert written["simulated"] is True
    assert written["data"] == {"nights": 12, "frames": 12 * 9, "frames_bad": 2, "months": 1}
    assert written["times"] == {"read": len(times), "repaired": 0, "interpolated": 0, "failed": 0}

    labelled = LABELLED_TABLE.read().set_index("frame_id")["label"].to_dict()  # a frame in both sets counts once
    yes = list(labelled.values()).count("yes")
    expected = {"labelled": len(labelled), "yes": yes, "no": len(labelled) - yes, "to_label": 2}
    assert written["labels"] == expected

    split = SPLIT_TABLE.read()
    assert written["split"]["policy"] == "night"
    assert written["split"]["test"]["nights"] == len({row.night for row in split.itertuples() if row.split == "test"})
    assert sum(written["split"][name]["frames"] for name in SPLITS) == len(split)

    joined = split.merge(PREDICTIONS_TABLE.read(), on="frame_id")
    for name in SPLITS:
        rows = joined[joined["split"] == name]
        enough = rows["night"].nunique() >= MIN_NIGHTS
        accuracy = accuracy_score(rows["label"] == "yes", rows["is_aurora"]) if enough else None
        assert written["scores"][name]["accuracy"]["value"] == pytest.approx(accuracy, abs=1e-6)
    assert written["train"] == {
        "best_epoch": 3, "epochs": 4, "val_loss": 0.4, "val_accuracy": 0.9, "weights": "none"
    }  # fmt: skip
    assert len(written["conditions"]) == 9
    assert sum(row["frames"] for row in written["conditions"].values()) == len(frames) - 2


def test_the_tables_of_the_thesis_add_up(project):
    months = pd.read_csv(project / thesis.TABLES / "months.csv")
    assert months.iloc[0].tolist() == ["2024-02", 12, 108, 106, 1, 0, 1]
    illumination = pd.read_csv(project / thesis.TABLES / "illumination.csv", index_col="sun_class")
    assert illumination.loc[["Night", "Astronomical", "Nautical"]].to_numpy().tolist() == [[12, 12, 12, 36]] * 3
    assert illumination.loc[["Civil", "Day"]].to_numpy().sum() == 0


def test_the_kept_epoch_is_the_earlier_of_equals():
    curves = pd.DataFrame({"epoch": [1, 2, 3], "val_loss": [0.5, 0.3, 0.3], "val_accuracy": [0.8, 0.7, 0.8]})
    assert metrics.best_epoch(curves, "val_loss")["epoch"] == 2
    assert metrics.best_epoch(curves, "val_accuracy")["epoch"] == 1


def test_a_missing_result_names_the_stage_to_run(project, monkeypatch, tmp_path):
    monkeypatch.setattr(inputs, "EVALUATION", tmp_path / "evaluate.json")
    with pytest.raises(InputError, match="dvc repro evaluate"):
        report.run(report.config.load())


def test_figures_that_nothing_was_explained_for_are_left_out(project):
    params = report.config.load()
    data = inputs.read(params)
    data = dataclasses.replace(data, cams=data.cams.iloc[:0])
    drawn = dict(photo_figures.figures(data, params))
    assert drawn["gradcam_by_brightness"] is None and drawn["validation_gradcam"] is None
    assert "No material" in overview.compose(data, params).texts[0].get_text()


def test_the_bundled_metrics_have_the_declared_shape():
    tree = json.loads((report_fixture.REPOSITORY / results.METRICS).read_text())
    assert TypeAdapter(metrics_shape.Metrics).validate_python(tree, strict=True) == tree  # no key is dropped as unknown


def test_figures_of_an_earlier_run_are_removed(tmp_path):
    for name in ("old.png", "new.png"):
        (tmp_path / name).touch()
    report.remove_others(tmp_path, {"new"})
    assert [path.name for path in tmp_path.iterdir()] == ["new.png"]


def test_warnings_are_read_in_the_order_of_the_stages_and_of_the_months(tmp_path):
    files = {
        "train.txt": "c\n", "extract/2024-03.txt": "b\n", "extract/2024-02.txt": "a\n\n", "split.txt": "",
        "extract/2020-01.txt": "of a month that is no longer listed\n",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    expected = [("extract", "a"), ("extract", "b"), ("train", "c")]
    assert inputs.read_warnings(tmp_path, ("2024-03", "2024-02")) == expected
    assert inputs.read_warnings(tmp_path / "missing", ("2024-02",)) == []


def test_shares_of_too_few_nights_have_their_counts_and_all_other_numbers_stay(project):
    params = report.config.load()
    data = inputs.read(params)
    plain = metrics.collect(params, data)
    filled = point_estimates.with_point_estimates(plain, data)
    assert plain == json.loads((project / "reports/metrics.json").read_text())  # not changed in place
    gained = 0
    for path, before, after in estimates(plain, filled):
        if before["value"] == after["value"]:
            assert before == after, path
            continue
        gained += 1
        assert before["value"] is None and before["too_few_nights"] and 0 < before["nights"] < MIN_NIGHTS
        assert after["low"] is None and after["high"] is None
        if "count" in after:
            assert after["value"] == after["count"] / after["of"]
            assert path.endswith("odds") or after["of"] == before["frames"], path
    assert gained


def test_point_estimates_are_the_values_that_enough_nights_would_have_shown(project):
    data = inputs.read(report.config.load())
    written = json.loads((project / "reports/metrics.json").read_text())
    judged = data.split.merge(data.predictions, on="frame_id")
    compared = 0
    for name, score in written["scores"].items():
        for key, value in point_estimates.score_values(judged[judged["split"] == name]).items():
            if score[key]["value"] is not None:
                assert value == pytest.approx(score[key]["value"], abs=1e-6), (name, key)
                compared += 1
    for name, condition in written["conditions"].items():
        calls = point_estimates.with_condition(data.predictions, data)
        for key, value in point_estimates.call_values(calls[calls["condition"] == name]).items():
            assert value == pytest.approx(condition[key]["value"], abs=1e-6)
            compared += 1
    assert compared >= 9


def estimates(before: dict, after: dict, path: str = ""):
    """(path, estimate, estimate) of two trees."""
    for key, value in before.items():
        if isinstance(value, dict):
            if "value" in value:
                yield f"{path}/{key}", value, after[key]
            else:
                yield from estimates(value, after[key], f"{path}/{key}")


def test_audit_counts_are_those_of_scikit_learn(project):
    params = report.config.load()
    data = inputs.read(params)
    rows = point_estimates.audited(data)
    assert not set(rows["frame_id"].str[:8]) & data.shaping_nights
    tn, fp, fn, tp = confusion_matrix(rows["label"] == "yes", rows["is_aurora"]).ravel().tolist()
    assert point_estimates.outcomes(rows) == {"tp": tp, "fp": fp, "fn": fn, "tn": tn}


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


def test_the_simulators_truth_is_grouped_as_in_the_figures():
    groups = truth_groups.described(TRUTH).astype(object).where(lambda table: table.notna(), None)
    assert groups["form"].tolist() == ["arc", "radial", "diffuse", None, None, None, None]
    assert groups["colour"].tolist() == [None, "red", "pink", None, None, None, None]
    assert groups["weather"].tolist() == [None, None, None, "clear", "cloud", "snow", "snow"]
    silent = truth_groups.described(TRUTH.drop(columns=["red", "purple", "snow"]))
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
            drawn = dict(photo_figures.figures(data, params))
    finally:
        shutil.rmtree(project / inputs.TRUTH)
    headings = [axes.get_title("left") for axes in drawn["gradcam_by_form"].axes]
    assert [heading for heading in headings if heading] == ["arc", "radial", "diffuse"]
    assert sum(len(axes.images) for axes in drawn["gradcam_by_form"].axes) >= 2
