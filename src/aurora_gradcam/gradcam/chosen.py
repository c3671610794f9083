"""Which frames are explained: pure rules on tables, so that a second run explains the same ones."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from .. import config
from ..conditions import CONDITIONS, condition_name
from ..corpus.frame_ids import sort_key
from ..corpus.nights import in_turn
from ..tables.split import held_out_split

logger = logging.getLogger(__name__)

OUTCOMES = {
    "true positive": ("yes", True),
    "false positive": ("no", True),
    "false negative": ("yes", False),
    "true negative": ("no", False),
}
"""Name of an outcome: the label, and whether the classifier called it aurora."""
MEASURED = "measured"
"""What the frames for the costly measures are chosen as."""


def most_confident(frames: pd.DataFrame, is_aurora: bool, count: int) -> pd.DataFrame:
    """The `count` frames called aurora (or not) with the most confidence, from as many nights as possible.

    `frames` has frame_id, night, p_aurora and is_aurora. Every night gives its best before any gives its second; equal
    confidence is decided by frame_id.
    """
    called = frames[frames["is_aurora"] == is_aurora]
    ordered = called.sort_values(["p_aurora", "frame_id"], ascending=[not is_aurora, True], key=sort_key)
    return in_turn(ordered, count)


def measured(frames: pd.DataFrame, labelled: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """Up to `count` frames called aurora, drawn at random from the nights that the classifier has not learnt from.

    The most confident frames would flatter the maps, and nights of train and val the classifier. Where every night has
    train or val frames, as under the study's split by frame, all nights are drawn from.

    Parameters
    ----------
    frames
        Columns frame_id, night, p_aurora, is_aurora; labelled : night, split.

    Returns
    -------
    rows of `frames`, each night giving its first before any gives its second, so that fewer are the start of more.
    """
    learnt = labelled.loc[labelled["split"] != "test", "night"]
    unseen = frames[~frames["night"].isin(learnt)]
    called = (
        (unseen if len(unseen) else frames).query("is_aurora").sort_values("frame_id", ignore_index=True, key=sort_key)
    )
    return in_turn(called.iloc[np.random.default_rng(seed).permutation(len(called))], count)


def groups(frames: pd.DataFrame, labelled: pd.DataFrame, params: config.GradCam) -> dict[str, tuple[int, pd.DataFrame]]:
    """Name of each group -> how many frames it was to have, and the frames.

    Each of the nine conditions has its most confident yes and its most confident no, half of `frames_per_condition`
    each (an odd one goes to yes). Each outcome has the most confident of the labelled frames held out of training: the
    test split, or val where there is no test split.

    Parameters
    ----------
    frames
        Columns frame_id, night, sun_class, moon_class, p_aurora, is_aurora; one row a frame.
    labelled
        Columns frame_id, label, split.
    """
    frames_of_group = {}
    for sun, moon in CONDITIONS:
        of_condition = frames[(frames["sun_class"] == sun) & (frames["moon_class"] == moon)]
        count = params.frames_per_condition
        sides = [
            most_confident(of_condition, True, count - count // 2),
            most_confident(of_condition, False, count // 2),
        ]
        frames_of_group[condition_name(sun, moon)] = (count, pd.concat(sides))
    judged = labelled.loc[labelled["split"] == held_out_split(labelled), ["frame_id", "label"]].merge(
        frames, on="frame_id"
    )
    for outcome, (label, called) in OUTCOMES.items():
        picked = most_confident(judged[judged["label"] == label], called, params.frames_per_outcome)
        frames_of_group[outcome] = (params.frames_per_outcome, picked)
    return frames_of_group


def choose(frames: pd.DataFrame, labelled: pd.DataFrame, params: config.GradCam) -> pd.DataFrame:
    """The frames of all groups as frame_id, chosen_as, p_aurora; a frame may stand in several. See `groups`.

    Groups with fewer frames than asked for are counted in a warning.
    """
    frames_of_group = groups(frames, labelled, params)
    short = [
        f"{name} {len(picked)} of {count}" for name, (count, picked) in frames_of_group.items() if len(picked) < count
    ]
    if short:
        logger.warning(f"{len(short)} of {len(frames_of_group)} groups are short of frames ({', '.join(short)})")
    return listed({name: picked for name, (_, picked) in frames_of_group.items()})


def listed(groups_of_frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Groups of frames under one another as frame_id, chosen_as, p_aurora."""
    rows = pd.concat([picked.assign(chosen_as=name) for name, picked in groups_of_frames.items()])
    return rows[["frame_id", "chosen_as", "p_aurora"]].reset_index(drop=True)
