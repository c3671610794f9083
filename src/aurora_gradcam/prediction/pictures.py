"""Image files of any kind -> uint8 RGB, as the classifier takes them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ffmpeg
import numpy as np
from PIL import ExifTags, Image, ImageOps

from ..config import Circle
from ..errors import ToolError
from ..preprocessing.video import Video, is_blank
from . import find_circle as circles

DEPTHS = (8, 10, 12, 14, 16)
"""Bits a pixel that cameras give; files of 16 bits often hold fewer."""
SIDEWAYS = (5, 6, 7, 8)
"""Values of EXIF's orientation for pictures that are stored lying on a side."""
SEVERAL = 12
"""Pictures of a video or folder that the sky circle is sought in."""


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The image of a file; whatever Pillow finds wrong with it is an OSError."""
    try:
        with Image.open(path) as image:
            yield image
    except (ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError) as error:
        raise OSError(f"{path}: {error}") from error


def size(path: Path) -> tuple[int, int] | None:
    """Width and height by the file's head, without decoding it; None where it is no readable image."""
    try:
        with _opened(path) as image:
            turned = image.getexif().get(ExifTags.Base.Orientation) in SIDEWAYS
            return image.size[::-1] if turned else image.size
    except OSError:
        return None


def eight_bits(levels: np.ndarray) -> np.ndarray:
    """Grey levels of more than 8 bits -> uint8, by the fewest bits of `DEPTHS` that hold the brightest.

    Floating-point levels up to 1 count as shares of white.
    """
    if levels.dtype.kind == "f":
        levels = np.nan_to_num(levels)
        if levels.max(initial=0) <= 1:
            levels = levels * 255
    highest = levels.max(initial=0)
    white = next((2**bits - 1 for bits in DEPTHS if highest <= 2**bits - 1), highest)
    return np.rint(levels.clip(0) * (255 / white)).astype(np.uint8)


def rgb(image: Image.Image) -> np.ndarray:
    """Any image as uint8 RGB (height, width, 3): grey repeated, what is transparent on black."""
    image = ImageOps.exif_transpose(image)
    if image.mode == "F" or image.mode.startswith("I"):
        return np.repeat(eight_bits(np.asarray(image))[..., None], 3, axis=2)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        image = Image.alpha_composite(black, image.convert("RGBA"))
    return np.asarray(image.convert("RGB"))


def whole(path: Path) -> np.ndarray:
    """An image file as uint8 RGB; OSError where it is damaged."""
    with _opened(path) as image:
        return rgb(image)


def framed(path: Path, circle: Circle | None) -> tuple[str, np.ndarray | None]:
    """An image's status, as in `FrameStatus`, and where it is ok its square frame, uint8 RGB.

    `circle` is cut out; without one the image is a frame already, and stays as it is, bit for bit.
    """
    try:
        picture = whole(path)
    except OSError:
        return "corrupt", None
    frame = picture if circle is None else circles.cut(picture, circle)
    blank = is_blank(np.asarray(Image.fromarray(frame).convert("L")), len(frame) / 2)
    return ("blank", None) if blank else ("ok", frame)


def of_video(video: Video, count: int = SEVERAL) -> list[np.ndarray]:
    """Whole frames of a video, uint8 RGB, spread over its length; those that cannot be decoded lack."""
    found = []
    for number in np.linspace(0, video.frames - 1, min(count, video.frames)).round().astype(int):
        source = ffmpeg.input(str(video.path), ss=f"{float(number / video.fps):.6f}")
        command = source.output("pipe:", format="rawvideo", pix_fmt="rgb24", vframes=1)
        try:
            raw, _ = command.run(capture_stdout=True, capture_stderr=True)
        except FileNotFoundError as error:
            raise ToolError("ffmpeg is not installed", "ffmpeg", "install it, or run `make setup`") from error
        except ffmpeg.Error:
            continue
        if len(raw) == video.width * video.height * 3:
            found.append(np.frombuffer(raw, np.uint8).reshape(video.height, video.width, 3))
    return found


def several(paths: list[Path], count: int = SEVERAL) -> list[np.ndarray]:
    """Sound images among these, spread over them in order: up to `count`."""
    chosen = np.linspace(0, len(paths) - 1, min(count, len(paths))).round().astype(int)
    found = []
    for number in chosen:
        try:
            found.append(whole(paths[number]))
        except OSError:
            continue
    return found
