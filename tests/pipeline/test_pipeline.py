"""The real dvc.yaml on a miniature sky: every stage runs, nothing runs twice, a new night reruns its month alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

ROOT = Path(__file__).parents[2]
FIRST, SECOND, ADDED = "20231215", "20240210", "20240211"


def call(folder: Path, *command: str) -> str:
    """Run a command in the miniature project with the same Python as these tests."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(folder / "src"), "AURORA_WORKERS": "2"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def simulate(folder: Path, night: str) -> None:
    call(folder, "aurora", "simulate", "--out", "data", "--nights", night, "--minutes", "6", "--labels", "ignored.csv")


def stages_of(output: str) -> set[str]:
    """Names of the stages that `dvc repro` says it runs."""
    return {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}


def unpack_sky_weights(folder: Path) -> None:
    """What the frozen stage `pretrain` wrote, from the bundled remote, as `dvc pull pretrain` does it."""
    for out in yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"]["pretrain"]["outs"]:
        path = folder / out["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "data/remote/files/md5" / out["md5"][:2] / out["md5"][2:], path)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A copy of the repository's code with two short nights, small pictures and two epochs, run once."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("src", "thesis", "dvc.yaml", "params.yaml", ".dvcignore", "CITATION.cff"):
        source = ROOT / name
        made = ("figures", "tables", "*.pdf") if name == "thesis" else ()
        skip = shutil.ignore_patterns("__pycache__", "*.egg-info", *made)
        shutil.copytree(source, folder / name, ignore=skip) if source.is_dir() else shutil.copy(source, folder)
    params = yaml.safe_load((folder / "params.yaml").read_text())
    params["months"] = ["2023-12", "2024-02"]
    params["train"] |= {"image_size": 64, "frozen_epochs": 1, "finetune_epochs": 1}
    params["split"] |= {"policy": "frame", "balance": False}
    params["sample_label"] |= {
        "conditions": [{"sun": s, "moon": m} for s in ("Night", "Astronomical", "Nautical", "Civil", "Day")
                       for m in ("No_Moon", "Moon_Quarter", "Moon_Full")],
        "night_fraction_max": 1.0,
    }  # fmt: skip
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    (folder / "reports").mkdir()
    shutil.copy(ROOT / "reports/leakage.json", folder / "reports")
    unpack_sky_weights(folder)
    call(folder, "dvc", "init", "--no-scm", "--quiet")
    call(folder, "dvc", "config", "core.analytics", "false")
    for night in (FIRST, SECOND):
        simulate(folder, night)
    frames = [f"{night}-{number:05d}" for night in (FIRST, SECOND) for number in range(0, 60, 10)]
    labels = pd.DataFrame({"frame_id": frames, "label": ["yes", "no"] * 6, "annotator": "test"})
    (folder / "data/labels").mkdir(exist_ok=True)
    labels.to_csv(folder / "data/labels/labels.csv", index=False)
    stages = stages_of(call(folder, "dvc", "repro"))
    assert len(stages) == 2 * 2 + 7, stages
    return folder


def test_the_pipeline_ends_in_metrics_and_a_thesis(project):
    metrics = json.loads((project / "reports/metrics.json").read_text())
    assert metrics["simulated"] is True
    assert metrics["data"]["frames"] == 12
    assert (project / "thesis/thesis.pdf").read_bytes().startswith(b"%PDF")


def test_a_second_repro_does_nothing(project):
    assert stages_of(call(project, "dvc", "repro")) == set()


def test_a_new_night_reruns_its_month_alone(project):
    first = (project / "data/frames/2023-12" / f"{FIRST}.zip").stat().st_mtime_ns
    before = (project / "data/frames/2024-02" / f"{SECOND}.zip").read_bytes()
    simulate(project, ADDED)
    stages = stages_of(call(project, "dvc", "repro", "illuminate"))
    assert stages == {"extract@2024-02", "ocr_utc@2024-02", "illuminate"}
    assert (project / "data/frames/2023-12" / f"{FIRST}.zip").stat().st_mtime_ns == first
    assert (project / "data/frames/2024-02" / f"{SECOND}.zip").read_bytes() == before
    nights = pd.read_parquet(project / "data/tables/frames/2024-02.parquet")["night"]
    assert set(nights) == {SECOND, ADDED}


def test_a_bad_label_ends_the_stage_with_one_clear_line(project):
    path = project / "data/labels/labels.csv"
    good = path.read_text()
    path.write_text(good.replace(",no,", ",perhaps,", 1))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "aurora_gradcam.preprocessing.sample_label"],
            cwd=project,
            env={**os.environ, "PYTHONPATH": str(project / "src")},
            capture_output=True,
            text=True,
        )
    finally:
        path.write_text(good)
    assert done.returncode == 2
    assert "perhaps" in done.stderr
    assert "Traceback" not in done.stderr
