"""Whole frames of one camera, from a video or from pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import ffmpeg
import numpy as np
from PIL import Image, ImageOps

from ..errors import InputError
from ..preprocessing import ffmpeg_tool, video
from ..preprocessing.video_names import VIDEOS

COUNT = 12
"""Frames looked at: enough for a circle behind moving clouds, and for a clock to show its pace."""
SHORT = 600  # frames up to which a video is decoded as a whole; in uneven ones a time does not tell a frame


@dataclass(frozen=True)
class Frames:
    """Frames of one size, in order.

    Parameters
    ----------
    pictures
        uint8 RGB (height, width, 3).
    numbers
        Number of each frame in its video; empty for pictures.
    fps
        Frames a second of the video; 0 for pictures.
    """

    path: Path
    pictures: list[np.ndarray]
    numbers: list[int]
    fps: Fraction

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width = self.pictures[0].shape[:2]
        return width, height


def read(paths: Sequence[Path]) -> Frames:
    """Frames spread over one video, or up to `COUNT` pictures.

    Raises
    ------
    InputError
        No such file, neither video nor picture, pictures of several sizes, or nothing that can be decoded.
    """
    for path in paths:
        ffmpeg_tool.check_readable(path)
    if paths[0].suffix.lower() in VIDEOS:
        if len(paths) > 1:
            raise InputError("one video is enough", paths[1], "give one video, or pictures of one camera")
        return _of_video(paths[0])
    pictures = [_picture(path) for path in _spread(paths)]
    if len(sizes := {picture.shape for picture in pictures}) > 1:
        listed = ", ".join(sorted(f"{width}x{height}" for height, width, _ in sizes))
        raise InputError(f"these pictures have several sizes: {listed}", paths[0], "give pictures of one size")
    return Frames(paths[0], pictures, [], Fraction(0))


def _spread(paths: Sequence[Path]) -> list[Path]:
    places = np.linspace(0, len(paths) - 1, min(COUNT, len(paths))).round().astype(int)
    return [paths[place] for place in places]


def _picture(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        kinds = ", ".join(VIDEOS)
        raise InputError("this is neither a video by its name nor a readable picture", path,
                         f"give a picture, or a video ({kinds})") from error  # fmt: skip


def _of_video(path: Path) -> Frames:
    source = video.probe(path)
    numbers = np.linspace(0, source.frames - 1, min(COUNT, source.frames)).round().astype(int).tolist()
    if source.frames <= SHORT:
        by_number = "+".join(f"eq(n,{number})" for number in numbers)
        decoded = _decode(source, ffmpeg_tool.source(path)["V:0"].filter("select", by_number), len(numbers))
        frames = dict(zip(numbers, decoded, strict=False))
    else:
        frames = {}
        for number in numbers:
            # half a frame early, so that rounding does not skip to the next one
            start = max(float((number - Fraction(1, 2)) / source.fps), 0.0)
            for picture in _decode(source, ffmpeg_tool.source(path, ss=f"{start:.6f}")["V:0"], 1):
                frames[number] = picture
    if not frames:
        raise InputError("not one frame of this video can be decoded", path, ffmpeg_tool.REPLACE)
    return Frames(path, list(frames.values()), list(frames), source.fps)


def _decode(source: video.Video, stream: ffmpeg.Stream, count: int) -> list[np.ndarray]:
    """Up to `count` frames of a stream, uint8 RGB."""
    options = {"format": "rawvideo", "pix_fmt": "rgb24", "vframes": count} | ffmpeg_tool.every_frame()
    command = stream.output("pipe:", **options).global_args("-v", "error", "-nostdin")
    size = source.width * source.height * 3
    raw = ffmpeg_tool.call(command.compile()).stdout
    whole = np.frombuffer(raw[: len(raw) // size * size], np.uint8)
    return list(whole.reshape(-1, source.height, source.width, 3))
