"""A pipeline that is killed at any moment goes on at the next `dvc repro`, to the same bytes, and no orphan stays."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import psutil
import pytest
import yaml

import miniature
from miniature import STARTED, Finished

VICTIMS = ("everything", "dvc", "stage")
"""As when the machine stops; when somebody ends dvc; when the kernel ends what takes too much memory."""
KILLS = 30
GROWING = "reports/dvclive/"
"""Curves to look at while training runs: lines are added as epochs end."""


@pytest.fixture
def project(finished: Finished, tmp_path, monkeypatch) -> Path:
    """A project in which nothing has run, and a temporary folder of its own."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    shutil.copytree(finished.inputs, tmp_path / "project")
    return tmp_path / "project"


def at_work(folder: Path) -> list[psutil.Process]:
    """Processes whose current folder lies in `folder`."""
    there = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder) and process.status() != psutil.STATUS_ZOMBIE:
                there.append(process)
        except (psutil.Error, OSError):
            continue
    return there


def wait_until_alone(folder: Path) -> None:
    ends = time.monotonic() + 600  # a stage that is still importing ends once it has begun
    while left := at_work(folder):
        assert time.monotonic() < ends, [process.cmdline() for process in left]
        time.sleep(0.05)


def stage_process(dvc: subprocess.Popen[str]) -> psutil.Process | None:
    children = psutil.Process(dvc.pid).children()
    return children[0] if children else None


def kill(dvc: subprocess.Popen[str], victim: str) -> None:
    if victim == "everything":
        os.killpg(dvc.pid, signal.SIGKILL)
    elif victim == "stage" and (stage := stage_process(dvc)):
        stage.kill()
    else:
        dvc.kill()


def killed(project: Path, target: str, allowed: Iterable[str], delay: float, victim: str) -> str | None:
    """Run `dvc repro`, and kill it `delay` s after an allowed stage began; the stage at work, None if none was."""
    dvc = miniature.start(project, "repro", target)
    lines = []
    for line in dvc.stdout or ():
        lines.append(line)
        if line.startswith(STARTED) and line.split("'")[1] in allowed:
            break
    time.sleep(delay)
    was_running = dvc.poll() is None
    if was_running:
        kill(dvc, victim)
    status = dvc.wait()
    wait_until_alone(project.parent)
    lines += list(dvc.stdout or ())  # it ends where nobody holds the other end
    assert status != 0 or not was_running, "".join(lines)
    later = [line.split("'")[1] for line in lines if line.startswith(STARTED)]
    return later[-1] if was_running else None


def check_whole(project: Path, finished: Finished) -> None:
    """Every file under its final name is that of the undisturbed run."""
    for path, digest in miniature.hashes(project).items():
        if path in finished.files and path != "dvc.lock" and not path.startswith(GROWING):
            assert digest == finished.files[path], path


def check_same(project: Path, finished: Finished, stages: set[str]) -> None:
    """What these stages write is that of the undisturbed run, and nothing temporary is left."""
    assert not list(project.rglob("*.part"))
    ours, theirs = (
        yaml.safe_load((folder / "dvc.lock").read_text())["stages"] for folder in (project, finished.folder)
    )
    assert stages <= set(ours)
    outs = {out["path"] for stage in stages for out in ours[stage]["outs"]}
    assert outs
    written = miniature.hashes(project)
    for path, digest in finished.files.items():
        if any(path == out or path.startswith(f"{out}/") for out in outs):
            assert written.get(path) == digest, path
    assert {stage: ours[stage] for stage in stages} == {stage: theirs[stage] for stage in stages}


def disturb(project: Path, finished: Finished, plan: list[tuple[str, str]], target: str, seed: int) -> list[str]:
    """Kill in turn as the plan of (stage, victim) says; the stages that were at work then."""
    generator, order, hit = random.Random(seed), list(finished.seconds), []
    for stage, victim in plan:
        delay = generator.uniform(0, finished.seconds[stage])
        at = killed(project, target, order[order.index(stage) :], delay, victim)
        hit += [at] if at else []
        check_whole(project, finished)
    return hit


def test_killed_twice_in_the_first_stages(project, finished, count):
    plan = [("extract@2023-12", "everything"), ("ocr_utc@2024-02", "dvc")]
    hit = disturb(project, finished, plan, "illuminate", seed=time.time_ns())
    miniature.reproduce(project, "illuminate")
    stages = {name for name in finished.seconds if name.startswith(("extract", "ocr", "illuminate"))}
    check_same(project, finished, stages)
    count("kill", len(hit))


@pytest.mark.torture
def test_killed_at_thirty_random_moments(project, finished, count, capsys):
    stages = list(finished.seconds)
    by_length = sorted(stages, key=finished.seconds.__getitem__, reverse=True)
    turns = sorted(2 * stages + by_length[: KILLS - 2 * len(stages)], key=stages.index)
    plan = [(stage, VICTIMS[number % len(VICTIMS)]) for number, stage in enumerate(turns)]
    seed = time.time_ns()
    print(f"seed {seed}")
    hit = disturb(project, finished, plan, "report", seed)
    miniature.reproduce(project)
    check_same(project, finished, set(stages))
    assert len(hit) >= KILLS - len(stages), "too few were at work when they were killed"
    count("kill", len(hit))
    count("stage killed", len(set(hit)))
