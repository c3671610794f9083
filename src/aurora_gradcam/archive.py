"""Night archives: one zip a night, stored, sorted, with fixed dates, so that equal members give equal bytes."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from .errors import DataError, InputError

FRAMES = Path("data/frames")
STAMPS = Path("data/stamps")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can hold


def month_of(night: str) -> str:
    """`20240201` -> `2024-02`, the folder that the night's video lies in."""
    return f"{night[:4]}-{night[4:6]}"


def night_of(frame_id: str) -> str:
    """`20240201-00010` -> `20240201`."""
    return frame_id.partition("-")[0]


def night_path(root: Path, night: str) -> Path:
    """Where a night's archive lies below `root` (`FRAMES` or `STAMPS`)."""
    return root / month_of(night) / f"{night}.zip"


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A temporary name beside `path` that becomes `path` only when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write(path: Path, members: Iterable[tuple[str, bytes]]) -> None:
    """Write (name, content) pairs as a night archive; the bytes depend on the members alone."""
    ordered = sorted(members)
    names = [name for name, _ in ordered]
    if len(set(names)) != len(names):
        raise DataError("two members of a night archive have the same name", path)
    with written_whole(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
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
    """Member names, sorted."""
    with opened(path) as archive:
        return sorted(archive.namelist())


def read_member(path: Path, member: str) -> bytes:
    """One member's bytes."""
    with opened(path) as archive:
        try:
            return archive.read(member)
        except KeyError as error:
            raise DataError(f"the night archive has no member {member}", path) from error


def read_all(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every (name, content) in order of name, one at a time in memory."""
    with opened(path) as archive:
        for name in sorted(archive.namelist()):
            yield name, archive.read(name)


def decode_image(content: bytes) -> np.ndarray:
    """JPG or PNG bytes -> uint8 RGB, shape (height, width, 3)."""
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def read_frame(frame_id: str) -> np.ndarray:
    """One masked frame as uint8 RGB, shape (height, width, 3), by its frame_id."""
    return decode_image(read_member(night_path(FRAMES, night_of(frame_id)), f"{frame_id}.jpg"))
