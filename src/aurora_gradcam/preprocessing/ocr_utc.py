"""Stage ocr_utc: the time strips of one month's frames -> UTC of every frame, and how it was got."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from functools import partial
from itertools import islice
from typing import TypeVar

import numpy as np
import pandas as pd

from ..config import Params
from ..corpus import archive
from ..corpus.frame_ids import sort_key
from ..corpus.images import decode_image
from ..errors import DataError
from ..parallel import map_nights
from ..stage import stage_main
from ..tables.frames import FRAMES_TABLE, FrameStatus, elapsed_s
from ..tables.times import TIME_STATUSES, TIMES_TABLE, TimeStatus
from ..zones import zone_named
from . import named_times
from .times import clock, glyphs, stamps, unread
from .times.readings import parse

Name = TypeVar("Name")

logger = logging.getLogger(__name__)

STRIPS_AT_ONCE = 500
"""Strips whose lines are held in memory: 5 MB."""
IDLE_PAGES = 3
"""Pages that teach nothing of use; then tesseract reads the rest."""


def time_night(frames: pd.DataFrame, params: Params) -> tuple[pd.DataFrame, list[str]]:
    """Times of one night's frames (rows of FRAMES_TABLE), and what a person should know about the night."""
    frames = frames.sort_values("frame_no", ignore_index=True)
    night = frames["night"].iloc[0]
    if times := named_times.read(night):
        return named_times.place(frames, times, params.site.timezone), []
    read = read_texts(frames["frame_id"], read_strips(night).get, night, params)
    return place_night(frames, read, params)


def read_strips(night: str) -> dict[str, np.ndarray]:
    """A night's time strips by frame_id: grey pictures, uint8 (height, width)."""
    return {
        name.removesuffix(".png"): decode_image(content)[..., 0]
        for name, content in archive.read_all(archive.night_path(archive.STAMPS, night))
    }


def read_texts(
    names: Iterable[Name], strip_of: Callable[[Name], np.ndarray | None], night: str, params: Params
) -> list[stamps.Stamp]:
    """Read strips; where that gives no legible time, again without what they hold of the sky circle.

    Tesseract reads pages of them; what their characters look like reads most others (`glyphs`).

    Parameters
    ----------
    names
        What the strips are asked for by, in order.
    strip_of
        Gives a strip, a grey picture, uint8 (height, width); None where a frame has none. It is asked again for strips
        that are read twice, so that they need not all stay in memory.
    night
        The date YYYYMMDD near which a time is plausible; empty where it is not known.
    """
    asked: list[Name] = []
    texts: list[stamps.Stamp] = []
    alphabet = glyphs.Alphabet()

    def without_sky(name: Name) -> np.ndarray | None:
        strip = strip_of(name)
        if strip is None:
            return None
        return stamps.without_sky(strip, params.extract.stamp_box, params.extract.circle)

    remaining = iter(names)
    while block := list(islice(remaining, STRIPS_AT_ONCE)):
        asked += block
        texts += _read_block(block, strip_of, alphabet, night, params)
    again = [number for number, text in enumerate(texts) if not _is_legible(text, night, params)]
    alone = stamps.read((without_sky(asked[number]) for number in again), params.ocr_utc.strips_per_page)
    for number, text in zip(again, alone, strict=True):
        if _is_legible(text, night, params):
            texts[number] = text
    return texts


def _read_block(
    names: Sequence[Name],
    strip_of: Callable[[Name], np.ndarray | None],
    alphabet: glyphs.Alphabet,
    night: str,
    params: Params,
) -> list[stamps.Stamp]:
    """Read strips, a page of them by tesseract and then all by what it taught, until none or no use is left."""
    per_page = params.ocr_utc.strips_per_page
    lines = [_only_line(strip_of(name)) for name in names]
    texts: dict[int, stamps.Stamp] = {}
    unread, idle = list(range(len(names))), 0
    while unread:
        known = {
            n: stamp for n in unread if (stamp := _by_glyphs(lines[n], alphabet)) and _is_legible(stamp, night, params)
        }
        texts |= known
        unread = [number for number in unread if number not in known]
        idle = 0 if known else idle + 1
        chosen = unread if idle > IDLE_PAGES else _spread(unread, per_page)
        for number, stamp in zip(chosen, stamps.read((strip_of(names[n]) for n in chosen), per_page), strict=True):
            texts[number], line = stamp, lines[number]
            if line is not None and stamp.text and _is_legible(stamp, night, params):
                alphabet.learn(line, stamp.text)
        unread = [number for number in unread if number not in texts]
    return [texts[number] for number in range(len(names))]


def _spread(numbers: Sequence[int], count: int) -> list[int]:
    """`count` of the numbers, at random: at even steps, such as ten minutes, the same digit would stand on all."""
    return sorted(np.random.default_rng(0).permutation(numbers)[:count].tolist())


