"""Log messages on standard error, one line each: `warning: extract: 2024-02: 3 of 1600 frames are bad`.

Modules log through `logging.getLogger(__name__)`. `AURORA_LOG` sets the least level shown (debug, info, warning, error;
info by default).
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_PACKAGE = Path(__file__).parent
LEVELS = ("debug", "info", "warning", "error")


def is_own(record: logging.LogRecord) -> bool:
    """Whether a record comes from this package; a stage that runs as `__main__` is known by its path alone."""
    return record.name.partition(".")[0] == __package__ or _PACKAGE in Path(record.pathname).parents


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        return f"{level}{record.module}: {record.getMessage()}"


class _StandardError(logging.StreamHandler):
    """Writes to whatever sys.stderr is now, as tests and progress bars replace it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.addFilter(is_own)
        self.setFormatter(_OneLine())

    @property
    def stream(self) -> object:
        return sys.stderr


class Collector(logging.Handler):
    """Keeps this package's records of at least `level`."""

    def __init__(self, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self.addFilter(is_own)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record, its message put together so that it can travel between processes."""
        record.msg, record.args = record.getMessage(), None
        self.records.append(record)


def set_up() -> None:
    """Show this package's messages on standard error; a second call changes nothing."""
    set_levels()
    root = logging.getLogger()
    if not any(isinstance(handler, _StandardError) for handler in root.handlers):
        root.addHandler(_StandardError())


def set_levels() -> None:
    """Let the loggers of this package pass what `AURORA_LOG` asks for; a worker process needs no more than that."""
    name = os.environ.get("AURORA_LOG", "info").lower()
    level = getattr(logging, name.upper()) if name in LEVELS else logging.INFO
    for logger in ("__main__", "__mp_main__", __package__):
        logging.getLogger(logger).setLevel(level)


@contextmanager
def collected(level: int = logging.WARNING) -> Iterator[list[logging.LogRecord]]:
    """Records of this package of at least `level` that are logged within the block."""
    collector = Collector(level)
    root = logging.getLogger()
    root.addHandler(collector)
    try:
        yield collector.records
    finally:
        root.removeHandler(collector)


def of_nights(rows: pd.DataFrame) -> str:
    """`392 frames of 55 nights`, from the column `night` of a row a frame."""
    frames, nights = len(rows), rows["night"].nunique()
    return f"{frames} frame{'s' * (frames != 1)} of {nights} night{'s' * (nights != 1)}"
