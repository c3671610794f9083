"""What Git must never take, line ends on every system, and an environment that belongs to its folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXTS = (".py", ".sh", ".csv", ".yaml", "dvc.lock")
pytestmark = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no clone, and rules of Git do not apply")


def git(*words: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "path",
    [
        "data/raw/2024-02/auroramaxHD_20240201_720p.mp4",
        "data/raw/.2024-02/x.part",
        "data/frames/2024-02/20240201.zip",
        "data/stamps/2024-02/20240201.zip",
        "data/tables/frames/2024-02.parquet",
        "data/models/classifier.safetensors",
        "data/models.partial/checkpoint.pt",
        "data/gradcam/maps/20240201-00010.npz",
        "data/weights/checkpoint.pt",
        "reports/keograms/20240201.png",
        "reports/warnings/extract/2024-02.txt",
        "thesis/thesis.pdf",
        ".venv/bin/python",
    ],
)
def test_git_never_takes_videos_frames_and_results(path):
    assert git("check-ignore", "--no-index", "--quiet", path).returncode == 0


@pytest.mark.parametrize(
    "path", ["data/raw/2024-02.dvc", "data/labels/labels.csv", "data/labels/answers/anna.csv", "dvc.lock"]
)
def test_git_takes_what_versions_them(path):
    assert git("check-ignore", "--no-index", "--quiet", path).returncode == 1


def test_line_ends_stay_as_committed_on_every_system(tmp_path):
    clone = tmp_path / "clone"
    done = git("clone", "--quiet", "--depth", "1", "-c", "core.autocrlf=true", f"file://{ROOT}", str(clone))
    if done.returncode:
        pytest.skip(f"this checkout cannot be cloned: {done.stderr.strip()}")
    texts = (clone / name for name in git("ls-files").stdout.splitlines() if name.endswith(TEXTS))
    changed = [path.name for path in texts if path.is_file() and b"\r\n" in path.read_bytes()]
    assert not changed


@pytest.mark.parametrize(("owner", "is_made_anew"), [("", True), ("/somewhere/else", True), ("{folder}", False)])
def test_an_environment_of_another_folder_is_made_anew(tmp_path, owner, is_made_anew):
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt", "constraints.txt", "pyproject.toml", "tools"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, tmp_path / name)
    marker = tmp_path / ".venv/.pipeline"
    marker.parent.mkdir()
    marker.write_text(owner.format(folder=tmp_path))
    plan = subprocess.run(
        ["make", "--dry-run", "setup"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert ("-m venv --clear" in plan) == is_made_anew
