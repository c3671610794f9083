"""A video or a set of images as a series of frames: a row each, its time and sky, and its picture on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ..config import Params
from ..corpus.images import decode_image
from ..preprocessing import extract, ocr_utc
from ..preprocessing.sky import POSITIONS, illuminated
from ..preprocessing.times.timeline import AGREEING
from ..preprocessing.video import Sample, Video
from ..progress import track
from ..tables.frames import elapsed_s
from . import names
from .circles import Cut, Size
from .image_files import Header, Scale, read_frame
from .sources import Source
from .status import Frame, Status

UTC = "datetime64[us, UTC]"
SKY = (*POSITIONS, "sun_class", "moon_class")
UNDATED = "00000000"
"""The night of a video whose date stands neither in its name nor on its frames."""
CHECK_CLOCK = "check extract.stamp_box, extract.seconds_per_frame, ocr_utc.formats and ocr_utc.zones, or give --no-sky"
CHECK_NAMES = "check predict.image_time, or give --no-sky"

Read = Callable[[int], Frame]


@dataclass(frozen=True)
class Series:
    """Frames that belong together, in order.

    Parameters
    ----------
    name
        As the page and the messages call it.
    rows
        Source, file_stem (how the names of files made from the frame begin), frame_no, status, reason, utc, time_status
        and the columns of `SKY`, a row a frame; what is not known is null.
    read
        Number of a row -> its frame.
    sizes
        Widths and heights of the whole pictures that frames were cut from.
    notes
        What a person should know, in phrases.
    night
        The date YYYYMMDD of a video; empty where it is not known, and for images.
    """

    name: str
    rows: pd.DataFrame
    read: Read
    sizes: set[Size]
    notes: list[str] = field(default_factory=list)
    night: str = ""

    time_source = "found in the file names"

    @property
    def keogram_name(self) -> str:
        """The file of its keogram; empty where there is none, as images need not be of one night."""
        return ""

    def label_of(self, row: pd.Series) -> str:
        """What tells a frame from the others of its source."""
        return ""

    def time_advice(self, rows: pd.DataFrame) -> str:
        """What to do about rows whose times failed."""
        return CHECK_NAMES


@dataclass(frozen=True)
class VideoSeries(Series):
    """The frames of one video; their rows have elapsed_s too, seconds of sky since its start.

    Parameters
    ----------
    stem
        How the names of files made from the video begin.
    """

    stem: str = ""

    time_source = "read"

    @property
    def keogram_name(self) -> str:
        """The file of its keogram."""
        return f"{self.stem}_keogram.png"

    def label_of(self, row: pd.Series) -> str:
        """`frame 12`."""
        return f"frame {row['frame_no']}"

    def time_advice(self, rows: pd.DataFrame) -> str:
        """Settings to check; where too few frames were taken, to take more."""
        if (rows["time_status"] == "failed").all() and (rows["status"] == Status.OK).sum() < AGREEING:
            return f"at least {AGREEING} readings must agree, so take more frames by a smaller extract.interval_s"
        return CHECK_CLOCK


def with_sky(rows: pd.DataFrame, params: Params) -> pd.DataFrame:
    """Sun and Moon beside rows with `utc`; null where the time is."""
    sky = illuminated(pd.DatetimeIndex(rows["utc"]), params.site, params.illuminate)
    return rows.assign(**{name: sky[name].to_numpy() for name in SKY})


def without_times(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with empty times and skies."""
    numbers = dict.fromkeys(POSITIONS, np.nan)
    unknown = pd.Series(pd.NaT, rows.index, dtype=UTC)
    return rows.assign(utc=unknown, time_status=None, **numbers, sun_class=None, moon_class=None)


def of_video(source: Source, video: Video, params: Params, timed: bool, folder: Path) -> VideoSeries:
    """A video's frames, decoded into an empty folder as the stages `extract` and `ocr_utc` do it.

    `params.extract` holds this video's circle. Without `timed` no time is read.
    """
    date = names.night_in(video.path.name, params.extract.file_pattern)
    frames, samples = extract.decode_night(date or UNDATED, video, params.extract, folder)
    elapsed = elapsed_s(frames["pts_s"], params.extract)
    rows = pd.DataFrame({"source": source.name, "frame_no": frames["frame_no"], "status": frames["status"]})
    stems = [f"{source.stem}-{number:05d}" for number in frames["frame_no"]]
    rows = without_times(rows.assign(file_stem=stems, reason="", elapsed_s=elapsed))
    notes: list[str] = []
    if timed:
        strips = [samples.get(number) for number in frames["frame_no"]]
        texts = ocr_utc.read_texts(track(strips, f"{source.name}: times"), _strip, date or "", params)
        printed = names.night_of_texts([stamp.text for stamp in texts], params.ocr_utc)
        date = date or printed
        rows["time_status"] = "failed"
        if date:
            times, notes = ocr_utc.place_night(frames.assign(night=date), texts, params)
            rows = with_sky(rows.assign(utc=times["utc"], time_status=times["time_status"]), params)
            if (rows["time_status"] == "failed").all():
                notes += names.why_failed([stamp.text for stamp in texts], elapsed.to_numpy(), date, params.ocr_utc)

    def read(number: int) -> Frame:
        sample = samples[int(rows["frame_no"].iloc[number])]
        return Frame(Status.OK, decode_image(sample.picture.read_bytes()))

    return VideoSeries(source.name, rows, read, {(video.width, video.height)}, notes, date or "", source.stem)


def _strip(sample: Sample | None) -> np.ndarray | None:
    return None if sample is None else decode_image(sample.strip.read_bytes())[..., 0]


def of_images(
    images: Sequence[Source],
    headers: Mapping[Path, Header],
    cuts: Mapping[Size, Cut],
    scale: Scale,
    params: Params,
    timed: bool,
) -> Series:
    """Images in their order, each cut to the circle of its size; one whose header or size is unusable has a reason.

    Times are those that stand in the names, by `params.predict`; without `timed` none are sought.
    """
    paths = [image.path for image in images]
    faults = [_fault(headers[path], cuts) for path in paths]
    rows = without_times(
        pd.DataFrame(
            {
                "source": [image.name for image in images],
                "file_stem": [image.stem for image in images],
                "frame_no": range(len(images)),
                "status": [fault.status for fault in faults],
                "reason": [fault.reason for fault in faults],
            }
        )
    )
    notes: list[str] = []
    if timed:
        notes = names.notes_on_times([path.name for path in paths], params.predict)
        utc = pd.Series([names.time_in(path.name, params.predict) for path in paths], dtype=UTC)
        time_status = np.where(utc.isna(), "failed", "read")
        rows = with_sky(rows.assign(utc=utc, time_status=time_status), params)

    def read(number: int) -> Frame:
        path = paths[number]
        return read_frame(path, cuts[headers[path].size].circle, scale)

    sizes = {size for size, cut in cuts.items() if cut.circle}
    several = sum(headers[path].pictures > 1 for path in paths)
    if several:
        notes.append(f"{several} files hold several pictures; the first of each was classified, the others were not")
    return Series("images", rows, read, sizes, notes)


def _fault(header: Header, cuts: Mapping[Size, Cut]) -> Frame:
    """Why an image cannot be read or cut, before it is decoded; status ok where nothing is wrong so far."""
    if header.fault:
        return Frame(Status.CORRUPT, reason=header.fault)
    error = cuts[header.size].error
    return Frame(Status.NO_CIRCLE, reason=error.what) if error else Frame(Status.OK)
