"""The time that a frame was given."""

from __future__ import annotations

from dataclasses import dataclass

from ...tables.times import TimeStatus


@dataclass(frozen=True)
class Placed:
    """A frame's time: UTC in s since 1970 (None: unknown), how it was got, reading minus model, and the zone."""

    seconds: float | None = None
    time_status: TimeStatus = TimeStatus.FAILED
    residual_s: float | None = None
    utc_offset_min: float | None = None
