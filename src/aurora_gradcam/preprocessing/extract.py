"""Stage extract: a month's night videos, or folders of pictures -> masked frames, their times and a row a frame."""

from __future__ import annotations

import hashlib
import logging
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from PIL import Image

from .. import parallel
from ..config import Extract, Params
from ..corpus import archive
from ..corpus.frame_ids import make
from ..errors import DataError, InputError
from ..stage import stage_main
from ..tables.frames import FRAMES_TABLE, FrameStatus
from . import picture_nights, video
from .video_names import find_videos, has_videos

logger = logging.getLogger(__name__)

RAW = Path("data/raw")
PLAINLY_SKY = 3 * video.BLANK_SPREAD
"""Spread of the stored luma from which a picture cannot be blank: it differs from that of the colours by rounding."""


def probe_all(videos: dict[str, Path], extract: Extract) -> list[tuple[str, video.Video]]:
    """Probe every night's video before any is decoded; one InputError names all that cannot be used."""
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
        named = [(make(night, number), sample) for number, sample in samples.items()]
        frames = [(f"{frame_id}.jpg", sample.picture.read_bytes()) for frame_id, sample in named]
        strips = [(f"{frame_id}.png", sample.strip.read_bytes()) for frame_id, sample in named]
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
        frame_id = make(night, number)
        status, member, pts_s = FrameStatus.MISSING, None, float(number / source.fps)
        if sample := samples.get(number):
            status, member, pts_s = _status(sample, extract.circle.radius), f"{frame_id}.jpg", sample.pts_s
        rows.append((frame_id, night, source.path.name, md5, number, pts_s, member, status))
    return pd.DataFrame(rows, columns=list(FRAMES_TABLE.schema.columns)), samples


def _status(sample: video.Sample, radius: int) -> FrameStatus:
    if sample.is_damaged:
        return FrameStatus.CORRUPT
    with Image.open(sample.picture) as picture:
        picture.draft("L", picture.size)  # the luma as it is stored, which a picture with a sky in it is plain by
        if video.spread(np.asarray(picture), radius) > PLAINLY_SKY:
            return FrameStatus.OK
    with Image.open(sample.picture) as picture:
        is_blank = video.is_blank(np.asarray(picture.convert("L")), radius)
    return FrameStatus.BLANK if is_blank else FrameStatus.OK


def remove_others(folder: Path, nights: set[str]) -> None:
    """Remove what an earlier run left of nights whose videos are gone, and of a run that was killed."""
    for path in folder.iterdir():
        if path.suffix == ".part" or (path.suffix == ".zip" and path.stem not in nights):
            path.unlink()


def check_bad(frames: pd.DataFrame, month: str, max_bad_fraction: float) -> None:
    """Warn of bad frames, in one line; a DataError where they are too many."""
    bad = frames[frames["status"] != FrameStatus.OK]
    if bad.empty:
        return
    counts = bad.groupby("status").size()
    kinds = ", ".join(f"{counts[status]} {status}" for status in FrameStatus if status in counts)
    nights = bad["night"].value_counts()
    summary = (
        f"{len(bad)} of {len(frames)} frames are bad: {kinds}; most in the night {nights.index[0]}, {nights.iloc[0]}"
    )
    if len(bad) > max_bad_fraction * len(frames):
        raise DataError(
            f"{summary}; extract.max_bad_fraction allows {max_bad_fraction:g}",
            month,
            "replace the damaged videos, or raise extract.max_bad_fraction",
        )
    logger.warning("%s: %s", month, summary)


def warn_of_copies(frames: pd.DataFrame, month: str) -> None:
    """Warn of nights whose videos are the same file: their frames would count twice."""
    for _, copies in frames.groupby("video_md5")["night"]:
        if len(nights := copies.unique()) > 1:
            logger.warning("%s: the nights %s have one and the same video", month, ", ".join(nights))


def run(params: Params, month: str) -> None:
    """Extract all nights of a month, such as `2024-02`, below the current folder."""
    pictures = picture_nights.find(RAW / month)
    videos = {} if pictures and not has_videos(RAW / month) else find_videos(RAW / month, params.extract.file_pattern)
    picture_nights.check_videos(pictures, videos)
    probed = probe_all(videos, params.extract)
    night_frames = parallel.map_nights(
        partial(extract_night, extract=params.extract), probed, f"extract {month} (nights)"
    )
    night_frames += parallel.map_nights(
        partial(picture_nights.extract_night, extract=params.extract, predict=params.predict),
        pictures,
        f"extract {month} (nights of pictures)",
    )
    for root in (archive.FRAMES, archive.STAMPS):
        remove_others(root / month, {night for night, _ in [*probed, *pictures]})
    frames = pd.concat(night_frames, ignore_index=True)
    if pictures and videos:
        frames = frames.sort_values("night", kind="stable", ignore_index=True)
    check_bad(frames, month, params.extract.max_bad_fraction)
    warn_of_copies(frames, month)
    FRAMES_TABLE.write(frames, month)


main = stage_main(run, takes="month")


if __name__ == "__main__":
    main()
