"""From the journals to the labels file that the stages read."""

from __future__ import annotations

import csv
import fcntl
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import DataError, InputError
from ..files import atomic_write
from ..preprocessing.labels import HEADER
from ..tables.labels import LABELS, LABELS_FILE
from . import journal

Answers = dict[str, dict[str, str]]
"""By annotator, then by frame_id."""


@dataclass(frozen=True)
class Collected:
    """What all annotators answered (those of the labels file without a journal included), and what was written.

    `written` counts each journal's labels; `gone` counts answers to frames that are in no frames table.
    """

    answers: Answers
    written: dict[str, int]
    gone: int


@contextmanager
def _locked() -> Iterator[None]:
    with (journal.FOLDER / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def journals() -> Answers:
    """The answers that count of every journal; InputError where one is broken or its name is no annotator's."""
    paths = sorted(journal.FOLDER.glob("*.csv"))
    if strange := [path for path in paths if not journal.NAME.fullmatch(path.stem)]:
        fix = "a journal is named <annotator>.csv: rename or remove this one"
        raise InputError("not an annotator's journal", strange[0], fix)
    return {path.stem: dict(journal.read(path)) for path in paths}


def _lines() -> list[str]:
    """The labels file's lines with their ends, the header first; the header alone where there is no file."""
    if not LABELS_FILE.exists():
        return [f"{HEADER}\n"]
    try:
        with LABELS_FILE.open(encoding="utf-8-sig", newline="") as file:
            lines = list(file)
    except UnicodeDecodeError as error:
        raise InputError("not readable as UTF-8", LABELS_FILE, "save it as CSV, UTF-8") from error
    header = ",".join(_fields(lines[0])) if lines else ""
    if header != HEADER:
        raise InputError(f"the header is '{header}'", f"{LABELS_FILE}, line 1", f"write {HEADER}")
    if not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return lines


def _fields(line: str) -> list[str]:
    return [field.strip() for field in next(csv.reader([line]), [])]


def labels_of(annotator: str) -> int:
    """How many rows of the labels file are this annotator's."""
    return sum(_fields(line)[2:] == [annotator] for line in _lines()[1:])


def collect(known: Collection[str]) -> Collected:
    """Write every journal's yes and no to `LABELS_FILE`, in place of its annotator's rows of those frames.

    All other rows, an annotator's own on frames that the journal never names among them, stay as they are, in their
    order; the journals' follow, by annotator and frame. The file is written whole, under a lock, and only where
    something changes.

    Parameters
    ----------
    known
        All frame_ids that there are; answers to others stay in their journal only.

    Raises
    ------
    InputError
        A broken journal, or a labels file without its header.
    """
    if not journal.FOLDER.exists():
        return Collected(_of_others(_lines()[1:]), {}, 0)
    with _locked():
        answers = journals()
        lines = _lines()
        spoken = {name: _frames_in(name) for name in answers}
        kept = [line for line in lines[1:] if not _is_spoken_of(line, spoken)]
        gone = sum(frame_id not in known for of_one in answers.values() for frame_id in of_one)
        answers = {
            name: {one: said for one, said in of_one.items() if one in known} for name, of_one in answers.items()
        }
        rows = {
            name: [f"{one},{said},{name}\n" for one, said in sorted(of_one.items()) if said in LABELS]
            for name, of_one in answers.items()
        }
        wanted = [lines[0], *kept, *(row for of_one in rows.values() for row in of_one)]
        if wanted != lines:
            _write("".join(wanted))
        written = {name: len(of_one) for name, of_one in rows.items()}
        for name, of_one in _of_others(kept).items():
            answers[name] = of_one | answers.get(name, {})
        return Collected(answers, written, gone)


def _write(content: str) -> None:
    try:
        with atomic_write(LABELS_FILE) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # rows of people without a journal are nowhere else
    except OSError as error:
        what = f"the labels could not be written: {error.strerror}; every answer is safe in its journal"
        raise DataError(what, LABELS_FILE, "make room on the disk, then run `aurora label --collect`") from error


def _frames_in(annotator: str) -> set[str]:
    """Frames that a journal names, those whose answer was taken back too."""
    lines = journal.path_of(annotator).read_text(encoding="ascii", errors="replace").splitlines()[1:]
    return {fields[1] for line in lines if len(fields := line.split(",")) == 3}


def _is_spoken_of(line: str, spoken: dict[str, set[str]]) -> bool:
    fields = _fields(line)
    return len(fields) == 3 and fields[0] in spoken.get(fields[2], ())


def _of_others(lines: list[str]) -> Answers:
    """Labels of annotators without a journal; lines that `sample_label` will refuse have no part."""
    answers: Answers = {}
    for line in lines:
        fields = _fields(line)
        if len(fields) == 3 and fields[1] in LABELS:
            answers.setdefault(fields[2], {})[fields[0]] = fields[1]
    return answers
