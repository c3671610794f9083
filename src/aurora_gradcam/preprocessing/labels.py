"""The labels file that people (or the simulator) write, and what its annotators agree on."""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from ..errors import InputError
from ..tables.labels import LABELS, LABELS_COLUMNS

HEADER = ",".join(LABELS_COLUMNS)


def _row(fields: list[str], where: str, known: Collection[str]) -> tuple[str, str, str]:
    if len(fields) != len(LABELS_COLUMNS):
        raise InputError(f"{len(fields)} values where {HEADER} are expected", where, "write one value for each column")
    frame_id, label, annotator = (field.strip() for field in fields)
    if frame_id not in known:
        fix = "mend the frame_id, or list its month in params.yaml"
        raise InputError(f"the frame '{frame_id}' is in no frames table", where, fix)
    if label not in LABELS:
        raise InputError(f"the label '{label}' is neither yes nor no", where, "write yes or no, in small letters")
    if not annotator:
        raise InputError(f"the label of {frame_id} names no annotator", where, "write who labelled it")
    return frame_id, label, annotator


def read_labels(path: Path, known: Collection[str]) -> pd.DataFrame:
    """Read a labels file: UTF-8 CSV with the header `frame_id,label,annotator`, a row for every label given.

    Parameters
    ----------
    known
        All frame_ids that there are.

    Returns
    -------
    Columns `LABELS_COLUMNS`, one row for each frame and annotator; empty where the file is missing.

    Raises
    ------
    InputError
        A wrong header, an unknown frame, a label that is neither yes nor no, no annotator, or an annotator who labels
        a frame twice differently; with file and line.
    """
    if not path.exists():
        return pd.DataFrame(columns=list(LABELS_COLUMNS), dtype=str)
    known = frozenset(known)
    given: dict[tuple[str, str], tuple[str, int]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = [name.strip() for name in next(reader, [])]
            if header != list(LABELS_COLUMNS):
                raise InputError(f"the header is '{','.join(header)}'", f"{path}, line 1", f"write {HEADER}")
            for fields in reader:
                if not "".join(fields).strip():
                    continue
                where = f"{path}, line {reader.line_num}"
                frame_id, label, annotator = _row(fields, where, known)
                before, line = given.setdefault((frame_id, annotator), (label, reader.line_num))
                if before != label:
                    what = f"{annotator} labels {frame_id} '{label}' here and '{before}' in line {line}"
                    raise InputError(what, where, "remove one of the two lines")
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"not readable as a UTF-8 CSV file: {error}", path, "save it as CSV, UTF-8") from error
    rows = [(frame_id, label, annotator) for (frame_id, annotator), (label, _) in given.items()]
    return pd.DataFrame(rows, columns=list(LABELS_COLUMNS), dtype=str)


def majority(labels: pd.DataFrame) -> pd.DataFrame:
    """One row a frame: the label that most annotators gave, and all their names joined with `+`.

    Returns
    -------
    Columns frame_id, label (null where as many say yes as no), annotator; in order of frame_id.
    """
    votes = labels.assign(balance=labels["label"].map({"yes": 1, "no": -1})).sort_values(["frame_id", "annotator"])
    grouped = votes.groupby("frame_id")
    balance = grouped["balance"].sum()
    label = balance.map(lambda more_yes: "yes" if more_yes > 0 else "no" if more_yes < 0 else None).astype(object)
    names = grouped["annotator"].agg("+".join)
    return pd.DataFrame({"label": label, "annotator": names}).reset_index()
