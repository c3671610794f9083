"""How good chances of aurora are, how aurora grows with Kp, and when it answers the solar wind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.linear_model import LogisticRegression

from ..inference import scores
from ..inference.bootstrap import MIN_NIGHTS, Estimate
from ..inference.resampling import night_interval, per_night
from . import chances
from .solar_wind import mean_before

JUDGED = ("auroc", "brier", "ece")
PARTS = 10
LAGS = tuple(np.arange(0.0, 6.01, 0.5))
"""Hours."""
NEARLY_NO_PENALTY = 1e4
"""Inverse of the penalty of the slope's fit: a deviation of 100 in the logarithm of the odds, far beyond any slope; it
only keeps a fit in which Kp separates all hours from running away."""


def judged(hours: pd.DataFrame, p: np.ndarray, against: np.ndarray) -> dict[str, Any]:
    """AUROC, Brier score, calibration error and Brier skill of chances, with intervals over whole nights.

    The interval holds the scatter of the nights that are judged; the fit is taken as it is.

    Parameters
    ----------
    hours
        Columns night, has_aurora.
    p, against
        (n,) the chances, and those of the reference of the skill, 1 - Brier / reference's Brier: above 0 is better.
    """
    yes, nights = hours["has_aurora"].to_numpy(dtype=bool), hours["night"].to_numpy(dtype=str)
    rows = {"night": nights, "label": np.where(yes, "yes", "no"), "p_aurora": p, "is_aurora": p >= 0.5}
    of = scores.estimates(pd.DataFrame(rows))
    sums = per_night(np.column_stack([(p - yes) ** 2, (against - yes) ** 2]), nights)

    def skill(times: np.ndarray) -> np.ndarray:
        own, reference = (times @ sums).T
        return 1 - own / reference

    return {name: of[name].as_dict() for name in JUDGED} | {"skill": night_interval(skill, nights).as_dict()}


def by_method(hours: pd.DataFrame, predicted: pd.DataFrame) -> dict[str, Any]:
    """`judged` of every method against climatology; `predicted` as `chances.held_out` gives it."""
    reference = predicted["climatology"].to_numpy()
    return {str(name): judged(hours, predicted[name].to_numpy(), reference) for name in predicted}


def season_parts(hours: pd.DataFrame) -> np.ndarray | None:
    """The season of each hour; None unless there are two, and without each of them enough nights to learn from."""
    names = hours["season"].unique()
    others = [hours.loc[hours["season"] != name, "night"].nunique() for name in names]
    return hours["season"].to_numpy() if len(names) > 1 and min(others) >= MIN_NIGHTS else None


def enough(hours: pd.DataFrame, min_nights: int) -> bool:
    """Whether there are enough nights, and among them enough with aurora and enough without in some hour."""
    by_class = hours.groupby("has_aurora")["night"].nunique()
    return hours["night"].nunique() >= min_nights and len(by_class) == 2 and by_class.min() >= MIN_NIGHTS


def kp_slope(hours: pd.DataFrame) -> Estimate:
    """Growth of the logarithm of the odds of aurora by one unit of Kp at the same magnetic local time.

    The slope of logit P(aurora) = a + b Kp + c cos(MLT) + d sin(MLT), with its 95 % interval by the jackknife over
    whole nights: each night in turn is left out. The few nights of a storm decide the slope, and with such weight on
    few clusters the jackknife keeps its promise where drawing nights again gives intervals that are too narrow (Bell &
    McCaffrey 2002, Survey Methodology 28, 169; here 285 and 276 of 300 simulated seasons).

    Parameters
    ----------
    hours
        Columns night, has_aurora, kp, magnetic_cosine, magnetic_sine.
    """
    columns = hours[["kp", "magnetic_cosine", "magnetic_sine"]].to_numpy(dtype=np.float64)
    yes = hours["has_aurora"].to_numpy(dtype=bool)
    names, of_row = np.unique(hours["night"].to_numpy(dtype=str), return_inverse=True)

    def slope(kept: np.ndarray) -> float:
        if yes[kept].all() or not yes[kept].any():
            return np.nan
        model = LogisticRegression(C=NEARLY_NO_PENALTY, solver="newton-cholesky", max_iter=100)
        return float(model.fit(columns[kept], yes[kept]).coef_[0, 0])

    count = len(names)
    value = slope(np.ones(len(yes), dtype=bool)) if count >= MIN_NIGHTS else np.nan
    if not np.isfinite(value):
        return Estimate(np.nan, np.nan, np.nan, len(yes), count)
    without = np.array([slope(of_row != place) for place in range(count)])
    error = np.sqrt((count - 1) / count * ((without - value) ** 2).sum())
    reach = float(stats.t.ppf(0.975, count - 1) * error)
    return Estimate(value, value - reach, value + reach, len(yes), count)


def lag_curve(hours: pd.DataFrame, coupling: pd.Series) -> list[dict[str, Any]]:
    """AUROC of one hour's mean coupling that ends at each of LAGS before the hour's middle; [] without such hours.

    All lags are judged on the same hours: those that have a mean at every lag.

    Parameters
    ----------
    hours
        Columns night, utc, has_aurora.
    coupling
        As `solar_wind.coupling_series` gives it.
    """
    middle = pd.DatetimeIndex(hours["utc"]) + pd.Timedelta(minutes=30)
    means = np.column_stack([mean_before(coupling, middle, hours=1.0, lag=lag) for lag in LAGS])
    known = np.isfinite(means).all(axis=1)
    if not known.any():
        return []
    there = hours[known]
    label = np.where(there["has_aurora"], "yes", "no")
    curve = []
    for place, lag in enumerate(LAGS):
        rank = pd.Series(means[known, place]).rank(pct=True).to_numpy()
        rows = {"night": there["night"].to_numpy(), "label": label, "p_aurora": rank, "is_aurora": rank >= 0.5}
        curve.append({"lag_hours": lag, "auroc": scores.estimates(pd.DataFrame(rows))["auroc"].as_dict()})
    return curve


def tree(hours: pd.DataFrame, coupling: pd.Series | None, seed: int) -> tuple[dict[str, Any], pd.DataFrame]:
    """Scores of all chances, and the chances of the held-out nights by logistic regression.

    Returns
    -------
    kp_slope, chances (nowcast and forecast; by held_out_nights and held_out_season; by method), lags where there is a
    coupling; and the columns p_nowcast and p_forecast, with the index of `hours`.
    """
    scored: dict[str, Any] = {"kp_slope": kp_slope(hours).as_dict(), "chances": {}}
    nights = chances.night_parts(hours["night"], min(PARTS, hours["night"].nunique()), seed)
    seasons, columns = season_parts(hours), {}
    for kind in chances.FEATURES:
        by_night = chances.held_out(hours, nights, kind, seed)
        scored["chances"][kind] = {"features": chances.features_of(hours, kind)}
        scored["chances"][kind]["held_out_nights"] = by_method(hours, by_night)
        if seasons is not None:
            by_season = chances.held_out(hours, seasons, kind, seed)
            scored["chances"][kind]["held_out_season"] = by_method(hours, by_season)
        columns[f"p_{kind}"] = by_night["logistic"]
    if coupling is not None and (curve := lag_curve(hours, coupling)):
        scored["lags"] = curve
    return scored, pd.DataFrame(columns, index=hours.index)
