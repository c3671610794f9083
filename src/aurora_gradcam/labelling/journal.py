"""An annotator's journal: an answer is fsynced before it is acknowledged, and no line is ever changed.

A line is `time,frame_id,answer`. An answer is yes, no or unsure, or names a kind beside it: `cloud=broken`, `form=arc`,
and with nothing behind the sign that the kind is taken off again. A fourth value `labels.csv` marks an answer that was
given by editing that file; the answer `undo` takes the newest one back. Beside `ann.csv`, `ann.collected` holds how
many lines of it labels.csv knows.
"""

from __future__ import annotations

import copy
import os
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from .. import locks
from ..errors import ConfigError, DataError, InputError
from ..files import write_text
from ..tables.kinds import KINDS
from ..tables.labels import LABELS_FILE
from ..tables.table import FRAME_ID

Annotator = str
FrameId = str

FOLDER = LABELS_FILE.parent / "answers"
HEADER = "time,frame_id,answer"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
UNDO = "undo"  # takes the newest answer back
EDITED = LABELS_FILE.name  # the answer was given by editing this file
LOCK_WAIT_S = 2.0  # longer than another annotator's collecting holds this journal
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Answer(StrEnum):
    """What an annotator says of a frame."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"  # looked at, but no label


ANSWERS = tuple(Answer)


def parted(answer: str) -> tuple[str, str]:
    """`cloud=broken` -> its kind and value; of yes, no, unsure and undo the kind is empty."""
    kind, sign, value = answer.rpartition("=")
    return (kind, value) if sign else ("", answer)


def is_kind(answer: str) -> bool:
    """Whether an answer names a kind that there is, or takes it off."""
    kind, value = parted(answer)
    return kind in KINDS and value in ("", *KINDS[kind])


def path_of(annotator: Annotator) -> Path:
    """Where an annotator's journal lies; ConfigError where the name is not allowed."""
    if not NAME.fullmatch(annotator):
        what = f"'{annotator}' is not allowed as an annotator's name"
        raise ConfigError(what, "--annotator", "use up to 40 letters, digits, . _ - and begin with a letter or digit")
    return FOLDER / f"{annotator}.csv"


@dataclass
class Record:
    """What a journal's lines amount to.

    `history`: (frame_id, answer) in the order given, without what was taken back. `states`: for each frame that the
    journal names, its answers (None: taken back) since labels.csv was last collected and the one that counted then;
    unless somebody edits it, labels.csv can hold no other. `anchored`: the frames that the journal named when it was
    last collected; None if it never was. `changes`: how many answers and undos there are. `is_collected`: no answer has
    changed since. `kinds`: the same of each kind beside yes and no, whose values are its answers; a kind that was never
    named is not there.
    """

    history: list[tuple[FrameId, str]] = field(default_factory=list)
    states: dict[FrameId, set[str | None]] = field(default_factory=dict)
    changes: int = 0
    anchored: frozenset[FrameId] | None = None
    is_collected: bool = False
    kinds: dict[str, Record] = field(default_factory=dict)

    @property
    def answers(self) -> dict[FrameId, str]:
        """The answer that counts for every frame answered: the newest."""
        return {frame_id: answer for frame_id, answer in self.history if not parted(answer)[0]}

    def of(self, kind: str) -> Record:
        """What the journal says of a kind; an empty record where it never names it. An empty kind is the record's."""
        if not kind:
            return self
        return self.kinds.get(kind) or Record(anchored=None if self.anchored is None else frozenset())

    def take(self, frame_id: FrameId, answer: str) -> None:
        """Add one line; ValueError where an undo is not of the newest answer."""
        if answer == UNDO:
            if not self.history or self.history[-1][0] != frame_id:
                raise ValueError(f"takes back an answer to {frame_id}, which is not the newest")
            kind, _ = parted(self.history.pop()[1])
            if kind:
                self.kinds[kind].take(frame_id, UNDO)
            else:
                self.states[frame_id].add(self.answers.get(frame_id))
        else:
            self.history.append((frame_id, answer))
            kind, value = parted(answer)
            if kind:
                self.kinds[kind] = self.of(kind)
                self.kinds[kind].take(frame_id, value)
            else:
                self.states.setdefault(frame_id, set()).add(answer)
        self.changes += 1
        self.is_collected = False

    def mark_collected(self) -> None:
        """From here on labels.csv holds the answers that count now."""
        answers = self.answers
        self.states = {frame_id: {answers.get(frame_id)} for frame_id in self.states}
        self.anchored = frozenset(self.states)
        self.is_collected = True
        for record in self.kinds.values():
            record.mark_collected()


