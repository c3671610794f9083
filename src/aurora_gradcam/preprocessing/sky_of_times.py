"""Sun, Moon and their classes for the times in a CSV file, the file's own columns kept before them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from ..config import Params
from ..errors import DataError, InputError
from ..files import atomic_write
from ..parallel import map_nights
from . import sky

COLUMNS = (*sky.POSITIONS, "sun_class", "moon_class")
ROWS_AT_ONCE = 10_000  # rows of one task: seconds of work
DATE = r"\d{4}-?\d\d-?\d\d"  # with which every time must begin
EXAMPLE = "2024-02-01T07:00:00Z"
Rows = list[tuple[int, list[str]]]  # the CSV's line on which each row ends, and its cells


def read(path: Path) -> tuple[list[str], Rows]:
    """Header and rows of a CSV file.

    Raises
    ------
    InputError
        No such file, not UTF-8, nothing in it, no column `utc`, or a column that is to be written.
    DataError
        A row that is not valid CSV, or with more or fewer cells than the header; the line is named.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, None)
            # a blank line is a row only where there is but one cell to be empty
            blank = [""] if header and len(header) == 1 else []
            rows = [(reader.line_num, cells or blank) for cells in reader if cells or blank]
    except OSError as error:
        raise InputError(f"this file cannot be read: {error.strerror}", path, "give a CSV file's path") from error
    except UnicodeDecodeError as error:
        raise InputError("this file is not UTF-8 text", path, "save it as CSV in UTF-8") from error
    except csv.Error as error:
        raise DataError(f"not valid CSV: {error}", f"{path}, line {reader.line_num}", "correct the line") from error
    if not header:
        raise InputError("this file is empty", path, "give a CSV file with a column utc")
    _check_header(header, path)
    for line, cells in rows:
        if len(cells) != len(header):
            raise DataError(f"{len(cells)} cells where the header has {len(header)}", f"{path}, line {line}",
                            "put cells that hold a comma in quotes")  # fmt: skip
    return header, rows


def _check_header(header: list[str], path: Path) -> None:
    if header.count("utc") != 1:
        columns = "several columns" if "utc" in header else "no column"
        raise InputError(
            f"there is {columns} utc among {', '.join(header)}", path, "name the column of times utc, once"
        )
    if taken := [name for name in COLUMNS if name in header]:
        raise InputError(f"the file has a column {taken[0]} already", path, "rename or remove it")


def times_of(texts: list[tuple[int, str]], path: Path) -> pd.DatetimeIndex:
    """UTC of (line, ISO 8601 text) pairs, to the microsecond; without a zone it is UTC, empty is NaT.

    Raises
    ------
    DataError
        The first text that is not a time, with its line.
    """
    stripped = pd.Series([text.strip() for _, text in texts], dtype="str")
    # pandas would also take a bare year, or the word now, for a time
    dated = stripped.where(stripped.str.match(DATE))
    times = pd.to_datetime(dated, utc=True, format="ISO8601", errors="coerce")
    if (wrong := times.isna() & (stripped != "")).any():
        line, text = texts[int(np.argmax(wrong))]
        raise DataError(f"'{text}' is not a time", f"{path}, line {line}", f"write it like {EXAMPLE}")
    return pd.DatetimeIndex(times)


def _of_chunk(utc: pd.DatetimeIndex, params: Params) -> pd.DataFrame:
    return sky.illuminated(utc, params.site, params.illuminate)


def _written(table: pd.DataFrame) -> Iterator[list[str]]:
    angles = table[list(sky.POSITIONS)].to_numpy()
    for values, *classes in zip(angles, table["sun_class"], table["moon_class"], strict=True):
        if np.isnan(values[0]):
            yield [""] * len(COLUMNS)
        else:
            yield [f"{value:.{sky.DECIMALS}f}" for value in values] + classes


def write(times: Path, out: Path, params: Params) -> tuple[int, int]:
    """Write `times` with the sky's columns behind its own; return the number of rows, and of those without a time.

    Rows keep their order and their cells. Altitudes and azimuths are those of `sky.sun_and_moon` for `params.site`.

    Raises
    ------
    InputError, DataError
        See `read` and `times_of`; a time outside the ephemeris; `out` cannot be written.
    """
    header, rows = read(times)
    place = header.index("utc")
    utc = times_of([(line, cells[place]) for line, cells in rows], times)
    chunks = [utc[start : start + ROWS_AT_ONCE] for start in range(0, len(utc), ROWS_AT_ONCE)]
    tables = map_nights(partial(_of_chunk, params=params), chunks, f"sky, {ROWS_AT_ONCE} times each")
    added = (cells for table in tables for cells in _written(table))
    try:
        with atomic_write(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*header, *COLUMNS])
            writer.writerows([*cells, *more] for (_, cells), more in zip(rows, added, strict=True))
    except OSError as error:
        raise InputError(f"this file cannot be written: {error.strerror}", out, "give another --out") from error
    return len(rows), int(np.count_nonzero(utc.isna()))
