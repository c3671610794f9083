"""Occurrence of aurora beside cloud: by the cloud that the classifier tells, and when the sky is clear, corrected."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..conditions import CONDITIONS, condition_name
from ..tables.kinds import CLOUD, CLOUDS
from . import bootstrap
from .bootstrap import MIN_NIGHTS, SHARE, Estimate, ratio_interval
from .conditions import in_condition
from .groupings import nested
from .occurrence import Occurrence, by_group
from .prevalence import night_sums, prediction_powered

CLEAR, P_CLEAR = CLOUDS[0], f"p_{CLOUDS[0]}"


def when_clear(
    frames: pd.DataFrame, draws: int = bootstrap.DRAWS, seed: int = 0, level: float = 0.95
) -> Occurrence | None:
    """The share of frames with aurora among those whose sky is clear; None where no frame has a label of cloud.

    It is the share of frames that are clear and have aurora over the share of clear frames, both prediction-powered
    from the frames that are labelled for both, so that it is right whatever cloud and aurora the classifier tells.
    Frames for which nobody could name the cloud must be lost by chance.

    Parameters
    ----------
    frames
        As in `prevalence.night_sums`, with actual_cloud (clear, broken, overcast, null: not labelled) and, where the
        model has a head for it, p_clear.
    """
    both = frames["label"].notna() & frames["actual_cloud"].notna()
    if not both.any():
        return None
    is_clear = both & (frames["actual_cloud"] == CLEAR)
    p_clear = frames[P_CLEAR] if P_CLEAR in frames else pd.Series(0.0, frames.index)
    names = np.unique(frames["night"])
    tops = _sums(frames, p_clear * frames["p_aurora"], is_clear & (frames["label"] == "yes"), both, names)
    bottoms = _sums(frames, p_clear, is_clear, both, names)
    times, _ = bootstrap.multiplicities(names, draws, seed)
    nights = int(frames.loc[is_clear, "night"].nunique())
    too_few = nights < MIN_NIGHTS
    value = np.nan if too_few else float(_ratio(tops.sum(0), bottoms.sum(0)))
    limits = bootstrap.limits(value, _ratio(times @ tops, times @ bottoms), max(nights, 2), level, SHARE, seed)
    estimate = Estimate(value, *limits, len(frames), len(names))
    return Occurrence(estimate, int(both.sum()), int(frames.loc[both, "night"].nunique()), too_few)


def _sums(frames: pd.DataFrame, p: pd.Series, yes: pd.Series, labelled: pd.Series, nights: np.ndarray) -> np.ndarray:
    """`prevalence.SUMS` by night of another question than aurora's: its probability, and its labels."""
    label = pd.Series(np.where(yes, "yes", "no"), frames.index, dtype=object).where(labelled, None)
    weight = frames["weight"].where(labelled)
    asked = frames[["night"]].assign(p_aurora=p, is_aurora=False, label=label, weight=weight)
    return night_sums(asked, nights)


def _ratio(tops: np.ndarray, bottoms: np.ndarray) -> np.ndarray:
    below = prediction_powered(bottoms)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0, np.clip(prediction_powered(tops) / below, 0, 1), np.nan)


def by_cloud(frames: pd.DataFrame) -> dict[str, dict[str, dict[str, Any]]]:
    """The occurrence by the cloud that the classifier tells: cloud -> method -> value, low, high, frames, ...

    frames : as in `occurrence.estimates`, with cloud; their labels correct the calls of each cloud by themselves.
    """
    groups = pd.Series(pd.Categorical(frames[CLOUD], CLOUDS), index=frames.index)
    return nested(by_group(frames, groups, own_rates=True).assign(grouping="condition"))


def conditions_by_cloud(every: pd.DataFrame) -> dict[str, dict[str, dict[str, Any]]]:
    """Of each illumination condition and cloud that has frames: frames, nights, yes, and the share called aurora.

    every : columns night, sun_class, moon_class, cloud, is_aurora.
    """
    tree: dict[str, dict[str, dict[str, Any]]] = {}
    for sun, moon in CONDITIONS:
        for cloud, rows in in_condition(every, sun, moon).groupby(CLOUD):
            yes, nights = rows["is_aurora"].to_numpy(dtype=bool), rows["night"].to_numpy(dtype=str)
            numbers = {
                "frames": len(rows),
                "nights": len(np.unique(nights)),
                "yes": int(yes.sum()),
                "no": int((~yes).sum()),
                "yes_share": ratio_interval(yes, np.ones(len(rows)), nights).as_dict(),
            }
            tree.setdefault(condition_name(sun, moon), {})[str(cloud)] = numbers
    return {name: {cloud: of[cloud] for cloud in CLOUDS if cloud in of} for name, of in tree.items()}
