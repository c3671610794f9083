"""On a full disk, and where nothing may be written, stages and commands end with one line and leave all as it was."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

import miniature
from miniature import Finished

SIZE_MB = 200
STAGES = {
    "extract@2023-12": ("preprocessing.extract", "2023-12"),
    "ocr_utc@2023-12": ("preprocessing.ocr_utc", "2023-12"),
    "illuminate": ("preprocessing.illuminate",),
    "sample_label": ("preprocessing.sample_label",),
    "split": ("preprocessing.split",),
    "train": ("training.train",),
    "evaluate": ("inference.evaluate",),
    "couple": ("coupling.couple",),
    "gradcam": ("gradcam.gradcam",),
    "report": ("report.report",),
}
VIDEO = f"data/raw/2023-12/simulatedHD_{miniature.FIRST}_720p.mp4"
COMMANDS = {
    "sky": ("sky", "times.csv", "--out", "sky.csv"),
    "export": ("export", "--by", "label", "--out", "folders"),
    "predict": ("predict", VIDEO, "--out", "night"),
    "camera": ("camera", VIDEO, "--out", "camera.yaml"),
    "simulate": ("simulate", "--out", "more", "--nights", miniature.ADDED, "--minutes", "6"),
}
QUICK = ("illuminate", "sky")
"""Those of `make test`; the others take their time before they write."""
WORK = [pytest.param(name, marks=() if name in QUICK else pytest.mark.torture) for name in (*STAGES, *COMMANDS)]
WRITE_ERRORS = {"full disk": "no space left on device", "no permission": "read-only file system|permission denied"}


@pytest.fixture(scope="module")
def disk(tmp_path_factory) -> Iterator[Path]:
    """A small disk of its own; only root may mount one."""
    place = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture(scope="module")
def project(disk: Path, finished: Finished) -> Path:
    """The finished project on that disk, without DVC's cache."""
    shutil.copytree(finished.folder, disk / "project", ignore=shutil.ignore_patterns(".dvc"))
    (disk / "project/times.csv").write_text("utc\n2024-02-01T07:00:00Z\n")
    return disk / "project"


def outputs(name: str, finished: Finished) -> list[str]:
    """What DVC removes before it runs a stage anew."""
    stages = yaml.safe_load((finished.folder / "dvc.lock").read_text())["stages"]
    return [out["path"] for out in stages[name]["outs"]] if name in STAGES else []


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def restore(project: Path, finished: Finished, names: list[str]) -> None:
    for name in names:
        source, target = finished.folder / name, project / name
        remove(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)


def fill(disk: Path) -> Callable[[], None]:
    """Take all the room."""
    filler, room = disk / "filler", os.statvfs(disk)
    with filler.open("wb") as file:
        file.write(bytes(room.f_bavail * room.f_frsize))
    return filler.unlink


def forbid(disk: Path) -> Callable[[], None]:
    """Nothing may be written, not even by root."""
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    return lambda: subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True) and None


TROUBLES = {"full disk": fill, "no permission": forbid}


def start(name: str, project: Path) -> subprocess.CompletedProcess[str]:
    module = STAGES.get(name)
    command = ["-m", f"aurora_gradcam.{module[0]}", *module[1:]] if module else [
        "-c", "from aurora_gradcam.cli import main; main()", *COMMANDS[name]
    ]  # fmt: skip
    environment = miniature.environment(project) | {"AURORA_WORKERS": "1"}
    return subprocess.run(
        [sys.executable, "-B", *command], cwd=project, env=environment, capture_output=True, text=True, check=False
    )


def tree(project: Path) -> dict[str, str]:
    return miniature.hashes(project) | {
        path.name: "" for path in project.iterdir() if path.is_file() or any(path.rglob("*"))
    }


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", WORK)
def test_one_line_and_all_as_it_was(name, trouble, disk, project, finished, count):
    outs = outputs(name, finished)
    for out in outs:
        remove(project / out)
    before = tree(project)
    end = TROUBLES[trouble](disk)
    try:
        done = start(name, project)
    finally:
        end()
        after = tree(project)
        restore(project, finished, outs)
    assert done.returncode == 2, done.stderr
    errors = re.findall(r"^\w+Error: .*", done.stderr, re.MULTILINE)
    assert len(errors) == 1 and "Traceback" not in done.stderr, done.stderr
    assert re.search(WRITE_ERRORS[trouble], errors[0], re.IGNORECASE) and "Fix: " in errors[0], errors[0]
    assert after == before
    count(trouble)
