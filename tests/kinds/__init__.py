"""Kinds of input that people have, each with its right result or its one clear error; reliability/test_kinds.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Refused:
    """The one clear error: an expression that its text matches."""

    text: str


@dataclass(frozen=True)
class Kind:
    """An input, and what comes of it: `act` makes it in an empty folder, the current one, and gives what was read."""

    name: str
    act: Callable[[Path], Any]
    expected: Any
    """The result of `act`, or `Refused`."""
