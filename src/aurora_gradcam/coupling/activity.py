"""Geomagnetic activity at given times: what was known then, and what only became known later.

A bin of Kp holds three hours and is known only when they are over. The bin that holds a time is therefore a nowcast,
made in hindsight; a forecast may use earlier bins alone.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..tables.indices import BIN_HOURS

BIN = pd.Timedelta(hours=BIN_HOURS)
DAY_BINS = 24 // BIN_HOURS


def bin_start(utc: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Start of the bin of Kp that holds each time; bins begin at 00, 03, ... 21 UTC."""
    return utc.floor(BIN)


def nowcast_kp(kp: pd.Series, utc: pd.DatetimeIndex) -> np.ndarray:
    """Kp of the bin that holds each time, which is known only when the bin is over; nan where the file has none.

    Parameters
    ----------
    kp
        As `tables.indices.read_kp` gives it.
    utc
        Times with a zone, (n,).
    """
    return kp.reindex(bin_start(utc)).to_numpy(dtype=np.float64)


def forecast_kp(kp: pd.Series, utc: pd.DatetimeIndex) -> np.ndarray:
    """Kp of the last bin that is over at each time; arguments and nan as in `nowcast_kp`."""
    return kp.reindex(bin_start(utc) - BIN).to_numpy(dtype=np.float64)


def day_before_kp(kp: pd.Series, utc: pd.DatetimeIndex) -> np.ndarray:
    """Mean Kp of the last eight bins that are over at each time; arguments as in `nowcast_kp`; nan where one lacks."""
    return kp.rolling(DAY_BINS).mean().reindex(bin_start(utc) - BIN).to_numpy(dtype=np.float64)
