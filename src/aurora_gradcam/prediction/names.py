"""Dates and times that stand in file names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

import numpy as np

from ..config import OcrUtc, Predict
from ..preprocessing import video_names
from ..preprocessing.name_times import local_time_in, time_in
from ..preprocessing.times.readings import Reading, parse
from ..preprocessing.video_names import is_date
from ..zones import zone_named

DATE = "%Y%m%d"
UTC_ASSUMED = "the times in the names are taken as UTC; if they are local times, set predict.image_zone"

__all__ = ["local_time_in", "night_in", "night_of_texts", "notes_on_times", "time_in", "why_failed"]


def notes_on_times(names: Sequence[str], rule: Predict) -> list[str]:
    """What a person should know about the times in file names, in phrases."""
    pairs = [(name, local) for name in names if (local := local_time_in(name, rule)) and local.tzinfo is None]
    if not pairs:
        return []
    notes = [UTC_ASSUMED] if rule.image_zone == "UTC" else []
    zone = zone_named(rule.image_zone)
    readings = [(name, Reading(local.replace(microsecond=0), None)) for name, local in pairs]
    skipped = [name for name, reading in readings if reading.is_skipped(zone)]
    doubled = [name for name, reading in readings if len(reading.moments(zone)) > 1]
    for kind, open_names in ((f"that {rule.image_zone} skips in spring", skipped),
                             (f"in the hour that comes twice in {rule.image_zone}", doubled)):  # fmt: skip
        if open_names:
            notes.append(f"{len(open_names)} names hold a time {kind}, such as {open_names[0]}; these have no time")
    return notes


def night_in(name: str, file_pattern: str) -> str | None:
    """The date YYYYMMDD that a video's name holds: by `extract.file_pattern`, or else any eight digits that are one."""
    by_pattern = [night] if (night := video_names.night_in(name, file_pattern)) else []
    # a time of day may follow without a space
    dates = [*by_pattern, *re.findall(r"(?<!\d)(\d{8})(?:\d{4}|\d{6})?(?!\d)", name)]
    return next((date for date in dates if is_date(date)), None)


def _legible(texts: Sequence[str | None], rule: OcrUtc) -> list[tuple[int, datetime]]:
    """Numbers of the texts that are whole times, and these, as printed."""
    readings = (parse(text or "", rule.formats, rule.zones) for text in texts)
    return [(number, found[0].local) for number, found in enumerate(readings) if found]


def night_of_texts(texts: Sequence[str | None], rule: OcrUtc) -> str | None:
    """The date YYYYMMDD that most of the times printed on frames have; None where no time is legible."""
    dates = Counter(local.strftime("%Y%m%d") for _, local in _legible(texts, rule))
    return dates.most_common(1)[0][0] if dates else None


def why_failed(texts: Sequence[str | None], elapsed_s: np.ndarray, night: str, rule: OcrUtc) -> list[str]:
    """Why legible times fit no clock, in phrases: they are of another date, or run at another rate.

    elapsed_s : sky time of each frame since the video's first by the params, shape (frames,).
    """
    legible = _legible(texts, rule)
    notes = []
    date = night_of_texts(texts, rule)
    if date and abs((datetime.strptime(date, DATE) - datetime.strptime(night, DATE)).days) > rule.days_around_night:
        notes.append(f"the date of its name is {night}, but the times on its frames are of {date}")
    steps = [
        ((after - before).total_seconds(), elapsed_s[second] - elapsed_s[first])
        for (first, before), (second, after) in pairwise(legible)
    ]
    if steps:
        printed, expected = np.median(steps, axis=0)
        if abs(printed - expected) > rule.tolerance_s:
            notes.append(f"the times on its frames advance by {printed:g} s where extract.seconds_per_frame makes it "
                        f"{expected:g} s")  # fmt: skip
    return notes
