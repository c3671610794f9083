"""Plumbing must not change a value: stages run with one worker and with two, on a terminal and off it, alike."""

from __future__ import annotations

import hashlib
import logging
import os
import pty
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import tiny
from aurora_gradcam import logs, parallel
from aurora_gradcam.tables.labels import LABELS_FILE
from aurora_gradcam.training import network as networks

STAGES = ("preprocessing.illuminate", "preprocessing.sample_label", "inference.evaluate")


def hashes(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): hashlib.md5(path.read_bytes()).hexdigest() for path in files}


def run_stages(workers: int, start: Callable[..., object]) -> dict[str, str]:
    for stage in STAGES:
        start([sys.executable, "-m", f"aurora_gradcam.{stage}"], {**os.environ, "AURORA_WORKERS": str(workers)})
    return hashes(Path("data/tables")) | hashes(Path("reports"))


def in_a_pipe(command: list[str], environment: dict[str, str]) -> None:
    subprocess.run(command, env=environment, capture_output=True, check=True)


def on_a_terminal(command: list[str], environment: dict[str, str]) -> None:
    shell = f"env AURORA_WORKERS={environment['AURORA_WORKERS']} TERM=xterm {shlex.join(command)}"
    assert pty.spawn(["/bin/sh", "-c", shell], lambda terminal: os.read(terminal, 1024)) == 0


def test_workers_and_terminal_change_no_byte(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    split = tiny.build(nights=("20240201", "20240202", "20240301", "20240302"))
    card = networks.ModelCard(backbone="efficientnet_b0", image_size=32)
    networks.save(networks.build(card.backbone, seed=3), card)
    labels = split.assign(annotator="anna")[["frame_id", "label", "annotator"]]
    LABELS_FILE.parent.mkdir(parents=True)
    labels.to_csv(LABELS_FILE, index=False)
    plain = run_stages(1, in_a_pipe)
    assert "reports/warnings/evaluate.txt" in plain
    assert run_stages(2, in_a_pipe) == plain
    assert run_stages(1, on_a_terminal) == plain


def warn(number: int) -> int:
    logging.getLogger("aurora_gradcam.test").warning("number %d", number)
    return number


@pytest.mark.parametrize("workers", ["1", "2"])
def test_messages_of_workers_arrive_in_the_order_of_the_items(workers, monkeypatch):
    monkeypatch.setenv("AURORA_WORKERS", workers)
    with logs.collected() as records:
        assert parallel.map_nights(warn, [3, 1, 2], "numbers") == [3, 1, 2]
    assert [record.getMessage() for record in records] == ["number 3", "number 1", "number 2"]
