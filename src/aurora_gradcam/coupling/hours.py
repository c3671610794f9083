"""Frames gathered to hours: whether aurora was seen, and what is known of activity, season and sky."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..conditions import DARK_SUN_CLASSES
from ..config import Couple, Site
from ..inference.magnetic import magnetic_local_time
from .activity import day_before_kp, forecast_kp, nowcast_kp

HOUR = pd.Timedelta(hours=1)
YEAR_DAYS = 365.2425
KNOWN_KP = ["kp", "kp_before", "kp_day"]


def gathered(frames: pd.DataFrame, settings: Couple) -> pd.DataFrame:
    """Every hour of universal time of a night with enough dark frames.

    Parameters
    ----------
    frames
        Columns night, utc, sun_class, moon_class, is_aurora, and p_clear where the classifier tells cloud.

    Returns
    -------
    night, utc (start of the hour), frames, aurora_share, has_aurora, and cloud (mean chance that the sky is not clear)
    where it is known; in order.
    """
    dark = frames[frames["sun_class"].isin(DARK_SUN_CLASSES) & frames["moon_class"].notna() & frames["utc"].notna()]
    by_hour = dark.assign(utc=dark["utc"].dt.floor("h")).groupby(["night", "utc"])
    columns = {"frames": by_hour.size(), "aurora_share": by_hour["is_aurora"].mean()}
    if "p_clear" in dark:
        columns["cloud"] = 1 - by_hour["p_clear"].mean()
    hours = pd.DataFrame(columns).reset_index()
    hours = hours[hours["frames"] >= settings.frames_per_hour].reset_index(drop=True)
    return hours.assign(has_aurora=hours["aurora_share"] >= settings.hour_share)


def described(hours: pd.DataFrame, kp: pd.Series, site: Site) -> pd.DataFrame:
    """The hours whose Kp is known, with what chances can be told from.

    Parameters
    ----------
    hours
        As `gathered` gives them.
    kp
        As `tables.indices.read_kp` gives it.

    Returns
    -------
    The columns of `hours`, and kp, kp_before, kp_day (`activity`), magnetic_local_time and its sine and cosine, month,
    sine and cosine of the time of year, previous (1: aurora in the hour before, 0: none, nan: not seen), season.
    """
    utc = pd.DatetimeIndex(hours["utc"])
    middle = utc + HOUR / 2
    activity = {"kp": nowcast_kp(kp, utc), "kp_before": forecast_kp(kp, utc), "kp_day": day_before_kp(kp, utc)}
    magnetic = magnetic_local_time(pd.Series(middle, index=hours.index), site.latitude, site.longitude)
    turn, year = 2 * np.pi * magnetic / 24, 2 * np.pi * middle.dayofyear.to_numpy() / YEAR_DAYS
    rows = hours.assign(
        **activity,
        magnetic_local_time=magnetic,
        magnetic_sine=np.sin(turn),
        magnetic_cosine=np.cos(turn),
        month=middle.month,
        year_sine=np.sin(year),
        year_cosine=np.cos(year),
        previous=previous(hours),
        season=seasons(utc, site.latitude),
    )
    return rows.dropna(subset=KNOWN_KP).reset_index(drop=True)


def previous(hours: pd.DataFrame) -> np.ndarray:
    """Whether the hour before had aurora in the same night: 1, 0, or nan where it was not seen, (n,)."""
    by_hour = pd.MultiIndex.from_arrays([hours["night"], hours["utc"]])
    seen = pd.Series(hours["has_aurora"].to_numpy(dtype=np.float64), index=by_hour)
    return seen.reindex(pd.MultiIndex.from_arrays([hours["night"], hours["utc"] - HOUR])).to_numpy()


def seasons(utc: pd.DatetimeIndex, latitude: float) -> np.ndarray:
    """The dark season of each time: from July to June in the north (2023: 2023/24), the calendar year in the south."""
    return np.where((utc.month < 7) & (latitude >= 0), utc.year - 1, utc.year)
