"""Night bootstrap of statistics that are no plain ratio, from sums by night: all draws in a few matrix products."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .bootstrap import DRAWS, MIN_NIGHTS, Estimate, limits, multiplicities


def per_night(columns: np.ndarray, nights: np.ndarray) -> np.ndarray:
    """Sums of rows by night, in the order of np.unique(nights): (n, k) -> float64 (number of nights, k)."""
    names, of_row = np.unique(nights, return_inverse=True)
    sums = np.zeros((len(names), columns.shape[1]))
    np.add.at(sums, of_row, columns)
    return sums


def night_interval(
    statistic: Callable[[np.ndarray], np.ndarray],
    nights: np.ndarray,
    parts: Sequence[np.ndarray] = (),
    *,
    centred: bool = False,
    bounds: tuple[float, float] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """A statistic of whole nights with its interval.

    Parameters
    ----------
    statistic
        Takes how often each night counts, (d, number of nights) in the order of np.unique(nights), and returns (d,);
        nan where it has no definition. Each night once gives the value itself.
    nights
        (n,) the night of each row.
    parts
        bool (n,) each, kinds of rows that the statistic cannot do without: each must have enough nights, and those of
        the part with the fewest are counted. Without parts all nights are.
    centred
        Shift the drawn values so that their median is the value, for statistics that grow with scatter.
    bounds
        The range of the statistic. Unless it is centred, there is also room for nights not seen, as in `limits`.
    """
    times, of_row = multiplicities(nights, draws, seed)
    count = times.shape[1]
    count = min((len(np.unique(of_row[part])) for part in parts), default=count)
    unknown = Estimate(np.nan, np.nan, np.nan, len(of_row), count)
    if count < MIN_NIGHTS:
        return unknown
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(statistic(np.ones((1, times.shape[1])))[0])
        drawn = statistic(times)
    if not np.isfinite(value):
        return unknown
    if centred:
        drawn = np.clip(drawn + (value - np.nanmedian(drawn)), *(bounds or (-np.inf, np.inf)))
    return Estimate(
        value, *limits(value, drawn, count, bounds=None if centred else bounds, seed=seed), len(of_row), count
    )
