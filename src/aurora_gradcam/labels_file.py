"""labels.csv, the labels that people (or the simulator) write: read, merged and written here alone.

It is CSV with the header `frame_id,label,annotator`, a row a judgement. Behind them may stand the columns `cloud` and
`form`, in either order, whose fields may be empty. Written as UTF-8 with commas; read also as spreadsheets save it:
with semicolons or tabs, in UTF-16, with any line ends, with empty columns behind.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from .errors import InputError, of_system
from .files import atomic_write
from .tables.kinds import FORM, KINDS
from .tables.labels import LABELS, LABELS_COLUMNS

HEADER = ",".join(LABELS_COLUMNS)
KEY = ["frame_id", "annotator"]
DELIMITERS = ",;\t"
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
WORDS = {word: label for label in LABELS for word in (label, label.title(), label.upper())}
"""What is read as which label: spreadsheets and phones like to begin with a capital letter."""
Judgement = dict[str, str]
"""The fields of a row: those of LABELS_COLUMNS and of KINDS; empty where no kind is given."""
KIND_WORDS = {
    kind: {"": "", **{word: name for name in names for word in (name, name.title(), name.upper())}}
    for kind, names in KINDS.items()
}


def read(path: Path, known: Collection[str] | None = None) -> pd.DataFrame:
    """Read a labels file.

    Parameters
    ----------
    known
        All frame_ids that there are; None: any will do.

    Returns
    -------
    Columns `LABELS_COLUMNS` and those of KINDS that anybody filled in (null where not), one row for each frame and
    annotator, in the order of the file; empty where the file is missing.

    Raises
    ------
    InputError
        A wrong encoding or header, an unknown frame, a label that is neither yes nor no, no annotator, an unknown cloud
        or form, a form without aurora, or an annotator who labels a frame twice differently; with file and line.
    """
    if not path.exists():
        return _frame([])
    known = None if known is None else frozenset(known)
    judgements: dict[tuple[str, str], tuple[Judgement, int]] = {}
    try:
        lines = io.StringIO(_decode(path.read_bytes()), newline="")
        reader = csv.reader(lines, delimiter=_delimiter(lines))
        kinds = _kinds_of_header(next(reader, []), path)
        for fields in reader:
            if not "".join(fields).strip():
                continue
            where = f"{path}, line {reader.line_num}"
            judgement = _row(fields, kinds, where, known)
            key = judgement["frame_id"], judgement["annotator"]
            before, line = judgements.setdefault(key, (judgement, reader.line_num))
            if before != judgement:
                raise _two_answers(before, judgement, where, line)
    except UnicodeDecodeError as error:
        what = f"byte {error.start + 1} is not UTF-8"
        raise InputError(what, path, "save it as 'CSV UTF-8' (in LibreOffice: character set UTF-8)") from error
    except OSError as error:
        raise of_system(error) from error
    except csv.Error as error:
        raise InputError(f"not readable as CSV: {error}", path, "save it as CSV, UTF-8") from error
    return _frame([judgement for judgement, _ in judgements.values()])


def _frame(rows: list[Judgement]) -> pd.DataFrame:
    return without_empty_kinds(pd.DataFrame(rows, columns=[*LABELS_COLUMNS, *KINDS]))


def without_empty_kinds(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows as text, without the columns of KINDS in which nothing stands; fields without a kind are null."""
    table = rows[list(LABELS_COLUMNS)].astype(str)
    for kind in KINDS:
        values = rows.get(kind, pd.Series(None, rows.index, dtype=object))
        values = values.where(values.notna() & (values != ""), None).astype(object)
        if values.notna().any():
            table[kind] = values
    return table


def _two_answers(before: Judgement, here: Judgement, where: str, line: int) -> InputError:
    name = next(name for name in ("label", *KINDS) if before[name] != here[name])
    kind = "" if name == "label" else f" ({name})"
    what = (
        f"{here['annotator']} labels {here['frame_id']}{kind} '{here[name]}' here and '{before[name]}' in line {line}"
    )
    return InputError(what, where, "remove one of the two lines")


def _decode(content: bytes) -> str:
    """UTF-8, or UTF-16 where a byte order mark says so; other encodings cannot be distinguished."""
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_utf16 else "utf-8-sig")


def _delimiter(lines: io.StringIO) -> str:
    header = lines.readline()
    lines.seek(0)
    return max(DELIMITERS, key=header.count)  # the comma where none of them occurs


