"""GFZ's file of Kp since 1932, read, and joined with what is known."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd

from ..errors import DataError
from ..tables.indices import BIN_HOURS, STARTS, checked_kp

COLUMNS = ("year", "month", "day", "hour", "middle", "days", "days_middle", "kp", "ap", "definitive")
"""YYY MM DD hh.h hh._m days days_m Kp ap D, as the head of the file names them."""
UNKNOWN = -1.0
STEP = pd.Timedelta(hours=BIN_HOURS)
FIX = "set fetch.indices.kp to the address of GFZ's Kp_ap_since_1932.txt or a file of its layout"


def parse_kp(content: bytes, where: object) -> pd.Series:
    """Kp by the start of its bin, as `tables.indices.read_kp` gives it; nan for -1, which stands for missing data.

    Source: the head of Kp_ap_since_1932.txt, GFZ Helmholtz Centre for Geosciences, doi:10.5880/Kp.0001.

    Raises
    ------
    DataError
        Another layout, a bin missing or out of order, or a number that is no Kp.
    """
    try:
        text = io.StringIO(content.decode("ascii"))
        rows = pd.read_csv(text, sep=r"\s+", comment="#", header=None, dtype=np.float64)
    except (UnicodeDecodeError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise DataError("this is not GFZ's file of Kp", where, FIX) from error
    if rows.shape[1] != len(COLUMNS):
        raise DataError(f"lines of {rows.shape[1]} fields, not the {len(COLUMNS)} of GFZ's file of Kp", where, FIX)
    rows.columns = pd.Index(COLUMNS)
    starts = pd.to_datetime(rows[["year", "month", "day", "hour"]], errors="coerce", utc=True)
    steps = starts.diff().iloc[1:]
    if starts.isna().any() or (steps != STEP).any() or starts.iloc[0].hour % BIN_HOURS:
        raise DataError("its bins are not three hours apart", where, FIX)
    values = rows["kp"].where(rows["kp"] != UNKNOWN).to_numpy()
    kp = pd.Series(values, index=pd.DatetimeIndex(starts).as_unit("us"), name="kp")
    return checked_kp(kp, where).round(2)


def joined(known: pd.Series | None, new: pd.Series, first: pd.Timestamp) -> pd.Series:
    """New values where there are any, else the known ones: whole days from `first`, or the first known day before it.

    Parameters
    ----------
    known, new
        As `tables.indices.read_kp` gives them; None: no file yet.
    first
        Midnight of the first day that is wanted, UTC.
    """
    both = new if known is None else new.combine_first(known)
    start = first if known is None else min(first, known.index[0])
    held = both.dropna().index
    if held.empty or held[-1] < start:
        raise DataError("the file of Kp holds no value from this day on", f"{start:%Y-%m-%d}", FIX)
    days = pd.date_range(start, held[-1].floor("D") + pd.Timedelta(hours=STARTS[-1]), freq=STEP, unit="us")
    return both.reindex(days)
