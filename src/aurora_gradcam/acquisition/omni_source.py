"""A year of OMNI's solar wind in averages of five minutes, read from the text file of NASA's SPDF."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd

from ..errors import DataError

WORDS = 49
"""Words of a line of five minutes; files of one minute have three fewer, the proton fluxes."""
PLACES = {"year": 0, "day": 1, "hour": 2, "minute": 3, "by": 17, "bz": 18, "speed": 21}
FILLS = {"by": 9999.99, "bz": 9999.99, "speed": 99999.9}
"""What stands for a missing value."""
STEP = pd.Timedelta(minutes=5)
FIX = "set fetch.indices.omni to the address of SPDF's omni_5min{year}.asc or a file of its layout"


def parse_omni(content: bytes, year: int, where: object) -> pd.DataFrame:
    """utc, by, bz (GSM, nT) and speed (km/s) of every five minutes of a year, nan for fill values.

    Source: hroformat.txt of the High Resolution OMNI data set (King & Papitashvili 2005, J. Geophys. Res. 110, A02104):
    words 18 and 19 are By and Bz in GSM, word 22 is the flow speed; times are those of the start of the average.

    Raises
    ------
    DataError
        Another layout, another year, or records that are not five minutes apart.
    """
    try:
        lines = io.StringIO(content.decode("ascii"))
        rows = pd.read_csv(lines, sep=r"\s+", header=None, dtype=np.float64)
    except (UnicodeDecodeError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise DataError("this is not SPDF's file of OMNI", where, FIX) from error
    if rows.shape[1] != WORDS:
        raise DataError(f"lines of {rows.shape[1]} words, not the {WORDS} of OMNI in 5 minutes", where, FIX)
    rows = rows[list(PLACES.values())].set_axis(list(PLACES), axis=1)
    if (rows["year"] != year).any():
        raise DataError(f"these are records of {rows['year'].iloc[0]:.0f}, not of {year}", where, FIX)
    since = pd.to_timedelta((rows["day"] - 1) * 1440 + rows["hour"] * 60 + rows["minute"], unit="min")
    utc = pd.Timestamp(year, 1, 1, tz="UTC") + since
    if (utc.diff().iloc[1:] != STEP).any():
        raise DataError("its records are not five minutes apart", where, FIX)
    values = {name: rows[name].where(rows[name] != fill) for name, fill in FILLS.items()}
    return pd.DataFrame({"utc": utc.dt.as_unit("us"), **values})
