"""What is committed agrees with itself: dvc.lock, the code, the bundled remote and metrics.json."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

ROOT = Path(__file__).parents[2]
LOCK = yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"]
REMOTE = ROOT / "data/remote/files/md5"
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def in_remote(md5: str) -> bytes:
    path = REMOTE / md5[:2] / md5[2:]
    assert path.exists(), f"{md5} is not in the bundled remote: run `dvc push`"
    return path.read_bytes()


def uncached(stage: str) -> set[str]:
    """Outputs that Git holds."""
    outs = [*STAGES[stage].get("outs", []), *STAGES[stage].get("metrics", []), *STAGES[stage].get("plots", [])]
    return {
        path for out in outs if isinstance(out, dict) for path, flags in out.items() if not flags.get("cache", True)
    }


RUN = [stage for stage in LOCK if not STAGES[stage.partition("@")[0]].get("frozen")]
"""A frozen stage's lock tells the code that it was made by, which may have changed since."""


@pytest.mark.parametrize("stage", RUN)
def test_the_lock_was_made_by_this_code(stage):
    files = [entry for entry in LOCK[stage]["deps"] if (ROOT / entry["path"]).is_file() and "src/" in entry["path"]]
    assert files
    for entry in files:
        assert hashlib.md5((ROOT / entry["path"]).read_bytes()).hexdigest() == entry["md5"], (
            f"{entry['path']} has changed since {stage} ran: run `dvc repro` and commit dvc.lock"
        )


@pytest.mark.parametrize("stage", LOCK)
def test_dvc_pull_finds_every_output(stage):
    for entry in LOCK[stage]["outs"]:
        if entry["path"] in uncached(stage.partition("@")[0]):
            assert hashlib.md5((ROOT / entry["path"]).read_bytes()).hexdigest() == entry["md5"]
            continue
        content = in_remote(entry["md5"])
        if entry["md5"].endswith(".dir"):
            for member in json.loads(content):
                in_remote(member["md5"])
        else:
            assert hashlib.md5(content).hexdigest() == entry["md5"]


@pytest.mark.parametrize("pointer", sorted(ROOT.glob("data/**/*.dvc")), ids=lambda path: path.stem)
def test_dvc_pull_finds_what_the_stages_start_from(pointer):
    for out in yaml.safe_load(pointer.read_text())["outs"]:
        for member in json.loads(in_remote(out["md5"])):
            in_remote(member["md5"])


def test_a_plain_dvc_pull_sees_every_pointer():
    # DVC skips a .dvc file whose folder it takes for ignored, without a word
    visible = {stage.path_in_repo for stage in Repo(str(ROOT)).index.stages if stage.path_in_repo.endswith(".dvc")}
    assert visible == {str(path.relative_to(ROOT)) for path in ROOT.glob("data/**/*.dvc")}


def test_every_month_of_params_was_run():
    months = yaml.safe_load((ROOT / "params.yaml").read_text())["months"]
    assert {stage for stage in LOCK if "@" in stage} == {f"{s}@{m}" for s in ("extract", "ocr_utc") for m in months}


def test_the_bundle_stays_small():
    assert sum(path.stat().st_size for path in REMOTE.rglob("*")) < 100e6
