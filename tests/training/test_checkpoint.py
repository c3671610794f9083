"""A killed training goes on after its last epoch, and ends with the bytes of one that nobody disturbed."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import nn

import tiny
from aurora_gradcam.config import Params, Train
from aurora_gradcam.training import checkpoint, loop, network, train

PARAMS = Params(
    months=("2024-02",),
    seed=7,
    train=Train(
        backbone="efficientnet_b0", weights="none", image_size=32, batch_size=16, frozen_epochs=2, finetune_epochs=2
    ),
)
TEXT = """months: ["2024-02"]
seed: 7
train: {backbone: efficientnet_b0, weights: none, image_size: 32, batch_size: 16, frozen_epochs: 2, finetune_epochs: 2}
"""


class Killed(BaseException):
    """Stands for the end of the process, which no handler of errors sees."""


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    torch.set_num_threads(1)
    monkeypatch.delenv("AURORA_DEVICE", raising=False)


def written() -> dict[str, str]:
    places = [network.MODELS, train.CURVES.parent, train.LIVE]
    files = [path for place in places for path in sorted(place.rglob("*")) if path.is_file()]
    return {path.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict[str, str]:
    """The files of a run from start to end."""
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("undisturbed"))
    try:
        tiny.build()
        train.run(PARAMS)
        assert not checkpoint.FOLDER.exists()
        return written()
    finally:
        os.chdir(before)


@pytest.fixture
def trained(monkeypatch) -> list[int]:
    """The numbers of the epochs that were trained, not read."""
    epochs: list[int] = []
    seed_of = loop.seed_of

    def note(seed: int, *key: object) -> int:
        epochs.append(int(str(key[0])))
        return seed_of(seed, *key)

    monkeypatch.setattr(loop, "seed_of", note)
    return epochs


def stop_after(epochs: int, monkeypatch, params: Params = PARAMS) -> None:
    writer = checkpoint.writer

    def stopping(key):
        write = writer(key)

        def write_and_stop(state):
            write(state)
            if len(state.rows) == epochs:
                raise Killed

        return write_and_stop

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(checkpoint, "writer", stopping)
        train.run(params)


@pytest.mark.parametrize("epochs", [1, 2, 3, 4])
@pytest.mark.counts("training killed")
def test_from_whichever_epoch_it_goes_on_the_files_are_the_same(
    tiny_project, monkeypatch, undisturbed, trained, epochs
):
    stop_after(epochs, monkeypatch)
    assert not network.MODELS.exists()
    trained.clear()
    train.run(PARAMS)
    assert trained == list(range(epochs + 1, 5)), "no epoch is trained twice"
    assert written() == undisturbed
    assert not checkpoint.FOLDER.exists()


def test_twice_stopped(tiny_project, monkeypatch, undisturbed):
    stop_after(1, monkeypatch)
    stop_after(3, monkeypatch)
    train.run(PARAMS)
    assert written() == undisturbed


@pytest.mark.counts("training killed")
def test_a_killed_process_leaves_a_whole_checkpoint_and_the_next_one_uses_it(tiny_project, undisturbed):
    Path("params.yaml").write_text(TEXT)
    command = [sys.executable, "-m", "aurora_gradcam.training.train"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    while process.poll() is None and not (checkpoint.FOLDER / checkpoint.FILE).exists():
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was still training"
    assert not network.MODELS.exists()
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert "training goes on after epoch" in again.stderr
    assert written() == undisturbed
    assert not checkpoint.FOLDER.exists()


@pytest.mark.parametrize("content", [b"", b"no checkpoint", "half", "code"])
@pytest.mark.counts("hostile")
def test_a_damaged_or_hostile_checkpoint_is_not_used(tiny_project, monkeypatch, undisturbed, tmp_path, content):
    stop_after(1, monkeypatch)
    path = checkpoint.FOLDER / checkpoint.FILE
    if content == "code":
        torch.save({"key": Code()}, path)
    else:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if content == "half" else content)
    train.run(PARAMS)
    assert written() == undisturbed
    assert not Path("was-run").exists()


class Code:
    """What a pickle would run."""

    def __reduce__(self):
        return Path("was-run").touch, ()


@pytest.mark.parametrize("change", ["seed", "learning_rate", "label"])
def test_another_runs_checkpoint_is_not_used(tiny_project, monkeypatch, trained, change):
    stop_after(2, monkeypatch)
    params = PARAMS
    if change == "seed":
        params = PARAMS.model_copy(update={"seed": 8})
    elif change == "learning_rate":
        params = PARAMS.model_copy(update={"train": PARAMS.train.model_copy(update={"learning_rate": 1e-3})})
    else:
        rows = tiny_project.copy()
        first = rows.index[rows["split"] == "train"][0]
        rows.loc[first, "label"] = {"yes": "no", "no": "yes"}[rows.loc[first, "label"]]
        train.SPLIT_TABLE.write(rows)
    trained.clear()
    train.run(params)
    assert trained == [1, 2, 3, 4]


def test_the_key_follows_whatever_the_weights_follow_from(tiny_project):
    def key(seed=0, level=9, target=1, frame_id="a", settings=None):
        torch.manual_seed(seed)
        picture = torch.full((2, 2, 3), level, dtype=torch.uint8).numpy()
        return checkpoint.key_of(nn.Linear(2, 2), [loop.Pictures([frame_id], [picture], [target])], settings or {})

    keys = [key(), key(seed=1), key(level=8), key(target=0), key(frame_id="b"), key(settings={"seed": 2})]
    assert len(set(keys)) == len(keys) and key() == keys[0]


def test_removing_takes_what_a_kill_left_and_nothing_else(tmp_path):
    folder = tmp_path / "partial"
    folder.mkdir()
    checkpoint.remove(folder)
    assert not folder.exists()
    folder.mkdir()
    (folder / f".{checkpoint.FILE}.123.part").touch()
    (folder / "mine.txt").touch()
    checkpoint.remove(folder)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]
    checkpoint.remove(tmp_path / "nowhere")


def test_a_state_holds_every_field_that_is_stored():
    assert [field.name for field in dataclasses.fields(loop.State)] == ["rows", "network", "optimiser", "best"]
