"""How the page and the cards write numbers: counts, names, and estimates with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Numbers = Mapping[str, Any]
"""A branch of the metrics as `point_estimates.with_point_estimates` gives them."""
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


def counts_text(of: Numbers) -> str:
    """`24/73, 3 nights` or `57 frames, 3 nights`: what a number without an interval rests on."""
    frames = f"{whole(of['count'])}/{whole(of['of'])}" if "count" in of else counted(of["frames"], "frame")
    return f"{frames}, {counted(of['nights'], 'night')}"


def reason_text(of: Numbers) -> str:
    """Why an estimate has no value."""
    if of["frames"] == 0:
        return "no frames"
    return "too few nights" if of.get("too_few_nights") else "undefined"


def interval_text(of: Numbers, digits: int = 3) -> str:
    """`0.540 to 1.000`."""
    return f"{number(of['low'], digits)} to {number(of['high'], digits)}"


def estimate(of: Numbers | None, digits: int = 3) -> Cell:
    """A number over its 95 % interval; over its counts where nights are too few for one; or why there is none."""
    if of is None:
        return Cell(MISSING)
    basis = f"{counted(of['frames'], 'frame')}, {counted(of['nights'], 'night')}"
    if of["value"] is None:
        return Cell("", reason_text(of), basis)
    if of["low"] is None:
        return Cell(number(of["value"], digits), counts_text(of), f"{basis}: too few nights for an interval")
    return Cell(number(of["value"], digits), interval_text(of, digits), basis)


def inline(of: Numbers | None, digits: int = 3) -> str:
    """An estimate in running text: `0.945 (0.649 to 0.998)`, `0.667 (2/3, 3 nights)` or `too few nights`."""
    cell = estimate(of, digits)
    return f"{cell.text} ({cell.small})" if cell.text and cell.small else cell.text or cell.small


def basis(of: Numbers, frames: str = "frames", nights: str = "nights") -> str:
    """`frames / nights`."""
    return f"{whole(of[frames])} / {whole(of[nights])}"