def _kinds_of_header(fields: list[str], path: Path) -> tuple[str, ...]:
    """The kinds whose columns stand behind the first three, in the file's order."""
    names = [field.strip() for field in fields]
    while len(names) > len(LABELS_COLUMNS) and not names[-1]:
        names.pop()
    first, kinds = names[: len(LABELS_COLUMNS)], names[len(LABELS_COLUMNS) :]
    if first != list(LABELS_COLUMNS) or not set(kinds) <= KINDS.keys() or len(set(kinds)) < len(kinds):
        fix = f"write {HEADER}, and behind it cloud and form if you like"
        raise InputError(f"the header is '{','.join(names)}'", f"{path}, line 1", fix)
    return tuple(kinds)


def _row(fields: list[str], kinds: tuple[str, ...], where: str, known: frozenset[str] | None) -> Judgement:
    count = len(LABELS_COLUMNS) + len(kinds)
    fields = fields if "".join(fields[count:]).strip() else fields[:count]
    if not len(LABELS_COLUMNS) <= len(fields) <= count:
        expected = ",".join((HEADER, *kinds))
        raise InputError(
            f"{len(fields)} values where {expected} are expected", where, "write one value for each column"
        )
    frame_id, label, annotator = (field.strip() for field in fields[: len(LABELS_COLUMNS)])
    if CONTROL.search("".join(fields).strip()):  # a quote that is not closed swallows the lines behind it
        raise InputError("a cell holds a line end or a control character", where, "close the quotes of the line")
    if known is not None and frame_id not in known:
        fix = "correct the frame_id, or list its month in params.yaml"
        raise InputError(f"the frame '{frame_id}' is in no frames table", where, fix)
    if label not in WORDS:
        raise InputError(f"the label '{label}' is neither yes nor no", where, "write yes or no")
    if not annotator:
        raise InputError(f"the label of {frame_id} names no annotator", where, "write who labelled it")
    given = {kind: field.strip() for kind, field in zip(kinds, fields[len(LABELS_COLUMNS) :], strict=False)}
    judgement = {"frame_id": frame_id, "label": WORDS[label], "annotator": annotator}
    return judgement | _kinds_of_row(given, judgement, where)


def _kinds_of_row(given: dict[str, str], judgement: Judgement, where: str) -> Judgement:
    """What stands in the columns of KINDS, empty where nothing does."""
    for kind, text in given.items():
        if text not in KIND_WORDS[kind]:
            fix = f"write {', '.join(KINDS[kind][:-1])} or {KINDS[kind][-1]}, or leave it empty"
            raise InputError(f"the {kind} '{text}' is unknown", where, fix)
    named = {kind: KIND_WORDS[kind][given.get(kind, "")] for kind in KINDS}
    if named[FORM] and judgement["label"] == "no":
        what = f"{judgement['frame_id']} has the form '{named[FORM]}' and no aurora"
        raise InputError(what, where, "write yes, or leave the form empty")
    return named


def write(path: Path, labels: pd.DataFrame) -> None:
    """Write a labels file, whole and to the disk itself: some of its rows are nowhere else.

    Columns of KINDS are written where anything stands in them, so that a file without stays as it was.
    """
    rows = without_empty_kinds(labels)
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        rows.to_csv(file, index=False, lineterminator="\n")
        file.flush()
        os.fsync(file.fileno())


def majority(labels: pd.DataFrame) -> pd.DataFrame:
    """One row a frame: the label that most annotators gave, and all their names joined with `+`.

    Returns
    -------
    Columns frame_id, label (null where as many say yes as no), annotator; those of KINDS that `labels` has, null where
    nobody named a kind, where two are named as often, and for the form of a frame that is not agreed to hold aurora. In
    order of frame_id.
    """
    votes = labels.assign(balance=labels["label"].map({"yes": 1, "no": -1})).sort_values(KEY)
    grouped = votes.groupby("frame_id")
    balance = grouped["balance"].sum()
    label = balance.map(lambda more_yes: "yes" if more_yes > 0 else "no" if more_yes < 0 else None).astype(object)
    names = grouped["annotator"].agg("+".join)
    kinds = {kind: grouped[kind].agg(_most) for kind in KINDS if kind in votes}
    agreed = pd.DataFrame({"label": label, "annotator": names, **kinds}).reset_index()
    if FORM in agreed:
        agreed[FORM] = agreed[FORM].where(agreed["label"] == "yes", None)
    return agreed


def _most(values: pd.Series) -> str | None:
    """The value named most often; None without any, or where two are named as often."""
    counts = values.dropna().value_counts()
    return None if counts.empty or (counts == counts.iloc[0]).sum() > 1 else str(counts.index[0])
