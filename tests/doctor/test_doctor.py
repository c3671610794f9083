"""Each check against this machine and against one that lacks what it looks for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aurora_gradcam.cli import app
from aurora_gradcam.doctor import machine, project
from aurora_gradcam.doctor.machine import Check
from aurora_gradcam.errors import ToolError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def nothing_installed(tmp_path, monkeypatch):
    """The PATH is an empty folder, in which a test may put programs."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def states(checks: list[Check]) -> dict[str, str]:
    return {check.name: check.state for check in checks}


def test_python_by_its_version():
    assert machine.python().state == "ok"
    assert machine.python((3, 11, 0)).state == "ok"
    old = machine.python((3, 10, 9))
    assert (old.state, old.finding, old.is_needed) == ("old", "3.10.9", True) and "python3.11" in old.fix


def test_pinned_packages_are_compared_with_the_installed_ones(tmp_path):
    numpy, torch = metadata.version("numpy"), metadata.version("torch").partition("+")[0]
    asked = tmp_path / "requirements.txt"
    asked.write_text(f"# pins\nnumpy=={numpy}   # arrays\ntorch=={torch}\n\n")
    (check,) = machine.packages(asked)
    assert (check.state, check.finding[:2]) == ("ok", "2,")  # whatever the build's suffix of torch
    asked.write_text(f"numpy=={numpy}\nscipy==0.0.1\nno-such-package-here==1.0\n")
    old, missing = machine.packages(asked)
    assert (old.name, old.state, old.fix) == ("scipy", "old", "make setup")
    assert old.finding == f"{metadata.version('scipy')}, not 0.0.1"
    assert (missing.name, missing.state) == ("no-such-package-here", "missing")


def test_the_repositorys_own_pins_are_all_read():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pinned = [line for line in lines if line.strip() and not line.startswith("#")]
    (check,) = machine.packages(ROOT / "requirements.txt")
    assert check.finding.startswith(f"{len(pinned)},")


def test_without_a_requirements_file_that_is_said(tmp_path):
    (check,) = machine.packages(tmp_path / "requirements.txt")
    assert (check.state, check.is_needed) == ("missing", False)


def test_torch_and_torchvision_import_together_here():
    check = machine.torch_and_torchvision()
    assert check.state == "ok" and metadata.version("torch") in check.finding


def test_a_torchvision_that_does_not_import_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "aurora_gradcam.training.vision", None)  # importing it raises ImportError
    assert machine.torch_and_torchvision().state == "missing"


@pytest.mark.parametrize(
    "look", [machine.ffmpeg, lambda: machine.ffmpeg("ffprobe"), machine.tesseract, machine.chromium]
)
def test_programs_are_found_here_and_not_in_an_empty_path(look, monkeypatch, tmp_path):
    assert look().state == "ok"
    monkeypatch.setenv("PATH", str(tmp_path))
    lacking = look()
    assert lacking.state == "missing" and lacking.fix.startswith("apt-get install")
    assert lacking.is_needed is (lacking.name != "Chromium")


@pytest.mark.parametrize(
    ("says", "state"),
    [
        ("4.4.2-0ubuntu0.22.04.1", "old"),
        ("5.1.9-0+deb12u1", "ok"),
        ("n7.1", "ok"),
        ("N-109468-gd39b34123d", "ok"),
        ("9.0", "new"),
        ("n12.1.2", "new"),
    ],
)
def test_ffmpeg_by_its_version(nothing_installed, says, state):
    program(nothing_installed, "ffmpeg", f"echo 'ffmpeg version {says} Copyright (c) the FFmpeg developers'")
    assert machine.ffmpeg().state == state and says in machine.ffmpeg().finding


def test_a_program_that_fails_is_missing(nothing_installed):
    program(nothing_installed, "ffmpeg", "exit 127")
    assert machine.ffmpeg().state == "missing"


