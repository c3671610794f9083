"""A video on its way: hidden beside its place until it is whole, with what the server promised of it."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.filesize import decimal

from ..errors import InputError, remedy_for
from ..files import atomic_write

SPARE_BYTES = 64 << 20
"""Free space in bytes that a download leaves on the disk."""


@dataclass(frozen=True)
class Promise:
    """What a server announces of the file at an address; `size` in bytes, None where it gives none."""

    address: str
    size: int | None = None
    etag: str = ""
    last_modified: str = ""
    content_type: str = ""

    @property
    def validator(self) -> str:
        """What tells this version of the file from a later one; empty where nothing does so reliably.

        A weak ETag stands for files that are alike, not equal, and must not be used with Range (RFC 9110, 13.1.5).
        """
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified


class Part:
    """The bytes of a video that are here so far, in `.NAME.part`, and their Promise in `.NAME.json.part`.

    Every method raises an InputError where the folder cannot be written.
    """

    def __init__(self, final: Path) -> None:
        self.final = final
        self.path = final.with_name(f".{final.name}.part")
        self.notes = final.with_name(f".{final.name}.json.part")

    @property
    def size(self) -> int:
        """Bytes that are here."""
        return self.path.stat().st_size if self.path.exists() else 0

    def promise(self) -> Promise | None:
        """What was promised of these bytes; None where that is unknown, so that they are useless."""
        try:
            return Promise(**json.loads(self.notes.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def begin(self, promise: Promise) -> None:
        """Forget earlier bytes and note what is promised now."""
        try:
            self.final.parent.mkdir(parents=True, exist_ok=True)
            self.path.unlink(missing_ok=True)  # first: no bytes may ever stand beside a promise not theirs
            with atomic_write(self.notes) as temporary:
                temporary.write_text(json.dumps(asdict(promise)), encoding="utf-8")
        except OSError as error:
            raise unwritable(self.final.parent, error) from error

    def append(self, content: bytes) -> None:
        """Add bytes at the end."""
        try:
            with self.path.open("ab") as file:
                file.write(content)
        except OSError as error:
            raise unwritable(self.final.parent, error) from error

    def finish(self) -> None:
        """Give the video its name; it must have been checked to be whole. Where that fails, the part stays."""
        try:
            with self.path.open("rb") as file:
                os.fsync(file.fileno())  # a name must not outlive a power cut without its bytes
            os.replace(self.path, self.final)
        except OSError as error:
            raise unwritable(self.final.parent, error) from error
        self.notes.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove what is here, and the month's folder where nothing else is in it."""
        self.path.unlink(missing_ok=True)
        self.notes.unlink(missing_ok=True)
        if self.final.parent.is_dir() and not any(self.final.parent.iterdir()):
            self.final.parent.rmdir()


def unwritable(folder: Path, error: OSError) -> InputError:
    """The error for a folder that cannot be written."""
    what = f"cannot write here: {(error.strerror or str(error)).lower()}"
    return InputError(what, folder, f"{remedy_for(error)}; what has come is kept and resumed")


def check_room(folder: Path, needed: int) -> None:
    """An InputError where the disk of a folder that exists has no `needed` bytes left, and some to spare."""
    free = shutil.disk_usage(folder).free
    if needed + SPARE_BYTES > free:
        raise InputError(
            f"the disk would fill: {decimal(needed)} are to come and {decimal(free)} are free",
            folder,
            "free some space and run the same command again",
        )
