"""The audit: the nights that are kept for it, from which no classifier learns, and the frames that it takes."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import pandas as pd

from ..conditions import CONDITIONS
from ..config import SampleLabel
from .sampling import draws, rank_within

LEAST_NIGHTS = 5
"""Nights that each condition's audit is to have: with fewer no estimate is given (`inference.bootstrap.MIN_NIGHTS`)."""
LARGEST_PART = 3
"""At most one in so many of the nights that could train is kept for the audit: a small archive needs them to learn."""


class Use(StrEnum):
    """What a night serves."""

    TRAINING = "training"  # its frames in sample_label.conditions are the training pool
    AUDIT = "audit"  # it has such frames and is kept for the audit
    FREE = "free"  # it has none of them: it serves the audit and costs nothing


def in_condition(frames: pd.DataFrame, sun: str, moon: str) -> np.ndarray:
    """Which frames lie in a condition, bool (n,)."""
    return ((frames["sun_class"] == sun) & (frames["moon_class"] == moon)).to_numpy(dtype=bool)


def in_training_conditions(frames: pd.DataFrame, params: SampleLabel) -> np.ndarray:
    """Which frames lie in one of `sample_label.conditions`, bool (n,)."""
    return np.any([in_condition(frames, condition.sun, condition.moon) for condition in params.conditions], axis=0)


def use_of_nights(frames: pd.DataFrame, params: SampleLabel, seed: int) -> pd.Series:
    """What each night serves, decided before anybody labels it.

    Every night has a number in [0, 1) of its own (`sampling.draws`); of the nights that could train, so many as
    `audit_night_fraction` asks for, those with the smallest numbers, are kept for the audit, and a further night
    changes the use of one other at most. Where fewer than `LEAST_NIGHTS` nights of a condition serve its audit, more of
    its nights are kept in the same way. At most one in `LARGEST_PART` nights is kept, of all and for one condition.

    Parameters
    ----------
    frames
        Columns night, sun_class, moon_class; usable frames only.

    Returns
    -------
    `Use` of each night, by night in order.
    """
    names = np.unique(frames["night"].to_numpy(dtype=str))
    use = pd.Series(Use.FREE, index=pd.Index(names, name="night"), dtype=object)
    use[np.unique(frames.loc[in_training_conditions(frames, params), "night"].to_numpy(dtype=str))] = Use.TRAINING
    if not params.audit_per_condition:
        return use
    number = pd.Series(draws(names, seed, "audit night"), index=use.index)
    could_train = number[use == Use.TRAINING].sort_values(kind="stable")
    most = len(could_train) // LARGEST_PART
    use[could_train.index[: min(most, int(params.audit_night_fraction * len(could_train) + 1e-9))]] = Use.AUDIT
    for condition in CONDITIONS:
        there = np.unique(frames.loc[in_condition(frames, *condition), "night"].to_numpy(dtype=str))
        free, kept = (int((use[there] == name).sum()) for name in (Use.FREE, Use.AUDIT))
        smallest = could_train.index[could_train.index.isin(there)]
        wanted = min(LEAST_NIGHTS - free, len(smallest) // LARGEST_PART) - kept
        wanted = min(wanted, most - int((use == Use.AUDIT).sum()))
        use[smallest[use[smallest] == Use.TRAINING][: max(0, wanted)]] = Use.AUDIT
    return use


def sample_audit(frames: pd.DataFrame, use: pd.Series, per_condition: int, seed: int) -> pd.DataFrame:
    """The audit sample: so many frames of each of the nine conditions, from nights that serve no training.

    A condition has two strata, free nights and the others, and each is represented by as many frames as its share of
    the condition's asks for, as far as there are any; the others' by those of their nights that are kept for the audit,
    which were drawn at random. In a stratum the frames of a night are spaced evenly over [0, 1), in random order and
    from a random start, and the smallest numbers of all nights are taken: every night gives its proportional part,
    rounded up or down, and a further night changes only what it displaces.

    Parameters
    ----------
    frames
        Columns frame_id, night, sun_class, moon_class; usable frames only.
    use
        From `use_of_nights`.

    Returns
    -------
    The chosen rows with `weight`, the stratum's frames for each chosen one; those of a condition sum to its frames.
    """
    chosen = [frames[:0].assign(weight=1.0)]
    for condition in CONDITIONS:
        of_condition = frames[in_condition(frames, *condition)]
        serves = of_condition["night"].map(use)
        free, kept = of_condition[serves == Use.FREE], of_condition[serves == Use.AUDIT]
        total = min(per_condition, len(free) + len(kept))
        if not total:
            continue
        share = round(total * len(free) / len(of_condition))
        from_free = int(np.clip(share, total - len(kept), len(free)))
        chosen.append(_weighted(of_condition, len(free), _spread(free, from_free, condition, seed),
                                _spread(kept, total - from_free, condition, seed)))  # fmt: skip
    return pd.concat(chosen)


def _spread(frames: pd.DataFrame, total: int, condition: tuple[str, str], seed: int) -> pd.DataFrame:
    """So many of the frames, in proportion over their nights."""
    order = rank_within(frames["night"], draws(frames["frame_id"], seed, "audit"))
    nights, number = np.unique(frames["night"].to_numpy(dtype=str), return_inverse=True)
    starts = draws(nights, seed, f"audit {' '.join(condition)}")
    numbers = (order + starts[number]) / np.bincount(number)[number]
    return frames.iloc[np.argsort(numbers, kind="stable")[:total]]


def _weighted(of_condition: pd.DataFrame, free: int, from_free: pd.DataFrame, from_kept: pd.DataFrame) -> pd.DataFrame:
    """Both strata's frames with their weights; a stratum without any chosen frame is represented by the other's."""
    strata = [(free, from_free), (len(of_condition) - free, from_kept)]
    sizes = [size for size, rows in strata if len(rows)]
    parts = [
        rows.assign(weight=size * len(of_condition) / sum(sizes) / len(rows)) for size, rows in strata if len(rows)
    ]
    return pd.concat(parts)
