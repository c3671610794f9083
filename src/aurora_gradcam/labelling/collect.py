"""From the journals to the labels file that the stages read, and from edits of that file back to the journals."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sized
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from .. import labels_file, locks
from ..errors import InputError
from ..tables.kinds import FORM, KINDS
from ..tables.labels import LABELS, LABELS_COLUMNS, LABELS_FILE
from . import journal
from .journal import Annotator, FrameId, Journal, Record

logger = logging.getLogger(__name__)

Answers = dict[Annotator, dict[FrameId, str]]
"""The answer of each annotator to each frame."""


@dataclass(frozen=True)
class Collected:
    """What came of collecting.

    `answers` of all annotators, those without a journal included; `written`, how many labels each journal gave;
    `unknown`, how many answers are to frames that are in no frames table; `kinds`, what all say of each kind beside yes
    and no.
    """

    answers: Answers
    written: dict[Annotator, int] = field(default_factory=dict)
    unknown: int = 0
    kinds: dict[str, Answers] = field(default_factory=dict)


def collect(known: Collection[FrameId], own: Journal | None = None) -> Collected:
    """Write every journal's yes and no, and kinds beside them, to `LABELS_FILE`, in place of its annotator's rows.

    A kind that a journal does not name keeps what the file has; one of a frame without yes or no waits in the journal.
    All other rows stay as they are, in their order, an annotator's own on frames that the journal never names among
    them; the journals' follow, by annotator and frame. A label that somebody changed in the file is kept, and the
    journal records it as the newest answer. The file is written whole, under a lock, and only where something changes.

    Parameters
    ----------
    known
        All frame_ids that there are; answers to others stay in their journal only.
    own
        The journal that this process has open.

    Raises
    ------
    InputError
        A broken journal or labels file.
    OSError
        The labels file cannot be written; every answer is safe in its journal.
    """
    known = frozenset(known)
    if not journal.FOLDER.exists():
        labels = labels_file.read(LABELS_FILE)
        return Collected(_answers_in(labels), kinds={kind: _answers_in(labels, kind) for kind in KINDS})
    with _locked(), ExitStack() as stack:
        opened = {path.stem: _open_if_free(path, own, stack) for path in _journal_paths()}
        records = {name: record for name, (record, _) in opened.items()}
        labels = labels_file.read(LABELS_FILE)
        edits = {name: edits_of(record, _labels_by(name, labels)) for name, record in records.items()}
        kind_edits = _kind_edits(records, labels)
        _log_edits(records, {name: [*edits[name], *kind_edits[name]] for name in records}, labels)

        answers = {name: record.answers | edits[name] for name, record in records.items()}
        kinds = {kind: _values(kind, records, kind_edits) for kind in KINDS}
        new = with_kinds(rows_of(drop_unknown(answers, known)), kinds, records, labels)
        kept = kept_rows(labels, records)
        merged = labels_file.without_empty_kinds(pd.concat([kept, new], ignore_index=True))
        if not merged.equals(labels):
            labels_file.write(LABELS_FILE, merged)
        for name, (record, writable) in opened.items():
            if writable:
                writable.note_collected(record.changes, [*edits[name].items(), *kind_edits[name]])

    written = {name: int((new["annotator"] == name).sum()) for name in records}
    unknown = sum(frame_id not in known for of_annotator in answers.values() for frame_id in of_annotator)
    all_kinds = {kind: _joined(_answers_in(kept, kind), drop_unknown(kinds[kind], known)) for kind in KINDS}
    return Collected(_joined(_answers_in(kept), drop_unknown(answers, known)), written, unknown, all_kinds)


def remove_rows(annotator: Annotator) -> None:
    """Take an annotator's rows out of `LABELS_FILE`, where all other rows stay as they are."""
    with _locked():
        labels = labels_file.read(LABELS_FILE)
        kept = labels[labels["annotator"] != annotator]
        if len(kept) < len(labels):
            labels_file.write(LABELS_FILE, kept)


def _kind_edits(records: dict[Annotator, Record], labels: pd.DataFrame) -> dict[Annotator, list[tuple[FrameId, str]]]:
    """Kinds that somebody changed in the labels file, as the journal takes them."""
    return {
        name: [
            (frame_id, f"{kind}={value}")
            for kind in KINDS
            for frame_id, value in edits_of(record.of(kind), _labels_by(name, labels, kind)).items()
        ]
        for name, record in records.items()
    }


def _values(kind: str, records: dict[Annotator, Record], edits: dict[Annotator, list[tuple[FrameId, str]]]) -> Answers:
    """What each journal, and edits of the labels file after it, say of a kind."""
    return {
        name: record.of(kind).answers
        | {frame_id: journal.parted(text)[1] for frame_id, text in edits[name] if journal.parted(text)[0] == kind}
        for name, record in records.items()
    }


def with_kinds(
    rows: pd.DataFrame, kinds: dict[str, Answers], records: dict[Annotator, Record], labels: pd.DataFrame
) -> pd.DataFrame:
    """The rows with a column for each kind: as the journal has it, or where it never named it as the file has it.

    A frame without aurora has no form.
    """
    for kind, values in kinds.items():
        current = {
            name: {
                frame_id: value
                for frame_id, value in _labels_by(name, labels, kind).items()
                if frame_id not in records[name].of(kind).states  # what the journal took back stands in the file still
            }
            | values[name]
            for name in rows["annotator"].unique()
        }
        keys = zip(rows["frame_id"], rows["annotator"], strict=True)
        column = [current[name].get(frame_id) for frame_id, name in keys]
        rows = rows.assign(**{kind: pd.Series(column, index=rows.index, dtype=object)})
    return rows.assign(**{FORM: rows[FORM].where(rows["label"] == "yes", None)})


