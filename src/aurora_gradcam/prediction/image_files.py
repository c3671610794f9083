"""Image files of any kind -> uint8 RGB, as the classifier takes them."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

import cv2
import ffmpeg
import numpy as np
import simplejpeg
from PIL import ExifTags, Image, ImageFile, TiffImagePlugin, UnidentifiedImageError

from ..config import Circle
from ..errors import ToolError
from ..preprocessing.video import Video, is_blank
from .find_circle import cut
from .status import Frame, Status

# EXIF that cannot be read is ignored
warnings.filterwarnings("ignore", "(Corrupt EXIF data|Truncated File Read)", module="PIL")

DEPTHS = (8, 10, 12, 14, 16)
"""Bits a pixel that cameras give; files of 16 bits often hold fewer."""
ABOVE_WHITE = 1.1
"""Times the white of a depth that flat-fielded or binned levels of it may reach."""
SAMPLE = 48
"""Pictures of a night, spread over it, that its depth is measured in."""
PEAK_PERCENTILE = 95
"""Of the pictures' brightest levels: one picture with a lamp in it does not set the depth of the night."""
PIXELS_MAX = 89_478_485
"""Pixels of a picture that are decoded: Pillow's own limit, a quarter of a gigabyte in RGB."""
TOO_LARGE = f"a picture of more than {PIXELS_MAX} pixels is not decoded"
SIDEWAYS = (5, 6, 7, 8)
"""Orientations of pictures that are stored lying on a side."""
SEVERAL = 12
"""Pictures of a video or folder that the sky circle is sought in."""
DAMAGE = ("Corrupt JPEG data", "Premature end")
"""How libjpeg's warnings begin where it met damage."""

Item = TypeVar("Item")
File = Path | bytes
"""A picture's file, or its content."""
Kind = tuple[bool, tuple[int, int]]
"""Whether pictures are in colour, and their width and height: one camera's pictures are of one kind."""
Scale = Mapping[Kind, float]
"""The level that becomes 255, for each kind of pictures of more than 8 bits."""


class Header(NamedTuple):
    """What a file says of its picture before it is decoded.

    Parameters
    ----------
    size
        Width and height in pixels, upright.
    pictures
        How many pictures the file holds.
    is_deep
        Whether its levels have more than 8 bits.
    fault
        Why it cannot be decoded; empty where it can.
    """

    size: tuple[int, int] = (0, 0)
    pictures: int = 1
    is_deep: bool = False
    fault: str = ""


@contextmanager
def _opened(file: File) -> Iterator[Image.Image]:
    """The image of a file; whatever Pillow and its plug-ins raise is an OSError that says why."""
    try:
        with Image.open(io.BytesIO(file) if isinstance(file, bytes) else file) as image:
            yield image
    except UnidentifiedImageError as error:
        raise OSError("this is no image that can be read") from error
    except Image.DecompressionBombError as error:
        raise OSError(TOO_LARGE) from error
    except OSError as error:
        raise OSError(error.strerror or str(error)) from error
    except (Exception, MemoryError) as error:  # decoders of damaged files raise anything
        raise OSError(f"the decoder failed: {error}") from error


def _content(file: File) -> bytes:
    return file if isinstance(file, bytes) else file.read_bytes()


def read_header(file: File) -> Header:
    """What the file says of its picture, without decoding it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with _opened(file) as image:
                width, height = image.size
                if width * height > PIXELS_MAX:
                    return Header(fault=TOO_LARGE)
                is_deep = _is_deep(image)  # before Pillow decodes a PNG to look for EXIF behind it
                size = (height, width) if _orientation(image) in SIDEWAYS else (width, height)
                return Header(size, getattr(image, "n_frames", 1), is_deep)
    except OSError as error:
        return Header(fault=str(error))


def _orientation(image: Image.Image) -> int:
    """EXIF's orientation; 1, upright, where EXIF cannot be read, as it is no part of the picture."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # odd entries raise struct.error, AttributeError, TypeError...
        return 1


