"""Stage sample_label: choose the frames that people label, and join the labels that they gave."""

from __future__ import annotations

import logging
from collections.abc import Collection

import numpy as np
import pandas as pd

from .. import labels_file
from ..conditions import CONDITIONS, condition_name
from ..config import Params, SampleLabel
from ..errors import DataError
from ..files import atomic_write
from ..stage import stage_main
from ..tables.frames import FRAMES_TABLE, FrameStatus
from ..tables.labels import LABELLED_TABLE, LABELS_FILE, TO_LABEL, SampleSet, is_person
from ..tables.sky import SKY_TABLE
from .sampling import draws, rank_within

logger = logging.getLogger(__name__)

SAMPLE_COLUMNS = ["frame_id", "night", "utc", "sun_class", "moon_class"]


def _of_condition(frames: pd.DataFrame, sun: str, moon: str) -> np.ndarray:
    return ((frames["sun_class"] == sun) & (frames["moon_class"] == moon)).to_numpy(dtype=bool)


def sample_pool(
    frames: pd.DataFrame, params: SampleLabel, seed: int, labelled: Collection[str] = frozenset()
) -> pd.DataFrame:
    """The date-aware sample for training: from each night at most so many frames and at most so large a part.

    Frames that people have labelled come first and are never dropped, even beyond that number: what somebody has looked
    at stays useful when a new night or another limit would draw other frames.

    Parameters
    ----------
    frames
        Columns frame_id, night, sun_class, moon_class; usable frames only.
    labelled
        The frame_ids that people have labelled.

    Returns
    -------
    The chosen rows with `weight`, the night's candidates for each of its chosen frames. From a night come
    `min(per_night_max, floor(night_fraction_max * candidates))` frames, at least 1, whatever other nights there are,
    and at least its labelled ones.
    """
    conditions = [_of_condition(frames, condition.sun, condition.moon) for condition in params.conditions]
    pool = frames[np.any(conditions, axis=0)]
    candidates = pool.groupby("night")["frame_id"].transform("size")
    part = np.floor(params.night_fraction_max * candidates + 1e-9)  # 1e-9: 0.29 * 100 is 28.999999999999996
    wanted_of_night = part.clip(upper=params.per_night_max).clip(lower=1)
    is_labelled = pool["frame_id"].isin(labelled).to_numpy(dtype=bool)
    numbers = draws(pool["frame_id"], seed, "pool") - is_labelled  # from [0, 1) to before all others
    is_chosen = (rank_within(pool["night"], numbers) < wanted_of_night) | is_labelled
    chosen = is_chosen.groupby(pool["night"].to_numpy()).transform("sum")
    return pool[is_chosen].assign(weight=(candidates / chosen)[is_chosen])


def sample_audit(frames: pd.DataFrame, per_condition: int, seed: int) -> pd.DataFrame:
    """The audit sample: so many frames from each of the nine conditions, every frame as likely as any other.

    The frames of a night are spaced evenly over [0, 1), in random order and from a random start, and the smallest
    numbers of all nights are taken: every night gives its proportional part, rounded up or down, and a further night
    changes only what it displaces.

    Returns
    -------
    The chosen rows with `weight`, the condition's frames for each chosen one; all frames of a condition with fewer.
    """
    chosen = []
    for sun, moon in CONDITIONS:
        of_condition = frames[_of_condition(frames, sun, moon)]
        order = rank_within(of_condition["night"], draws(of_condition["frame_id"], seed, "audit"))
        nights, number = np.unique(of_condition["night"].to_numpy(dtype=str), return_inverse=True)
        starts = draws(nights, seed, f"audit {sun} {moon}")
        numbers = (order + starts[number]) / np.bincount(number)[number]
        smallest = of_condition.iloc[np.argsort(numbers, kind="stable")[:per_condition]]
        chosen.append(smallest.assign(weight=len(of_condition) / max(len(smallest), 1)))
    return pd.concat(chosen)


