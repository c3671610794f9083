"""Times of a night of pictures: they stand in the pictures' names, and the archive of strips holds them as text.

Where a video's night has a picture of the printed time, `FRAME_ID.png`, such a night has `FRAME_ID.utc`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pandas as pd

from ..corpus import archive
from ..tables.table import LOCAL_TIME, UTC_TIME
from ..tables.times import TimeStatus
from ..zones import zone_named

SUFFIX = ".utc"


def member(frame_id: str, utc: datetime) -> tuple[str, bytes]:
    """Name and content of the member that holds a picture's time."""
    return f"{frame_id}{SUFFIX}", utc.astimezone(UTC).isoformat().encode()


def read(night: str) -> dict[str, datetime]:
    """The times of a night of pictures by frame_id; empty for a night of a video."""
    path = archive.night_path(archive.STAMPS, night)
    if not path.exists() or not any(name.endswith(SUFFIX) for name in archive.names(path)):
        return {}
    return {
        name.removesuffix(SUFFIX): datetime.fromisoformat(content.decode()) for name, content in archive.read_all(path)
    }


def place(frames: pd.DataFrame, times: Mapping[str, datetime], timezone_name: str) -> pd.DataFrame:
    """Rows of TIMES_TABLE for the frames of a night of pictures."""
    zone = zone_named(timezone_name)
    moments = [times[frame_id] for frame_id in frames["frame_id"]]
    local = [moment.astimezone(zone) for moment in moments]
    offsets = [offset.total_seconds() / 60 if (offset := each.utcoffset()) else 0.0 for each in local]
    return pd.DataFrame(
        {
            "frame_id": frames["frame_id"].to_list(),
            "text": [moment.isoformat() for moment in moments],
            "confidence": 100.0,
            "local_time": pd.Series([each.replace(tzinfo=None) for each in local], dtype=LOCAL_TIME),
            "utc_offset_min": offsets,
            "utc": pd.Series(moments, dtype=UTC_TIME),
            "time_status": TimeStatus.READ,
            "residual_s": 0.0,
        }
    )
