"""A night before `aurora watch` while all around it fails: no event is lost, nothing crashes, memory is flat."""

from __future__ import annotations

import csv
import json
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

import watched
from aurora_gradcam.config import Mqtt
from aurora_gradcam.watch import outbox, watcher
from aurora_gradcam.watch.local import FolderSource
from aurora_gradcam.watch.mqtt import Broker
from aurora_gradcam.watch.observation import Observer
from aurora_gradcam.watch.watcher import Watcher
from aurora_gradcam.watch.webhook import Webhook
from ends import MOSQUITTO, NO_MOSQUITTO, Listener, Mosquitto, Server

BROKEN = 0.05
DISK_MB = 24
GROWTH_MB = 40
"""By which the process may grow from the first quarter of the night to its end."""
# pictures, seconds between two: 60 times as fast as one a minute
NIGHTS = [
    pytest.param(60, 0.1, id="short"),
    pytest.param(480, 1.0, id="8 hours at 60 times their speed", marks=pytest.mark.torture),
]


def labels_of_night(pictures: int, generator: np.random.Generator) -> str:
    """Spells of 8 to 14 pictures with and without aurora, in turn."""
    labels = ""
    while len(labels) < pictures:
        for letter in "ny":
            labels += letter * int(generator.integers(8, 15))
    return labels[:pictures]


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    """A small disk of its own; only root may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.parametrize(("pictures", "pace_s"), NIGHTS)
def test_no_event_is_lost_while_all_around_fails(pictures, pace_s, disk, tmp_path, monkeypatch, count):
    count("watch", pictures)
    if not MOSQUITTO:
        pytest.skip(NO_MOSQUITTO)
    torch.set_num_threads(1)
    monkeypatch.setattr(outbox, "LONGEST_WAIT_S", 2.0)
    monkeypatch.setattr(watcher, "SAVE_AGAIN_S", 0.5)
    (tmp_path / "broker").mkdir()
    broker, hook = Mosquitto(tmp_path / "broker"), Server()
    listener = Listener(broker.port)
    watched.until(listener.client.is_connected)
    folder = tmp_path / "pictures"
    folder.mkdir()
    params = watched.params(clip=True, keep_s=600)
    outputs = [Broker(Mqtt(host="127.0.0.1", port=broker.port), "camera"), Webhook(hook.address, "json")]
    observer = Observer(watched.quick(), params)
    watch = Watcher(FolderSource(folder, settle_s=0.05), observer, params, disk / "out", outputs,
                    clock=lambda: watched.MIDNIGHT)  # fmt: skip
    stop = threading.Event()
    monkeypatch.setattr(watcher, "POLL_S", 0.05)
    thread = threading.Thread(target=watch.run, args=(stop,))
    thread.start()

    generator = np.random.default_rng(16)
    labels = labels_of_night(pictures, generator)
    broken = set(generator.choice(pictures, round(BROKEN * pictures), replace=False).tolist())
    calm = labels.index("n", pictures // 2)  # where the clock steps, so that it falls into no event
    acts = {
        pictures // 6: broker.kill,
        pictures // 3: broker.start,
        pictures // 4: hook.stop,
        pictures // 2 - 4: lambda: hook.start(hook.port),
        2 * pictures // 3: lambda: fill(disk),
        5 * pictures // 6: lambda: (disk / "ballast").unlink(),
    }
    memory, step = [], timedelta(0)
    for number, letter in enumerate(labels):
        if number in acts:
            acts[number]()
        if number == calm:
            step = -timedelta(minutes=25.5)
        content = watched.picture("yes" if letter == "y" else "no", number)
        if number in broken:
            content = content[: len(content) // 2] + b"\xff\xd9"
        watched.put(folder, watched.name(watched.at(number) + step), content)
        memory.append(psutil.Process().memory_info().rss)
        stop.wait(pace_s)
    watched.until(lambda: sum(watch.state.counts.get(name, 0) for name in ("ok", "corrupt")) == pictures, 300)
    watched.until(lambda: not any(box.pending() for box in watch.outboxes), 300)
    assert thread.is_alive()
    stop.set()
    thread.join(60)
    broker.kill()
    hook.stop()

    with (disk / "out/tonight.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == pictures
    assert watch.state.counts["corrupt"] == len(broken)
    events = [*watch.state.events, *([watch.state.event] if watch.state.event else [])]
    told = [f"{event.name}-{end}" for event in events for end in ("begins", "ends")][: 2 * len(events)]
    told = [each for each in told if watch.state.event is None or each != f"{watch.state.event.name}-ends"]
    posted = [json.loads(content)["id"] for _, content in hook.posted]
    watched.until(lambda: listener.ids() == told, 30)
    assert list(dict.fromkeys(posted)) == told
    # every spell of aurora that was long enough to be certain, and nothing else
    spells = [spell for spell in labels.replace("n", " ").split() if len(spell) >= 8]
    assert len(events) in (len(spells), len(spells) + (not labels.endswith("n") and len(labels.rsplit("n")[-1]) < 8))
    assert watch.state.counts["events"] == len(events)
    if pictures > 100:
        assert memory[-1] - memory[pictures // 4] < GROWTH_MB * 2**20


def fill(disk: Path) -> None:
    """Leave not a byte on the disk."""
    with (disk / "ballast").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(2**16)):
                pass
        except OSError:
            pass
