"""How good the heads for cloud, form and strength are, by the truth of a simulated sky, which nobody has to label."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..inference.bootstrap import ratio_interval
from ..inference.kind_scores import head_scores
from ..inference.resampling import night_interval, per_night
from ..tables.kinds import CLASSES, STRENGTH, probability_names
from ..tables.split import SPLITS
from .inputs import Inputs

FACTOR = 2.0
"""A strength is called right within this factor: an observer's classes of brightness are a factor of ten apart."""


def collect(data: Inputs) -> dict[str, dict[str, Any]]:
    """Scores by head and set; {} without truth or heads.

    cloud, form
        `kind_scores.head_scores` of the frames whose truth has a class.
    strength
        Of frames that show aurora and are called so: frames, nights; `within_factor`, the share within FACTOR of the
        true column emission; `log_error` and `log_scatter`, mean and standard deviation of the decimal logarithm of
        told over true. A camera whose sensitivity is not known shifts the mean, and leaves the scatter.
    """
    if data.truth is None:
        return {}
    every = data.split[["frame_id", "night", "split"]].merge(data.predictions, on="frame_id")
    every = every.merge(data.truth[["frame_id", *(f"true_{name}" for name in (*CLASSES, STRENGTH))]], on="frame_id")
    found: dict[str, dict[str, Any]] = {}
    for name in SPLITS:
        rows = every[every["split"] == name]
        for head in (head for head in CLASSES if head in rows):
            judged = rows.rename(columns={f"true_{head}": "actual", head: "called"}).dropna(subset="actual")
            if len(judged):
                columns = ["night", "actual", "called", *probability_names(head)]
                found.setdefault(head, {})[name] = head_scores(judged[columns].reset_index(drop=True), head)
        if STRENGTH in rows and len(told := rows.dropna(subset=[STRENGTH, f"true_{STRENGTH}"])):
            found.setdefault(STRENGTH, {})[name] = strength_scores(told)
    return found


def strength_scores(rows: pd.DataFrame) -> dict[str, Any]:
    """Of rows with night, strength and true_strength (kilorayleigh); see `collect`."""
    error = np.log10(rows[STRENGTH].to_numpy(dtype=float) / rows[f"true_{STRENGTH}"].to_numpy(dtype=float))
    nights, ones = rows["night"].to_numpy(dtype=str), np.ones(len(rows))
    near = np.abs(error) <= np.log10(FACTOR)
    sums = per_night(np.column_stack([ones, error, error**2]), nights)

    def scatter(times: np.ndarray) -> np.ndarray:
        frames, errors, squares = (times @ sums).T
        return np.sqrt(np.maximum(squares / frames - (errors / frames) ** 2, 0))

    return {
        "frames": len(rows),
        "nights": len(np.unique(nights)),
        "within_factor": ratio_interval(near, ones, nights).as_dict(),
        "log_error": ratio_interval(error, ones, nights, share=False).as_dict(),
        "log_scatter": night_interval(scatter, nights).as_dict(),
    }
