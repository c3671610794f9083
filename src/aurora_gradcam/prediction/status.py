"""What became of a frame in `aurora predict`."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import numpy as np

from ..tables.frames import FrameStatus


class Status(StrEnum):
    """The statuses of the frames table, and those that only a stranger's pictures need."""

    OK = FrameStatus.OK
    CORRUPT = FrameStatus.CORRUPT
    BLANK = FrameStatus.BLANK
    MISSING = FrameStatus.MISSING
    NO_CIRCLE = "no_circle"  # no sky circle is known for pictures of this size
    NO_SKY = "no_sky"  # the picture does not look like a night sky


class Frame(NamedTuple):
    """A frame's status; its square picture, uint8 RGB, where that is ok; why not, where it is not."""

    status: Status
    picture: np.ndarray | None = None
    reason: str = ""
