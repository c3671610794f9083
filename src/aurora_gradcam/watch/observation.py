"""One picture observed: cut and classified as `aurora predict` does it, with Sun and Moon beside it."""

from __future__ import annotations

import hashlib
import math
import threading
from collections import deque
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..config import Circle, Params
from ..errors import DataError, InputError
from ..prediction import circles, image_files
from ..prediction.classifier import KIND_COLUMNS, NO_SKY, Classifier, classify_pictures
from ..prediction.find_circle import find_circle
from ..prediction.names import time_in
from ..prediction.status import Frame, Status
from ..preprocessing.sky import illuminated
from .arrival import Arrival

SEARCHED = 3
"""Pictures that the sky circle is sought in, together, until it is found."""
SKY = ("sun_altitude", "moon_altitude", "moon_illumination", "sun_class", "moon_class")
NUMBERS = ("p_aurora", "logit_no", "logit_yes")


@dataclass(frozen=True)
class Observation:
    """What one picture says; None is what it does not say.

    Parameters
    ----------
    digest
        Of the file's content: a picture counts once.
    time_status
        `read`: the time stands in the picture's name; `clock`: it is the file's, the server's or this machine's.
    kinds
        Those of KIND_COLUMNS for which there is a head.
    """

    source: str
    utc: datetime
    time_status: str
    digest: str
    sky: dict[str, Any]
    status: str = Status.OK
    reason: str = ""
    p_aurora: float | None = None
    is_aurora: bool | None = None
    logit_no: float | None = None
    logit_yes: float | None = None
    kinds: dict[str, Any] = field(default_factory=dict)

    @property
    def cloud(self) -> str:
        """Clear, broken or overcast; empty where it is not known."""
        return self.kinds.get("cloud") or ""

    @property
    def strength(self) -> float | None:
        """Kilorayleigh; of a picture that is called aurora."""
        return self.kinds.get("strength")

    def row(self) -> dict[str, Any]:
        """A row of tonight.csv."""
        tree = asdict(self)
        return {**{name: tree[name] for name in tree if name not in ("sky", "kinds")}, **self.sky, **self.kinds}


def digest_of(content: bytes) -> str:
    """What tells a picture from others."""
    return hashlib.blake2b(content, digest_size=12).hexdigest()


def time_of(arrival: Arrival, params: Params) -> tuple[datetime, str]:
    """When a picture was taken: as its name says, or else as its source does."""
    in_name = time_in(arrival.name, params.predict)
    return (in_name, "read") if in_name else (arrival.utc.astimezone(UTC), "clock")


def sky_at(utc: datetime, params: Params) -> dict[str, Any]:
    """Sun and Moon at a time."""
    (row,) = illuminated(pd.DatetimeIndex([utc]), params.site, params.illuminate).to_dict("records")
    return {name: row[name] for name in SKY}


class Observer:
    """Reads and classifies pictures of one camera; remembers what its pictures have in common."""

    def __init__(self, classifier: Classifier, params: Params, choice: circles.Choice = None) -> None:
        self.classifier, self.params, self.choice = classifier, params, choice
        self.lock = threading.Lock()
        self._cuts: dict[circles.Size, circles.Cut] = {}
        self._searched: dict[circles.Size, deque[np.ndarray]] = {}
        self._whites: dict[image_files.Kind, deque[float]] = {}

    def observe(
        self, arrival: Arrival, utc: datetime, time_status: str, sky: dict[str, Any]
    ) -> tuple[Observation, np.ndarray | None]:
        """The observation, and the square frame where there is one. `sky` is that of `sky_at(utc)`."""
        frame, row = self.read(arrival), {}
        if frame.picture is not None:
            with self.lock:  # a heat map's passes through the network must not be taken for this picture's
                (row,) = classify_pictures(self.classifier, [0], [frame.picture], 1).to_dict("records")
            if row[NO_SKY]:
                frame = Frame(Status.NO_SKY, reason=row[NO_SKY])
        observation = Observation(arrival.name, utc, time_status, digest_of(arrival.content), sky, frame.status.value,
                                  frame.reason)  # fmt: skip
        if frame.picture is None:
            return observation, None
        kinds = {name: _plain(row[name]) for name in KIND_COLUMNS if name in row}
        values = {name: float(row[name]) for name in NUMBERS}
        called = {**asdict(observation), **values, "is_aurora": bool(row["is_aurora"]), "kinds": kinds}
        return Observation(**called), frame.picture

    def read(self, arrival: Arrival) -> Frame:
        """The square frame of a picture, or why there is none."""
        header = image_files.read_header(arrival.content)
        if header.fault:
            return Frame(Status.CORRUPT, reason=header.fault)
        try:
            cut = self._cut(header.size, arrival)
            scale = self._scale(arrival.content) if header.is_deep else None
        except (InputError, DataError) as error:
            return Frame(Status.NO_CIRCLE, reason=error.what)
        except OSError as error:
            return Frame(Status.CORRUPT, reason=str(error))
        return image_files.read_frame(arrival.content, cut.circle, scale)

    def _cut(self, size: circles.Size, arrival: Arrival) -> circles.Cut:
        if size not in self._cuts:
            if self.choice == circles.AUTO:
                self._cuts[size] = circles.Cut(self._search(size, arrival))
            else:
                default = self.params.extract.circle
                self._cuts[size] = circles.Cut(circles.for_size(size, [Path(arrival.name)], self.choice, default))
        return self._cuts[size]

    def _search(self, size: circles.Size, arrival: Arrival) -> Circle:
        pictures = self._searched.setdefault(size, deque(maxlen=SEARCHED))
        pictures.append(image_files.read_picture(arrival.content))
        circle = find_circle(pictures)
        del self._searched[size]
        return circle

    def _scale(self, content: bytes) -> image_files.Scale:
        """White levels of the last pictures, as of those of a night."""
        kind, white = image_files.white_of(content)
        self._whites.setdefault(kind, deque(maxlen=image_files.SAMPLE)).append(white)
        return {kind: image_files.white_of_night(list(each)) for kind, each in self._whites.items()}


def _plain(value: Any) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value
