"""Table frames: a row for every frame that `extract` took or should have taken."""

from __future__ import annotations

from enum import StrEnum

import pandas as pd

from ..config import Extract
from .table import NIGHT, frame_id, number, table, text

SIMULATED_PREFIX = "simulated"
"""Videos whose names start like this are simulated, and every report made from them says so."""


class FrameStatus(StrEnum):
    """What became of a frame."""

    OK = "ok"
    CORRUPT = "corrupt"  # the decoder met damage
    BLANK = "blank"  # a uniform picture without a sky
    MISSING = "missing"  # promised by the video but never decoded


FRAME_STATUSES = tuple(FrameStatus)

FRAMES_TABLE = table(
    "frames",
    "data/tables/frames/{month}.parquet",
    {
        "frame_id": frame_id(),
        "night": text(NIGHT),
        "video": text(),  # file name
        "video_md5": text(),
        "frame_no": number(0, kind="int64"),  # index of the video frame, from 0
        "pts_s": number(0),  # presentation time in the video
        "member": text(nullable=True),  # name inside the night archives; none where there is no picture
        "status": text(among=FRAME_STATUSES),
    },
)


def elapsed_s(pts_s: pd.Series, extract: Extract) -> pd.Series:
    """Presentation times in a video, s -> seconds of sky since its start."""
    return pts_s * extract.nominal_fps * extract.seconds_per_frame


def is_simulated(frames: pd.DataFrame) -> bool:
    """Whether any row of the frames table comes from a simulated video."""
    return bool(frames["video"].str.startswith(SIMULATED_PREFIX).any())