def _usable(frames: pd.DataFrame, sky: pd.DataFrame) -> pd.DataFrame:
    if set(frames["frame_id"]) != set(sky["frame_id"]):
        raise DataError("the frames and sky tables do not hold the same frames", SKY_TABLE.path(), "run `dvc repro`")
    joined = frames.merge(sky, on="frame_id", validate="one_to_one").sort_values("frame_id", ignore_index=True)
    usable = (joined["status"] == FrameStatus.OK) & joined["sun_class"].notna()
    if not usable.all():
        bad, unknown = (joined["status"] != FrameStatus.OK).sum(), joined["sun_class"].isna().sum()
        logger.warning(f"of {len(joined)} frames {bad} are bad and {unknown} without a time")
    return joined.loc[usable, SAMPLE_COLUMNS]


def _no_pool(frames: pd.DataFrame, params: SampleLabel) -> DataError:
    counts = frames.groupby(["sun_class", "moon_class"]).size()
    available = "; ".join(f"{condition_name(*key)}: {counts.get(key, 0)}" for key in CONDITIONS)
    wanted = ", ".join(condition_name(condition.sun, condition.moon) for condition in params.conditions)
    fix = "add nights, or other conditions to sample_label.conditions"
    return DataError(f"no usable frame in the training conditions ({wanted}); available are {available}", "", fix)


def run(params: Params) -> None:
    """Read frames, sky and labels; write the labelled sample and the list of what a person still has to label."""
    frames = FRAMES_TABLE.read_months(params.months)
    labels = labels_file.read(LABELS_FILE, frames["frame_id"])
    usable = _usable(frames, SKY_TABLE.read())
    audit = sample_audit(usable, params.sample_label.audit_per_condition, params.seed)
    by_people = set(labels.loc[labels["annotator"].map(is_person).astype(bool), "frame_id"])
    pool = sample_pool(usable, params.sample_label, params.seed, by_people - set(audit["frame_id"]))
    if pool.empty:
        raise _no_pool(usable, params.sample_label)
    sample = pd.concat([pool.assign(set=SampleSet.TRAIN_POOL.value), audit.assign(set=SampleSet.AUDIT.value)])
    agreed = labels_file.majority(labels)
    joined = sample.merge(agreed, on="frame_id", how="left").sort_values(["frame_id", "set"], ignore_index=True)
    missing = joined["label"].isna()
    LABELLED_TABLE.write(joined[~missing])
    to_label = write_to_label(joined[missing])
    _log_what_is_left(agreed, set(sample["frame_id"]), by_people, set(usable["frame_id"]), to_label)


def write_to_label(missing: pd.DataFrame) -> int:
    """Write `TO_LABEL`, one row a frame, its sets joined with `+`; return how many rows."""
    sets = missing.groupby("frame_id")["set"].agg(lambda of_frame: "+".join(sorted(of_frame, reverse=True)))
    once = missing.drop_duplicates("frame_id").drop(columns="set").merge(sets.reset_index(), on="frame_id")
    with atomic_write(TO_LABEL) as temporary:
        columns = [*SAMPLE_COLUMNS, "set"]
        once[columns].to_csv(temporary, index=False, date_format="%Y-%m-%dT%H:%M:%SZ", lineterminator="\n")
    return len(once)


def _log_what_is_left(
    agreed: pd.DataFrame, sampled: set[str], by_people: set[str], usable: set[str], to_label: int
) -> None:
    """Log how many frames are still to be labelled and which labels are not used."""
    ties = int(agreed["label"].isna().sum())
    if not LABELS_FILE.exists():
        logger.warning(f"there is no {LABELS_FILE} yet")
    if to_label:
        logger.info(f"{to_label} frames still to be labelled, see {TO_LABEL}")
    if ties:
        logger.warning(f"{ties} frames have as many yes as no and count as unlabelled")
    unused = set(agreed["frame_id"]) - sampled
    if unused - by_people:
        logger.warning(f"{len(unused - by_people)} labelled frames are not in the sample and not used")
    if of_people := unused & by_people:
        logger.warning(
            f"{len(of_people)} frames that people labelled are not used: {len(of_people & usable)} lie outside"
            f" sample_label.conditions, {len(of_people - usable)} are bad or without a time; {LABELS_FILE} keeps them"
        )


main = stage_main(run)


if __name__ == "__main__":
    main()
