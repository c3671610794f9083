"""Table times: what was read on every frame, and the UTC that it stands for."""

from __future__ import annotations

from enum import StrEnum

from .table import LOCAL_TIME, UTC_TIME, frame_id, number, table, text, time


class TimeStatus(StrEnum):
    """How a frame's time was got."""

    READ = "read"  # as tesseract read it
    REPAIRED = "repaired"  # misread, and corrected by the clock model
    INTERPOLATED = "interpolated"  # no reading; placed by the clock model
    FAILED = "failed"  # unknown


TIME_STATUSES = tuple(TimeStatus)

TIMES_TABLE = table(
    "times",
    "data/tables/times/{month}.parquet",
    {
        "frame_id": frame_id(),
        "text": text(nullable=True),  # as tesseract gave it
        "confidence": number(0, 100, nullable=True),
        "local_time": time(LOCAL_TIME),
        "utc_offset_min": number(-900, 900, nullable=True),
        "utc": time(UTC_TIME),
        "time_status": text(among=TIME_STATUSES),
        "residual_s": number(nullable=True),  # reading minus clock model
    },
)
