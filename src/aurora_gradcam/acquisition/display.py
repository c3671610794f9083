"""Progress while nights are downloaded: a bar each on a terminal, plain lines in CI and pipes."""

from __future__ import annotations

import time
from datetime import date
from types import TracebackType

from rich.console import Console
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Column

from ..progress import PLAIN_EVERY_S


class Display:
    """Progress of `expected` nights; `received` counts the bytes downloaded in this run."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self.expected = self._ended = 0
        self.received = 0
        self._here: dict[date, int] = {}
        self._bars: dict[date, TaskID] = {}
        self._printed_at: dict[date, float] = {}
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(table_column=Column(ratio=1)),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=self.console,
            expand=True,
            disable=not self.console.is_terminal,
        )

    def __enter__(self) -> Display:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def print_line(self, night: date, line: str) -> None:
        """Print one line about a night."""
        self.console.print(f"{night}: {line}", markup=False)

    def update(self, night: date, here: int, size: int | None) -> None:
        """Show how many bytes of a night are here, and of how many (None: unknown)."""
        self.received += max(0, here - self._here.get(night, here))
        self._here[night] = here
        if night not in self._bars:
            self._bars[night] = self._bar.add_task(str(night), total=size, completed=here)
            self._printed_at[night] = time.monotonic()
        self._bar.update(self._bars[night], completed=here, total=size)
        if not self.console.is_terminal and time.monotonic() - self._printed_at[night] > PLAIN_EVERY_S:
            self._printed_at[night] = time.monotonic()
            self.print_line(night, decimal(here) + (f" of {decimal(size)}" if size else ""))

    def end(self, night: date, line: str) -> None:
        """Remove the bar of a night that is done, and print a line."""
        if night in self._bars:
            self._bar.remove_task(self._bars.pop(night))
        self._ended += 1
        self.print_line(night, f"{line} ({self._ended} of {self.expected})")