def _is_deep(image: Image.Image) -> bool:
    return image.mode == "F" or image.mode.startswith("I") or _is_deep_colour(image)


def _is_deep_colour(image: Image.Image) -> bool:
    """Whether Pillow would keep the high byte alone of each level."""
    if image.mode not in ("RGB", "RGBA") or not isinstance(image, ImageFile.ImageFile) or not image.tile:
        return False
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return max(image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (8,))) > 8
    arguments = image.tile[0].args
    if image.tile[0].codec_name == "ppm":
        return int(arguments[1]) > 255  # the level of white
    return "16" in str(arguments)


def _levels(image: Image.Image, file: File) -> np.ndarray:
    """The levels of a picture of more than 8 bits, as stored, float32 (height, width) or RGB (height, width, 3)."""
    if _is_deep_colour(image):
        levels = cv2.imdecode(np.frombuffer(_content(file), np.uint8), cv2.IMREAD_UNCHANGED)
        if levels is None:
            raise OSError("its 16-bit colours cannot be decoded")
        alpha = levels[..., 3:].astype(np.float32) / 65535 if levels.shape[2] == 4 else 1
        levels = levels[..., 2::-1] * alpha
    else:
        levels = np.asarray(image)
    return np.nan_to_num(levels.astype(np.float32))


def _upright(levels: np.ndarray, orientation: int) -> np.ndarray:
    """Rows and columns in the order that EXIF's orientation asks for."""
    if orientation in SIDEWAYS:
        levels = levels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        levels = levels[:, ::-1]
    return levels[::-1] if orientation in (3, 4, 7, 8) else levels


def peak(levels: np.ndarray) -> float:
    """The brightest level, float32 (height, width) or (height, width, 3), of anything larger than a hot pixel."""
    return float(cv2.medianBlur(np.ascontiguousarray(levels), 3).max(initial=0))


def white_level(brightest: float, is_float: bool = False) -> float:
    """The level that becomes 255: of the fewest bits of `DEPTHS` that hold the brightest one.

    Floating-point levels up to 1 count as shares of white.
    """
    if is_float and brightest <= ABOVE_WHITE:
        return 1.0
    whites = (2.0**bits - 1 for bits in DEPTHS)
    return next((white for white in whites if brightest <= ABOVE_WHITE * white), brightest)


def eight_bits(levels: np.ndarray, white: float) -> np.ndarray:
    """Levels -> uint8, 255 from `white` on."""
    return np.rint((levels * (255 / white)).clip(0, 255)).astype(np.uint8)


def measure_scale(headers: Mapping[Path, Header]) -> Scale:
    """The white level of each kind of pictures of more than 8 bits, by up to `SAMPLE` of them.

    One for the whole night, since the classifier compares skies of equal exposure; by a percentile, so that neither a
    hot pixel nor one picture with a lamp in it darkens all others.
    """
    whites: dict[Kind, list[float]] = {}
    deep = [path for path, header in headers.items() if header.is_deep and not header.fault]
    for path in _spread(deep, SAMPLE):
        try:
            kind, white = white_of(path)
        except OSError:
            continue  # a row with its reason once it is classified
        whites.setdefault(kind, []).append(white)
    return {kind: white_of_night(each) for kind, each in whites.items()}


def white_of(file: File) -> tuple[Kind, float]:
    """Kind and white level of a picture of more than 8 bits, by itself; an OSError where it is damaged."""
    with _opened(file) as image:
        levels = _levels(image, file)
        return _kind(levels), white_level(peak(levels), image.mode == "F")


def white_of_night(whites: Sequence[float]) -> float:
    """The white level that pictures of a night share, from that of each."""
    return float(np.percentile(whites, PEAK_PERCENTILE, method="higher"))


def _kind(levels: np.ndarray) -> Kind:
    return levels.ndim == 3, (levels.shape[1], levels.shape[0])


