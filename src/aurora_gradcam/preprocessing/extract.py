"""Stage extract: a month's night videos -> masked frames, time strips and a row a frame."""

from __future__ import annotations

import fnmatch
import hashlib
import logging
import re
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from PIL import Image

from .. import archive, parallel
from ..config import Extract, Params
from ..errors import DataError, InputError
from ..frame_ids import month_of
from ..stage import stage_main
from ..tables.frames import FRAME_STATUSES, FRAMES_TABLE
from . import video

logger = logging.getLogger(__name__)

RAW = Path("data/raw")


def find_videos(folder: Path, pattern: str) -> dict[str, Path]:
    """Videos of a month's folder by night, sorted; names of other videos, left out, go to standard error.

    Raises
    ------
    InputError
        No folder, no video that matches, a name without a date in this month, two videos of one night.
    """
    named = named_like(pattern)
    videos: dict[str, Path] = {}
    others = []
    for path in sorted(folder.glob("*.mp4")):
        if not (found := named.match(path.name)):
            others.append(path.name)
            continue
        night = found["night"]
        if not is_date(night) or month_of(night) != folder.name:
            raise InputError(
                f"this video is of {night}, no night of {folder.name}", path, "move it to its month's folder"
            )
        if night in videos:
            raise InputError(
                f"a second video of the night {night} beside {videos[night].name}", path, "keep one of them"
            )
        videos[night] = path
    if others:
        logger.warning(
            f"{folder} holds {len(others)} videos that extract.file_pattern '{pattern}' leaves out, such as {others[0]}"
        )
    if not videos:
        raise InputError(
            f"no video named like '{pattern}'",
            folder,
            "put videos here or `dvc pull` them, or set extract.file_pattern or months",
        )
    return videos


def named_like(pattern: str) -> re.Pattern[str]:
    """`extract.file_pattern` as an expression for whole file names, with the group `night`."""
    return re.compile(fnmatch.translate(pattern.replace("{night}", "NIGHT")).replace("NIGHT", r"(?P<night>\d{8})"))


def is_date(night: str) -> bool:
    """Whether eight digits are a date."""
    try:
        return bool(datetime.strptime(night, "%Y%m%d"))
    except ValueError:
        return False


def probe_all(videos: dict[str, Path], extract: Extract) -> list[tuple[str, video.Video]]:
    """Every night's video, looked at before any is decoded; one InputError names all that cannot be used."""
    probed, faults = [], []
    for night, path in videos.items():
        try:
            probed.append((night, video.probe(path)))
            video.check_size(probed[-1][1], extract)
        except InputError as error:
            faults.append(error)
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise InputError(
            f"{len(faults)} videos cannot be used; the first: {faults[0].what}",
            ", ".join(fault.where for fault in faults),
            faults[0].fix,
        )
    return probed


def extract_night(probed: tuple[str, video.Video], extract: Extract) -> pd.DataFrame:
    """Decode a night's video, write its two archives, and return its rows of FRAMES_TABLE."""
    night, source = probed
    with TemporaryDirectory(prefix=f"aurora-{night}-") as folder:
        rows, samples = decode_night(night, source, extract, Path(folder))
        given = [(f"{night}-{number:05d}", sample) for number, sample in samples.items()]
        frames = [(f"{frame_id}.jpg", sample.picture.read_bytes()) for frame_id, sample in given]
        strips = [(f"{frame_id}.png", sample.strip.read_bytes()) for frame_id, sample in given]
    archive.write(archive.night_path(archive.FRAMES, night), frames)
    archive.write(archive.night_path(archive.STAMPS, night), strips)
    return rows


def decode_night(
    night: str, source: video.Video, extract: Extract, folder: Path
) -> tuple[pd.DataFrame, dict[int, video.Sample]]:
    """Decode a night's video into an empty folder: its rows of FRAMES_TABLE, and its samples by frame_no."""
    with source.path.open("rb") as content:
        md5 = hashlib.file_digest(content, "md5").hexdigest()
    promised = set(video.sample_numbers(source.frames, video.step(source.fps, extract)))
    samples = video.decode(source, extract, folder)
    rows = []
    for number in sorted(promised | set(samples)):
        frame_id = f"{night}-{number:05d}"
        status, member, pts_s = "missing", None, float(number / source.fps)
        if sample := samples.get(number):
            status, member, pts_s = _status(sample, extract.circle.radius), f"{frame_id}.jpg", sample.pts_s
        rows.append((frame_id, night, source.path.name, md5, number, pts_s, member, status))
    return pd.DataFrame(rows, columns=list(FRAMES_TABLE.schema.columns)), samples


def _status(sample: video.Sample, radius: int) -> str:
    if sample.is_damaged:
        return "corrupt"
    with Image.open(sample.picture) as picture:
        return "blank" if video.is_blank(np.asarray(picture.convert("L")), radius) else "ok"


def remove_others(folder: Path, nights: set[str]) -> None:
    """Remove what an earlier run left of nights whose videos are gone, and of a run that was killed."""
    for path in folder.iterdir():
        if path.suffix == ".part" or (path.suffix == ".zip" and path.stem not in nights):
            path.unlink()


def check_bad(frames: pd.DataFrame, month: str, max_bad_fraction: float) -> None:
    """Tell how many frames are bad, in one line; a DataError where they are too many."""
    bad = frames[frames["status"] != "ok"]
    if bad.empty:
        return
    counts = bad.groupby("status").size()
    kinds = ", ".join(f"{counts[status]} {status}" for status in FRAME_STATUSES if status in counts)
    nights = bad["night"].value_counts()
    told = f"{len(bad)} of {len(frames)} frames are bad: {kinds}; most in the night {nights.index[0]}, {nights.iloc[0]}"
    if len(bad) > max_bad_fraction * len(frames):
        raise DataError(
            f"{told}; extract.max_bad_fraction allows {max_bad_fraction:g}",
            month,
            "replace the damaged videos, or raise extract.max_bad_fraction",
        )
    logger.warning("%s: %s", month, told)


def run(params: Params, month: str) -> None:
    """Extract all nights of a month, such as `2024-02`, below the current folder."""
    probed = probe_all(find_videos(RAW / month, params.extract.file_pattern), params.extract)
    night_frames = parallel.map_nights(
        partial(extract_night, extract=params.extract), probed, f"extract {month} (nights)"
    )
    for root in (archive.FRAMES, archive.STAMPS):
        remove_others(root / month, {night for night, _ in probed})
    frames = pd.concat(night_frames, ignore_index=True)
    check_bad(frames, month, params.extract.max_bad_fraction)
    FRAMES_TABLE.write(frames, month)


main = stage_main(run, takes="month")


if __name__ == "__main__":
    main()
