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
from ..logs import of_nights
from ..stage import stage_main
from ..tables.frames import FRAMES_TABLE, FrameStatus
from ..tables.labels import LABELLED_TABLE, LABELS_FILE, TO_LABEL, SampleSet, is_person
from ..tables.sky import SKY_TABLE
from .audit import Use, in_training_conditions, sample_audit, use_of_nights
from .sampling import draws, rank_within

logger = logging.getLogger(__name__)

SAMPLE_COLUMNS = ["frame_id", "night", "utc", "sun_class", "moon_class"]


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
    pool = frames[in_training_conditions(frames, params)]
    candidates = pool.groupby("night")["frame_id"].transform("size")
    part = np.floor(params.night_fraction_max * candidates + 1e-9)  # 1e-9: 0.29 * 100 is 28.999999999999996
    wanted_of_night = part.clip(upper=params.per_night_max).clip(lower=1)
    is_labelled = pool["frame_id"].isin(labelled).to_numpy(dtype=bool)
    numbers = draws(pool["frame_id"], seed, "pool") - is_labelled  # from [0, 1) to before all others
    is_chosen = (rank_within(pool["night"], numbers) < wanted_of_night) | is_labelled
    chosen = is_chosen.groupby(pool["night"].to_numpy()).transform("sum")
    return pool[is_chosen].assign(weight=(candidates / chosen)[is_chosen])


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
    use = use_of_nights(usable, params.sample_label, params.seed)
    audit = sample_audit(usable, use, params.sample_label.audit_per_condition, params.seed)
    by_people = set(labels.loc[labels["annotator"].map(is_person).astype(bool), "frame_id"])
    of_training = usable[usable["night"].map(use) == Use.TRAINING]
    pool = sample_pool(of_training, params.sample_label, params.seed, by_people)
    if pool.empty:
        raise _no_pool(usable, params.sample_label)
    sample = pd.concat([pool.assign(set=SampleSet.TRAIN_POOL.value), audit.assign(set=SampleSet.AUDIT.value)])
    agreed = labels_file.majority(labels)
    joined = sample.merge(agreed, on="frame_id", how="left").sort_values("frame_id", ignore_index=True)
    missing = joined["label"].isna()
    LABELLED_TABLE.write(joined[~missing])
    write_to_label(joined[missing])
    _log_funnel(usable, usable[in_training_conditions(usable, params.sample_label)], joined)
    if missing.any():
        logger.info(f"{missing.sum()} frames still to be labelled, see {TO_LABEL}")
    kept_apart = set(usable.loc[usable["night"].map(use) == Use.AUDIT, "frame_id"])
    _log_unused(agreed, set(sample["frame_id"]), by_people, set(usable["frame_id"]), kept_apart)


def write_to_label(missing: pd.DataFrame) -> None:
    """Write `TO_LABEL`, a row a frame."""
    with atomic_write(TO_LABEL) as temporary:
        columns = [*SAMPLE_COLUMNS, "set"]
        missing[columns].to_csv(temporary, index=False, date_format="%Y-%m-%dT%H:%M:%SZ", lineterminator="\n")


def _log_funnel(usable: pd.DataFrame, in_conditions: pd.DataFrame, sample: pd.DataFrame) -> None:
    """Log in one line how many frames and nights each step leaves."""
    labelled = sample[sample["label"].notna()]
    pool, audit = (labelled[labelled["set"] == name] for name in SampleSet)
    logger.info(
        f"usable {of_nights(usable)}; in sample_label.conditions {of_nights(in_conditions)}; asked {of_nights(sample)};"
        f" labelled: pool {of_nights(pool)}, audit {of_nights(audit)}"
    )


def _log_unused(
    agreed: pd.DataFrame, sampled: set[str], by_people: set[str], usable: set[str], kept_apart: set[str]
) -> None:
    """Log which labels are not used, and why; `kept_apart` are the frames of nights kept for the audit."""
    ties = int(agreed["label"].isna().sum())
    if not LABELS_FILE.exists():
        logger.warning(f"there is no {LABELS_FILE} yet")
    if ties:
        logger.warning(f"{ties} frames have as many yes as no and count as unlabelled")
    unused = set(agreed["frame_id"]) - sampled
    if unused - by_people:
        logger.warning(f"{len(unused - by_people)} labelled frames are not in the sample and not used")
    if of_people := unused & by_people:
        bad, apart = of_people - usable, of_people & kept_apart
        logger.warning(
            f"{len(of_people)} frames that people labelled are not used: {len(of_people - bad - apart)} lie outside"
            f" sample_label.conditions, {len(apart)} are of nights kept for the audit, {len(bad)} are bad or without a"
            f" time; {LABELS_FILE} keeps them"
        )


main = stage_main(run)


if __name__ == "__main__":
    main()
