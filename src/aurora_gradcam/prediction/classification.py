"""A series classified: P(yes) of every good frame, by the same path as evaluation, and the keogram of a video."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..drawing import style
from ..drawing.keogram import middle_line
from ..drawing.night_plot import TIME, Night, night_keogram
from ..inference.classify import ahead, helpers
from ..progress import track
from ..tables.frames import SIMULATED_PREFIX
from .classifier import NO_SKY, Classifier, classify_pictures
from .series import SKY, Series
from .status import Status

LINES = 180
"""Height of a keogram in pixels."""
DPI = 150
"""Of a keogram's file."""
ELAPSED = "time since the video's start (hours:minutes); the clock is not known"
_START = pd.Timestamp("2000-01-01", tz="UTC")


@dataclass(frozen=True)
class Classification:
    """The rows of a series with their predictions beside them, and its keogram's columns.

    Parameters
    ----------
    rows
        Those of the series, with logit_no, logit_yes, p_aurora and is_aurora (null where there is no picture), and
        those of KIND_COLUMNS for which the model has a head.
    lines
        Of a series with a keogram, uint8 RGB (`LINES`, n, 3), a column for each frame with a prediction.
    """

    rows: pd.DataFrame
    lines: np.ndarray | None


def classify_series(series: Series, classifier: Classifier, batch_size: int) -> Classification:
    """Classify every frame whose status is ok; reading a picture may change its status and give a reason.

    A picture that shows no night sky by `classifier.sky_check` gets no probability.
    """
    status, reason = (series.rows[name].to_numpy(dtype=object).copy() for name in ("status", "reason"))
    wanted = np.flatnonzero(status == Status.OK).tolist()
    good: list[int] = []
    # in one piece: small arrays that outlive the pictures would keep freed memory in pieces too small for the next
    lines = np.zeros((LINES, len(wanted), 3), np.uint8) if series.keogram_name else None

    def pictures() -> Iterator[np.ndarray]:
        frames = ahead(series.read, wanted, helpers(classifier.network), batch_size)
        for number, frame in zip(wanted, track(frames, f"{series.name}: classify", len(wanted)), strict=True):
            status[number], reason[number] = frame.status, frame.reason
            if frame.picture is not None:
                if lines is not None:
                    lines[:, len(good)] = middle_line(frame.picture, LINES)
                good.append(number)
                yield frame.picture

    predicted = classify_pictures(classifier, good, pictures(), batch_size)
    why = predicted.pop(NO_SKY)
    is_sky = (why == "").to_numpy()
    refused = why.index[~is_sky]
    status[refused], reason[refused] = Status.NO_SKY, why[refused]
    rows = series.rows.assign(status=status, reason=reason).join(predicted[is_sky])
    rows["is_aurora"] = rows["is_aurora"].astype("boolean")
    return Classification(rows, lines[:, : len(good)][:, is_sky] if lines is not None else None)


def write_keogram(
    series: Series, classification: Classification, threshold: float, interval_s: float, folder: Path
) -> Path | None:
    """Write the keogram over P(yes), twilight and Moon as PNG; None where the series has none.

    Over UTC, or where no time is known over the time since the video's start, then without Sun and Moon.
    """
    frames = classification.rows.dropna(subset=["p_aurora"]).reset_index(drop=True)
    if classification.lines is None or frames.empty:
        return None
    timed = frames["utc"].notna()
    if timed.any():
        drawn, time = frames[timed], TIME
    else:
        drawn, time = frames.assign(utc=_START + pd.to_timedelta(frames["elapsed_s"], unit="s")), ELAPSED
        drawn = drawn.drop(columns=list(SKY))
    drawn = drawn.sort_values("utc", kind="stable").assign(night=series.night or series.name, label=pd.NA)
    night = Night(drawn.reset_index(drop=True), classification.lines[:, drawn.index])
    path = folder / series.keogram_name
    with style.applied():
        figure = night_keogram(night, threshold, interval_s, time)
        if Path(series.name).name.startswith(SIMULATED_PREFIX):
            style.say_simulated(figure)
        style.save(figure, path, DPI)
    return path
