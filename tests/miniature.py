"""The repository's code with the real dvc.yaml on two short nights, small pictures and two epochs."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

ROOT = Path(__file__).parents[1]
FIRST, SECOND, ADDED = "20231215", "20240210", "20240211"
CODE = ("src", "thesis", "dvc.yaml", "params.yaml", ".dvcignore", "CITATION.cff", "data/indices")
STARTED = "Running stage '"
WRITTEN = ("data", "reports", "thesis", "dvc.lock", "MODEL_CARD.md", "DATA_CARD.md")


@dataclass(frozen=True)
class Finished:
    """A miniature project after `dvc repro`, and before it (`inputs`).

    `seconds` is how long each stage took, in the order in which they ran; `files` the SHA-256 of each file by its path.
    """

    folder: Path
    inputs: Path
    seconds: dict[str, float]
    files: dict[str, str]


def environment(folder: Path) -> dict[str, str]:
    """The environment of commands in the miniature project: its own code, with the Python of these tests."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(folder / "src"), "AURORA_WORKERS": "2"}


def call(folder: Path, *command: str) -> str:
    """Run a command in the miniature project; what it prints."""
    done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def simulate(folder: Path, night: str) -> None:
    call(folder, "aurora", "simulate", "--out", "data", "--nights", night, "--minutes", "6", "--labels", "ignored.csv")


def stages_of(output: str) -> set[str]:
    """Names of the stages that `dvc repro` says it runs."""
    return {line.split("'")[1] for line in output.splitlines() if line.startswith(STARTED)}


def start(folder: Path, *words: str, **variables: str) -> subprocess.Popen[str]:
    """`dvc` in a session of its own, which tells each stage on its standard output at once."""
    return subprocess.Popen(
        ["dvc", *words],
        cwd=folder,
        env=environment(folder) | {"PYTHONUNBUFFERED": "1"} | variables,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def reproduce(folder: Path, *targets: str, **variables: str) -> dict[str, float]:
    """`dvc repro`; the stages that ran, in order, and how long each took in s."""
    process = start(folder, "repro", *targets, **variables)
    begins, lines = {}, []
    for line in process.stdout or ():
        lines.append(line)
        if line.startswith(STARTED):
            begins[line.split("'")[1]] = time.monotonic()
    assert process.wait() == 0, "".join(lines)
    ends = [*begins.values(), time.monotonic()][1:]
    return {stage: end - begin for (stage, begin), end in zip(begins.items(), ends, strict=True)}


def unpack_sky_weights(folder: Path) -> None:
    """What the frozen stage `pretrain` wrote, from the bundled remote, as `dvc pull pretrain` does it."""
    for out in yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"]["pretrain"]["outs"]:
        path = folder / out["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "data/remote/files/md5" / out["md5"][:2] / out["md5"][2:], path)


def write_params(path: Path) -> None:
    """The repository's params.yaml with what makes the run short and the few frames enough."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["months"] = ["2023-12", "2024-02"]
    params["train"] |= {"image_size": 64, "frozen_epochs": 1, "finetune_epochs": 1}
    params["report"] |= {"figure_dpi": 50}
    params["split"] |= {"policy": "frame", "balance": False}
    params["sample_label"] |= {
        "conditions": [{"sun": s, "moon": m} for s in ("Night", "Astronomical", "Nautical", "Civil", "Day")
                       for m in ("No_Moon", "Moon_Quarter", "Moon_Full")],
        "night_fraction_max": 1.0,
    }  # fmt: skip
    path.write_text(yaml.safe_dump(params))


def write_labels(path: Path) -> None:
    frames = [f"{night}-{number:05d}" for night in (FIRST, SECOND) for number in range(0, 60, 10)]
    path.parent.mkdir(exist_ok=True)
    pd.DataFrame({"frame_id": frames, "label": ["yes", "no"] * 6, "annotator": "test"}).to_csv(path, index=False)


def build(folder: Path) -> None:
    """Everything that the first `dvc repro` starts from."""
    for name in CODE:
        source = ROOT / name
        if not source.exists():
            continue
        made = ("figures", "tables", "*.pdf") if name == "thesis" else ()
        skip = shutil.ignore_patterns("__pycache__", "*.egg-info", *made)
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copytree(source, folder / name, ignore=skip) if source.is_dir() else shutil.copy(source, folder)
    write_params(folder / "params.yaml")
    (folder / "reports").mkdir()
    shutil.copy(ROOT / "reports/leakage.json", folder / "reports")
    unpack_sky_weights(folder)
    call(folder, "dvc", "init", "--no-scm", "--quiet")
    for key in ("core.analytics", "core.check_update"):
        call(folder, "dvc", "config", key, "false")
    for night in (FIRST, SECOND):
        simulate(folder, night)
    write_labels(folder / "data/labels/labels.csv")


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of all that stages read and write, by path from the project's root."""
    roots = [folder / name for name in WRITTEN]
    paths = [path for root in roots for path in (root.rglob("*") if root.is_dir() else [root]) if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def finish(folder: Path) -> Finished:
    """Build a project in an empty folder, keep a copy of it beside, and run it."""
    build(folder)
    inputs = folder.with_name(f"{folder.name}-inputs")
    shutil.copytree(folder, inputs)
    # on one process: other tests run beside it, and those that run it again on two compare the bytes
    return Finished(folder, inputs, reproduce(folder, AURORA_WORKERS="1"), hashes(folder))
