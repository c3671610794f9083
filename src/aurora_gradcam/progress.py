"""Progress of long work: a bar with rate and time left on a terminal, plain lines in CI and pipes."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Item = TypeVar("Item")
PLAIN_EVERY_S = 15.0


def track(items: Iterable[Item], doing: str, total: int | None = None) -> Iterator[Item]:
    """Pass `items` on and tell how far the work is; `doing` names the work, `total` counts items without a length."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    if sys.stderr.isatty():
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                   TextColumn("{task.fields[rate]}"), TimeRemainingColumn())  # fmt: skip
        with Progress(*columns) as bar:
            task = bar.add_task(doing, total=total, rate="")
            start = time.monotonic()
            for done, item in enumerate(items, start=1):
                yield item
                bar.update(task, completed=done, rate=f"{done / max(time.monotonic() - start, 1e-9):.1f}/s")
        return
    start = spoke = time.monotonic()
    done = 0
    for item in items:
        yield item
        done += 1
        if time.monotonic() - spoke > PLAIN_EVERY_S:
            spoke = time.monotonic()
            print(f"{doing}: {done}/{total or '?'}, {done / (spoke - start):.1f}/s", file=sys.stderr, flush=True)
    print(f"{doing}: {done} done in {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)
