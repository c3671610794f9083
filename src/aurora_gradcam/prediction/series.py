"""A video or a set of images as a series of frames: a row each, its time and sky, and its picture on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ..config import Circle, Params
from ..images import decode_image
from ..preprocessing import extract, ocr_utc
from ..preprocessing.sky import POSITIONS, illuminated
from ..preprocessing.video import Sample, Video
from ..progress import track
from . import names, pictures
from .circles import Size

UTC = "datetime64[us, UTC]"
SKY = (*POSITIONS, "sun_class", "moon_class")
UNDATED = "00000000"
"""The night of a video whose date neither its name nor its frames tell."""

Read = Callable[[int], tuple[str, np.ndarray | None]]


@dataclass(frozen=True)
class Series:
    """Frames that belong together, in order.

    rows : source, frame_no, status, utc, time_status and the columns of `SKY`, a row a frame; what is not known is
        null. A video's have elapsed_s too: seconds of sky since its start.
    read : number of a row -> its status and, where that is ok, its masked square picture, uint8 RGB.
    sizes : widths and heights of the whole pictures that frames were cut from.
    night : the date YYYYMMDD of a video; empty where it is not known, and for images.
    notes : what a person should know, in phrases.
    """

    name: str
    rows: pd.DataFrame
    read: Read
    sizes: set[Size]
    is_video: bool = False
    night: str = ""
    notes: list[str] = field(default_factory=list)


def with_sky(rows: pd.DataFrame, params: Params) -> pd.DataFrame:
    """Sun and Moon beside rows with `utc`; null where the time is."""
    sky = illuminated(pd.DatetimeIndex(rows["utc"]), params.site, params.illuminate)
    return rows.assign(**{name: sky[name].to_numpy() for name in SKY})


def untimed(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with empty times and skies."""
    numbers = dict.fromkeys(POSITIONS, np.nan)
    unknown = pd.Series(pd.NaT, rows.index, dtype=UTC)
    return rows.assign(utc=unknown, time_status=None, **numbers, sun_class=None, moon_class=None)


def of_video(name: str, video: Video, params: Params, timed: bool, folder: Path) -> Series:
    """A video's frames, decoded into an empty folder as the stages `extract` and `ocr_utc` do it.

    `params.extract` holds this video's circle. Without `timed` no time is read.
    """
    date = names.night_in(video.path.name, params.extract.file_pattern)
    frames, samples = extract.decode_night(date or UNDATED, video, params.extract, folder)
    elapsed_s = frames["pts_s"] * params.extract.nominal_fps * params.extract.seconds_per_frame
    rows = pd.DataFrame({"source": name, "frame_no": frames["frame_no"], "status": frames["status"]})
    rows, notes = untimed(rows.assign(elapsed_s=elapsed_s)), []
    if timed:
        strips = [samples.get(number) for number in frames["frame_no"]]
        texts = ocr_utc.read_texts(track(strips, f"{name}: times"), _strip, date or "", params)
        seen = names.night_of_texts([stamp.text for stamp in texts], params.ocr_utc)
        date = date or seen
        rows["time_status"] = "failed"
        if date:
            times, notes = ocr_utc.place_night(frames.assign(night=date), texts, params)
            rows = with_sky(rows.assign(utc=times["utc"], time_status=times["time_status"]), params)
            if (rows["time_status"] == "failed").all():
                notes += names.why_failed([stamp.text for stamp in texts], elapsed_s.to_numpy(), date, params.ocr_utc)

    def read(number: int) -> tuple[str, np.ndarray | None]:
        sample = samples[int(rows["frame_no"].iloc[number])]
        return "ok", decode_image(sample.picture.read_bytes())

    return Series(name, rows, read, {(video.width, video.height)}, True, date or "", notes)


def _strip(sample: Sample | None) -> np.ndarray | None:
    return None if sample is None else decode_image(sample.strip.read_bytes())[..., 0]


def of_images(
    images: dict[str, Path], sizes: dict[Path, Size], circles: dict[Size, Circle | None], params: Params, timed: bool
) -> Series:
    """Images in their order, each cut to the circle of its size; one without a size is corrupt.

    Times are those that stand in the names, by `params.predict`; without `timed` none are sought.
    """
    paths = list(images.values())
    status = ["ok" if path in sizes else "corrupt" for path in paths]
    rows = untimed(pd.DataFrame({"source": list(images), "frame_no": range(len(paths)), "status": status}))
    notes: list[str] = []
    if timed:
        notes = names.notes_on_times([path.name for path in paths], params.predict)
        utc = pd.Series([names.time_in(path.name, params.predict) for path in paths], dtype=UTC)
        time_status = np.where(utc.isna(), "failed", "read")
        rows = with_sky(rows.assign(utc=utc, time_status=time_status), params)

    def read(number: int) -> tuple[str, np.ndarray | None]:
        return pictures.framed(paths[number], circles[sizes[paths[number]]])

    cut = {size for size, circle in circles.items() if circle}
    return Series("images", rows, read, cut, notes=notes)