def test_tesseract_needs_its_english_data(nothing_installed):
    script = 'if [ "$1" = --version ]; then echo "tesseract 5.3.0"; else printf "List (2):\\n%s\\nosd\\n"; fi'
    program(nothing_installed, "tesseract", script % "nor")
    lacking = machine.tesseract()
    assert lacking.state == "missing" and "eng" in lacking.finding and "tesseract-ocr-eng" in lacking.fix
    program(nothing_installed, "tesseract", script % "eng")
    assert machine.tesseract() == Check("tesseract", "ok", "5.3.0, with eng")


def dvc_folder(root: Path, config: str) -> Path:
    (root / ".dvc").mkdir()
    (root / ".dvc" / "config").write_text(config)
    return root


def remote(url: str) -> str:
    return f"[core]\n    remote = store\n['remote \"store\"']\n    url = {url}\n"


def test_a_folder_without_dvc_is_no_repository(tmp_path):
    (check,) = project.repository(tmp_path)
    assert (check.state, check.is_needed) == ("missing", True)


def test_a_remote_in_a_folder_counts_from_dvcs_own(tmp_path):
    root = dvc_folder(tmp_path, remote("../data/remote"))
    assert states(project.repository(root))["DVC remote"] == "missing"
    (tmp_path / "data" / "remote").mkdir(parents=True)
    assert states(project.repository(root)) == {"DVC repository": "ok", "DVC remote": "ok"}


def test_a_local_setting_goes_before_the_shared_one(tmp_path):
    root = dvc_folder(tmp_path, remote("../nowhere"))
    (root / ".dvc" / "config.local").write_text(remote(str(tmp_path)))
    assert states(project.repository(root))["DVC remote"] == "ok"


def test_a_remote_elsewhere_is_named_and_not_asked(tmp_path):
    _, check = project.repository(dvc_folder(tmp_path, remote("s3://no-such-bucket/aurora")))
    assert check.state == "ok" and "s3://no-such-bucket/aurora" in check.finding and "dvc status -c" in check.finding


@pytest.mark.parametrize(("config", "name"), [("[core]\n", "DVC remote"), ("no section", "DVC repository")])
def test_no_remote_and_no_config(tmp_path, config, name):
    assert states(project.repository(dvc_folder(tmp_path, config)))[name] in ("missing", "wrong")


def test_what_dvc_tracks_and_is_not_there_is_to_be_pulled(tmp_path):
    assert set(states(project.pulled(tmp_path)).values()) == {"missing"}
    raw, models = tmp_path / "data" / "raw", tmp_path / "data" / "models"
    (raw / "2024-02").mkdir(parents=True)
    models.mkdir()
    for month in ("2024-02", "2024-03"):
        (raw / f"{month}.dvc").write_text("outs: []\n")
    videos, model = project.pulled(tmp_path)
    assert videos.finding == "data/raw: 2024-03" and "dvc pull" in videos.fix and model.state == "missing"
    (raw / "2024-03").mkdir()
    (models / "model.safetensors").write_bytes(b"weights")
    assert set(states(project.pulled(tmp_path)).values()) == {"ok"}


def test_disk_by_the_space_left():
    told = float(machine.disk(ROOT).finding.partition(" GB")[0])
    assert told == pytest.approx(shutil.disk_usage(ROOT).free / 1e9, rel=0.2, abs=0.5)  # others may be writing
    assert machine.disk(ROOT, 1_999_000_000).state == "low"
    assert machine.disk(ROOT, 2_001_000_000).state == "ok"


def test_no_gpu_is_no_fault():
    check = machine.gpu()
    assert check.state == "ok" and not check.is_needed


@pytest.mark.parametrize(
    ("name", "value", "state"),
    [
        ("AURORA_WORKERS", "2", "ok"),
        ("AURORA_WORKERS", "many", "wrong"),
        ("AURORA_DEVICE", "auto", "ok"),
        ("AURORA_LOG", "debug", "ok"),
        ("AURORA_LOG", "loud", "wrong"),
        ("AURORA_DEVICE", "gpu", "wrong"),
        ("AURORA_WORKER", "2", "wrong"),
    ],
)
def test_environment_variables(monkeypatch, name, value, state):
    for known in machine.VARIABLES:
        monkeypatch.delenv(known, raising=False)
    assert machine.environment() == []
    monkeypatch.setenv(name, value)
    assert states(machine.environment()) == {name: state}


