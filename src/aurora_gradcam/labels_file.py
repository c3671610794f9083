"""labels.csv, the labels that people (or the simulator) write: read, merged and written here alone.

It is CSV with the header `frame_id,label,annotator`, a row a judgement. Written as UTF-8 with commas; read also as
spreadsheets save it: with semicolons or tabs, in UTF-16, with any line ends, with empty columns behind.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from .errors import InputError
from .files import atomic_write
from .tables.labels import LABELS, LABELS_COLUMNS

HEADER = ",".join(LABELS_COLUMNS)
KEY = ["frame_id", "annotator"]
DELIMITERS = ",;\t"
WORDS = {word: label for label in LABELS for word in (label, label.title(), label.upper())}
"""What is read as which label: spreadsheets and phones like to begin with a capital letter."""


def read(path: Path, known: Collection[str] | None = None) -> pd.DataFrame:
    """Read a labels file.

    Parameters
    ----------
    known
        All frame_ids that there are; None: any will do.

    Returns
    -------
    Columns `LABELS_COLUMNS`, one row for each frame and annotator, in the order of the file; empty where the file is
    missing.

    Raises
    ------
    InputError
        A wrong encoding or header, an unknown frame, a label that is neither yes nor no, no annotator, or an annotator
        who labels a frame twice differently; with file and line.
    """
    if not path.exists():
        return _frame([])
    known = None if known is None else frozenset(known)
    labels: dict[tuple[str, str], tuple[str, int]] = {}
    try:
        lines = io.StringIO(_decode(path.read_bytes()), newline="")
        reader = csv.reader(lines, delimiter=_delimiter(lines))
        _check_header(next(reader, []), path)
        for fields in reader:
            if not "".join(fields).strip():
                continue
            where = f"{path}, line {reader.line_num}"
            frame_id, label, annotator = _row(fields, where, known)
            before, line = labels.setdefault((frame_id, annotator), (label, reader.line_num))
            if before != label:
                what = f"{annotator} labels {frame_id} '{label}' here and '{before}' in line {line}"
                raise InputError(what, where, "remove one of the two lines")
    except UnicodeDecodeError as error:
        what = f"byte {error.start + 1} is not UTF-8"
        raise InputError(what, path, "save it as 'CSV UTF-8' (in LibreOffice: character set UTF-8)") from error
    except csv.Error as error:
        raise InputError(f"not readable as CSV: {error}", path, "save it as CSV, UTF-8") from error
    return _frame([(frame_id, label, annotator) for (frame_id, annotator), (label, _) in labels.items()])


def _frame(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(LABELS_COLUMNS), dtype=str)


def _decode(content: bytes) -> str:
    """UTF-8, or UTF-16 where a byte order mark says so; other encodings cannot be distinguished."""
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_utf16 else "utf-8-sig")


def _delimiter(lines: io.StringIO) -> str:
    header = lines.readline()
    lines.seek(0)
    return max(DELIMITERS, key=header.count)  # the comma where none of them occurs


def _check_header(fields: list[str], path: Path) -> None:
    names = [field.strip() for field in _without_empty_end(fields)]
    if names != list(LABELS_COLUMNS):
        raise InputError(f"the header is '{','.join(names)}'", f"{path}, line 1", f"write {HEADER}")


def _without_empty_end(fields: list[str]) -> list[str]:
    """The fields without empty ones behind the columns that there should be."""
    count = len(LABELS_COLUMNS)
    return fields if "".join(fields[count:]).strip() else fields[:count]


def _row(fields: list[str], where: str, known: frozenset[str] | None) -> tuple[str, str, str]:
    fields = _without_empty_end(fields)
    if len(fields) != len(LABELS_COLUMNS):
        raise InputError(f"{len(fields)} values where {HEADER} are expected", where, "write one value for each column")
    frame_id, label, annotator = (field.strip() for field in fields)
    if known is not None and frame_id not in known:
        fix = "correct the frame_id, or list its month in params.yaml"
        raise InputError(f"the frame '{frame_id}' is in no frames table", where, fix)
    if label not in WORDS:
        raise InputError(f"the label '{label}' is neither yes nor no", where, "write yes or no")
    if not annotator:
        raise InputError(f"the label of {frame_id} names no annotator", where, "write who labelled it")
    return frame_id, WORDS[label], annotator


def write(path: Path, labels: pd.DataFrame) -> None:
    """Write a labels file, whole and to the disk itself: some of its rows are nowhere else."""
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        labels[list(LABELS_COLUMNS)].to_csv(file, index=False, lineterminator="\n")
        file.flush()
        os.fsync(file.fileno())


def majority(labels: pd.DataFrame) -> pd.DataFrame:
    """One row a frame: the label that most annotators gave, and all their names joined with `+`.

    Returns
    -------
    Columns frame_id, label (null where as many say yes as no), annotator; in order of frame_id.
    """
    votes = labels.assign(balance=labels["label"].map({"yes": 1, "no": -1})).sort_values(KEY)
    grouped = votes.groupby("frame_id")
    balance = grouped["balance"].sum()
    label = balance.map(lambda more_yes: "yes" if more_yes > 0 else "no" if more_yes < 0 else None).astype(object)
    names = grouped["annotator"].agg("+".join)
    return pd.DataFrame({"label": label, "annotator": names}).reset_index()
