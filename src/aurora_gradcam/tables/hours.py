"""Table hours: every hour of universal time with enough dark frames, its activity, and its chances of aurora."""

from __future__ import annotations

import pandera.pandas as pa

from .table import NIGHT, UTC_TIME, number, table, text, time

HOURS_TABLE = table(
    "hours",
    "data/tables/hours.parquet",
    {
        "night": text(NIGHT),
        "utc": time(UTC_TIME),  # start of the hour
        "frames": number(1, kind="int64"),  # dark and classified
        "aurora_share": number(0, 1),  # of the frames, called aurora
        "has_aurora": pa.Column("bool", coerce=True),
        "magnetic_local_time": number(0, 24),  # hours, in the middle of the hour
        "kp": number(0, 9),  # of the bin that holds the hour: known only when it is over
        "kp_before": number(0, 9),  # of the last bin that is over when the hour begins
        "kp_day": number(0, 9),  # mean of the eight bins that are over
        "p_nowcast": number(0, 1, nullable=True),  # logistic regression on the other nights
        "p_forecast": number(0, 1, nullable=True),
    },
    key=("night", "utc"),
)
