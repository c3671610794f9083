"""Whether a downloaded file is a whole night video.

A night is some 15,000 pictures; decoding all takes a minute, reading the packets about a second. So: the file is as
long as its MP4 boxes say, every packet that the container promises is there, and pictures come out of the first and of
the last 20 seconds. A damaged picture in between is accepted: `extract` finds it and keeps the night.
"""

from __future__ import annotations

import struct
from pathlib import Path

import ffmpeg

from ..errors import InputError, ToolError
from ..preprocessing import ffmpeg_tool, video

END_S = 20.0
"""Seconds of video; longer than encoders leave between keyframes, so that one damaged keyframe rejects no night."""


class Undecodable(InputError):
    """All bytes are there, but the local ffmpeg makes no pictures of them: another version may."""


def check(path: Path) -> None:
    """An InputError unless the file is a video that holds all that it promises.

    Raises
    ------
    InputError
        No video, or a truncated one.
    Undecodable
        A complete one that this ffmpeg does not decode at its beginning or end.
    ToolError
        Ffmpeg is not installed, or does not work.
    """
    if not path.exists():
        raise InputError("the server sent an empty file", path)
    video.probe(path)
    here, promised = path.stat().st_size, promised_length(path)
    if here < promised:
        raise InputError(f"it breaks off: {here} of {promised} bytes are there", path)
    pictures, packets = _packets(path)
    if packets < pictures:
        raise InputError(f"it breaks off: {packets} of {pictures} pictures are there", path)
    for place, where in (("first", {"t": END_S}), ("last", {"sseof": -END_S})):
        if not _pictures(path, where):
            raise Undecodable(f"nothing can be decoded in the {place} {END_S:g} s", path)


def promised_length(path: Path) -> int:
    """Bytes that the file must have by the lengths of its top-level boxes (ISO/IEC 14496-12, 4.2); 0: no MP4.

    ffprobe alone does not notice when the last packet is cut short.
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


def _decoded(source: ffmpeg.Stream) -> list[bytes]:
    """A line for each decoded picture; without options that some versions of ffmpeg lack."""
    output = source.video.output("pipe:", f="framecrc").global_args("-v", "error", "-nostdin")
    lines = ffmpeg_tool.call(output.compile()).stdout.splitlines()
    return [line for line in lines if not line.startswith(b"#")]


def _pictures(path: Path, where: dict[str, float]) -> int:
    """How many pictures can be decoded in a part of the video, given by ffmpeg's input options."""
    pictures = _decoded(ffmpeg_tool.source(path, threads=1, max_error_rate=1, **where))
    if not pictures and not _decoded(ffmpeg.input("testsrc=duration=1", f="lavfi")):
        raise ToolError("ffmpeg does not decode even its own test picture", "ffmpeg", "see `aurora doctor`")
    return len(pictures)
