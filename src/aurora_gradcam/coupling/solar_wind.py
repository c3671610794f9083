"""The solar wind's coupling with the magnetosphere, before an hour and at a lag."""

from __future__ import annotations

import numpy as np
import pandas as pd

STEP = pd.Timedelta(minutes=5)
HOURS_BEFORE = 4.0
"""Hours that the coupling is averaged over: aurora answers the solar wind of some hours, not of a moment (Newell et al.
2007 find 2 to 4 of them for most of their ten measures of activity)."""
MOST_MISSING = 0.5
"""Share of the records of a mean that may be missing."""


def newell_coupling(by: np.ndarray, bz: np.ndarray, speed: np.ndarray) -> np.ndarray:
    """v^(4/3) B_T^(2/3) sin^(8/3)(theta / 2), the rate at which magnetic flux is opened, up to a constant.

    Newell, Sotirelis, Liou, Meng & Rich 2007, J. Geophys. Res. 112, A01206. B_T = sqrt(By^2 + Bz^2) and theta is the
    clock angle of (By, Bz) against north, so that the rate is 0 for a field due north.

    Parameters
    ----------
    by, bz
        Interplanetary magnetic field in GSM, nT, (n,).
    speed
        Of the solar wind, km/s, (n,).

    Returns
    -------
    (km/s)^(4/3) nT^(2/3), (n,); nan where any of the three is.
    """
    transverse, clock = np.hypot(by, bz), np.arctan2(by, bz)
    return speed ** (4 / 3) * transverse ** (2 / 3) * np.abs(np.sin(clock / 2)) ** (8 / 3)


def coupling_series(solar_wind: pd.DataFrame) -> pd.Series:
    """Newell's rate at even steps of five minutes, by their start; nan where there is no record.

    solar_wind : utc, by, bz, speed, as `tables.indices.read_solar_wind` gives it, at least one row.
    """
    rates = newell_coupling(*(solar_wind[name].to_numpy(dtype=np.float64) for name in ("by", "bz", "speed")))
    series = pd.Series(rates, index=pd.DatetimeIndex(solar_wind["utc"]), name="coupling").sort_index()
    return series.reindex(pd.date_range(series.index[0], series.index[-1], freq=STEP))


def mean_before(series: pd.Series, utc: pd.DatetimeIndex, hours: float = HOURS_BEFORE, lag: float = 0.0) -> np.ndarray:
    """Mean of the records of the `hours` that end `lag` hours before each time.

    Parameters
    ----------
    series
        As `coupling_series` gives it.
    utc
        Times with a zone, (n,).

    Returns
    -------
    float64 (n,); nan where more than MOST_MISSING of the records are missing, or no record is near.
    """
    count = round(hours / (STEP / pd.Timedelta(hours=1)))
    means = series.rolling(count, min_periods=int(np.ceil(count * (1 - MOST_MISSING)))).mean()
    last = (utc - pd.Timedelta(hours=lag)).floor(STEP) - STEP  # the last record that is over
    return means.reindex(last).to_numpy(dtype=np.float64)