def _only_line(strip: np.ndarray | None) -> np.ndarray | None:
    """The text of a strip that holds one line of it."""
    lines = [] if strip is None else stamps.text_lines(stamps.on_black(strip))
    return lines[0] if len(lines) == 1 else None


def _by_glyphs(line: np.ndarray | None, alphabet: glyphs.Alphabet) -> stamps.Stamp | None:
    return None if line is None else alphabet.read(line)


def _is_legible(stamp: stamps.Stamp, night: str, params: Params) -> bool:
    """Whether a text holds a whole time, of a date near the night's."""
    if not night:
        return bool(parse(stamp.text or "", params.ocr_utc.formats, params.ocr_utc.zones))
    zone = zone_named(params.site.timezone)
    return any(clock.plausible_readings([stamp.text], date_of(night), params.ocr_utc, zone))


def date_of(night: str) -> date:
    """The date that YYYYMMDD stands for."""
    return datetime.strptime(night, "%Y%m%d").date()


def place_night(frames: pd.DataFrame, read: Sequence[stamps.Stamp], params: Params) -> tuple[pd.DataFrame, list[str]]:
    """Times of one night's frames (rows of FRAMES_TABLE by frame_no) whose strips were read as `read`, and notes."""
    times, notes = clock.place(
        [stamp.text for stamp in read],
        elapsed_s(frames["pts_s"], params.extract).to_numpy(),
        (frames["status"] == FrameStatus.OK).to_numpy(),
        date_of(frames["night"].iloc[0]),
        params.ocr_utc,
        params.site.timezone,
    )
    text = {"frame_id": frames["frame_id"], "text": [s.text for s in read], "confidence": [s.confidence for s in read]}
    return times.assign(**text), notes


def summary(night: str, statuses: pd.Series, notes: list[str]) -> str:
    """One line on a night's times that are not plainly read; empty where all are."""
    counts = statuses.value_counts()
    parts = [f"{counts[status]} {status}" for status in TIME_STATUSES[1:] if counts.get(status)]
    if len(statuses) == counts.get(TimeStatus.FAILED):
        parts = ["no readable time"]
    if not parts and not notes:
        return ""
    return f"{night}: of {len(statuses)} frames {'; '.join([', '.join(parts) or 'all read', *notes])}"


def run(params: Params, month: str) -> None:
    """Read the month's frames and strips, write TIMES_TABLE, a row a frame in order of frame_id.

    Raises
    ------
    DataError
        More than `ocr_utc.max_bad_fraction` of the month's frames have no time.
    """
    frames = FRAMES_TABLE.read(month)
    nights = [rows for _, rows in frames.groupby("night")]
    if not nights:
        raise DataError("there are no frames to time", FRAMES_TABLE.path(month), "run `dvc repro extract`")
    timed = map_nights(partial(time_night, params=params), nights, f"times of {month}, nights")
    for rows, (times, notes) in zip(nights, timed, strict=True):
        if line := summary(rows["night"].iloc[0], times["time_status"], notes):
            logger.warning(line)
    table = pd.concat([times for times, _ in timed]).sort_values("frame_id", key=sort_key)
    check_failed(table, frames, month, params.ocr_utc.max_bad_fraction)
    TIMES_TABLE.write(table, month)


def check_failed(table: pd.DataFrame, frames: pd.DataFrame, month: str, max_bad_fraction: float) -> None:
    """Keep the strips without a time for a person to look at; a DataError where they are too many."""
    failed = table[table["time_status"] == TimeStatus.FAILED]
    if failed.empty:
        unread.forget(month)
        return
    strips: dict[str, np.ndarray] = {}
    nights = frames.set_index("frame_id")["night"]
    night_of = failed["frame_id"].map(nights)
    for night, rows in failed.groupby(night_of):
        of_night = read_strips(str(night))
        strips |= {name: of_night[name] for name in rows["frame_id"].head(unread.PER_NIGHT) if name in of_night}
    sheet = unread.keep(failed[["frame_id", "text", "confidence"]], strips, month)
    sizes, counts = nights.value_counts(), night_of.value_counts()
    bad = [night for night in sorted(counts.index) if counts[night] > max_bad_fraction * sizes[night]]
    if len(failed) > max_bad_fraction * len(table):
        raise DataError(
            f"{len(failed)} of the month's {len(table)} frames have no time; {len(bad)} of {len(sizes)} nights fail: "
            f"{', '.join(bad)}",
            month,
            f"look at {sheet} (strips, and what was read in them), then check extract.stamp_box (does it hold the "
            "time?), ocr_utc.formats and ocr_utc.zones",
        )
    logger.warning("%s: %d frames have no time; their strips are shown in %s", month, len(failed), sheet)


main = stage_main(run, takes="month")


if __name__ == "__main__":
    main()
