"""Pictures into an H.264 video whose bytes depend on the pictures alone, and damage done to it on purpose."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import ffmpeg
import numpy as np

from ..errors import ToolError
from ..files import atomic_write
from .overlay import HEIGHT, WIDTH

FPS = 25
CRF = 28
GROUP = 50
"""Video frames from one key frame to the next: a damaged frame spoils no more than the rest of its group."""
START_CODE = b"\x00\x00\x01"
_MISSING = "install the system package ffmpeg"


def encode(path: Path, pictures: Iterable[np.ndarray], crf: int = CRF) -> None:
    """Write uint8 RGB pictures (720, 1280, 3) as an MP4 at 25 frames a second, whole.

    One thread and no dates: the same pictures give the same bytes with the same ffmpeg.
    """
    with atomic_write(path) as temporary:
        source = ffmpeg.input("pipe:", format="rawvideo", pix_fmt="rgb24", s=f"{WIDTH}x{HEIGHT}", r=FPS)
        target = source.output(
            str(temporary), format="mp4", vcodec="libx264", pix_fmt="yuv420p", preset="veryfast", crf=crf, g=GROUP,
            threads=1, map_metadata=-1, fflags="+bitexact", movflags="+faststart", **{"flags:v": "+bitexact"},
        )  # fmt: skip
        try:
            process = target.global_args("-loglevel", "error").overwrite_output().run_async(pipe_stdin=True)
        except FileNotFoundError as error:
            raise ToolError("ffmpeg is missing", path, _MISSING) from error
        try:
            for picture in pictures:
                process.stdin.write(picture.tobytes())
        except BrokenPipeError as error:
            raise ToolError("ffmpeg stopped before the video was written", path) from error
        finally:
            with suppress(BrokenPipeError):
                process.stdin.close()
            status = process.wait()
        if status:
            raise ToolError(f"ffmpeg ended with status {status}", path, "see its message above")


def damage(path: Path, frames: Iterable[int]) -> None:
    """Spoil the slice data of some video frames, leaving the container whole, so that a decoder meets bad bits."""
    packets = ffmpeg.probe(str(path), show_packets=None, select_streams="v:0")["packets"]
    # packets lie in decoding order, frames are counted in order of presentation
    in_order = sorted(packets, key=lambda packet: int(packet["pts"]))
    content = bytearray(path.read_bytes())
    for frame in frames:
        start, size = int(in_order[frame]["pos"]), int(in_order[frame]["size"])
        slice_at, length = _largest_slice(content, start, start + size)
        # a start code where none belongs: the decoder takes the slice as cut off there, and must make up the rest
        cut = slice_at + max(8, length // 3)
        content[cut : cut + len(START_CODE)] = START_CODE
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def _largest_slice(content: bytearray, start: int, end: int) -> tuple[int, int]:
    best = (start, 0)
    while start + 4 < end:
        length = int.from_bytes(content[start : start + 4], "big")
        kind = content[start + 4] & 0x1F
        if kind in (1, 5) and length > best[1]:
            best = (start + 4, length)
        start += 4 + length
    return best
