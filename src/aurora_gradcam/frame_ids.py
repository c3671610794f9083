"""Names of frames: `<night>-<frame_no>`, the frame's number in its video with at least five digits."""

from __future__ import annotations


def make(night: str, frame_no: int) -> str:
    """`20240201`, 10 -> `20240201-00010`."""
    return f"{night}-{frame_no:05d}"


def night_of(frame_id: str) -> str:
    """`20240201-00010` -> `20240201`."""
    return frame_id.partition("-")[0]


def month_of(night: str) -> str:
    """`20240201` -> `2024-02`, the folder that the night's video lies in."""
    return f"{night[:4]}-{night[4:6]}"
