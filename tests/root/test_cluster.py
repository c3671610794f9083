from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

import dask_cluster
from aurora_gradcam import cluster, config, parallel
from aurora_gradcam.errors import ConfigError, DataError, InputError, ToolError
from aurora_gradcam.inference import evaluate
from aurora_gradcam.tables.predictions import PREDICTIONS_TABLE
from aurora_gradcam.training import network as networks

pytestmark = pytest.mark.usefixtures("project_folder")


@pytest.fixture
def project_folder(tmp_path, monkeypatch) -> Path:
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return Path.cwd()


@pytest.fixture
def running(tmp_path, monkeypatch):
    with dask_cluster.running(tmp_path) as started:
        monkeypatch.setenv("AURORA_SCHEDULER", started.address)
        yield started


def test_results_come_in_the_order_of_the_items_from_other_processes_in_the_project(running, project_folder):
    assert parallel.map_nights(dask_cluster.triple, range(20), "tripling") == [3 * item for item in range(20)]
    folders, processes = zip(*parallel.map_nights(dask_cluster.place, range(20), "placing"), strict=True)
    assert set(folders) == {str(project_folder)} and os.getpid() not in processes


def test_an_error_of_the_work_is_raised_as_it_was(running):
    with pytest.raises(DataError, match=r"this night is no night \[night 0\]"):
        parallel.map_nights(dask_cluster.refuse, range(3), "refusing")


def test_a_killed_worker_changes_nothing(running):
    assert parallel.map_nights(dask_cluster.killed_once, range(8), "tripling") == [3 * item for item in range(8)]
    assert Path("killed").exists()


def test_work_that_kills_every_worker_is_named(running):
    for _ in range(3):
        running.add_worker()
    with pytest.raises(ToolError, match="workers died over the same work"):
        parallel.map_nights(dask_cluster.always_killed, [7], "killing")


def test_a_lost_scheduler_is_one_clear_line(running):
    work = partial(dask_cluster.kill_scheduler, running.scheduler.pid)
    with pytest.raises(ToolError, match=r"the Dask scheduler was lost \[tcp://127\.0\.0\.1:\d+\]\. Fix: start it"):
        parallel.map_nights(work, range(2), "losing")


def test_workers_must_run_this_code(running, monkeypatch):
    monkeypatch.setattr(cluster, "_CODE", Path("/elsewhere/aurora_gradcam"))
    with pytest.raises(InputError, match="a Dask worker runs the code of .*start the workers with PYTHONPATH=/els"):
        parallel.map_nights(dask_cluster.triple, range(2), "tripling")


def test_a_cluster_without_the_code_is_one_clear_line(tmp_path, monkeypatch):
    with dask_cluster.running(tmp_path, PYTHONPATH=str(dask_cluster.ROOT / "src")) as started:
        monkeypatch.setenv("AURORA_SCHEDULER", started.address)
        with pytest.raises(
            InputError, match="cluster cannot load this project's code.*Fix: start both with PYTHONPATH="
        ):
            parallel.map_nights(dask_cluster.triple, range(2), "tripling")


def test_workers_must_see_the_project(running, monkeypatch, tmp_path):
    monkeypatch.setattr(cluster.Path, "cwd", lambda: tmp_path / "elsewhere")
    with pytest.raises(InputError, match="does not see the project's folder"):
        parallel.map_nights(dask_cluster.triple, range(2), "tripling")


def told_of(address: str) -> str:
    """The error of a map over a scheduler, from a process of its own: Dask's failed clients disturb later ones."""
    script = (
        "import dask_cluster; from aurora_gradcam import cluster, parallel; cluster.CONNECT_S = 2.0\n"
        "try: parallel.map_nights(dask_cluster.triple, range(2), 'tripling')\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    environment = {**os.environ, "PYTHONPATH": dask_cluster.PATHS, "AURORA_SCHEDULER": address}
    command = [sys.executable, "-c", script]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120).stdout


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "no address"])
def test_no_scheduler_is_one_clear_line(address):
    assert re.match(rf"ToolError no Dask scheduler answers .{address}.*unset AURORA_SCHEDULER", told_of(address))


def test_a_scheduler_without_workers_is_one_clear_line(tmp_path):
    with dask_cluster.running(tmp_path, workers=0) as started:
        told = told_of(started.address)
    assert re.match("ToolError the Dask scheduler has no workers.*start `dask worker tcp:", told)


def test_without_dask_the_remedy_is_told(monkeypatch):
    monkeypatch.setenv("AURORA_SCHEDULER", "tcp://127.0.0.1:8786")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError, match="Dask is not installed.*pip install distributed"):
        parallel.map_nights(dask_cluster.triple, range(2), "tripling")


def test_nothing_to_do_needs_no_cluster(monkeypatch):
    monkeypatch.setenv("AURORA_SCHEDULER", "tcp://127.0.0.1:1")
    assert parallel.map_nights(dask_cluster.triple, [], "tripling") == []


def test_a_stage_gives_the_same_bytes_on_a_cluster_and_here(running, tiny_project, monkeypatch):
    card = networks.ModelCard(backbone="efficientnet_b0", image_size=32)
    networks.save(networks.build(card.backbone, seed=3), card)
    params = config.Params.model_validate({"months": ["2024-02"], "evaluate": {"batch_size": 16}})
    written = []
    for address in (running.address, ""):
        monkeypatch.setenv("AURORA_SCHEDULER", address)
        evaluate.run(params)
        path = PREDICTIONS_TABLE.path()
        written.append(path.read_bytes())
        path.unlink()
    assert written[0] == written[1]
