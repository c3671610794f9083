"""Intervals in which aurora is seen: neighbouring frames that are called aurora, night by night."""

from __future__ import annotations

import pandas as pd

LONGEST_GAP = 2.5
"""Times between frames after which an interval ends: one frame between may be missing."""
COLUMNS = ("night", "start", "end", "frames", "p_aurora_mean", "p_aurora_max", "simulated")


def occurrence_intervals(rows: pd.DataFrame, interval_s: float) -> pd.DataFrame:
    """The intervals of aurora, in order: `COLUMNS`, times in UTC, both ends included.

    Frames without a time or without a prediction belong to none; a frame that is called no ends one.

    Parameters
    ----------
    rows
        Columns night, utc, p_aurora, is_aurora (null without a prediction), simulated.
    interval_s
        Seconds between frames.
    """
    timed = rows[rows["utc"].notna() & rows["is_aurora"].notna()].sort_values(["night", "utc"], ignore_index=True)
    if timed.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    called = timed["is_aurora"].astype(bool)
    apart = timed["utc"].diff() > pd.Timedelta(seconds=LONGEST_GAP * interval_s)
    changes = (timed["night"] != timed["night"].shift()) | (called != called.shift()) | apart
    aurora = timed[called].groupby(changes.cumsum()[called])
    return aurora.agg(
        night=("night", "first"),
        start=("utc", "min"),
        end=("utc", "max"),
        frames=("utc", "size"),
        p_aurora_mean=("p_aurora", "mean"),
        p_aurora_max=("p_aurora", "max"),
        simulated=("simulated", "any"),
    ).reset_index(drop=True)
