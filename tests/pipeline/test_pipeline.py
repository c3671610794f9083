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

from miniature import ADDED, FIRST, SECOND, call, simulate, stages_of


@pytest.fixture(scope="module")
def project(finished, tmp_path_factory) -> Path:
    """A copy, since a night is added to it: other modules compare with the finished project as it was."""
    assert len(finished.seconds) == 2 * 2 + 8, finished.seconds
    return Path(shutil.copytree(finished.folder, tmp_path_factory.mktemp("pipeline") / "project"))


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
