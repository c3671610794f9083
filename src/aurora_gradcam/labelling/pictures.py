"""The pictures that the page may show: frames asked for and their neighbours in time, as they lie in the archives."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..corpus import archive
from ..corpus.frame_ids import in_order, night_of, sort_key
from ..errors import DataError, InputError
from .questions import utc_text

WITHIN = pd.Timedelta(seconds=90)


@dataclass(frozen=True)
class Neighbour:
    """A frame beside another in time."""

    frame_id: str
    utc: str


@dataclass(frozen=True)
class Pictures:
    """`neighbours` by frame asked for: (before, after); `members` by frame that is shown: name in its night archive."""

    neighbours: dict[str, tuple[Neighbour | None, Neighbour | None]]
    members: dict[str, str]

    def read(self, frame_id: str) -> bytes:
        """The JPG of a frame of `members`, as it lies in the archive."""
        path = archive.night_path(archive.FRAMES, night_of(frame_id))
        return archive.read_member(path, self.members[frame_id])


def pictures_of(frame_ids: list[str], frames: pd.DataFrame, sky: pd.DataFrame) -> Pictures:
    """Find each frame's neighbours: the next pictures of its night with a known time, at most 90 s before and after.

    Parameters
    ----------
    frame_ids
        The frames asked for.
    frames, sky
        The tables `FRAMES` and `SKY`.

    Raises
    ------
    InputError
        A night archive is missing.
    DataError
        A frame that is asked for has no picture.
    """
    nights = {night_of(frame_id) for frame_id in frame_ids}
    for night in sorted(nights):
        if not (path := archive.night_path(archive.FRAMES, night)).exists():
            raise InputError("this night archive is missing", path, "run `dvc pull` or `dvc repro extract`")
    with_picture = frames.loc[frames["night"].isin(nights) & frames["member"].notna(), ["frame_id", "night", "member"]]
    timed = with_picture.merge(sky[["frame_id", "utc"]].dropna(), on="frame_id").sort_values(
        ["utc", "frame_id"], key=sort_key
    )
    of_night = timed.groupby("night")[["frame_id", "utc"]]
    beside = timed.join(of_night.shift(1).add_prefix("before_")).join(of_night.shift(-1).add_prefix("after_"))
    neighbours = {
        str(row["frame_id"]): (
            _near(row["utc"], row["before_frame_id"], row["before_utc"]),
            _near(row["utc"], row["after_frame_id"], row["after_utc"]),
        )
        for row in beside[beside["frame_id"].isin(frame_ids)].to_dict("records")
    }
    if missing := in_order(set(frame_ids) - set(neighbours)):
        path = archive.night_path(archive.FRAMES, night_of(missing[0]))
        what = f"{len(missing)} frames to label, such as {missing[0]}, have no picture"
        raise DataError(what, path, "run `dvc repro sample_label`")
    beside_them = (neighbour for pair in neighbours.values() for neighbour in pair if neighbour)
    served = {*frame_ids, *(neighbour.frame_id for neighbour in beside_them)}
    rows = timed[timed["frame_id"].isin(served)]
    return Pictures(neighbours, dict(zip(rows["frame_id"], rows["member"], strict=True)))


def _near(utc: pd.Timestamp, frame_id: str, other: pd.Timestamp) -> Neighbour | None:
    """The frame beside, or None where the night ends (NaT) or the gap is too wide."""
    return Neighbour(frame_id, utc_text(other)) if -WITHIN <= other - utc <= WITHIN else None
