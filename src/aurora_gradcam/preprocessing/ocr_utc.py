"""Stage ocr_utc: the time strips of one month's frames -> UTC of every frame, and how it was got."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial

import pandas as pd

from .. import archive
from ..config import Params
from ..errors import DataError
from ..frame_ids import sort_key
from ..images import decode_image
from ..parallel import map_nights
from ..stage import stage_main
from ..tables.frames import FRAMES_TABLE, FrameStatus, elapsed_s
from ..tables.times import TIME_STATUSES, TIMES_TABLE
from . import clock, stamps

logger = logging.getLogger(__name__)


def time_night(frames: pd.DataFrame, params: Params) -> tuple[pd.DataFrame, list[str]]:
    """Times of one night's frames (rows of FRAMES_TABLE), and what a person should know about the night."""
    frames = frames.sort_values("frame_no", ignore_index=True)
    night = frames["night"].iloc[0]
    strips = {
        name.removesuffix(".png"): decode_image(content)[..., 0]
        for name, content in archive.read_all(archive.night_path(archive.STAMPS, night))
    }
    read = stamps.read([strips.get(frame_id) for frame_id in frames["frame_id"]], params.ocr_utc.strips_per_page)
    return place_night(frames, read, params)


def place_night(frames: pd.DataFrame, read: Sequence[stamps.Stamp], params: Params) -> tuple[pd.DataFrame, list[str]]:
    """Times of one night's frames (rows of FRAMES_TABLE by frame_no) whose strips were read as `read`, and notes."""
    times, notes = clock.place(
        [stamp.text for stamp in read],
        elapsed_s(frames["pts_s"], params.extract).to_numpy(),
        (frames["status"] == FrameStatus.OK).to_numpy(),
        datetime.strptime(frames["night"].iloc[0], "%Y%m%d").date(),
        params.ocr_utc,
        params.site.timezone,
    )
    text = {"frame_id": frames["frame_id"], "text": [s.text for s in read], "confidence": [s.confidence for s in read]}
    return times.assign(**text), notes


def summary(night: str, statuses: pd.Series, notes: list[str]) -> str:
    """One line on a night's times that are not plainly read; empty where all are."""
    counts = statuses.value_counts()
    parts = [f"{counts[status]} {status}" for status in TIME_STATUSES[1:] if counts.get(status)]
    if len(statuses) == counts.get("failed"):
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
    bad: list[str] = []
    for rows, (times, notes) in zip(nights, timed, strict=True):
        night = rows["night"].iloc[0]
        if line := summary(night, times["time_status"], notes):
            logger.warning(line)
        if (times["time_status"] == "failed").mean() > params.ocr_utc.max_bad_fraction:
            bad.append(night)
    table = pd.concat([times for times, _ in timed]).sort_values("frame_id", key=sort_key)
    failed = int((table["time_status"] == "failed").sum())
    if failed > params.ocr_utc.max_bad_fraction * len(table):
        raise DataError(
            f"{failed} of the month's {len(table)} frames have no time, most of them in the nights {', '.join(bad)}",
            month,
            "check extract.stamp_box (does it hold the time?), ocr_utc.formats and ocr_utc.zones",
        )
    TIMES_TABLE.write(table, month)


main = stage_main(run, takes="month")


if __name__ == "__main__":
    main()
