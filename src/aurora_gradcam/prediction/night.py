"""The keogram of one classified video, over P(yes), twilight and Moon."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..drawing import style
from ..drawing.night_plot import TIME, Night, night_keogram
from ..tables.frames import SIMULATED_PREFIX
from .classified import Classified
from .series import SKY, Series

DPI = 150
ELAPSED = "time since the video's start (hours:minutes); the clock is not known"
_START = pd.Timestamp("2000-01-01", tz="UTC")


def write_keogram(series: Series, found: Classified, threshold: float, interval_s: float, path: Path) -> Path | None:
    """Write the PNG; None where no frame could be classified.

    Over UTC, or where no time is known over the time since the video's start, then without Sun and Moon.
    """
    frames = found.rows.dropna(subset=["p_aurora"]).reset_index(drop=True)
    if frames.empty:
        return None
    timed = frames["utc"].notna()
    if timed.any():
        shown, time = frames[timed], TIME
    else:
        shown, time = frames.assign(utc=_START + pd.to_timedelta(frames["elapsed_s"], unit="s")), ELAPSED
        shown = shown.drop(columns=list(SKY))
    shown = shown.sort_values("utc", kind="stable").assign(night=series.night or series.name, label=pd.NA)
    night = Night(shown.reset_index(drop=True), found.lines[:, shown.index])
    with style.applied():
        figure = night_keogram(night, threshold, interval_s, time)
        if Path(series.name).name.startswith(SIMULATED_PREFIX):
            style.say_simulated(figure)
        style.save(figure, path, DPI)
    return path
