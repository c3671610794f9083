"""Nights of pictures without a video: a folder a night below the month's, its pictures named by their times."""

from __future__ import annotations

import hashlib
import io
import logging
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image, ImageOps

from ..config import Extract, Predict
from ..corpus import archive, sky_circle
from ..corpus.frame_ids import make, month_of
from ..errors import InputError
from ..tables.frames import FRAMES_TABLE, FrameStatus
from . import named_times
from .name_times import time_in
from .video import is_blank
from .video_names import is_companion, is_date

logger = logging.getLogger(__name__)

PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp")
QUALITY = 92
"""Of the frames' JPEG: near that of a video's frames at jpeg_quality 3."""
DATE = re.compile(r"(?<!\d)(\d{4})-?(\d\d)-?(\d\d)(?!\d)")


class PictureNight(NamedTuple):
    """The date YYYYMMDD in a folder's name, and the folder."""

    night: str
    folder: Path


def find(month_folder: Path) -> list[PictureNight]:
    """The nights of pictures of a month, in order; folders without a picture in them are none.

    Raises
    ------
    InputError
        A folder of pictures without a date of this month in its name, or two of one night.
    """
    nights: dict[str, Path] = {}
    folders = [path for path in month_folder.iterdir() if path.is_dir()] if month_folder.is_dir() else []
    for folder in sorted(folders):
        if is_companion(folder) or not any(_pictures(folder)):
            continue
        dates = ["".join(parts) for parts in DATE.findall(folder.name)]
        night = next((date for date in dates if is_date(date)), "")
        if not night or month_of(night) != month_folder.name:
            fix = "name it by the date of the morning, such as 20240201, and put it into its month's folder"
            raise InputError(f"this folder of pictures names no night of {month_folder.name}", folder, fix)
        if night in nights:
            raise InputError(f"a second folder of the night {night} beside {nights[night].name}", folder, "keep one")
        nights[night] = folder
    return [PictureNight(night, folder) for night, folder in sorted(nights.items())]


def check_videos(nights: list[PictureNight], videos: Mapping[str, Path]) -> None:
    """An InputError where a night has both a video and a folder of pictures."""
    for night, folder in nights:
        if night in videos:
            raise InputError(f"the night {night} has a video too, {videos[night].name}", folder, "keep one of them")


def _pictures(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix.lower() in PICTURES and not is_companion(path)]


def timed(night: PictureNight, predict: Predict) -> list[tuple[datetime, Path]]:
    """The night's pictures by the times in their names; a warning counts names without one.

    Raises
    ------
    InputError
        No name has a time.
    """
    paths = _pictures(night.folder)
    pairs = [(time_in(path.name, predict), path) for path in paths]
    known = sorted((utc, path) for utc, path in pairs if utc is not None)
    if not known:
        fix = f"set predict.image_time, now {predict.image_time!r}, as in {paths[0].name}"
        raise InputError("no picture of this folder has a time in its name", night.folder, fix)
    if others := len(paths) - len(known):
        logger.warning(f"{night.folder}: left out {others} of {len(paths)} pictures, whose names hold no time")
    return known


def sampled(pictures: list[tuple[datetime, Path]], interval_s: float) -> list[tuple[int, datetime, Path]]:
    """The first picture of every interval since the night's first, with its number among all."""
    chosen: dict[int, tuple[int, datetime, Path]] = {}
    for number, (utc, path) in enumerate(pictures):
        chosen.setdefault(int((utc - pictures[0][0]).total_seconds() // interval_s), (number, utc, path))
    return list(chosen.values())


def extract_night(night: PictureNight, extract: Extract, predict: Predict) -> pd.DataFrame:
    """Write a night's two archives, of frames and of times; return its rows of FRAMES_TABLE.

    `pts_s` is what it would be in a video of the params' pace that begins with the first picture.
    """
    pictures = timed(night, predict)
    chosen = sampled(pictures, extract.interval_s)
    digest = hashlib.md5(usedforsecurity=False)
    frames, times, rows = [], [], []
    for number, utc, path in chosen:
        content = path.read_bytes()
        digest.update(path.name.encode() + b"\0" + hashlib.md5(content, usedforsecurity=False).digest())
        frame_id = make(night.night, number)
        status, jpeg = frame_of(content, extract)
        member = f"{frame_id}.jpg" if jpeg else None
        if member:
            frames.append((member, jpeg))
        times.append(named_times.member(frame_id, utc))
        elapsed_s = (utc - pictures[0][0]).total_seconds()
        pts_s = elapsed_s / (extract.nominal_fps * extract.seconds_per_frame)
        rows.append((frame_id, night.night, night.folder.name, "", number, pts_s, member, status))
    archive.write(archive.night_path(archive.FRAMES, night.night), frames)
    archive.write(archive.night_path(archive.STAMPS, night.night), times)
    return pd.DataFrame(rows, columns=list(FRAMES_TABLE.schema.columns)).assign(video_md5=digest.hexdigest())


def frame_of(content: bytes, extract: Extract) -> tuple[FrameStatus, bytes]:
    """Status and JPEG of a picture cut to its sky circle and black around it; no JPEG where it cannot be cut.

    A square picture counts as cut already, as in `aurora predict`.
    """
    try:
        with Image.open(io.BytesIO(content)) as image:
            picture = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return FrameStatus.CORRUPT, b""
    square = picture if picture.shape[0] == picture.shape[1] else _cut(picture, extract)
    if square is None:
        return FrameStatus.CORRUPT, b""
    size = len(square)
    radius = size / 2 if square is picture else extract.circle.radius
    masked = square * sky_circle.is_inside(size, radius, sky_circle.extracted(size))[..., None]
    buffer = io.BytesIO()
    image = Image.fromarray(masked)
    image.save(buffer, "JPEG", quality=QUALITY)
    blank = is_blank(np.asarray(image.convert("L")), radius)
    return FrameStatus.BLANK if blank else FrameStatus.OK, buffer.getvalue()


def _cut(picture: np.ndarray, extract: Extract) -> np.ndarray | None:
    """The square of `extract.crop` around the circle; None where it does not lie inside the picture."""
    (x, y), half = extract.circle.center, extract.crop // 2
    top, left = y - half, x - half
    inside = min(top, left) >= 0 and top + extract.crop <= len(picture) and left + extract.crop <= picture.shape[1]
    return picture[top : top + extract.crop, left : left + extract.crop] if inside else None
