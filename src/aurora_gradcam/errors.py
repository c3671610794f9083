"""The errors that a user can fix: each says what is wrong, where, and what to do."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from collections.abc import Callable
from functools import wraps
from pathlib import Path

from pydantic import ValidationError

from . import logs


class AuroraError(Exception):
    """Root of all errors of this project.

    Parameters
    ----------
    what
        What is wrong, in one sentence without a full stop.
    where
        The file, key, night or frame it concerns.
    fix
        What the reader can do about it.
    """

    def __init__(self, what: str, where: object = "", fix: str = "") -> None:
        self.what, self.where, self.fix = what, str(where), fix
        place = f" [{self.where}]" if self.where else ""
        remedy = f" Fix: {fix}" if fix else ""
        super().__init__(f"{what}{place}.{remedy}")


class ConfigError(AuroraError):
    """params.yaml, an environment variable or an option holds an unusable value."""


class InputError(AuroraError):
    """A file or folder that the work starts from is missing or is not what it should be."""


class DataError(AuroraError):
    """A table or archive breaks its contract, or too many frames are bad to go on."""


class ToolError(AuroraError):
    """A program this project calls (ffmpeg, tesseract) is missing or failed."""


REMEDIES = {
    errno.ENOSPC: "free space there, or use another disk",
    errno.EDQUOT: "free space within your quota, or use another disk",
    errno.EACCES: "check its owner and permissions (ls -ld)",
    errno.EPERM: "check its owner and permissions (ls -ld)",
    errno.EROFS: "work on a disk that is mounted for writing",
    errno.ENOENT: "check the path",
    errno.EISDIR: "give a file, not a folder",
    errno.EMFILE: "allow more open files (ulimit -n), or set AURORA_WORKERS to fewer processes",
    errno.ENOMEM: "free memory, or set AURORA_WORKERS to fewer processes",
    errno.ENOLCK: "use a folder on a local disk: this file system has no locks",
}
"""What to do about failures of the system that have nothing to do with the data."""
CANNOT_WRITE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


def remedy_for(error: OSError) -> str:
    """What to do about an error of the operating system."""
    return REMEDIES.get(error.errno or 0, "check permissions and free space")


def of_system(error: OSError) -> InputError:
    """An error of the operating system as one of this project's: what failed, where, and what to do."""
    reason = (error.strerror or str(error) or type(error).__name__).lower()
    what = f"cannot write: {reason}" if error.errno in CANNOT_WRITE else reason
    where = os.fspath(error.filename) if isinstance(error.filename, str | os.PathLike) else ""
    fix = remedy_for(error)
    temporary = Path(tempfile.gettempdir())
    is_refused = error.errno in CANNOT_WRITE | {errno.EACCES, errno.EPERM}
    if where and is_refused and temporary in (Path(where), *Path(where).parents):
        fix = f"free space in {temporary}, or set TMPDIR to a folder with room"
    return InputError(what, where, fix)


def first_problem(error: ValidationError) -> tuple[str, str]:
    """The dotted key and the message of the first problem pydantic found."""
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"])
    return key, problem["msg"]


def exit_clearly(function: Callable) -> Callable:
    """Decorate an entry point: an error that a user can fix becomes one line on standard error and exit status 2."""

    @wraps(function)
    def wrapper(*args: object, **kwargs: object) -> object:
        logs.set_up()
        try:
            return function(*args, **kwargs)
        except BrokenPipeError:  # whoever read the output wants no more, as in `aurora doctor | head -1`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains on exit
            sys.exit(1)
        except (AuroraError, OSError) as error:
            problem = of_system(error) if isinstance(error, OSError) else error
            print(f"{type(problem).__name__}: {problem}", file=sys.stderr)
            sys.exit(2)

    return wrapper
