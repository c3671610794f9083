"""One annotator's sitting: what is asked, what is answered, and what the page may know at each time."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from ..conditions import MOON_CLASSES, SUN_CLASSES, condition_name
from ..config import Params
from ..errors import InputError
from ..frame_ids import in_order
from ..tables.frames import FRAMES_TABLE, is_simulated
from ..tables.labels import LABELS_FILE
from ..tables.sky import SKY_TABLE
from . import journal
from .agreement import agreement
from .collect import Collected, collect, labels_of
from .journal import Journal
from .pictures import Neighbour, Pictures, pictures_of
from .questions import Order, Question, asked, ordered, questions

CONDITION_NAMES = tuple(condition_name(sun, moon) for moon in MOON_CLASSES for sun in SUN_CLASSES)


class TooEarly(Exception):
    """What others answered is not told before all frames are answered."""


def picture_address(frame_id: str) -> str:
    """Where the server gives a frame's picture."""
    return f"/picture/{frame_id}.jpg"


@dataclass(frozen=True)
class Session:
    """Everything that the server needs; `known` holds all frame_ids that there are."""

    annotator: str
    order: Order
    questions: dict[str, Question]
    pictures: Pictures
    journal: Journal
    known: frozenset[str]
    simulated: bool
    seed: int

    @property
    def done(self) -> bool:
        """Whether every frame asked for is answered."""
        return not self.questions.keys() - self.journal.answers.keys()

    def state(self) -> dict[str, Any]:
        """How far the work is, by night and by condition."""
        answers = self.journal.answers
        by_time = [self.questions[frame_id] for frame_id in in_order(self.questions)]
        by_condition = sorted(by_time, key=lambda one: CONDITION_NAMES.index(one.condition))
        answered = [one for one in by_time if one.frame_id in answers]
        return {
            "annotator": self.annotator,
            "order": self.order,
            "simulated": self.simulated,
            "total": len(by_time),
            "answered": len(answered),
            "done": len(answered) == len(by_time),
            "recovered": self.journal.recovered,
            "nights": _counts([one.night for one in by_time], [one.night for one in answered]),
            "conditions": _counts([one.condition for one in by_condition], [one.condition for one in answered]),
            "can_undo": self.journal.newest in self.questions,
            "given": self.journal.given,
        }

    def question_list(self) -> list[dict[str, Any]]:
        """Every frame asked for, in order, with this annotator's answer so far."""
        answers = self.journal.answers
        return [
            asdict(one) | {"picture": picture_address(one.frame_id), "answer": answers.get(one.frame_id)}
            for one in self.questions.values()
        ]

    def neighbours(self, frame_id: str) -> dict[str, dict[str, str] | None]:
        """The pictures before and after a frame."""

        def told(neighbour: Neighbour | None) -> dict[str, str] | None:
            return neighbour and {"utc": neighbour.utc, "picture": picture_address(neighbour.frame_id)}

        before, after = self.pictures.neighbours[frame_id]
        return {"before": told(before), "after": told(after)}

    def undo(self) -> str | None:
        """Take the newest answer back; None where there is none, or it is to a frame of an earlier list."""
        return self.journal.undo() if self.journal.newest in self.questions else None

    def collect(self) -> Collected:
        """Bring the labels file up to date."""
        return collect(self.known)

    def agreement(self) -> dict[str, Any]:
        """How far annotators agree; TooEarly before all is answered."""
        if not self.done:
            raise TooEarly("the agreement is shown when all frames are answered")
        return agreement(self.collect().answers, self.seed)


def _counts(groups: list[str], answered: list[str]) -> list[dict[str, Any]]:
    """Of each group, in the order of `groups`: how many there are and how many are answered."""
    done = Counter(answered)
    return [{"name": name, "answered": done[name], "total": total} for name, total in Counter(groups).items()]


def known_frames(params: Params) -> tuple[pd.DataFrame, frozenset[str]]:
    """The frames tables of all months, and their frame_ids."""
    frames = FRAMES_TABLE.read_months(params.months)
    return frames, frozenset(frames["frame_id"])


def begin(params: Params, annotator: str, order: Order, again: bool) -> Session | None:
    """Collect what a crash may have left, open the journal, and gather the questions; None where there are none.

    Raises
    ------
    AuroraError
        A name that is none or in use; labels under it that no journal holds; missing tables or pictures.
    """
    path = journal.path_of(annotator)
    frames, known = known_frames(params)
    if not path.exists() and (count := labels_of(annotator)):
        what = f"{LABELS_FILE} holds {count} labels of {annotator}, but {path} is missing"
        raise InputError(what, "", "bring that journal back, or label under another --annotator")
    collect(known)
    frame_ids = ordered(asked(annotator, again), order, annotator, params.seed)
    if not frame_ids:
        return None
    sky = SKY_TABLE.read()
    listed = {one.frame_id: one for one in questions(frame_ids, sky)}
    pictures = pictures_of(frame_ids, frames, sky)
    simulated = is_simulated(frames)
    return Session(annotator, order, listed, pictures, Journal(annotator), known, simulated, params.seed)
