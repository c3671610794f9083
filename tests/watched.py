"""A camera that is watched: its pictures, a classifier that can tell them, and the watch in this process or its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import torch

import tiny
from aurora_gradcam import config
from aurora_gradcam.corpus.images import decode_image
from aurora_gradcam.prediction.classifier import Classifier
from aurora_gradcam.training import network as networks
from aurora_gradcam.training.heads import pooled
from aurora_gradcam.training.transforms import for_evaluation
from aurora_gradcam.watch.arrival import Arrival

COMMAND = (sys.executable, "-c", "from aurora_gradcam.cli import main; main()", "watch")
MIDNIGHT = datetime(2024, 2, 1, 7, 0, tzinfo=UTC)
"""At Yellowknife; the Sun stays below -6 degrees from 01:00 to 15:00 UTC."""
NOON = datetime(2024, 2, 1, 19, 0, tzinfo=UTC)
ADDRESS = re.compile(r"http://[\d.]+:\d+/\?token=\S+")


class Green(torch.nn.Module):
    """Sure of all frames that tiny draws: it looks for a green band. A few milliseconds where a real one takes more."""

    def __init__(self) -> None:
        super().__init__()
        self.level = torch.nn.Parameter(torch.tensor(1.5), requires_grad=False)
        self.features = torch.nn.AvgPool2d(8)

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        green = self.features(batch)[:, 1].amax((1, 2))
        return torch.stack([4 * (self.level - green), 4 * (green - self.level)], 1)


def quick() -> Classifier:
    """A classifier for tests in this process."""
    return Classifier(Green(), networks.ModelCard(backbone="none", image_size=64, mean=None, std=None), None)


@cache
def _network() -> torch.nn.Module:
    """An untrained network whose last layer is fitted to the first 24 pictures of either kind: it is sure of them."""
    network = networks.build("efficientnet_b0", seed=3)
    labels = ["yes", "no"] * 24
    prepare = for_evaluation(64, None, None)
    batch = torch.stack([prepare(decode_image(picture(label, number // 2))) for number, label in enumerate(labels)])
    for module in network.modules():  # without these statistics an untrained network's features all but vanish
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        network.train()(batch)
    network.eval()
    with torch.no_grad(), pooled(network) as rows:
        network(batch)
    features = rows[0].double()
    mean, deviation = features.mean(0), features.std(0) + 1e-9
    inputs = (features - mean) / deviation
    targets = torch.tensor([1.0 if label == "yes" else -1.0 for label in labels], dtype=torch.float64)
    weights = torch.linalg.solve(inputs @ inputs.T + torch.eye(len(labels)), targets) @ inputs  # ridge regression
    weights = 8 * weights / deviation
    last = network.classifier[-1]
    with torch.no_grad():
        last.weight.copy_(torch.stack([-weights / 2, weights / 2]).float())
        last.bias.copy_(torch.stack([mean @ weights / 2, -mean @ weights / 2]).float())
    return network


def save_model(folder: Path) -> Path:
    """A model folder."""
    card = networks.ModelCard(backbone="efficientnet_b0", image_size=64, mean=None, std=None)
    networks.save(_network(), card, folder)
    return folder


def picture(label: str, number: int = 0) -> bytes:
    """A frame, yes or no, as JPEG; each number another."""
    return tiny.jpeg(tiny.draw(label, np.random.default_rng([7, number, label == "yes"])))


def at(minute: float, start: datetime = MIDNIGHT) -> datetime:
    return start + timedelta(minutes=minute)


def name(utc: datetime) -> str:
    return f"{utc:%Y%m%d%H%M%S}.jpg"


def arrival(label: str, minute: float, start: datetime = MIDNIGHT) -> Arrival:
    """A picture taken so many minutes after `start`."""
    utc = at(minute, start)
    return Arrival(name(utc), picture(label, int(minute * 60)), utc)


def params(**watch: object) -> config.Params:
    return config.Params.model_validate(
        {"watch": {"clip": False, **watch}, "gradcam": {"layers": ["layercam@features"]}}
    )


class Given:
    """A source that a test fills."""

    name, is_asked = "given", False

    def __init__(self) -> None:
        self.waiting: list[Arrival] = []

    def poll(self) -> list[Arrival]:
        waiting, self.waiting = self.waiting, []
        return waiting


def until(true: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something holds; an AssertionError where it never does."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it never came to hold"
        time.sleep(0.05)


def put(folder: Path, file: str, content: bytes) -> None:
    """Put a picture into a folder as careful programs do: whole."""
    temporary = folder / f".{file}.new"
    temporary.write_bytes(content)
    temporary.rename(folder / file)


@contextmanager
def running(folder: Path, source: object, *arguments: str, environment: dict[str, str] | None = None):
    """`aurora watch` in a process of its own; gives it, and ends it as systemd does."""
    command = [*COMMAND, str(source), "--out", str(folder / "out"), *arguments]
    log = (folder / "log.txt").open("ab")
    process = subprocess.Popen(command, cwd=folder, env=os.environ | (environment or {}), stderr=log, stdout=log)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def labels_of(text: str) -> Sequence[str]:
    """`nny` -> no, no, yes."""
    return [{"y": "yes", "n": "no"}[letter] for letter in text]
