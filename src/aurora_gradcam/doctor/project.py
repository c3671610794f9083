"""What the pipeline needs to run here: the machine, the repository and its data, checked without the network."""

from __future__ import annotations

import configparser
from pathlib import Path

from .machine import (
    Check,
    chromium,
    disk,
    environment,
    ffmpeg,
    gpu,
    packages,
    python,
    tesseract,
    torch_and_torchvision,
)  # fmt: skip


def repository(root: Path) -> list[Check]:
    """The DVC repository and its default remote; that a folder is there is seen, anything else is only named."""
    home = root / ".dvc"
    if not home.is_dir():
        return [Check("DVC repository", "missing", f"no .dvc in {root}", "cd to the repository, or git clone it")]
    settings = configparser.ConfigParser(interpolation=None)
    try:
        settings.read([home / "config", home / "config.local"], encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        return [Check("DVC repository", "wrong", f".dvc/config: {' '.join(str(error).split())}", "mend the file")]
    checks = [Check("DVC repository", "ok", str(home.resolve()))]
    name = settings.get("core", "remote", fallback="")
    url = settings.get(f"'remote \"{name}\"'", "url", fallback="")
    if not url:
        return [*checks, Check("DVC remote", "missing", "none by default", "dvc remote add --default mine FOLDER",
                               is_needed=False)]  # fmt: skip
    if "://" in url:
        return [*checks, Check("DVC remote", "ok", f"{name}: {url} (not asked; dvc status -c asks it)")]
    folder = (home / url).resolve()
    if folder.is_dir():
        return [*checks, Check("DVC remote", "ok", f"{name}: {folder}")]
    return [*checks, Check("DVC remote", "missing", f"{name}: no folder {folder}",
                           f"mount it, or dvc remote modify {name} url FOLDER", is_needed=False)]  # fmt: skip


def pulled(root: Path) -> list[Check]:
    """The videos that DVC tracks, and the trained model; `make repro` pulls or makes both, so neither is needed."""
    tracked = [path.with_suffix("") for path in sorted((root / "data" / "raw").glob("*.dvc"))]
    away = [path.name for path in tracked if not path.exists()]
    here = [path.name for path in sorted((root / "data" / "raw").glob("*-*")) if path.is_dir()]
    if away:
        videos = Check("videos", "missing", f"data/raw: {', '.join(away)}", "dvc pull data/raw/*.dvc", is_needed=False)
    elif here:
        videos = Check("videos", "ok", f"data/raw: {', '.join(here)}", is_needed=False)
    else:
        videos = Check("videos", "missing", "data/raw holds no month", "dvc pull, or aurora fetch", is_needed=False)
    is_trained = any((root / "data" / "models").glob("*.safetensors"))
    model = Check("trained model", *(("ok", "data/models") if is_trained else
                  ("missing", "data/models holds none", "dvc pull, or dvc repro")), is_needed=False)  # fmt: skip
    return [videos, model]


def examine(root: Path) -> list[Check]:
    """All checks, for the repository at `root`."""
    return [
        python(),
        *packages(root / "requirements.txt"),
        torch_and_torchvision(),
        ffmpeg("ffmpeg"),
        ffmpeg("ffprobe"),
        tesseract(),
        chromium(),
        *repository(root),
        *pulled(root),
        disk(root),
        gpu(),
        *environment(),
    ]
