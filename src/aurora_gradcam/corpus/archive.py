"""Night archives: one zip a night, stored, ordered by frame, with fixed dates: equal members give equal bytes."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import DataError, InputError
from ..files import atomic_write
from .frame_ids import by_time, in_order, month_of

FRAMES = Path("data/frames")
STAMPS = Path("data/stamps")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can hold


def night_path(root: Path, night: str) -> Path:
    """Where a night's archive lies below `root` (`FRAMES` or `STAMPS`)."""
    return root / month_of(night) / f"{night}.zip"


def write(path: Path, members: Iterable[tuple[str, bytes]]) -> None:
    """Write (name, content) pairs as a night archive; the bytes depend on the members alone."""
    ordered = sorted(members, key=lambda member: by_time(member[0]))
    names = [name for name, _ in ordered]
    if len(set(names)) != len(names):
        raise DataError("two members of a night archive have the same name", path)
    with atomic_write(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for name, content in ordered:
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, content)


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive, open for reading; a missing or broken one is a clear error."""
    if not path.exists():
        raise InputError("this night archive is missing", path, "run `dvc pull` or `dvc repro extract`")
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except zipfile.BadZipFile as error:
        raise DataError("this night archive is damaged", path, "remove it and run `dvc repro extract`") from error


def names(path: Path) -> list[str]:
    """Member names, in order."""
    with opened(path) as archive:
        return in_order(archive.namelist())


def read_member(path: Path, member: str) -> bytes:
    """One member's bytes."""
    with opened(path) as archive:
        try:
            return archive.read(member)
        except KeyError as error:
            raise DataError(f"the night archive has no member {member}", path) from error


def read_all(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every (name, content) in order, one at a time in memory."""
    with opened(path) as archive:
        for name in in_order(archive.namelist()):
            yield name, archive.read(name)
