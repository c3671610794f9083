"""One annotator's session: what is asked, what is answered, and what the page may show at each time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from ..conditions import MOON_CLASSES, SUN_CLASSES, condition_name
from ..config import Params
from ..corpus.frame_ids import in_order
from ..errors import InputError
from ..tables.frames import FRAMES_TABLE, is_simulated
from ..tables.kinds import KINDS
from ..tables.labels import LABELS_FILE
from ..tables.sky import SKY_TABLE
from . import journal
from .agreement import agreement
from .collect import Collected, collect, labels_of
from .journal import Annotator, FrameId, Journal
from .pictures import Neighbour, Pictures, pictures_of
from .questions import Order, Question, named, ordered, questions, sampled

CONDITION_NAMES = tuple(condition_name(sun, moon) for moon in MOON_CLASSES for sun in SUN_CLASSES)


class TooEarly(Exception):
    """What others answered stays hidden until all frames are answered."""


class Changed(Exception):
    """The frame has another answer than the page showed: a second tab answered it."""


@dataclass(frozen=True)
class Wish:
    """Which frames an annotator wants to be asked for.

    By default the unlabelled frames of the sample; with `again` also those that others have labelled. For corrections
    instead `frames` by their ids, or with `review` all that this annotator has answered.
    """

    again: bool = False
    frames: tuple[FrameId, ...] = ()
    review: bool = False

    @property
    def is_correction(self) -> bool:
        """Whether this is about answers that exist already."""
        return bool(self.frames) or self.review


def picture_address(frame_id: str) -> str:
    """Where the server gives a frame's picture."""
    return f"/picture/{frame_id}.jpg"


@dataclass(frozen=True)
class Session:
    """Everything that the server needs; `known` holds all frame_ids that there are."""

    annotator: Annotator
    order: Order
    questions: dict[str, Question]
    pictures: Pictures
    journal: Journal
    known: frozenset[str]
    simulated: bool
    seed: int
    is_correction: bool = False

    @property
    def done(self) -> bool:
        """Whether every frame asked for is answered."""
        return not self.questions.keys() - self.journal.answers.keys()

    def state(self) -> dict[str, Any]:
        """How far the work is, by night and by condition."""
        answers = self.journal.answers
        by_time = [self.questions[frame_id] for frame_id in in_order(self.questions)]
        by_condition = sorted(by_time, key=lambda question: CONDITION_NAMES.index(question.condition))
        answered = [question for question in by_time if question.frame_id in answers]
        return {
            "annotator": self.annotator,
            "order": self.order,
            "simulated": self.simulated,
            "total": len(by_time),
            "answered": len(answered),
            "done": len(answered) == len(by_time),
            "recovered": self.journal.recovered,
            "nights": _counts([each.night for each in by_time], [each.night for each in answered]),
            "conditions": _counts([each.condition for each in by_condition], [each.condition for each in answered]),
            "can_undo": self.journal.newest in self.questions,
            "changes": self.journal.changes,
            "is_correction": self.is_correction,
        }

    def question_list(self) -> list[dict[str, Any]]:
        """Every frame asked for, in order, with this annotator's answer and kinds so far."""
        answers = self.journal.answers
        values = {kind: self.journal.values(kind) for kind in KINDS}
        return [
            asdict(question)
            | {"picture": picture_address(question.frame_id), "answer": answers.get(question.frame_id)}
            | {kind: of_kind.get(question.frame_id) for kind, of_kind in values.items()}
            for question in self.questions.values()
        ]

    def neighbours(self, frame_id: str) -> dict[str, dict[str, str] | None]:
        """The pictures before and after a frame."""

        def describe(neighbour: Neighbour | None) -> dict[str, str] | None:
            if neighbour is None:
                return None
            return {"utc": neighbour.utc, "picture": picture_address(neighbour.frame_id)}

        before, after = self.pictures.neighbours[frame_id]
        return {"before": describe(before), "after": describe(after)}

    def replace(self, frame_id: FrameId, before: str | None, answer: str) -> None:
        """Keep an answer in place of `before`; Changed where another one counts, so that none is silently replaced."""
        if not self.journal.replace(frame_id, before, answer):
            kind, _ = journal.parted(answer)
            counts = (self.journal.values(kind) if kind else self.journal.answers).get(frame_id, "taken back")
            raise Changed(f"meanwhile this frame was answered elsewhere: {counts}")

    def undo(self) -> FrameId | None:
        """Take the newest answer back; None where there is none, or it is to a frame of an earlier list."""
        return self.journal.undo() if self.journal.newest in self.questions else None

    def collect(self) -> Collected:
        """Bring the labels file up to date."""
        return collect(self.known, self.journal)

    def agreement(self) -> dict[str, Any]:
        """How far annotators agree; TooEarly before all is answered."""
        if not self.done:
            raise TooEarly("the agreement is shown when all frames are answered")
        collected = self.collect()
        return agreement(collected.answers, self.seed, collected.kinds)


def _counts(groups: list[str], answered: list[str]) -> list[dict[str, Any]]:
    """Of each group, in the order of `groups`: how many there are and how many are answered."""
    done = Counter(answered)
    return [{"name": name, "answered": done[name], "total": total} for name, total in Counter(groups).items()]


def known_frames(params: Params) -> tuple[pd.DataFrame, frozenset[str]]:
    """The frames tables of all months, and their frame_ids."""
    frames = FRAMES_TABLE.read_months(params.months)
    return frames, frozenset(frames["frame_id"])


def start(params: Params, annotator: Annotator, order: Order, wish: Wish) -> Session | None:
    """Open the journal, collect what a crash may have left, and gather the questions; None where there are none.

    Raises
    ------
    AuroraError
        A name that is not allowed or in use; labels under it that no journal holds; missing tables or pictures.
    """
    path = journal.path_of(annotator)
    frames, known = known_frames(params)
    if not path.exists() and (count := labels_of(annotator)):
        what = f"{LABELS_FILE} holds {count} labels of {annotator}, but {path} is missing"
        raise InputError(what, path, "bring that journal back, or label under another --annotator")
    own = Journal(annotator) if path.exists() else None
    try:
        collect(known, own)
        frame_ids = ordered(_wanted(wish, annotator, own, known), order, annotator, params.seed)
        if not frame_ids:
            _close(own)
            return None
        sky = SKY_TABLE.read()
        asked = {question.frame_id: question for question in questions(frame_ids, sky)}
        pictures = pictures_of(frame_ids, frames, sky)
        own = own or Journal(annotator)
    except BaseException:
        _close(own)
        raise
    simulated = is_simulated(frames)
    return Session(annotator, order, asked, pictures, own, known, simulated, params.seed, wish.is_correction)


def _wanted(wish: Wish, annotator: Annotator, own: Journal | None, known: Collection[FrameId]) -> list[FrameId]:
    if wish.frames:
        return named(wish.frames, known)
    if wish.review:
        return sorted(frame_id for frame_id in (own.answers if own else ()) if frame_id in known)
    return sampled(annotator, wish.again)


def _close(own: Journal | None) -> None:
    if own:
        own.close()
