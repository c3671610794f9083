"""Map a function over nights, in this process, in several or on a cluster.

Results and log messages never depend on which.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

from . import cluster, logs, processes
from .errors import ConfigError
from .progress import track

Item = TypeVar("Item")
Result = TypeVar("Result")


def worker_count() -> int:
    """Processes to use: `AURORA_WORKERS`, or one a processor that this process may run on."""
    text = os.environ.get("AURORA_WORKERS", "")
    if not text:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not text.isdecimal() or int(text) < 1:
        raise ConfigError(
            f"'{text}' is not a number of processes", "AURORA_WORKERS", "set a whole number from 1, or unset it"
        )
    return int(text)


def map_nights(function: Callable[[Item], Result], items: Sequence[Item], doing: str, threads: int = 1) -> list[Result]:
    """`[function(item) for item in items]`, in that order, on a cluster or on processes of this machine.

    The first error ends the map and is raised here as it was there.

    Parameters
    ----------
    function
        A module-level function (or a partial of one) of picklable arguments.
    doing
        What the progress bar says.
    threads
        Threads that each call computes on: on this machine there are `worker_count()` of them in all.
    """
    if items and (address := cluster.scheduler()):
        logged = cluster.mapped(address, partial(_with_records, function), items)
        return list(track(_relogged(logged), doing, total=len(items)))
    workers = min(max(1, worker_count() // threads), len(items))
    if workers <= 1:
        return list(track(map(function, items), doing, total=len(items)))
    # spawn, not fork: a forked child inherits the locks of torch's and OpenMP's threads and can hang on them
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, context, processes.end_with_parent, (os.getpid(),)) as pool:
        logged = pool.map(partial(_with_records, function), items)
        return list(track(_relogged(logged), doing, total=len(items)))


def _with_records(function: Callable[[Item], Result], item: Item) -> tuple[Result, list[logging.LogRecord]]:
    logs.set_levels()
    with logs.collected(logging.DEBUG) as records:
        return function(item), records


def _relogged(results: Iterator[tuple[Result, list[logging.LogRecord]]]) -> Iterator[Result]:
    # in the order of the items, so that the messages of a run do not depend on how many processes it had
    for result, records in results:
        for record in records:
            logging.getLogger(record.name).handle(record)
        yield result
