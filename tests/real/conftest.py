"""Real AuroraMAX videos, where they are at hand: `../shared/real` beside the repository. They are never part of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aurora_gradcam import config

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared" / "real"
MONTH = "2018-04"


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real videos and frames."""
    if not (REAL / "auroramaxHD_20180421_480p.mp4").is_file():
        pytest.skip("the real videos are not here: ../shared/real is absent")
    return REAL


@pytest.fixture
def params_480p() -> config.Params:
    """Every frame of a video whose frames are 6 s apart."""
    return config.load(Path(__file__).with_name("params_480p.yaml"))


@pytest.fixture
def every_5_min_480p() -> config.Params:
    """Every frame of a video whose frames are 300 s apart."""
    path = Path(__file__).with_name("params_480p.yaml")
    return config.load(path, ["extract.seconds_per_frame=300", "extract.interval_s=300"])


def _project(video: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    raw = folder / "data" / "raw" / MONTH
    raw.mkdir(parents=True)
    shutil.copyfile(video, raw / "auroramaxHD_20180421_480p.mp4")
    return folder


@pytest.fixture
def consecutive(real, tmp_path, monkeypatch) -> Path:
    """The current folder is a project whose one night holds 20 real frames 6 s apart, from 23:19:18 MDT."""
    return _project(real / "auroramaxHD_20180421_480p.mp4", tmp_path, monkeypatch)


@pytest.fixture
def every_5_min(real, tmp_path, monkeypatch) -> Path:
    """The current folder is a project whose one night holds 27 real frames 300 s apart, from 23:19:18 MDT."""
    return _project(real / "auroramaxHD_20180421_480p_every5min.mp4", tmp_path, monkeypatch)
