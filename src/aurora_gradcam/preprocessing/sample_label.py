"""Stage sample_label: choose the frames that people label, and join the labels that they gave."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from ..conditions import CONDITIONS, condition_name
from ..config import Params, SampleLabel
from ..errors import DataError
from ..files import atomic_write
from ..frame_ids import sort_key
from ..stage import stage_main
from ..tables.frames import FRAMES_TABLE, FrameStatus
from ..tables.labels import LABELLED_TABLE, LABELS_FILE, TO_LABEL
from ..tables.sky import SKY_TABLE
from .labels import majority, read_labels
from .sampling import draws, rank_within

logger = logging.getLogger(__name__)

SAMPLE_COLUMNS = ["frame_id", "night", "utc", "sun_class", "moon_class"]


def _of_condition(frames: pd.DataFrame, sun: str, moon: str) -> np.ndarray:
    return ((frames["sun_class"] == sun) & (frames["moon_class"] == moon)).to_numpy(dtype=bool)


def sample_pool(frames: pd.DataFrame, params: SampleLabel, seed: int) -> pd.DataFrame:
    """The date-aware sample for training: from each night at most so many frames and at most so large a part.

    Parameters
    ----------
    frames
        Columns frame_id, night, sun_class, moon_class; usable frames only.

    Returns
    -------
    The chosen rows with `weight`, the night's candidates for each of its chosen frames. From a night come
    `min(per_night_max, floor(night_fraction_max * candidates))` frames, at least 1, whatever other nights there are.
    """
    wanted = np.any([_of_condition(frames, one.sun, one.moon) for one in params.conditions], axis=0)
    pool = frames[wanted]
    candidates = pool.groupby("night")["frame_id"].transform("size")
    part = np.floor(params.night_fraction_max * candidates + 1e-9)  # 1e-9: 0.29 * 100 is 28.999999999999996
    wanted_of_night = part.clip(upper=params.per_night_max).clip(lower=1)
    numbers = draws(pool["frame_id"], seed, "pool")
    chosen = rank_within(pool["night"], numbers) < wanted_of_night
    return pool[chosen].assign(weight=(candidates / wanted_of_night)[chosen])


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
    joined = frames.merge(sky, on="frame_id", validate="one_to_one").sort_values(
        "frame_id", ignore_index=True, key=sort_key
    )
    usable = (joined["status"] == FrameStatus.OK) & joined["sun_class"].notna()
    if not usable.all():
        bad, unknown = (joined["status"] != FrameStatus.OK).sum(), joined["sun_class"].isna().sum()
        logger.warning(f"of {len(joined)} frames {bad} are bad and {unknown} without a time")
    return joined.loc[usable, SAMPLE_COLUMNS]


def _no_pool(frames: pd.DataFrame, params: SampleLabel) -> DataError:
    counts = frames.groupby(["sun_class", "moon_class"]).size()
    there = "; ".join(f"{condition_name(*key)}: {counts.get(key, 0)}" for key in CONDITIONS)
    wanted = ", ".join(condition_name(one.sun, one.moon) for one in params.conditions)
    fix = "add nights, or other conditions to sample_label.conditions"
    return DataError(f"no usable frame in the training conditions ({wanted}); there are {there}", "", fix)


def run(params: Params) -> None:
    """Read frames, sky and labels; write the labelled sample and the list of what a person still has to label."""
    frames = FRAMES_TABLE.read_months(params.months)
    labels = read_labels(LABELS_FILE, frames["frame_id"])
    usable = _usable(frames, SKY_TABLE.read())
    pool = sample_pool(usable, params.sample_label, params.seed)
    if pool.empty:
        raise _no_pool(usable, params.sample_label)
    audit = sample_audit(usable, params.sample_label.audit_per_condition, params.seed)
    sample = pd.concat([pool.assign(set="train_pool"), audit.assign(set="audit")])
    agreed = majority(labels)
    joined = sample.merge(agreed, on="frame_id", how="left").sort_values(
        ["frame_id", "set"], ignore_index=True, key=sort_key
    )
    missing = joined["label"].isna()
    LABELLED_TABLE.write(joined[~missing])
    to_label = write_to_label(joined[missing])
    tell(agreed, set(sample["frame_id"]), to_label)


def write_to_label(missing: pd.DataFrame) -> int:
    """Write `TO_LABEL`, one row a frame, its sets joined with `+`; return how many rows."""
    sets = missing.groupby("frame_id")["set"].agg(lambda of_frame: "+".join(sorted(of_frame, reverse=True)))
    once = missing.drop_duplicates("frame_id").drop(columns="set").merge(sets.reset_index(), on="frame_id")
    with atomic_write(TO_LABEL) as temporary:
        columns = [*SAMPLE_COLUMNS, "set"]
        once[columns].to_csv(temporary, index=False, date_format="%Y-%m-%dT%H:%M:%SZ", lineterminator="\n")
    return len(once)


def tell(agreed: pd.DataFrame, sampled: set[str], to_label: int) -> None:
    """Log what is still to be labelled and which labels were not used."""
    ties = int(agreed["label"].isna().sum())
    if not LABELS_FILE.exists():
        logger.warning(f"there is no {LABELS_FILE} yet")
    if to_label:
        logger.info(f"{to_label} frames still to be labelled, see {TO_LABEL}")
    if ties:
        logger.warning(f"{ties} frames have as many yes as no and count as unlabelled")
    if unused := int((~agreed["frame_id"].isin(sampled)).sum()):
        logger.warning(f"{unused} labelled frames are not in the sample and not used")


main = stage_main(run)


if __name__ == "__main__":
    main()
