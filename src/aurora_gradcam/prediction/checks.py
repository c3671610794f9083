"""What a person should check before trusting the results: times not read, bad frames, settings that look wrong."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..conditions import DARK_SUN_CLASSES
from ..config import Extract
from .circles import format_circle
from .result import Job, Result
from .sources import Sources
from .status import Status

DAYLIGHT = 0.5
"""Share of frames in civil twilight or day from which site and zone are doubted."""
REASONS = 5
"""Different reasons of bad frames that are listed."""


def list_warnings(results: Sequence[Result], sources: Sources, job: Job) -> list[str]:
    """One sentence for each thing to check, without a full stop."""
    warnings = []
    for result in results:
        warnings += [f"{result.series.name}: {note}" for note in result.series.notes]
        warnings += [f"{result.series.name}: {text}" for text in _of_times(result, job) + _of_frames(result)]
    if sources.ignored:
        warnings.append(f"{sources.ignored} files of the folders are no images by their names and were left out")
    return warnings


def _of_times(result: Result, job: Job) -> list[str]:
    if not job.timed:
        return []
    series, rows, warnings = result.series, result.rows, []
    failed = int((rows["time_status"] == "failed").sum())
    if failed:
        count = "no time could be" if failed == len(rows) else f"{failed} of {len(rows)} times could not be"
        warnings.append(f"{count} {series.time_source}; {series.time_advice(rows)}")
    known = rows.dropna(subset=["sun_class"])
    bright = ~known["sun_class"].isin(DARK_SUN_CLASSES)
    if len(known) and bright.mean() > DAYLIGHT:
        warnings.append(f"the Sun stands above -6° in {bright.mean():.0%} of the frames of known time; "
                        "check site and time zone (the classifier is meant for the dark)")  # fmt: skip
    return warnings


def _of_frames(result: Result) -> list[str]:
    rows, warnings = result.rows, []
    bad = rows[rows["status"] != Status.OK]
    if len(bad):
        kinds = ", ".join(f"{count} {status}" for status, count in bad["status"].value_counts().items())
        warnings.append(f"{len(bad)} of {len(rows)} frames are bad and not classified: {kinds}{_reasons(bad)}")
    odd = [size for size in result.series.sizes if size != (1280, 720)]
    if Extract().circle in result.circles and odd:
        width, height = odd[0]
        warnings.append(f"frames of {width}x{height} were cut to {format_circle(Extract().circle)}, the sky of "
                        "AuroraMAX's 1280x720 videos; check extract.circle, or give --circle auto")  # fmt: skip
    return warnings


def _reasons(bad: pd.DataFrame) -> str:
    """` (a.jpg: reason; ...)`, the first file of each reason; empty where none has a reason."""
    first = bad[bad["reason"] != ""].drop_duplicates("reason")
    texts = [f"{row.source}: {row.reason}" for row in first.head(REASONS).itertuples()]
    return f" ({'; '.join(texts)})" if texts else ""
