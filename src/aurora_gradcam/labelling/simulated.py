"""Simulated people label simulated frames, through the same journals as people do."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pandas as pd

from ..config import Params
from ..corpus.frame_ids import night_of
from ..errors import InputError
from ..preprocessing.sampling import draws
from ..progress import track
from ..simulation.annotators import ANNOTATORS, BREAK_S, SITTING, Annotator, answers, seconds
from ..simulation.nights import truth_path
from ..tables.frames import SIMULATED_PREFIX, FrameStatus
from ..tables.labels import LABELS_FILE, SIMULATOR
from .collect import Collected, collect, remove_rows
from .journal import Journal
from .questions import ordered
from .session import known_frames

logger = logging.getLogger(__name__)

DATA = Path(LABELS_FILE.parts[0])
FIRST_HOUR = time(12, tzinfo=UTC)


def visibilities(frames: pd.DataFrame) -> pd.Series:
    """The true visibility of the usable simulated frames, by frame_id.

    Raises
    ------
    InputError
        There is no usable simulated frame, or no truth of a night or frame.
    """
    is_asked = (frames["status"] == FrameStatus.OK) & frames["video"].str.startswith(SIMULATED_PREFIX)
    asked = frames[is_asked]
    if asked.empty:
        raise InputError("no usable frame is simulated", "data/tables/frames", "let people label: `aurora label`")
    tables = []
    for night in sorted(asked["night"].unique()):
        path = truth_path(DATA, night)
        if not path.exists():
            fix = "run `dvc pull data/labels/truth.dvc`, or `aurora simulate` again"
            raise InputError(f"the truth of the night {night} is missing", path, fix)
        tables.append(pd.read_parquet(path, columns=["frame_id", "visibility"]))
    truth = pd.concat(tables).set_index("frame_id")["visibility"]
    if missing := sorted(set(asked["frame_id"]) - set(truth.index)):
        what = f"the truth knows nothing of {len(missing)} frames, such as {missing[0]}"
        raise InputError(what, truth_path(DATA, night_of(missing[0])), "run `aurora simulate` again, then extract")
    return truth.loc[asked["frame_id"]]


def answer_all(annotator: Annotator, visibility: pd.Series, seed: int) -> int:
    """Answer the frames that the annotator's journal does not have yet, in their own random order; return how many.

    What is answered depends on the frame, the annotator and the seed alone. The answers' times begin at noon after the
    last night, or go on after the journal's newest, so that a killed run that is started again leaves the same bytes.

    Parameters
    ----------
    visibility
        By frame_id.
    """
    journal = Journal(annotator.name)
    try:
        if journal.recovered:
            logger.warning(journal.recovered)
        done = journal.answers
        waiting = [frame_id for frame_id in visibility.index if frame_id not in done]
        frame_ids = ordered(waiting, "random", annotator.name, seed)
        chosen = answers(
            annotator, visibility.loc[frame_ids].to_numpy(), draws(frame_ids, seed, f"answer {annotator.name}")
        )
        taken = seconds(draws(frame_ids, seed, f"seconds {annotator.name}"))
        last_night = max(map(night_of, visibility.index))
        when = datetime.combine(datetime.strptime(last_night, "%Y%m%d"), FIRST_HOUR)
        when = max(when, journal.newest_time or when)
        count = journal.changes
        rows = list(zip(frame_ids, chosen, taken, strict=True))
        for number, (frame_id, answer, passed) in enumerate(track(rows, annotator.name), start=count):
            pause = BREAK_S if number and number % SITTING == 0 else 0.0
            when += timedelta(seconds=float(passed) + pause)
            journal.add(frame_id, answer, when)
        return len(rows)
    finally:
        journal.close()


def annotate(params: Params, seed: int) -> Collected:
    """Let all `ANNOTATORS` answer every usable frame of `params.months`, and collect their labels.

    The simulator's own labels leave `LABELS_FILE`: the truth stays apart, in data/labels/truth.
    """
    frames, known = known_frames(params)
    visibility = visibilities(frames)
    for annotator in ANNOTATORS:
        count = answer_all(annotator, visibility, seed)
        logger.info(f"{annotator.name}: {count} frames answered, {len(visibility) - count} were answered before")
    collected = collect(known)
    remove_rows(SIMULATOR)
    without = {name: given for name, given in collected.answers.items() if name != SIMULATOR}
    return Collected(without, collected.written, collected.unknown, collected.kinds)
