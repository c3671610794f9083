"""Tonight's rows, tonight.csv, and the growing keogram."""

from __future__ import annotations

import csv
import io
import logging
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..drawing.keogram import EMPTY, middle_line
from ..files import atomic_write, write_text
from .event import from_iso
from .observation import SKY, Observation

logger = logging.getLogger(__name__)

TABLE, KEOGRAM = "tonight.csv", "tonight.png"
NIGHTS = "nights"
"""Folder of the tables and keograms of nights that are over."""
LINES = 180
"""Height of the keogram in pixels."""
COLUMNS = (
    *("source", "utc", "time_status", "status", "reason", "p_aurora", "is_aurora", "aurora", "event"),
    *SKY,
    *("logit_no", "logit_yes", "p_cloud", "cloud", "form", "strength", "line"),
)
"""`aurora`: the decision, yes or no; `line`: the picture's column in the keogram."""
LONGEST = 20_000
"""Rows of a night that are kept: one every 4 s of 24 hours."""


class Night:
    """Rows in the order of their coming, and a line of the keogram for each picture with a sky."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._begin()

    def _begin(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self._lines = np.full((LINES, 256, 3), EMPTY, np.uint8)
        self.columns = 0
        self._png: tuple[int, bytes] | None = None
        self._is_written = True

    def restore(self) -> None:
        """Read what an earlier run wrote of tonight; what cannot be read is left out with a warning."""
        path = self.folder / TABLE
        if not path.exists():
            return
        try:
            with path.open(encoding="utf-8", newline="") as file:
                self.rows = [_typed(row) for row in csv.DictReader(file)]
            lines = [row["line"] for row in self.rows if row["line"] is not None]
            for line in range(max(lines, default=-1) + 1):
                self._grow(line)
            picture = self.folder / KEOGRAM
            if picture.exists():
                with Image.open(picture) as image:
                    stored = np.asarray(image.convert("RGB"))[:LINES, : self.columns]
                self._lines[: stored.shape[0], : stored.shape[1]] = stored
        except (OSError, ValueError, KeyError) as error:
            logger.warning(f"{path} cannot be read: {error}; the night's plot begins anew")

    def add(self, observation: Observation, frame: np.ndarray | None, is_aurora: bool, event: str) -> dict[str, Any]:
        """Add a row; returns it."""
        row = dict.fromkeys(COLUMNS)
        row |= {name: value for name, value in observation.row().items() if name in COLUMNS}
        row |= {"aurora": "yes" if is_aurora else "no", "event": event or None}
        if frame is not None:
            self._grow(self.columns)
            self._lines[:, self.columns - 1] = middle_line(frame, LINES)
            row["line"] = self.columns - 1
        self.rows.append(row)
        self._is_written = False
        if len(self.rows) > LONGEST:
            del self.rows[0]
        return row

    def _grow(self, line: int) -> None:
        if line >= self._lines.shape[1]:
            self._lines = np.concatenate([self._lines, np.full_like(self._lines, EMPTY)], axis=1)
        self.columns = line + 1

    def write(self) -> None:
        """Write tonight.csv and the keogram, each whole, where they changed; an OSError where that fails."""
        if self._is_written:
            return
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _text(value) for name, value in row.items()} for row in self.rows)
        write_text(self.folder / TABLE, buffer.getvalue())
        if self.columns:
            with atomic_write(self.folder / KEOGRAM) as temporary:
                temporary.write_bytes(self.keogram())
        self._is_written = True

    def keogram(self) -> bytes:
        """The keogram as PNG, a column a picture."""
        if self._png is None or self._png[0] != self.columns:
            buffer = io.BytesIO()
            Image.fromarray(self._lines[:, : max(self.columns, 1)]).save(buffer, "PNG", compress_level=3)
            self._png = (self.columns, buffer.getvalue())
        return self._png[1]

    def close(self, night: str) -> None:
        """Put the files of a night that is over away, and begin a new one."""
        for name in (TABLE, KEOGRAM):
            path = self.folder / name
            if path.exists():
                (self.folder / NIGHTS).mkdir(exist_ok=True)
                path.replace(self.folder / NIGHTS / f"{night}{path.suffix}")
        self._begin()


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds").replace("+00:00", "Z")
    return "" if value is None else value


def _typed(row: dict[str, str]) -> dict[str, Any]:
    texts = {"source", "time_status", "status", "reason", "aurora", "event", "sun_class", "moon_class", "cloud", "form"}
    values: dict[str, Any] = {}
    for name in COLUMNS:
        text = row[name]
        if name == "utc":
            values[name] = from_iso(text)
        elif name in texts:
            values[name] = text or (None if name in ("event", "cloud", "form") else "")
        elif name == "is_aurora":
            values[name] = {"True": True, "False": False}.get(text)
        else:
            values[name] = (int(text) if name == "line" else float(text)) if text else None
    return values