@pytest.fixture
def in_repository(monkeypatch):
    monkeypatch.chdir(ROOT)
    for known in machine.VARIABLES:
        monkeypatch.delenv(known, raising=False)


def test_the_command_says_that_all_is_here(in_repository):
    answer = CliRunner().invoke(app, ["doctor"])
    assert answer.exit_code == 0, answer.output
    lines = answer.output.splitlines()
    is_pulled = not any("\tmissing\t" in line for line in lines)
    assert (lines[-1] == "Everything that the pipeline needs is here.") is is_pulled
    assert is_pulled or "dvc pull" in lines[-1]
    assert all(len(line.split("\t")) in (3, 4) for line in lines[:-1])


def test_the_command_ends_with_one_error_that_names_all_that_lacks(in_repository, nothing_installed):
    answer = CliRunner().invoke(app, ["doctor"])
    assert isinstance(answer.exception, ToolError)  # which `aurora` turns into one line and exit status 2
    assert "ffmpeg, ffprobe, tesseract [" in str(answer.exception) and "Chromium" not in str(answer.exception)
    assert "tesseract\tmissing\tnot on the PATH\tapt-get install tesseract-ocr tesseract-ocr-eng" in answer.output


def git(folder: Path, *arguments: str) -> None:
    settings = ("-c", "user.email=a@b", "-c", "user.name=a", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def clone(tmp_path) -> Path:
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init")
    for number in range(2):
        git(folder, "commit", "--allow-empty", "-m", f"{number}")
    return folder


def test_a_whole_clone_is_in_order(clone):
    (check,) = project.history(clone)
    assert check.state == "ok"


def test_a_shallow_clone_loses_temporary_experiments_and_that_is_said(clone, tmp_path):
    git(tmp_path, "clone", "--depth", "1", f"file://{clone}", "shallow")
    (check,) = project.history(tmp_path / "shallow")
    assert (check.state, check.is_needed, check.fix) == ("wrong", False, "git fetch --unshallow")


def test_a_zip_download_needs_a_clone_or_a_setting(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    root = dvc_folder(tmp_path, "[core]\n")
    (check,) = project.history(root)
    assert (check.state, check.is_needed) == ("missing", True)
    assert "git clone" in check.fix and "core.no_scm true" in check.fix
    (root / ".dvc" / "config.local").write_text("[core]\n    no_scm = true\n")
    assert project.history(root)[0].state == "ok"


def test_a_folder_of_another_owner_is_named_with_gits_way_out(clone, monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # Git's own switch for its tests of this refusal
    (check,) = project.history(clone)
    assert check.state == "wrong" and check.fix == f"git config --global --add safe.directory {clone}"


def test_without_git_that_is_said(clone, nothing_installed):
    (check,) = project.history(clone)
    assert (check.name, check.state) == ("Git", "missing")


def test_code_of_another_checkout_is_named(tmp_path):
    assert project.own_code(tmp_path).state == "ok"  # no code of its own
    (tmp_path / "src" / "aurora_gradcam").mkdir(parents=True)
    check = project.own_code(tmp_path)
    assert (check.state, check.is_needed) == ("wrong", True)
    assert str(tmp_path) in check.finding and "PYTHONPATH=src" in check.fix


def test_the_rules_of_time_zones_are_named():
    assert metadata.version("tzdata") in machine.time_zones().finding


def test_missing_videos_are_never_everything(in_repository, monkeypatch):
    videos = Check("videos", "missing", "data/raw: 2024-02", "dvc pull data/raw/*.dvc", is_needed=False)
    monkeypatch.setattr(project, "pulled", lambda root: [videos])
    answer = CliRunner().invoke(app, ["doctor"])
    assert answer.exit_code == 0 and "Everything" not in answer.output
    assert "videos (dvc pull data/raw/*.dvc)" in answer.output.splitlines()[-1]
