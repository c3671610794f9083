"""Scores of two classifiers on the same frames, over several trainings, and their gap with its interval over nights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from .bootstrap import SHARE, Estimate
from .resampling import night_interval
from .scores import area_statistic

GAP = (-1.0, 1.0)
SCORES = ("accuracy", "balanced_accuracy", "f1", "auroc")
Statistic = Callable[[np.ndarray], np.ndarray]
"""How often each night counts, (d, nights) -> (d,)."""


def _from_calls(name: str, yes: np.ndarray, called: np.ndarray, of_row: np.ndarray, count: int) -> Statistic:
    sums = np.zeros((count, 4))
    np.add.at(sums, of_row, np.column_stack([yes & called, ~yes & ~called, yes, ~yes]))

    def statistic(times: np.ndarray) -> np.ndarray:
        hits, rejections, all_yes, all_no = (times @ sums).T
        if name == "accuracy":
            return (hits + rejections) / (all_yes + all_no)
        if name == "balanced_accuracy":
            return (hits / all_yes + rejections / all_no) / 2
        return 2 * hits / (hits + all_yes + all_no - rejections)

    return statistic


def mean_over_seeds(name: str, rows: pd.DataFrame, side: str) -> Statistic:
    """The mean over the trainings of one side's score; trainings without a score, for want of a class, are left out."""
    nights, of_row = np.unique(rows["night"].to_numpy(dtype=str), return_inverse=True)
    statistics: list[Statistic] = []
    for seed in rows["seed"].unique():
        is_own = (rows["seed"] == seed).to_numpy()
        own, place = rows[is_own], of_row[is_own]
        yes = (own["label"] == "yes").to_numpy()
        if name == "auroc":
            p = own[f"p_{side}"].to_numpy(dtype=np.float64)
            statistics.append(area_statistic(yes, p, np.ones(len(own)), place, len(nights)))
        else:
            called = own[f"is_{side}"].to_numpy(dtype=bool)
            statistics.append(_from_calls(name, yes, called, place, len(nights)))

    def mean(times: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = np.stack([statistic(times) for statistic in statistics])
        known = np.isfinite(scores)
        return np.where(known, scores, 0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)

    return mean


def compared(rows: pd.DataFrame, first: str, second: str, draws: int = 2000) -> dict[str, dict[str, Any]]:
    """Scores of both sides and their gap, second minus first, each with an interval over whole nights.

    Both sides have called the same frames in the same trainings, and each draw of nights counts them alike on both, so
    that what makes a frame hard cancels. Scores and gap are means over the trainings.

    Parameters
    ----------
    rows
        A row for each training and frame: seed, frame_id, night, label, and of both sides p_SIDE and is_SIDE.

    Returns
    -------
    score -> first, second, gap as `Estimate.as_dict`; `frames` counts each frame once.
    """
    nights, yes = rows["night"].to_numpy(dtype=str), (rows["label"] == "yes").to_numpy()
    frames = rows["frame_id"].nunique()

    def with_interval(statistic: Statistic, bounds: tuple[float, float]) -> dict[str, Any]:
        estimate: Estimate = night_interval(statistic, nights, (yes, ~yes), bounds=bounds, draws=draws)
        return replace(estimate, frames=frames).as_dict()

    scores = {}
    for name in SCORES:
        one, other = (mean_over_seeds(name, rows, side) for side in (first, second))

        def gap(times: np.ndarray, one: Statistic = one, other: Statistic = other) -> np.ndarray:
            return other(times) - one(times)

        scores[name] = {
            first: with_interval(one, SHARE),
            second: with_interval(other, SHARE),
            "gap": with_interval(gap, GAP),
        }
    return scores


def by_seed(rows: pd.DataFrame, first: str, second: str) -> list[float]:
    """The gap in accuracy of each training, in the order of their seeds."""
    right = {side: (rows["label"] == "yes") == rows[f"is_{side}"] for side in (first, second)}
    gaps = (right[second].astype(float) - right[first].astype(float)).groupby(rows["seed"]).mean()
    return gaps.tolist()
