"""The classifier's files, fetched from the DVC remote where a fresh clone lacks them."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import yaml

from ..errors import InputError
from ..training.network import CARD, CLASSIFIER

logger = logging.getLogger(__name__)


def project_of(folder: Path) -> Path | None:
    """The root of the DVC repository that makes the model of this folder; None where there is none."""
    folder = folder.resolve()
    for root in folder.parents:
        if (root / ".dvc").is_dir() and (root / "dvc.yaml").is_file():
            stages = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8")).get("stages", {})
            outs = [out for stage in stages.values() for out in stage.get("outs", [])]
            return root if (folder / CARD).relative_to(root).as_posix() in outs else None
    return None


def fetch_missing(folder: Path) -> None:
    """Where the folder is a DVC output and lacks the model, `dvc pull` it.

    Raises
    ------
    InputError
        The pull failed, with DVC's last words.
    """
    files = [folder.resolve() / CLASSIFIER, folder.resolve() / CARD]
    if all(path.exists() for path in files) or (root := project_of(folder)) is None:
        return
    logger.info(f"{folder} holds no model yet: fetching it from the DVC remote")
    targets = [path.relative_to(root).as_posix() for path in files]
    command = [sys.executable, "-m", "dvc", "pull", *targets]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if done.returncode or not all(path.exists() for path in files):
        lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        reason = next((line for line in lines if line.startswith("ERROR")), (lines or ["it gave no reason"])[-1])
        fix = f"run `dvc pull {' '.join(targets)}`, or `dvc repro train`, or give --model FOLDER"
        raise InputError(f"the model could not be fetched from the DVC remote: {reason}", folder, fix)
