"""What the pipeline needs to run here: the machine, the repository and its data, checked without the network."""

from __future__ import annotations

import configparser
import os
import subprocess
from contextlib import suppress
from pathlib import Path

from ..stage import PACKAGE, other_checkout
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
    time_zones,
    torch_and_torchvision,
)  # fmt: skip


def repository(root: Path) -> list[Check]:
    """The DVC repository and its default remote; a folder is looked for, any other remote is only named."""
    home = root / ".dvc"
    if not home.is_dir():
        return [Check("DVC repository", "missing", f"no .dvc in {root}", "cd to the repository, or git clone it")]
    settings = configparser.ConfigParser(interpolation=None)
    try:
        settings.read([home / "config", home / "config.local"], encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        return [Check("DVC repository", "wrong", f".dvc/config: {' '.join(str(error).split())}", "correct the file")]
    checks = [Check("DVC repository", "ok", str(home.resolve()))]
    name = settings.get("core", "remote", fallback="")
    url = settings.get(f"'remote \"{name}\"'", "url", fallback="")
    if not url:
        return [*checks, Check("DVC remote", "missing", "none by default", "dvc remote add --default mine FOLDER",
                               is_needed=False)]  # fmt: skip
    if "://" in url:
        return [*checks, Check("DVC remote", "ok", f"{name}: {url} (not contacted; dvc status -c does)")]
    folder = (home / url).resolve()
    if folder.is_dir():
        return [*checks, Check("DVC remote", "ok", f"{name}: {folder}")]
    return [*checks, Check("DVC remote", "missing", f"{name}: no folder {folder}",
                           f"mount it, or dvc remote modify {name} url FOLDER", is_needed=False)]  # fmt: skip


def history(root: Path) -> list[Check]:
    """The Git repository around it, without which DVC refuses to work, and whether its history is whole."""
    answer = _git(root, "rev-parse", "--is-shallow-repository")
    if answer is None:
        return [Check("Git", "missing", "not on the PATH; experiments need it", "apt-get install git", is_needed=False)]
    if "dubious ownership" in answer.stderr:
        fix = f"git config --global --add safe.directory {root.resolve()}"
        return [Check("Git repository", "wrong", f"{root.resolve()} belongs to another user", fix)]
    if answer.returncode and _uses_no_git(root):
        return [Check("Git repository", "ok", "none, as core.no_scm says (no experiments)")]
    if answer.returncode:
        fix = "git clone it, or dvc config --local core.no_scm true (then without experiments)"
        return [Check("Git repository", "missing", f"none around {root.resolve()}: a ZIP download?", fix)]
    if answer.stdout.strip() == "true":
        finding = "a shallow clone: dvc exp run --temp and --queue lose their results"
        return [Check("Git repository", "wrong", finding, "git fetch --unshallow", is_needed=False)]
    return [Check("Git repository", "ok", "with its whole history")]


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str] | None:
    environment = os.environ | {"LC_ALL": "C"}
    try:
        return subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, env=environment, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return None


def _uses_no_git(root: Path) -> bool:
    settings = configparser.ConfigParser(interpolation=None)
    with suppress(configparser.Error, UnicodeDecodeError):
        settings.read([root / ".dvc" / "config", root / ".dvc" / "config.local"], encoding="utf-8")
    return settings.get("core", "no_scm", fallback="").lower() == "true"


def own_code(root: Path) -> Check:
    """Whether `aurora` runs the code of this checkout: in a copy or a worktree, the first one's may be installed."""
    own = other_checkout(root)
    if own is None:
        return Check("code", "ok", str(PACKAGE))
    fix = "rm -r .venv && make setup here, or export PYTHONPATH=src"
    return Check("code", "wrong", f"{PACKAGE} runs, not {own}", fix)


def pulled(root: Path) -> list[Check]:
    """The videos that DVC tracks, and the trained model; `make repro` pulls or makes both, so neither is needed."""
    raw = root / "data" / "raw"
    tracked = [path.with_suffix("") for path in sorted(raw.glob("*.dvc"))]
    months = [path.name for path in sorted(raw.glob("*-*")) if path.is_dir()]
    if absent := [path.name for path in tracked if not path.exists()]:
        videos = Check("videos", "missing", f"data/raw: {', '.join(absent)}", "dvc pull data/raw/*.dvc", False)
    elif months:
        videos = Check("videos", "ok", f"data/raw: {', '.join(months)}", is_needed=False)
    else:
        videos = Check("videos", "missing", "data/raw holds no month", "dvc pull, or aurora fetch", False)
    if any((root / "data" / "models").glob("*.safetensors")):
        model = Check("trained model", "ok", "data/models", is_needed=False)
    else:
        model = Check("trained model", "missing", "data/models holds none", "dvc pull, or dvc repro", False)
    return [videos, model]


def examine(root: Path) -> list[Check]:
    """All checks, for the repository at `root`."""
    return [
        python(),
        own_code(root),
        *packages(root / "requirements.txt"),
        torch_and_torchvision(),
        ffmpeg("ffmpeg"),
        ffmpeg("ffprobe"),
        tesseract(),
        chromium(),
        *history(root),
        *repository(root),
        *pulled(root),
        time_zones(),
        disk(root),
        gpu(),
        *environment(),
    ]
