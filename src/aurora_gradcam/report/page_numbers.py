"""How the page writes numbers: counts, names, and estimates with their intervals, each by one function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Numbers = Mapping[str, Any]
"""A branch of metrics.json; an estimate is a branch {value, low, high, frames, nights[, too_few_nights]}."""
MISSING = "–"


@dataclass(frozen=True)
class Cell:
    """A field of a table: the text, what stands small below it, and what the number rests on."""

    text: str
    small: str = ""
    basis: str = ""


@dataclass(frozen=True)
class Table:
    """A table of the page; the first field of each row names the row, and `name` is its id."""

    name: str
    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    numeric: bool = True


def number(value: float | None, digits: int = 3) -> str:
    """`0.9` -> `0.900`; an undefined number is a dash."""
    return MISSING if value is None else f"{value:z.{digits}f}".replace("-", "\N{MINUS SIGN}")


def whole(count: int | None) -> str:
    """`214890` -> `214,890`."""
    return MISSING if count is None else f"{count:,}"


def counted(count: int, noun: str) -> str:
    """`1, "night"` -> `1 night`, and more than one in the plural."""
    return f"{whole(count)} {noun}{'' if count == 1 else 's'}"


def plain(name: str) -> str:
    """`Night x Moon_Full` -> `Night × Moon Full`."""
    return name.replace("_", " ").replace(" x ", " × ")


def estimate(of: Numbers | None, digits: int = 3) -> Cell:
    """A number over its 95 % interval, or why there is none."""
    if of is None:
        return Cell(MISSING)
    basis = f"{counted(of['frames'], 'frame')}, {counted(of['nights'], 'night')}"
    if of["value"] is None:
        return Cell("", "too few nights", basis) if of.get("too_few_nights") else Cell(MISSING, "", basis)
    return Cell(number(of["value"], digits), f"{number(of['low'], digits)} to {number(of['high'], digits)}", basis)


def basis(of: Numbers, frames: str = "frames", nights: str = "nights") -> str:
    """`frames / nights`."""
    return f"{whole(of[frames])} / {whole(of[nights])}"