@contextmanager
def _locked() -> Iterator[None]:
    """One process at a time rewrites the labels file."""
    path = journal.FOLDER / ".lock"
    descriptor = locks.open_lock_file(path)
    with open(descriptor, "w"):
        locks.lock(descriptor, path, wait_s=None)
        yield


def _journal_paths() -> list[Path]:
    """The journals; InputError where a file among them has no annotator's name."""
    paths = sorted(journal.FOLDER.glob("*.csv"))
    if strange := [path for path in paths if not journal.NAME.fullmatch(path.stem)]:
        fix = "a journal is named <annotator>.csv: rename or remove this one"
        raise InputError("not an annotator's journal", strange[0], fix)
    return paths


def _open_if_free(path: Path, own: Journal | None, stack: ExitStack) -> tuple[Record, Journal | None]:
    """What a journal says, and the journal open for writing; None where another process may be writing to it."""
    if own and own.path == path:
        return own.snapshot(), own
    record, torn = journal.read(path)
    if torn or not record.changes:
        return record, None
    with suppress(InputError, PermissionError):  # in use, or another user's: read alone
        opened = Journal(path.stem, wait_s=0)
        stack.callback(opened.close)
        if opened.is_locked:
            return opened.snapshot(), opened
    return record, None


def _labels_by(annotator: Annotator, labels: pd.DataFrame, column: str = "label") -> dict[FrameId, str]:
    if column not in labels:
        return {}
    rows = labels[(labels["annotator"] == annotator) & labels[column].notna()]
    return dict(zip(rows["frame_id"], rows[column], strict=True))


def edits_of(record: Record, labels: dict[FrameId, str]) -> dict[FrameId, str]:
    """Labels in the file that the journal never gave since the last collecting: somebody edited them.

    A frame that the journal names only since then had its label in the file, if any, before it was answered.
    """
    return {
        frame_id: label
        for frame_id, label in labels.items()
        if label not in record.states.get(frame_id, {label})
        and (record.anchored is None or frame_id in record.anchored)
    }


def removed_from(record: Record, labels: dict[FrameId, str], among: Collection[str] = LABELS) -> list[FrameId]:
    """Frames whose label (`among`) the file held at the last collecting and holds no more, though the journal does."""
    return [
        frame_id
        for frame_id in sorted(record.anchored or ())
        if frame_id not in labels and len(record.states[frame_id]) == 1 and record.states[frame_id] <= {*among}
    ]


def _log_edits(records: dict[Annotator, Record], edits: Mapping[Annotator, Sized], labels: pd.DataFrame) -> None:
    """Tell what somebody changed in the labels file, and that rows and kinds removed there come back."""
    for name, record in records.items():
        if edits[name]:
            logger.info(f"{name}: {len(edits[name])} labels edited in {LABELS_FILE} now count as the newest answers")
        of_file = _labels_by(name, labels)
        removed = removed_from(record, of_file)
        for kind in KINDS:
            gone = removed_from(record.of(kind), _labels_by(name, labels, kind), KINDS[kind])
            removed += [each for each in gone if each in of_file and not (kind == FORM and of_file[each] == "no")]
        if removed:
            frames = ",".join(removed[:3]) + (",..." if len(removed) > 3 else "")
            logger.warning(
                f"{name}: {len(removed)} labels were missing from {LABELS_FILE} and are back, since the journal holds"
                f" them; to change them: aurora label --annotator {name} --frames {frames}"
            )


def drop_unknown(answers: Answers, known: Collection[FrameId]) -> Answers:
    """The answers to frames that there are."""
    return {
        name: {frame_id: answer for frame_id, answer in of_annotator.items() if frame_id in known}
        for name, of_annotator in answers.items()
    }


def rows_of(answers: Answers) -> pd.DataFrame:
    """The labels file's rows of every yes and no, by annotator and frame."""
    rows = [
        (frame_id, str(answer), name)
        for name, of_annotator in sorted(answers.items())
        for frame_id, answer in sorted(of_annotator.items())
        if answer in LABELS
    ]
    return pd.DataFrame(rows, columns=list(LABELS_COLUMNS), dtype=str)


def kept_rows(labels: pd.DataFrame, records: dict[Annotator, Record]) -> pd.DataFrame:
    """The labels file's rows that no journal supersedes; it does for each frame that it names, also if taken back."""
    pairs = zip(labels["frame_id"], labels["annotator"], strict=True)
    is_superseded = [name in records and frame_id in records[name].states for frame_id, name in pairs]
    return labels[~np.array(is_superseded, dtype=bool)]


def _answers_in(labels: pd.DataFrame, column: str = "label") -> Answers:
    return {name: _labels_by(name, labels, column) for name in labels["annotator"].unique()}


def _joined(of_file: Answers, of_journals: Answers) -> Answers:
    return {name: of_file.get(name, {}) | of_journals.get(name, {}) for name in of_file | of_journals}


def labels_of(annotator: Annotator) -> int:
    """How many rows of the labels file are this annotator's."""
    return int((labels_file.read(LABELS_FILE)["annotator"] == annotator).sum())
