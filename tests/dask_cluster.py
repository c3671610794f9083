"""A real Dask scheduler and workers on loopback, and work for them that fails in chosen ways."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATHS = os.pathsep.join(map(str, (ROOT / "src", ROOT / "tests")))


@dataclass
class Cluster:
    """A scheduler in `folder`, and the workers started so far."""

    folder: Path
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return json.loads((self.folder / "scheduler.json").read_text())["address"]

    def add_worker(self, **variables: str) -> None:
        self.workers.append(_start(self.folder, "worker", "--nthreads", "1", "--no-nanny", **variables))


def _start(folder: Path, kind: str, *words: str, **variables: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--scheduler-file", str(folder / "scheduler.json")]
    environment = {**os.environ, "PYTHONPATH": PATHS, "OMP_NUM_THREADS": "1", **variables}
    with (folder / f"{kind}.log").open("ab") as log:
        return subprocess.Popen(
            [*command, "--no-dashboard", *words], cwd=folder, env=environment, stdout=log, stderr=log
        )


@contextmanager
def running(folder: Path, workers: int = 2, **variables: str) -> Iterator[Cluster]:
    """A scheduler on a free port and so many workers; all have ended after the block."""
    cluster = Cluster(folder, _start(folder, "scheduler", "--host", "127.0.0.1", "--port", "0", **variables))
    try:
        while not (folder / "scheduler.json").exists():
            assert cluster.scheduler.poll() is None, (folder / "scheduler.log").read_text()
            time.sleep(0.1)
        for _ in range(workers):
            cluster.add_worker(**variables)
        yield cluster
    finally:
        for process in (*cluster.workers, cluster.scheduler):
            process.kill()
            process.wait()


def triple(item: int) -> int:
    return 3 * item


def place(item: int) -> tuple[str, int]:
    """Where an item is worked on: current folder and process."""
    return os.getcwd(), os.getpid()


def killed_once(item: int) -> int:
    """The process that meets item 2 first is killed."""
    mark = Path("killed")
    if item == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 3 * item


def always_killed(item: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return item


def kill_scheduler(number: int, item: int) -> int:
    """Item 1 ends the scheduler, whose process number is given."""
    if item == 1:
        os.kill(number, signal.SIGKILL)
        time.sleep(60)
    return item


def refuse(item: int) -> int:
    from aurora_gradcam.errors import DataError

    raise DataError("this night is no night", f"night {item}", "try another")