def _entry(line: str) -> tuple[FrameId, str]:
    """One line's frame_id and answer; ValueError where it is broken."""
    fields = line.split(",")
    if len(fields) != 3 and fields[3:] != [EDITED]:
        raise ValueError(f"{len(fields)} values where {HEADER} are expected")
    time, frame_id, answer = fields[:3]
    datetime.fromisoformat(time)  # a tenth of the time of strptime, for every line at every collecting
    if not re.match(FRAME_ID, frame_id):
        raise ValueError(f"'{frame_id}' is not a frame_id")
    if answer not in (*ANSWERS, UNDO) and not is_kind(answer):
        raise ValueError(f"the answer '{answer}' is none of {', '.join((*ANSWERS, UNDO))}, cloud=..., form=...")
    return frame_id, answer


def parse(content: bytes, path: Path, collected: int | None = None) -> tuple[Record, bytes]:
    """A journal's bytes -> what it says, and the torn last line (without its newline; empty where there is none).

    Parameters
    ----------
    collected
        How many lines, the header not counted, labels.csv knows; None: unknown.

    Raises
    ------
    InputError
        A broken line that is not the torn last one, with file and line.
    """
    *lines, torn = content.split(b"\n")
    record = Record()
    if collected == 0:
        record.mark_collected()
    for number, line in enumerate(lines, start=1):
        try:
            text = line.decode("ascii").strip()
            if number == 1 and text != HEADER:
                raise ValueError(f"the header is '{text}' and not {HEADER}")
            if number > 1 and text:
                record.take(*_entry(text))
                if record.changes == collected:
                    record.mark_collected()
        except ValueError as error:
            fix = "correct or remove this line, and start again"
            raise InputError(f"broken line: {error}", f"{path}, line {number}", fix) from error
    return record, torn


def read(path: Path) -> tuple[Record, bytes]:
    """What a journal says, without touching it: a torn last line may be one that is just being written."""
    return parse(path.read_bytes(), path, _read_collected(path))


def _path_of_collected(path: Path) -> Path:
    return path.with_suffix(".collected")


