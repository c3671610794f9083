"""When the Sun lets a camera see the night sky again."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from ..config import Params
from ..preprocessing.sky import sun_and_moon

AHEAD_H = 48
"""How far ahead the next dusk is sought; in summer it may be weeks away."""
STEP_MIN = 2


def next_dusk(utc: datetime, params: Params) -> datetime | None:
    """The first time from `utc` on, to `STEP_MIN` minutes, at which the Sun is not above `watch.sun_max`."""
    steps = range(0, AHEAD_H * 60, STEP_MIN)
    times = pd.DatetimeIndex([utc + timedelta(minutes=step) for step in steps])
    sun = sun_and_moon(times, params.site, params.illuminate.ephemeris)["sun_altitude"].to_numpy()
    dark = np.flatnonzero(sun <= params.watch.sun_max)
    return times[dark[0]].to_pydatetime() if len(dark) else None
