"""An annotator's journal: every answer is on the disk before anybody hears that it was taken."""

from __future__ import annotations

import fcntl
import os
import re
import threading
from datetime import UTC, datetime
from pathlib import Path

from ..errors import ConfigError, DataError, InputError
from ..tables.labels import LABELS_FILE
from ..tables.table import FRAME_ID

FOLDER = LABELS_FILE.parent / "answers"
ANSWERS = ("yes", "no", "unsure")
UNDO = "undo"
HEADER = "time,frame_id,answer"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_TIME = "%Y-%m-%dT%H:%M:%SZ"

History = list[tuple[str, str]]
"""(frame_id, answer) in the order given, without what was taken back; `dict` of it holds the answers that count."""


def path_of(annotator: str) -> Path:
    """Where an annotator's journal lies; ConfigError where the name is none."""
    if not NAME.fullmatch(annotator):
        what = f"'{annotator}' is no annotator's name"
        raise ConfigError(what, "--annotator", "use up to 40 letters, digits, . _ - and begin with a letter or digit")
    return FOLDER / f"{annotator}.csv"


def _entry(line: str, before: History) -> tuple[str, str]:
    """One line's frame_id and answer; ValueError where it is broken. `before` says what an undo may take back."""
    fields = line.split(",")
    if len(fields) != 3:
        raise ValueError(f"{len(fields)} values where {HEADER} are expected")
    time, frame_id, answer = fields
    datetime.strptime(time, _TIME)
    if not re.match(FRAME_ID, frame_id):
        raise ValueError(f"'{frame_id}' is no frame_id")
    if answer not in (*ANSWERS, UNDO):
        raise ValueError(f"the answer '{answer}' is none of {', '.join((*ANSWERS, UNDO))}")
    if answer == UNDO and (not before or before[-1][0] != frame_id):
        raise ValueError(f"takes back an answer to {frame_id}, which is not the newest")
    return frame_id, answer


def parse(content: bytes, path: Path) -> tuple[History, bytes]:
    """A journal's bytes -> what was answered, and the torn last line (without its newline; empty where there is none).

    Raises
    ------
    InputError
        A broken line that is not the torn last one, with file and line.
    """
    *lines, torn = content.split(b"\n")
    history: History = []
    for number, line in enumerate(lines, start=1):
        try:
            text = line.decode("ascii").strip()
            if number == 1 and text != HEADER:
                raise ValueError(f"the header is '{text}' and not {HEADER}")
            if number == 1 or not text:
                continue
            frame_id, answer = _entry(text, history)
        except ValueError as error:
            raise InputError(
                f"broken line: {error}", f"{path}, line {number}", "mend or remove this line, and start again"
            ) from error
        if answer == UNDO:
            history.pop()
        else:
            history.append((frame_id, answer))
    return history, torn


def read(path: Path) -> History:
    """What a journal says, without touching it: a torn last line may be one that is just being written."""
    return parse(path.read_bytes(), path)[0]


def _sync_folder(folder: Path) -> None:
    """A new name in a folder survives a power failure only once the folder itself is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Journal:
    """The journal of one annotator, open for writing by this process alone.

    `recovered` says which torn line was cut away on opening, or is None.

    Raises
    ------
    InputError
        Somebody labels under this name already, or a line is broken.
    """

    def __init__(self, annotator: str) -> None:
        self.path = path_of(annotator)
        if not FOLDER.exists():
            FOLDER.mkdir(parents=True)
            _sync_folder(FOLDER.parent)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        self._turn = threading.Lock()
        try:
            self._lock_file(annotator)
            self.recovered = self._recover()
        except BaseException:
            self.close()
            raise

    def _lock_file(self, annotator: str) -> None:
        try:
            fcntl.flock(
                self._file, fcntl.LOCK_EX | fcntl.LOCK_NB
            )  # the kernel gives it back, however this process ends
        except BlockingIOError as error:
            what = f"another `aurora label` runs under the name {annotator}"
            raise InputError(what, self.path, "stop that one first, or give another --annotator") from error

    def _recover(self) -> str | None:
        content = self.path.read_bytes()
        self.history, torn = parse(content, self.path)
        if torn:
            os.ftruncate(self._file, len(content) - len(torn))
            os.fsync(self._file)
        if len(content) == len(torn):
            self._append(HEADER)
            _sync_folder(FOLDER)
        if not torn:
            return None
        return f"1 torn line, the last, was cut away from {self.path}: '{torn.decode('ascii', 'backslashreplace')}'"

    def _append(self, line: str) -> None:
        size = os.fstat(self._file).st_size
        rest = f"{line}\n".encode("ascii")
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, size)  # half a line would break the next one
            what = f"the answer could not be written: {error.strerror}"
            raise DataError(what, self.path, "make room on the disk, and answer again") from error

    def _note(self, frame_id: str, answer: str) -> None:
        self._append(f"{datetime.now(UTC):{_TIME}},{frame_id},{answer}")

    def add(self, frame_id: str, answer: str) -> None:
        """Keep an answer; it is on the disk when this returns."""
        with self._turn:
            self._note(frame_id, answer)
            self.history.append((frame_id, answer))

    def undo(self) -> str | None:
        """Take the newest answer back and return its frame_id; None where there is none."""
        with self._turn:
            if not self.history:
                return None
            frame_id, _ = self.history[-1]
            self._note(frame_id, UNDO)
            self.history.pop()
            return frame_id

    @property
    def answers(self) -> dict[str, str]:
        """The answer that counts for every frame answered: the newest."""
        return dict(self.history)

    @property
    def newest(self) -> str | None:
        """The frame that `undo` would take the answer of."""
        return self.history[-1][0] if self.history else None

    @property
    def given(self) -> int:
        """How many answers stand, those to one frame counted each."""
        return len(self.history)

    def close(self) -> None:
        """Let others write."""
        os.close(self._file)
