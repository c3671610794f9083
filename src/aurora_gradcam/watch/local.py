"""A folder that a camera program fills, or one picture that it overwrites; pictures still being written wait."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..prediction.sources import IMAGES
from .arrival import Arrival, Trouble, is_whole, utc_of

SETTLE_S = 0.5
"""A file that has not changed for so long, and ends as its kind ends, is whole."""
PATIENCE_S = 20.0
"""After so long without a change a file is taken as it is."""
DEPTH = 2
"""Folders within folders that are looked into, such as one a night."""
RESCAN_S = 10.0
"""Between looks at every file, for those that are overwritten: this changes no folder's own time."""

Known = Callable[[str, float], bool]
"""Name and stamp of a file that was there before -> whether it has been dealt with."""


@dataclass(frozen=True)
class Stat:
    """By what a file's change is noticed; `stamp`: when it came to lie here."""

    modified_ns: int
    size: int
    number: int
    stamp: float


def _stat(result: os.stat_result) -> Stat:
    return Stat(result.st_mtime_ns, result.st_size, result.st_ino, result.st_ctime)


class Settling:
    """Files that have changed, until they change no more."""

    def __init__(self, settle_s: float = SETTLE_S) -> None:
        self.settle_s = settle_s
        self.waiting: dict[Path, tuple[Stat, float]] = {}

    def add(self, path: Path, stat: Stat) -> None:
        """Wait for a file."""
        self.waiting.setdefault(path, (stat, time.monotonic()))

    def ready(self) -> Iterator[tuple[Path, Stat, bytes]]:
        """Files that are whole now, in the order of their change; each once."""
        for path, (stat, since) in sorted(self.waiting.items(), key=lambda item: (item[1][0].modified_ns, item[0])):
            try:
                now = _stat(path.stat())
                if now != stat:
                    self.waiting[path] = (now, time.monotonic())
                    continue
                age = time.monotonic() - since
                if age < self.settle_s:
                    continue
                content = path.read_bytes()
                if _stat(path.stat()) != now or (not is_whole(content) and age < PATIENCE_S):
                    continue
            except FileNotFoundError:
                del self.waiting[path]
                continue
            except OSError:  # not yet readable, say
                if time.monotonic() - since > PATIENCE_S:
                    del self.waiting[path]
                continue
            del self.waiting[path]
            yield path, stat, content


class FileSource:
    """One picture that is overwritten again and again."""

    is_asked = False

    def __init__(self, path: Path, settle_s: float = SETTLE_S) -> None:
        self.path, self.name = path, path.name
        self._settling, self._seen = Settling(settle_s), Stat(0, 0, 0, 0.0)

    def poll(self) -> list[Arrival]:
        """The picture, where it is another one than before."""
        try:
            stat = _stat(self.path.stat())
        except OSError as error:
            raise Trouble(f"{self.path}: {error.strerror}") from error
        if stat != self._seen:
            self._settling.add(self.path, stat)
        arrivals = []
        for path, settled, content in self._settling.ready():
            self._seen = settled
            arrivals.append(Arrival(path.name, content, utc_of(settled.modified_ns / 1e9), settled.stamp))
        return arrivals


class FolderSource:
    """A folder, and the folders in it, into which pictures are put.

    Of what lies there at the start, it gives what is not `known`; without `known` the newest picture alone.
    """

    is_asked = False

    def __init__(self, path: Path, known: Known | None = None, settle_s: float = SETTLE_S) -> None:
        self.path, self.name = path, path.name or str(path)
        self._settling = Settling(settle_s)
        self._seen: dict[Path, dict[Path, Stat]] = {}
        self._times: dict[Path, int] = {}
        self._rescan_at = time.monotonic() + RESCAN_S
        self._begin(known)

    def _begin(self, known: Known | None) -> None:
        files = [(path, stat) for folder in self._folders() for path, stat in self._scan(folder).items()]
        for path, stat in files:
            self._seen.setdefault(path.parent, {})[path] = stat
        newest = max(files, key=lambda file: (file[1].modified_ns, file[0]), default=None)
        for path, stat in files:
            is_new = not known(path.name, stat.stamp) if known else newest is not None and path == newest[0]
            if is_new:
                self._settling.add(path, stat)

    def poll(self) -> list[Arrival]:
        """Pictures that are whole and were not given before."""
        if not self.path.is_dir():
            raise Trouble(f"{self.path}: there is no such folder now")
        rescan = time.monotonic() >= self._rescan_at
        if rescan:
            self._rescan_at = time.monotonic() + RESCAN_S
        folders = self._folders()
        for folder in folders:
            if rescan or self._times.get(folder) != _time_of(folder):
                self._look(folder)
        for gone in self._seen.keys() - set(folders):
            del self._seen[gone]
        arrivals = []
        for path, stat, content in self._settling.ready():
            self._seen.setdefault(path.parent, {})[path] = stat
            arrivals.append(Arrival(path.name, content, utc_of(stat.modified_ns / 1e9), stat.stamp))
        return arrivals

    def _look(self, folder: Path) -> None:
        self._times[folder] = _time_of(folder)
        before, now = self._seen.get(folder, {}), self._scan(folder)
        for path, stat in now.items():
            if before.get(path) != stat:
                self._settling.add(path, stat)
        self._seen[folder] = now

    def _folders(self) -> list[Path]:
        folders, level = [self.path], [self.path]
        for _ in range(DEPTH):
            level = [inner for folder in level for inner in _inner(folder)]
            folders += level
        return folders

    @staticmethod
    def _scan(folder: Path) -> dict[Path, Stat]:
        files = {}
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    is_image = os.path.splitext(entry.name)[1].lower() in IMAGES and not entry.name.startswith(".")
                    if is_image and entry.is_file():
                        files[Path(entry.path)] = _stat(entry.stat())
        except OSError:  # gone while it was read
            pass
        return files


def _time_of(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def _inner(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
    except OSError:
        return []
