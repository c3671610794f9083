"""Names of frames: `<night>-<frame_no>`, the frame's number in its video with at least five digits.

Numbers of five and of six digits are not ordered as texts are: rows and files are ordered by `by_time`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

DIGITS = 5
"""Least digits of a frame's number; AuroraMAX nights have up to 15,000 frames."""


def make(night: str, frame_no: int) -> str:
    """`20240201`, 10 -> `20240201-00010`."""
    return f"{night}-{frame_no:0{DIGITS}d}"


def night_of(frame_id: str) -> str:
    """`20240201-00010` -> `20240201`."""
    return frame_id.partition("-")[0]


def month_of(night: str) -> str:
    """`20240201` -> `2024-02`, the folder that the night's video lies in."""
    return f"{night[:4]}-{night[4:6]}"


def by_time(frame_id: str) -> str:
    """Key that orders frame ids, and files named after them, by night and number: 99999 comes before 100000.

    Where all numbers have as many digits it is the order of the texts.
    """
    night, dash, rest = frame_id.partition("-")
    number, dot, ending = rest.partition(".")
    return f"{night}{dash}{number:0>12}{dot}{ending} {frame_id}"


def in_order(frame_ids: Iterable[str]) -> list[str]:
    """Frame ids by night and number."""
    return sorted(frame_ids, key=by_time)


def sort_key(column: pd.Series) -> pd.Series:
    """`by_time` as the `key` of `DataFrame.sort_values`; columns other than `frame_id` are ordered as they are."""
    return column.map(by_time) if column.name == "frame_id" else column
