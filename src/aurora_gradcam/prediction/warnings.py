"""What a person should check before trusting the results: times not read, bad frames, settings that look wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..conditions import DARK_SUN_CLASSES
from ..config import Circle, Extract
from ..preprocessing.clock import AGREEING
from .sources import Sources

if TYPE_CHECKING:
    from .predict import Job, Result

CHECK_CLOCK = "check extract.stamp_box, extract.seconds_per_frame, ocr_utc.formats and ocr_utc.zones, or give --no-sky"
CHECK_NAMES = "check predict.image_time, or give --no-sky"
DAYLIGHT = 0.5
"""Share of frames in civil twilight or day from which site and zone are doubted."""


def warnings(results: Sequence[Result], found: Sources, job: Job) -> list[str]:
    """One sentence for each thing to check, without a full stop."""
    said = [one for result in results for one in (*_of_times(result, job), *_of_frames(result, job))]
    if found.ignored:
        said.append(f"{found.ignored} files of the folders are no images by their names and were left out")
    return said


def _of_times(result: Result, job: Job) -> list[str]:
    if not job.timed:
        return []
    series, rows = result.series, result.rows
    failed = int((rows["time_status"] == "failed").sum())
    said = [f"{series.name}: {note}" for note in series.notes]
    if failed:
        count = "no time could be" if failed == len(rows) else f"{failed} of {len(rows)} times could not be"
        source = "read" if series.is_video else "found in the file names"
        said.append(f"{series.name}: {count} {source}; {_fix(result, failed)}")
    known = rows.dropna(subset=["sun_class"])
    bright = ~known["sun_class"].isin(DARK_SUN_CLASSES)
    if len(known) and bright.mean() > DAYLIGHT:
        said.append(f"{series.name}: the Sun stands above -6° in {bright.mean():.0%} of the frames of known time; "
                    "check site and time zone (the classifier is meant for the dark)")  # fmt: skip
    return said


def _fix(result: Result, failed: int) -> str:
    if not result.series.is_video:
        return CHECK_NAMES
    if failed == len(result.rows) and (result.rows["status"] == "ok").sum() < AGREEING:
        return f"at least {AGREEING} readings must agree, so take more frames by a smaller extract.interval_s"
    return CHECK_CLOCK


def _of_frames(result: Result, job: Job) -> list[str]:
    series, rows = result.series, result.rows
    said = []
    bad = rows.loc[rows["status"] != "ok", "status"].value_counts()
    if len(bad):
        kinds = ", ".join(f"{count} {status}" for status, count in bad.items())
        said.append(f"{series.name}: {bad.sum()} of {len(rows)} frames are bad and not classified: {kinds}")
    default = Extract().circle
    odd = [size for size in series.sizes if size != (1280, 720)]
    if default in result.circles and odd:
        width, height = odd[0]
        said.append(f"{series.name}: frames of {width}x{height} were cut to {told(default)}, the sky of AuroraMAX's "
                    "1280x720 videos; check extract.circle, or give --circle auto")  # fmt: skip
    return said


def told(circle: Circle) -> str:
    """`centre 640, 360, radius 360`."""
    return f"centre {circle.center[0]}, {circle.center[1]}, radius {circle.radius}"
