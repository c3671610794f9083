"""Intervals by drawing whole nights again: frames of one night are alike, so the night is the unit that repeats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

MIN_NIGHTS = 5
"""With fewer nights no number is given: five draws of five can look alike by chance, and the interval means nothing."""
DRAWS = 2000
"""Enough for 95 % limits to a few percent of their width (Efron & Tibshirani 1993, chapter 14)."""
SHARE = (0.0, 1.0)
UNSEEN = 0.25
"""Nights unlike all seen, in nights, see `limits`: of 0, 1/4, 1/2 and 1 the least with which 95 % intervals of shares
of 5 to 60 % held the truth as often as promised, with 12 to 30 nights (tests/benchmarks/coverage.py). For
nights that are all yes or all no, 1 gives the limits of Clopper & Pearson 1934 and 1/2 about those of Jeffreys (Brown,
Cai & DasGupta 2001, Statistical Science 16, 101)."""


@dataclass(frozen=True)
class Estimate:
    """A number with its interval, and the frames and nights that it rests on.

    value, low and high are nan where there are fewer than MIN_NIGHTS nights or where the number has no definition.
    """

    value: float
    low: float
    high: float
    frames: int
    nights: int

    def as_dict(self) -> dict[str, float | int | bool]:
        """value, low, high, frames, nights; and `too_few_nights` (True) only where that is why there is no value."""
        known = {"value": self.value, "low": self.low, "high": self.high, "frames": self.frames, "nights": self.nights}
        return known | ({"too_few_nights": True} if self.nights < MIN_NIGHTS else {})


def multiplicities(nights: np.ndarray, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """How often each night is drawn in a bootstrap resample of the nights.

    Parameters
    ----------
    nights
        (n,) the night of each row.
    draws, seed
        How many draws; the same seed and nights give the same draws.

    Returns
    -------
    int64 (draws, number of nights), each row summing to the number of nights, in the order of np.unique(nights); and
    int64 (n,), the place of each row's night in that order.
    """
    names, of_row = np.unique(nights, return_inverse=True)
    count = len(names)
    if count == 0:
        return np.zeros((draws, 0), dtype=np.int64), of_row
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws), of_row


def limits(
    value: float,
    drawn: np.ndarray,
    nights: int,
    level: float = 0.95,
    bounds: tuple[float, float] | None = None,
    seed: int = 0,
) -> tuple[float, float]:
    """Limits of a value from its bootstrap draws: expanded percentiles and, within bounds, room for nights not seen.

    Plain percentiles are too narrow for few nights: they divide by n instead of n - 1 and use the normal instead of
    Student's distribution. Hesterberg 2015 (The American Statistician 69, 371) takes the percentiles further out to
    make up for both; the limits keep within the statistic's range.

    Where many nights are without aurora, or without an error, a sample often lacks the few nights that matter, and no
    drawing again brings them back. For a mean within known `bounds` Gaffke 2005 (Metrika 62, 349) adds one night at the
    worse bound when looking for each limit; with nights that are all yes or all no this is the interval of Clopper &
    Pearson. Here it is a part of a night, `UNSEEN`: each draw is mixed with the bound, whose share is a draw from
    Beta(UNSEEN, nights). It also keeps a share of exactly 0 or 1 from having an interval without width.

    Parameters
    ----------
    drawn
        (draws,) the statistic of each draw. One without a number may be anything within the bounds; where there are
        no bounds it is left out.
    nights
        How many nights stand behind the value.

    Returns
    -------
    low <= value <= high; nan both without a value, or with half of the draws or more without a number.
    """
    undefined = ~np.isfinite(drawn)
    if not np.isfinite(value) or 2 * undefined.sum() >= len(drawn):
        return np.nan, np.nan
    reach = np.sqrt(nights / (nights - 1)) * stats.t.ppf((1 + level) / 2, nights - 1)
    outer = stats.norm.cdf([-reach, reach])
    if bounds is None:
        low, high = np.quantile(drawn[~undefined], outer)
    else:
        unseen = np.random.default_rng(seed).beta(UNSEEN, nights, len(drawn))
        worst = (np.where(undefined, bound, drawn + unseen * (bound - drawn)) for bound in bounds)
        low, high = (np.quantile(mixed, at) for mixed, at in zip(worst, outer, strict=True))
    return min(float(low), value), max(float(high), value)


def interval(
    statistic: Callable[[np.ndarray], float],
    nights: np.ndarray,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
    bounds: tuple[float, float] | None = None,
) -> Estimate:
    """A statistic with its interval over whole nights.

    Parameters
    ----------
    statistic
        Takes row weights, float64 (n,), and returns a number, or nan where it has none; all ones give the value
        itself.
    nights
        (n,) the night of each row.
    level
        How often such an interval is to hold the true number.
    bounds
        SHARE for a share; only for what is, or is close to, a mean over nights, see `limits`.
    """
    drawn_nights, of_row = multiplicities(nights, draws, seed)
    rows, count = len(of_row), drawn_nights.shape[1]
    value = float(statistic(np.ones(rows))) if count >= MIN_NIGHTS else np.nan
    if not np.isfinite(value):
        return Estimate(np.nan, np.nan, np.nan, rows, count)
    drawn = np.array([statistic(times[of_row].astype(np.float64)) for times in drawn_nights], dtype=np.float64)
    return Estimate(value, *limits(value, drawn, count, level, bounds, seed), rows, count)


def ratio_interval(
    numerator: np.ndarray,
    denominator: np.ndarray,
    nights: np.ndarray,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
    share: bool = True,
) -> Estimate:
    """sum(numerator) / sum(denominator) with its interval over whole nights.

    Rows in which both are zero have no part in the ratio: they and nights of nothing else are not counted. So a
    sensitivity (numerator: aurora and called; denominator: aurora) counts the frames and nights with aurora. A ratio
    whose rows all have 0 <= numerator <= denominator is a share and has the bounds 0 and 1, see `limits`; `share`
    False says that it only looks like one, as a mean of squares does.
    """
    numerator, denominator = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    taken = (numerator != 0) | (denominator != 0)
    drawn_nights, of_row = multiplicities(np.asarray(nights)[taken], draws, seed)
    rows, count = len(of_row), drawn_nights.shape[1]
    tops = np.bincount(of_row, numerator[taken], minlength=count)
    bottoms = np.bincount(of_row, denominator[taken], minlength=count)
    if count < MIN_NIGHTS or bottoms.sum() == 0:
        return Estimate(np.nan, np.nan, np.nan, rows, count)
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = (drawn_nights @ tops) / (drawn_nights @ bottoms)
    value = float(tops.sum() / bottoms.sum())
    bounds = SHARE if share and ((numerator >= 0) & (numerator <= denominator)).all() else None
    return Estimate(value, *limits(value, drawn, count, level, bounds, seed), rows, count)
