"""The nine illumination conditions: how often aurora is called in each, and how far the calls can be trusted there."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from ..conditions import CONDITIONS, condition_name
from ..corpus.frame_ids import night_of
from .bootstrap import MIN_NIGHTS, Estimate, ratio_interval
from .resampling import night_interval, per_night
from .scores import Numbers, estimates

JUDGED = ("sensitivity", "specificity", "precision", "f1", "brier", "ece")
"""The scores that each condition is given."""


def in_condition(frames: pd.DataFrame, sun_class: str, moon_class: str) -> pd.DataFrame:
    """The rows of one condition; both classes may be null."""
    return frames[(frames["sun_class"] == sun_class) & (frames["moon_class"] == moon_class)]


def untouched_audit(
    labelled: pd.DataFrame, split: pd.DataFrame, learnt_from: Collection[str] = ("train",)
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The audit labels of nights that the classifier has not learnt from, and those of the others, which are left out.

    The weights of what is kept of a condition are raised so that it still stands for all of the condition's frames:
    the audit is a random sample of each condition, and nights go to the splits by chance.

    Parameters
    ----------
    labelled
        Columns frame_id, set, label, weight, sun_class, moon_class.
    split
        Columns night, split.
    learnt_from
        Splits whose whole nights are left out.

    Returns
    -------
    Two tables with the columns of `labelled` and night.
    """
    audit = labelled[labelled["set"] == "audit"]
    audit = audit.assign(night=audit["frame_id"].map(night_of))
    left_out = audit["night"].isin(set(split.loc[split["split"].isin(list(learnt_from)), "night"]))
    kept, condition = audit[~left_out], ["sun_class", "moon_class"]
    whole = audit.groupby(condition, dropna=False)["weight"].sum().rename("whole")
    part = kept.groupby(condition, dropna=False)["weight"].sum().rename("part")
    sums = kept[condition].merge(pd.concat([whole, part], axis=1).reset_index(), on=condition, how="left")
    return kept.assign(weight=kept["weight"] * (sums["whole"] / sums["part"]).to_numpy()), audit[left_out]


def trust(kept: pd.DataFrame, left_out: pd.DataFrame) -> Numbers:
    """`JUDGED` from audit labels, with labelled_frames, labelled_nights, left_out_frames and left_out_nights.

    Parameters
    ----------
    kept
        The columns of `scores.estimates`, with weight.
    left_out
        Columns night; the labels not used because the classifier has learnt from their nights.
    """
    scores = estimates(kept)
    return {
        "labelled_frames": len(kept),
        "labelled_nights": kept["night"].nunique(),
        "left_out_frames": len(left_out),
        "left_out_nights": left_out["night"].nunique(),
        **{name: scores[name].as_dict() for name in JUDGED},
    }


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else np.nan


def calls(frames: pd.DataFrame) -> Numbers:
    """How often aurora is called.

    Parameters
    ----------
    frames
        Columns night, p_aurora, is_aurora; one row a frame, also none at all.

    Returns
    -------
    frames, nights, yes, no; as dictionaries (`Estimate.as_dict`) with intervals over whole nights: yes_share = yes /
    frames; yes_no_odds = yes / no, which the study prints as its "ratio" and which is no share; mean and (population)
    standard deviation of p_aurora. What would divide by zero is nan.
    """
    yes, nights = frames["is_aurora"].to_numpy(dtype=bool), frames["night"].to_numpy(dtype=str)
    p, ones = frames["p_aurora"].to_numpy(dtype=np.float64), np.ones(len(frames))
    sums = per_night(np.column_stack([ones, p, p**2]), nights)

    def deviation(times: np.ndarray) -> np.ndarray:
        count, first, second = (times @ sums).T
        return np.sqrt(np.maximum(0, second / count - (first / count) ** 2))

    share = ratio_interval(yes, ones, nights)
    values = {
        "yes_share": share,
        "yes_no_odds": Estimate(_odds(share.value), _odds(share.low), _odds(share.high), share.frames, share.nights),
        "p_aurora_mean": ratio_interval(p, ones, nights),
        "p_aurora_std": night_interval(deviation, nights),
    }
    return {
        "frames": len(frames),
        "nights": frames["night"].nunique(),
        "yes": int(yes.sum()),
        "no": int((~yes).sum()),
        **{name: estimate.as_dict() for name, estimate in values.items()},
    }


def by_condition(frames: pd.DataFrame, kept: pd.DataFrame, left_out: pd.DataFrame) -> list[Numbers]:
    """The nine rows in the order of CONDITIONS: condition, sun_class, moon_class, `calls` and `trust`.

    Parameters
    ----------
    frames
        The columns of `calls`, sun_class and moon_class; all frames with a prediction.
    kept, left_out
        As `untouched_audit` gives them; kept with p_aurora and is_aurora.
    """
    return [
        {
            **{"condition": condition_name(sun, moon), "sun_class": sun, "moon_class": moon},
            **calls(in_condition(frames, sun, moon)),
            **trust(in_condition(kept, sun, moon), in_condition(left_out, sun, moon)),
        }
        for sun, moon in CONDITIONS
    ]


def flat(rows: list[Numbers]) -> pd.DataFrame:
    """One row a condition, every number in its own column: yes_share_value, yes_share_low, yes_share_nights, ..."""
    table = pd.json_normalize(rows, sep="_")
    return table.drop(columns=[name for name in table if str(name).endswith("_too_few_nights")])  # `_nights` says it


def mean_odds(frames: pd.DataFrame) -> Estimate:
    """Plain mean of the conditions' yes/no odds, the study's headline, over the conditions with enough nights.

    It weighs a condition of 600 frames like one of 98,000 and is no share.
    """
    enough = [in_condition(frames, sun, moon) for sun, moon in CONDITIONS]
    enough = [rows for rows in enough if rows["night"].nunique() >= MIN_NIGHTS and not rows["is_aurora"].all()]
    if not enough:
        return Estimate(np.nan, np.nan, np.nan, 0, 0)
    every = pd.concat(enough)
    group = np.repeat(np.arange(len(enough)), [len(rows) for rows in enough])
    inside, yes = group[:, None] == np.arange(len(enough)), every["is_aurora"].to_numpy(dtype=bool)[:, None]
    nights = every["night"].to_numpy(dtype=str)
    sums_yes, sums_no = per_night(inside & yes, nights), per_night(inside & ~yes, nights)
    return night_interval(lambda times: ((times @ sums_yes) / (times @ sums_no)).mean(axis=1), nights)


def totals(frames: pd.DataFrame) -> Numbers:
    """`calls` of all frames, how many lie in none of the nine conditions, and `mean_yes_no_odds` (`mean_odds`)."""
    inside = sum(len(in_condition(frames, sun, moon)) for sun, moon in CONDITIONS)
    return {
        **calls(frames),
        "frames_outside_conditions": len(frames) - inside,
        "mean_yes_no_odds": mean_odds(frames).as_dict(),
    }
