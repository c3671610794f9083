"""CPU seconds and memory of a piece of work, its programs included."""

from __future__ import annotations

import os
import statistics
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil

MIB = 2**20
LOOK_S = 0.1
Way = Callable[[], object]


@dataclass(frozen=True)
class Measured:
    """CPU seconds (user and system), MiB beyond the start, and what the work returned."""

    cpu_s: float
    mib: float
    result: object


def cpu_s() -> float:
    """CPU seconds of this process and of the programs that it has waited for."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def held() -> int:
    """Resident bytes of this process and of the programs it started."""
    own = psutil.Process()
    total = own.memory_info().rss
    for child in own.children(recursive=True):
        with suppress(psutil.Error):
            if child.exe() != own.exe():  # a child just forked still shares this process's memory
                total += child.memory_info().rss
    return total


def measured(way: Way) -> Measured:
    """One run."""
    before, peak, done = held(), 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(LOOK_S):
            peak = max(peak, held())

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = cpu_s()
    try:
        result = way()
    finally:
        used = cpu_s() - start
        done.set()
        watcher.join()
    return Measured(used, max(peak - before, 0) / MIB, result)


def in_turn(ways: Sequence[Way | None], runs: int) -> list[Measured | None]:
    """Medians of several runs of each way, taken in turn, so that a busy machine slows all of them; last results."""
    taken = [[measured(way) if way else None for way in ways] for _ in range(runs)]
    return [_median([run[number] for run in taken]) for number in range(len(ways))]


def _median(runs: Sequence[Measured | None]) -> Measured | None:
    known = [run for run in runs if run]
    if not known:
        return None
    middle = (statistics.median(getattr(run, field) for run in known) for field in ("cpu_s", "mib"))
    return Measured(*middle, known[-1].result)
