"""Machines that are unlike the developers': the same bytes, or one line that names what is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import miniature
from miniature import FIRST, Finished

MONTH = "2023-12"
ODD_NAME = "Tromsø, ved sjøen 'ø' & $HOME %d"
C_LOCALE = {"LC_ALL": "C", "LANG": "C"}
NO_HOME = {"HOME": "/proc", "XDG_CACHE_HOME": "/proc", "XDG_CONFIG_HOME": "/proc", "MPLCONFIGDIR": ""}
"""A home in which nobody, not even root, can write."""
ENVIRONMENTS = {
    "plain C locale": ("project", C_LOCALE),
    "home that cannot be written": ("project", NO_HOME),
    "spaces and letters in the path": (ODD_NAME, {}),
    "all of it": (ODD_NAME, C_LOCALE | NO_HOME),
}
QUICK = {"preprocessing.extract": (MONTH,), "preprocessing.ocr_utc": (MONTH,)}
SLOW = {"preprocessing.illuminate": (), "training.train": (), "gradcam.gradcam": (), "report.report": ()}


def run(folder: Path, stage: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = miniature.environment(folder) | {"AURORA_WORKERS": "1"} | variables
    command = [sys.executable, "-B", "-m", f"aurora_gradcam.{stage}", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def copied(finished: Finished, tmp_path):
    """Copies the finished project into a folder of the wanted name."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(finished.folder, tmp_path / name, ignore=shutil.ignore_patterns(".dvc")))

    return copy


def check(stages: dict[str, tuple[str, ...]], name: str, finished: Finished, copied) -> None:
    place, variables = ENVIRONMENTS[name]
    folder = copied(place)
    for stage, words in stages.items():
        done = run(folder, stage, *words, **variables)
        assert done.returncode == 0, done.stderr
    written = miniature.hashes(folder)
    changed = {path for path in finished.files if written.get(path) != finished.files[path]}
    assert changed - {"dvc.lock"} == set()


def test_everything_unusual_at_once_changes_no_byte(finished, copied, count):
    check(QUICK, "all of it", finished, copied)
    count("environment")


@pytest.mark.torture
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_unusual_environment_changes_no_byte(name, finished, copied, count):
    check(QUICK | SLOW, name, finished, copied)
    count("environment")


@pytest.mark.torture
@pytest.mark.parametrize(
    ("stage", "program"), [("preprocessing.extract", "ffprobe"), ("preprocessing.ocr_utc", "tesseract")]
)
def test_a_missing_program_is_named_in_one_line(stage, program, copied, tmp_path, count):
    folder = copied("project")
    empty = tmp_path / "bin"
    empty.mkdir()
    done = run(folder, stage, MONTH, PATH=str(empty))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert re.search(rf"ToolError: .*{program} is not installed.*Fix: ", done.stderr), done.stderr
    count("environment")


@pytest.mark.torture
def test_without_git_and_its_history_the_stages_run(copied, finished, tmp_path, count):
    """A folder that is no clone, and no git on the machine: video programs alone are there."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("ffmpeg", "ffprobe", "tesseract"):
        (programs / name).symlink_to(shutil.which(name) or name)
    folder = copied("project")
    for stage, words in (QUICK | {"report.report": ()}).items():
        done = run(folder, stage, *words, PATH=str(programs))
        assert done.returncode == 0, done.stderr
    assert miniature.hashes(folder)["reports/index.html"] == finished.files["reports/index.html"]
    count("environment")


@pytest.mark.torture
def test_a_name_with_other_letters_is_kept_in_a_plain_locale(copied, count):
    folder = copied("project")
    video = folder / f"data/raw/{MONTH}/simulatedHD_{FIRST}_720p.mp4"
    named = video.rename(folder / f"Tromsø_{FIRST}_720p.mp4")
    words = ["-c", "from aurora_gradcam.cli import main; main()", "predict", named.name, "--out", "night"]
    environment = miniature.environment(folder) | C_LOCALE
    done = subprocess.run([sys.executable, *words], cwd=folder, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert os.fsencode(named.name) in (folder / "night/frames.csv").read_bytes()
    count("environment")
