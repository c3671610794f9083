"""P(aurora in an hour): two models and three baselines, each fitted on some hours and asked for others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SEASON = ("magnetic_sine", "magnetic_cosine", "year_sine", "year_cosine")
FEATURES = {
    "nowcast": ("kp", "kp_before", "kp_day", *SEASON),
    "forecast": ("kp_before", "kp_day", *SEASON),
}
"""What each kind of chance may use. A forecast takes only what is known when the hour begins."""
WHERE_KNOWN = {"nowcast": ("coupling", "cloud"), "forecast": ("coupling",)}
"""Taken as well where every hour has them. Cloud is seen on the hour's own frames, so it is no forecast."""
ALONE = {"nowcast": "kp", "forecast": "kp_before"}
PRIOR_HOURS = 5.0
"""Hours of the overall share that climatology mixes into each month and magnetic hour, so that few count little."""

Fit = Callable[[pd.DataFrame, pd.DataFrame, str, int], np.ndarray]


def features_of(hours: pd.DataFrame, kind: str) -> list[str]:
    """Columns that the models of a kind (nowcast, forecast) take from these hours."""
    known = [name for name in WHERE_KNOWN[kind] if name in hours and hours[name].notna().all()]
    return [*FEATURES[kind], *known]


def climatology(learnt: pd.DataFrame, asked: pd.DataFrame, _kind: str, _seed: int) -> np.ndarray:
    """Share of hours with aurora in the same month and hour of magnetic local time."""
    overall = learnt["has_aurora"].mean()
    place = [learnt["month"], np.floor(learnt["magnetic_local_time"])]
    sums = learnt["has_aurora"].groupby(place).agg(["sum", "size"])
    share = (sums["sum"] + PRIOR_HOURS * overall) / (sums["size"] + PRIOR_HOURS)
    wanted = pd.MultiIndex.from_arrays([asked["month"], np.floor(asked["magnetic_local_time"])])
    return share.reindex(wanted).fillna(overall).to_numpy(dtype=np.float64)


def persistence(learnt: pd.DataFrame, asked: pd.DataFrame, _kind: str, _seed: int) -> np.ndarray:
    """Share of hours with aurora among those whose hour before was alike: with, without, or not seen."""
    overall = learnt["has_aurora"].mean()
    sums = learnt["has_aurora"].groupby(learnt["previous"].fillna(-1)).agg(["sum", "size"])
    share = (sums["sum"] + PRIOR_HOURS * overall) / (sums["size"] + PRIOR_HOURS)
    return share.reindex(asked["previous"].fillna(-1)).fillna(overall).to_numpy(dtype=np.float64)


def _fitted(model: object, columns: Sequence[str], learnt: pd.DataFrame, asked: pd.DataFrame) -> np.ndarray:
    yes = learnt["has_aurora"].to_numpy(dtype=bool)
    if yes.all() or not yes.any():
        return np.full(len(asked), yes.mean())
    model.fit(learnt[list(columns)].to_numpy(dtype=np.float64), yes)  # type: ignore[attr-defined]
    return model.predict_proba(asked[list(columns)].to_numpy(dtype=np.float64))[:, 1]  # type: ignore[attr-defined]


def _regression() -> object:
    return make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000))


def kp_alone(learnt: pd.DataFrame, asked: pd.DataFrame, kind: str, _seed: int) -> np.ndarray:
    """Logistic regression on one Kp: that of the hour's bin, or of the last that is over."""
    return _fitted(_regression(), [ALONE[kind]], learnt, asked)


def logistic(learnt: pd.DataFrame, asked: pd.DataFrame, kind: str, _seed: int) -> np.ndarray:
    """Logistic regression on all features."""
    return _fitted(_regression(), features_of(pd.concat([learnt, asked]), kind), learnt, asked)


def boosting(learnt: pd.DataFrame, asked: pd.DataFrame, kind: str, seed: int) -> np.ndarray:
    """Gradient boosting on all features: shallow trees of leaves of at least 20 hours, chosen beforehand, not tuned."""
    model = HistGradientBoostingClassifier(
        max_iter=100, learning_rate=0.05, max_depth=3, min_samples_leaf=20, early_stopping=False, random_state=seed
    )
    return _fitted(model, features_of(pd.concat([learnt, asked]), kind), learnt, asked)


METHODS: dict[str, Fit] = {
    "climatology": climatology,
    "persistence": persistence,
    "kp_alone": kp_alone,
    "logistic": logistic,
    "boosting": boosting,
}


def held_out(hours: pd.DataFrame, parts: np.ndarray, kind: str, seed: int = 0) -> pd.DataFrame:
    """Each method's chance of aurora in every hour, fitted on the hours of the other parts.

    Parameters
    ----------
    hours
        As `hours.described` gives them.
    parts
        (n,) the part that each hour belongs to: whole nights, or whole seasons; at least two.
    kind
        nowcast or forecast.

    Returns
    -------
    A column a method, with the index of `hours`.
    """
    chances = pd.DataFrame(np.nan, index=hours.index, columns=list(METHODS))
    for part in np.unique(parts):
        inside = parts == part
        for name, fit in METHODS.items():
            chances.loc[inside, name] = fit(hours[~inside], hours[inside], kind, seed)
    return chances


def night_parts(nights: pd.Series, count: int, seed: int = 0) -> np.ndarray:
    """One of `count` parts for each row, whole nights together, the nights shuffled: int64 (n,)."""
    names, of_row = np.unique(nights.to_numpy(dtype=str), return_inverse=True)
    return (np.random.default_rng(seed).permutation(len(names)) % count)[of_row]
