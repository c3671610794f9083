"""The errors that a user can fix: each says what is wrong, where, and what to do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps

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


def first_problem(error: ValidationError) -> tuple[str, str]:
    """The dotted key and the message of the first problem pydantic found."""
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"])
    return key, problem["msg"]


def exit_clearly(function: Callable) -> Callable:
    """Decorate an entry point: an AuroraError becomes one line on standard error and exit status 2."""

    @wraps(function)
    def wrapper(*args: object, **kwargs: object) -> object:
        logs.set_up()
        try:
            return function(*args, **kwargs)
        except AuroraError as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            sys.exit(2)

    return wrapper