def _read_collected(path: Path) -> int | None:
    """How many lines of a journal labels.csv knows; None where that is not noted, or not readable."""
    try:
        return int(_path_of_collected(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _sync_folder(folder: Path) -> None:
    """A new name in a folder survives a power failure only once the folder itself is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Journal:
    """The journal of one annotator, open for writing by this process alone.

    `recovered` says which torn line was cut away on opening, or is None. `is_locked`: no other process can open it.

    Raises
    ------
    InputError
        Somebody labels under this name already, or a line is broken.
    """

    def __init__(self, annotator: Annotator, wait_s: float = LOCK_WAIT_S) -> None:
        self.annotator, self.path = annotator, path_of(annotator)
        if not FOLDER.exists():
            FOLDER.mkdir(parents=True)
            _sync_folder(FOLDER.parent)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        self._turn = threading.Lock()
        try:
            self.is_locked = locks.lock(self._file, self.path, wait_s)
            self.recovered = self._recover()
        except locks.Held as error:
            self.close()
            what = f"another `aurora label` runs under the name {annotator}"
            raise InputError(what, self.path, "stop that one first, or give another --annotator") from error
        except BaseException:
            self.close()
            raise

    def _recover(self) -> str | None:
        content = self.path.read_bytes()
        self._record, torn = parse(content, self.path, _read_collected(self.path))
        if torn:
            os.ftruncate(self._file, len(content) - len(torn))
            os.fsync(self._file)
        if len(content) == len(torn):
            self._append([HEADER])
            _sync_folder(FOLDER)
        if not torn:
            return None
        return f"1 torn line, the last, was cut away from {self.path}: '{torn.decode('ascii', 'backslashreplace')}'"

    def _append(self, lines: list[str]) -> None:
        size = os.fstat(self._file).st_size
        rest = "".join(f"{line}\n" for line in lines).encode("ascii")
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, size)  # half a line would break the next one
            what = f"the answer could not be written: {error.strerror}"
            raise DataError(what, self.path, "check permissions and free space, and answer again") from error

    def _note(self, *entries: tuple[FrameId, str], source: str = "", when: datetime | None = None) -> None:
        """Write entries, then count them."""
        time = f"{when or datetime.now(UTC):{_TIME}}"
        self._append([",".join([time, *entry, *([source] if source else [])]) for entry in entries])
        for entry in entries:
            self._record.take(*entry)

    def add(self, frame_id: FrameId, answer: str, when: datetime | None = None) -> None:
        """Keep an answer; it is on the disk when this returns. `when`: UTC of the answer, by default now."""
        with self._turn:
            self._note((frame_id, answer), when=when)

    def replace(self, frame_id: FrameId, before: str | None, answer: str) -> bool:
        """Keep an answer where `before` (None: no answer) counts now; return whether the answer counts then.

        Of a kind, as in `cloud=broken`, `before` is the value alone.
        """
        kind, value = parted(answer)
        with self._turn:
            current = self._record.of(kind).answers.get(frame_id)
            if current == before:
                self._note((frame_id, answer))
            return current in (before, value)

    def undo(self) -> FrameId | None:
        """Take the newest answer back and return its frame_id; None where there is none."""
        with self._turn:
            if not self._record.history:
                return None
            frame_id, _ = self._record.history[-1]
            self._note((frame_id, UNDO))
            return frame_id

    def note_collected(self, changes: int, edits: Sequence[tuple[FrameId, str]]) -> bool:
        """Note that labels.csv holds all answers, after those that somebody gave by editing it.

        Only where the journal still has so many changes: an answer that came meanwhile waits for the next collecting.
        """
        with self._turn:
            if self._record.changes != changes:
                return False
            if edits:
                self._note(*edits, source=EDITED)
            if not self._record.is_collected:
                self._record.mark_collected()
                write_text(_path_of_collected(self.path), f"{self._record.changes}\n")
            return True

    def snapshot(self) -> Record:
        """What the journal says now."""
        with self._turn:
            return copy.deepcopy(self._record)

    @property
    def history(self) -> list[tuple[FrameId, str]]:
        """(frame_id, answer) in the order given, without what was taken back."""
        return self._record.history

    @property
    def answers(self) -> dict[FrameId, str]:
        """The answer that counts for every frame answered: the newest."""
        return self._record.answers

    def values(self, kind: str) -> dict[FrameId, str]:
        """The value of a kind that counts for every frame; empty text where it was taken off."""
        return self._record.of(kind).answers

    @property
    def newest(self) -> FrameId | None:
        """The frame that `undo` would take the answer of."""
        return self.history[-1][0] if self.history else None

    @property
    def newest_time(self) -> datetime | None:
        """UTC of the newest line; None where there is none."""
        *_, line = self.path.read_text(encoding="ascii").splitlines()
        return datetime.fromisoformat(line.partition(",")[0]) if self.changes else None

    @property
    def changes(self) -> int:
        """How often an answer was given or taken back."""
        return self._record.changes

    def close(self) -> None:
        """Let others write."""
        os.close(self._file)
