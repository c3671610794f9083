"""Whether a downloaded file is a whole night video.

A night is some 15,000 pictures; decoding all takes a minute, reading the packets about a second. So: the file is as
long as its MP4 boxes say, every packet that the container promises is there, and pictures come out of the first and of
the last 20 seconds. A damaged picture in between is no fault here: `extract` finds it and keeps the night.
"""

from __future__ import annotations

import struct
from pathlib import Path

from ..errors import InputError
from ..preprocessing import ffmpeg_tool, video

END_S = 20.0
"""Seconds of video; longer than encoders leave between keyframes, so that one that is damaged condemns no night."""


def check(path: Path) -> None:
    """An InputError unless the file is a video that holds all that it promises.

    Raises
    ------
    InputError
        No video, a truncated one, or one that does not decode at its beginning or end.
    ToolError
        Ffmpeg is not installed.
    """
    if not path.exists():
        raise InputError("the server sent an empty file", path)
    video.probe(path)
    here, told = path.stat().st_size, told_length(path)
    if here < told:
        raise InputError(f"it breaks off: {here} of {told} bytes are there", path)
    promised, found = _packets(path)
    if found < promised:
        raise InputError(f"it breaks off: {found} of {promised} pictures are there", path)
    for place, where in (("first", {"t": END_S}), ("last", {"sseof": -END_S})):
        if not _pictures(path, where):
            raise InputError(f"nothing can be decoded in the {place} {END_S:g} s", path)


def told_length(path: Path) -> int:
    """Bytes that the file must have by the lengths of its top-level boxes (ISO/IEC 14496-12, 4.2); 0: no MP4.

    ffprobe alone does not tell when the last packet is cut short.
    """
    end, place = path.stat().st_size, 0
    with path.open("rb") as file:
        while place < end:
            file.seek(place)
            head = file.read(16)
            size, kind = struct.unpack(">I4s", head[:8]) if len(head) >= 8 else (8, b"")
            if place == 0 and kind != b"ftyp":
                return 0
            if size == 1:  # a 64-bit length follows
                size = struct.unpack(">Q", head[8:])[0] if len(head) == 16 else 16
            place = end if size == 0 else place + max(size, 8)
    return place


def _packets(path: Path) -> tuple[int, int]:
    """Pictures that the container promises, and packets that can be read."""
    options = ("-ignore_editlist", "1", "-select_streams", "V:0", "-count_packets")
    stream = ffmpeg_tool.probe(path, *options)["streams"][0]
    return int(stream.get("nb_frames", 1)), int(stream["nb_read_packets"])


def _pictures(path: Path, where: dict[str, float]) -> int:
    """How many pictures can be decoded in a part of the video, as ffmpeg's input options tell it."""
    source = ffmpeg_tool.source(path, threads=1, max_error_rate=1, **where)
    output = source.video.output("pipe:", f="framecrc", **ffmpeg_tool.every_frame())
    run = ffmpeg_tool.call(output.global_args("-v", "error", "-nostdin").compile())
    return sum(not line.startswith(b"#") for line in run.stdout.splitlines())
