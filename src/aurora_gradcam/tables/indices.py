"""Geomagnetic indices in data/indices: Kp as text under Git, and the solar wind where it has been fetched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import DataError, InputError
from .table import UTC_TIME, Table, number, table, time

KP_FILE = Path("data/indices/kp.csv")
BIN_HOURS = 3
STARTS = tuple(range(0, 24, BIN_HOURS))
KP_COLUMNS = tuple(f"kp_{hour:02d}" for hour in STARTS)
HIGHEST = 9.0
THIRD_WITHIN = 0.01
"""Two decimals of a third, 3.33 and 3.67, are that far from it at most."""
FETCH = "run `aurora fetch --indices`, or restore the file from Git"

SOLAR_WIND: Table = table(
    "solar wind",
    "data/indices/omni/{month}.parquet",  # a file a year, which stands in the place of the month
    {
        "utc": time(UTC_TIME),  # start of the average
        "by": number(-300, 300, nullable=True),  # nT, GSM
        "bz": number(-300, 300, nullable=True),
        "speed": number(100, 4000, nullable=True),  # km/s
    },
    key=("utc",),
)


def read_kp(path: Path = KP_FILE) -> pd.Series:
    """Kp in units of Kp, 0 to 9, by the start of its bin of three hours.

    Returns
    -------
    float64, nan where not yet known; the index are UTC times, BIN_HOURS apart without a gap.

    Raises
    ------
    InputError
        No such file.
    DataError
        Not this layout; a day missing, twice or out of order; a number that is no Kp: a fill value, tenths or nT.
    """
    if not path.is_file():
        raise InputError("the file of Kp is missing", path, FETCH)
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(f"not readable as CSV: {' '.join(str(error).split())}", path, FETCH) from error
    if tuple(rows.columns) != ("date", *KP_COLUMNS):
        raise DataError(f"the columns must be date, {', '.join(KP_COLUMNS)}", path, FETCH)
    if rows.empty:
        raise DataError("there is no day in it", path, FETCH)
    days = _days(rows["date"], path)
    values = np.array([_values(row, path) for row in rows.itertuples(index=False)]).ravel()
    starts = pd.DatetimeIndex(days.repeat(len(STARTS))) + pd.to_timedelta(list(STARTS) * len(days), unit="h")
    return checked_kp(pd.Series(values, index=starts.as_unit("us"), name="kp"), path)


def _days(texts: pd.Series, path: Path) -> pd.DatetimeIndex:
    """The days as UTC midnights, each one day after the one before."""
    days = pd.DatetimeIndex(pd.to_datetime(texts, format="%Y-%m-%d", errors="coerce", utc=True))
    if days.isna().any():
        line = int(np.flatnonzero(days.isna())[0])
        raise DataError(f"'{texts.iloc[line]}' is no date such as 2024-02-01", f"{path}, line {line + 2}", FETCH)
    steps = np.diff(days.to_numpy()) / np.timedelta64(1, "D")
    if (steps != 1).any():
        place = int(np.flatnonzero(steps != 1)[0])
        what = "days are missing" if steps[place] > 1 else "days are out of order"
        between = f"{texts.iloc[place]} and {texts.iloc[place + 1]}"
        raise DataError(f"{what} between {between}", f"{path}, line {place + 3}", FETCH)
    return days


def _values(row: tuple[str, ...], path: Path) -> list[float]:
    try:
        return [float(text) if text.strip() else np.nan for text in row[1:]]
    except ValueError as error:
        raise DataError(f"{row[0]}: {error}", path, FETCH) from error


def checked_kp(kp: pd.Series, where: object) -> pd.Series:
    """The same values, or a DataError that names the first that is no Kp; `kp` as `read_kp` gives it."""
    known = kp.dropna()
    outside = known[(known < 0) | (known > HIGHEST)]
    if len(outside):
        value, when = outside.iloc[0], f"{outside.index[0]:%Y-%m-%d %H} UTC"
        kind = "a fill value" if value < 0 or value >= 99 else "perhaps tenths of Kp, or ap in nT"
        raise DataError(f"{value:g} at {when} is no Kp of 0 to 9 but {kind}", where, "write Kp in thirds: 3+ as 3.33")
    thirds = 3 * known
    between = known[(thirds - thirds.round()).abs() > 3 * THIRD_WITHIN]
    if len(between):
        when = f"{between.index[0]:%Y-%m-%d %H} UTC"
        raise DataError(f"{between.iloc[0]:g} at {when} is no third of Kp", where, "write 3- 3o 3+ as 2.67 3.00 3.33")
    return kp


def kp_text(kp: pd.Series) -> str:
    """Kp as the file holds it, a row a day; `kp` as `read_kp` gives it, whole days without a gap."""
    days = kp.to_numpy(dtype=np.float64).reshape(-1, len(STARTS))
    dates = pd.DatetimeIndex(kp.index)[:: len(STARTS)].strftime("%Y-%m-%d")
    lines = [
        ",".join([date, *("" if np.isnan(value) else f"{value:.2f}" for value in values)])
        for date, values in zip(dates, days, strict=True)
    ]
    return "\n".join([",".join(("date", *KP_COLUMNS)), *lines]) + "\n"


def read_solar_wind() -> pd.DataFrame | None:
    """All years of the solar wind that are here, in order of time; None where none is, which is the normal case."""
    years = sorted(path.stem for path in SOLAR_WIND.path("*").parent.glob("*.parquet"))
    if not years:
        return None
    return pd.concat([SOLAR_WIND.read(year) for year in years]).sort_values("utc", ignore_index=True)
