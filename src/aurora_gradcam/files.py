"""Files are written whole: under a temporary name first, then renamed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from .errors import InputError
from .processes import is_running

_PART = re.compile(r"\..+\.(\d+)\.part")  # the name of atomic_write, with the process that writes


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A temporary name beside `path` that becomes `path` only when the block ends without an error.

    An OSError that names no file, as a full disk gives while bytes are written, leaves with `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        if error.errno is not None and error.filename in (None, str(temporary)):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, whole, with the line ends as they are in `text`."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def remove_leftovers(*folders: Path) -> None:
    """Remove temporary files of `atomic_write` anywhere below these folders whose process was killed."""
    for folder in folders:
        for path in folder.rglob(".*.part"):
            name = _PART.fullmatch(path.name)
            if name and not is_running(int(name[1])):
                path.unlink(missing_ok=True)


def make_out(out: Path) -> None:
    """The folder of `--out`; InputError where nothing can be written into it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as error:
        what = f"nothing can be written here: {error.strerror}"
        raise InputError(what, out, "give another folder by --out") from error