def _stored_rgb(image: Image.Image, file: File, scale: Scale | None = None) -> np.ndarray:
    """Any image as uint8 RGB (height, width, 3), as stored: grey repeated, what is transparent on black.

    Levels of more than 8 bits become white by `scale`, or where that does not have their kind by their own peak. A
    hot pixel, far above white in even surroundings, gets the level of these.
    """
    if _is_deep(image):
        levels = _levels(image, file)
        white = (scale or {}).get(_kind(levels)) or white_level(peak(levels), image.mode == "F")
        smooth = cv2.medianBlur(np.ascontiguousarray(levels), 3)
        levels = eight_bits(np.where(levels > ABOVE_WHITE * white, smooth, levels), white)
        return levels if levels.ndim == 3 else np.repeat(levels[..., None], 3, axis=2)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        image = Image.alpha_composite(black, image.convert("RGBA"))
    return np.asarray(image.convert("RGB"))


def jpeg_damage(content: bytes) -> str:
    """What libjpeg warns of while decoding; empty where it decodes a JPEG without damage.

    Pillow does not pass the warnings on. Zeros that some cameras write before the end are no damage.
    """
    warning = _jpeg_warning(content)
    return warning and _jpeg_warning(content[:-2].rstrip(b"\0") + content[-2:]) and warning


def _jpeg_warning(content: bytes) -> str:
    try:
        simplejpeg.decode_jpeg(content, colorspace="GRAY", strict=True)
    except ValueError as error:
        return str(error) if str(error).startswith(DAMAGE) else ""
    return ""


def read_picture(file: File, scale: Scale | None = None) -> np.ndarray:
    """The first picture of a file as uint8 RGB (height, width, 3), turned upright as EXIF says.

    Raises
    ------
    OSError
        The file is damaged; with the reason.
    """
    with _opened(file) as image:
        if image.format in ("JPEG", "MPO") and (damage := jpeg_damage(_content(file))):
            raise OSError(damage)
        return np.ascontiguousarray(_upright(_stored_rgb(image, file, scale), _orientation(image)))


def read_frame(file: File, circle: Circle | None, scale: Scale | None = None) -> Frame:
    """An image as the square frame that is classified.

    `circle` is cut out; without one the image is a frame already, and stays as it is, bit for bit.
    """
    try:
        picture = read_picture(file, scale)
    except OSError as error:
        return Frame(Status.CORRUPT, reason=str(error))
    frame = picture if circle is None else cut(picture, circle)
    if is_blank(np.asarray(Image.fromarray(frame).convert("L")), len(frame) / 2):
        return Frame(Status.BLANK, reason="the picture is uniform within the circle")
    return Frame(Status.OK, frame)


def read_video(video: Video, count: int = SEVERAL) -> list[np.ndarray]:
    """Whole frames of a video, uint8 RGB, spread over its length; those that cannot be decoded are left out."""
    frames = []
    for number in _spread(range(video.frames), count):
        source = ffmpeg.input(str(video.path), ss=f"{float(number / video.fps):.6f}")
        command = source.output("pipe:", format="rawvideo", pix_fmt="rgb24", vframes=1)
        try:
            raw, _ = command.run(capture_stdout=True, capture_stderr=True)
        except FileNotFoundError as error:
            raise ToolError("ffmpeg is not installed", "ffmpeg", "install it, or run `make setup`") from error
        except ffmpeg.Error:
            continue
        if len(raw) == video.width * video.height * 3:
            frames.append(np.frombuffer(raw, np.uint8).reshape(video.height, video.width, 3))
    return frames


def read_some(paths: Sequence[Path], count: int = SEVERAL) -> list[np.ndarray]:
    """Up to `count` pictures of these files, spread over them in order; those that are damaged are left out."""
    pictures = []
    for path in _spread(paths, count):
        try:
            pictures.append(read_picture(path))
        except OSError:
            continue
    return pictures


def _spread(items: Sequence[Item], count: int) -> list[Item]:
    """Up to `count` of the items, evenly spread from the first to the last."""
    chosen = np.linspace(0, len(items) - 1, min(count, len(items))).round().astype(int)
    return [items[number] for number in chosen]
