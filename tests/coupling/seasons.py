"""Seasons of outcomes without pictures: hours of nights whose aurora follows a law that is known.

P(aurora in an hour) = expit(a + b Kp + c cos(MLT - 23 h)), with the real Kp. Hours of one night are alike beyond what
Kp explains: a Gaussian copula ties them together and leaves each hour's probability as the law has it.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm

from aurora_gradcam.config import Site
from aurora_gradcam.coupling import hours
from aurora_gradcam.simulation.activity import MIDNIGHT
from aurora_gradcam.tables.indices import read_kp

ROOT = Path(__file__).parents[2]
START, SLOPE, DIURNAL = -1.5, 0.7, 0.6
ALIKE = 0.3
"""Correlation of the copula within a night."""
HOURS = range(3, 13)
"""Of universal time: the dark ones at Yellowknife."""


@functools.cache
def kp() -> pd.Series:
    return read_kp(ROOT / "data/indices/kp.csv")


def law(kp_of_hour: np.ndarray, magnetic_hour: np.ndarray) -> np.ndarray:
    """P(aurora), (n,)."""
    return expit(START + SLOPE * kp_of_hour + DIURNAL * np.cos(np.radians(15 * (magnetic_hour - MIDNIGHT))))


@functools.cache
def calendar(year: int) -> pd.DataFrame:
    """The hours of every night from September to March, as `hours.described` gives them, without outcome."""
    mornings = pd.date_range(f"{year}-09-01", f"{year + 1}-03-31", freq="D", tz="UTC")
    rows = [(f"{morning:%Y%m%d}", morning + pd.Timedelta(hours=hour)) for morning in mornings for hour in HOURS]
    frame = pd.DataFrame(rows, columns=["night", "utc"]).assign(frames=60, aurora_share=0.0, has_aurora=False)
    return hours.described(frame.assign(utc=frame["utc"].dt.as_unit("us")), kp(), Site())


def season(seed: int, nights: int = 120, years: tuple[int, ...] = (2022,)) -> pd.DataFrame:
    """Hours of some nights of each of these years with outcomes drawn from the law."""
    generator = np.random.default_rng(seed)
    every = pd.concat([calendar(year) for year in years], ignore_index=True)
    chosen = generator.choice(every["night"].unique(), nights, replace=False)
    rows = every[every["night"].isin(chosen)].reset_index(drop=True)
    names, of_row = np.unique(rows["night"], return_inverse=True)
    shared, own = generator.standard_normal(len(names))[of_row], generator.standard_normal(len(rows))
    level = norm.cdf(np.sqrt(ALIKE) * shared + np.sqrt(1 - ALIKE) * own)
    p = law(rows["kp"].to_numpy(), rows["magnetic_local_time"].to_numpy())
    rows = rows.assign(has_aurora=level < p, p_law=p)
    return rows.assign(previous=hours.previous(rows))


def frames(rows: pd.DataFrame, count: int = 6) -> pd.DataFrame:
    """`count` dark frames in each hour, all called as the hour's outcome."""
    every = rows.loc[rows.index.repeat(count), ["night", "utc", "has_aurora"]].reset_index(drop=True)
    minutes = pd.to_timedelta(np.tile(np.arange(count), len(rows)), unit="min")
    return every.assign(utc=every["utc"] + minutes, sun_class="Night", moon_class="No_Moon").rename(
        columns={"has_aurora": "is_aurora"}
    )
