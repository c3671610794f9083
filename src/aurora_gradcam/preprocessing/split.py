"""Stage split: divide the labelled training pool into train, val and test."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from ..config import Fractions, Params
from ..corpus.frame_ids import night_of, sort_key
from ..errors import ConfigError, DataError
from ..logs import of_nights
from ..stage import stage_main
from ..tables.kinds import KINDS
from ..tables.labels import LABELLED_TABLE, LABELS, LABELS_FILE, TO_LABEL
from ..tables.split import SPLIT_TABLE, SPLITS
from .sampling import draws, rank_within, spread_over

logger = logging.getLogger(__name__)

TRIES = 1000  # orders of the nights that are tried
MORE_LABELS = "label more frames of the rarer class, change split.fractions, or use fewer splits (a fraction of 0)"


def _counted(pool: pd.DataFrame) -> str:
    numbers = pool["label"].value_counts()
    nights = pool.groupby("label")["night"].nunique()
    return ", ".join(f"{numbers.get(label, 0)} {label} in {nights.get(label, 0)} nights" for label in reversed(LABELS))


def divide_nights(counts: np.ndarray, fractions: np.ndarray, generator: np.random.Generator) -> np.ndarray | None:
    """Assign each night to one split so that the shares of yes and of no come close to the fractions.

    Shares of frames, of which the classifier learns, and as much of nights with either class, on which the scores rest.
    A greedy search with restarts: in each of `TRIES` seeded orders of the nights, every night goes to the split with
    the largest deficit of what the night has, as shares of all. Of the assignments with both classes in every split,
    the one with the least squared deviation of shares is taken, the first of equals.

    Parameters
    ----------
    counts
        Shape (nights, 2), frames of either class in each night, both present.
    fractions
        Shape (splits,), positive, sum 1.

    Returns
    -------
    The index of each night's split, shape (nights,); None where no assignment has both classes in every split.
    """
    amounts = np.column_stack([counts, counts > 0])
    shares = amounts / amounts.sum(axis=0)
    order = generator.permuted(np.tile(np.arange(len(counts)), (TRIES, 1)), axis=1)
    deficit = np.tile(fractions[:, None], (TRIES, 1, shares.shape[1]))
    has_class = np.zeros((TRIES, len(fractions), counts.shape[1]), dtype=bool)
    assigned = np.zeros(order.shape, dtype=np.int64)
    tries = np.arange(TRIES)
    for night in order.T:  # a night of every try at a time
        chosen = (deficit * shares[night][:, None, :]).sum(axis=2).argmax(axis=1)
        deficit[tries, chosen] -= shares[night]
        has_class[tries, chosen] |= counts[night] > 0
        assigned[tries, night] = chosen
    deviation = np.where(has_class.all(axis=(1, 2)), (deficit**2).sum(axis=(1, 2)).round(12), np.inf)
    best = int(deviation.argmin())
    return assigned[best] if np.isfinite(deviation[best]) else None


def by_night(pool: pd.DataFrame, fractions: Fractions, balance: bool, seed: int) -> pd.DataFrame:
    """Policy `night`: whole nights to each split, see `divide_nights`; then classes of equal size, if wanted.

    Parameters
    ----------
    pool
        Columns frame_id, night, label; in order of frame_id.
    balance
        Reduce the majority class of each split to the size of the other, in proportion over its nights.

    Returns
    -------
    The rows kept, with `split`.

    Raises
    ------
    DataError
        Too few nights with either class.
    """
    wanted = {name: share for name in SPLITS if (share := getattr(fractions, name)) > 0}
    counts = pd.crosstab(pool["night"], pool["label"]).reindex(columns=list(LABELS), fill_value=0)
    enough = len(wanted) <= (counts > 0).sum().min()
    generator = np.random.default_rng(seed)
    assigned = divide_nights(counts.to_numpy(), np.array(list(wanted.values())), generator) if enough else None
    if assigned is None:
        what = f"whole nights do not give both classes to each of {', '.join(wanted)}: {_counted(pool)}"
        raise DataError(what, LABELLED_TABLE.path(), MORE_LABELS)
    name_of_night = pd.Series(np.array(list(wanted))[assigned], index=counts.index)
    split = pool.assign(split=pool["night"].map(name_of_night))
    if balance:
        split = pd.concat([balance_classes(part, seed) for _, part in split.groupby("split")])
    assert len(split[["night", "split"]].drop_duplicates()) == split["night"].nunique(), "a night is in two splits"
    return split


def balance_classes(part: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Reduce the majority class to the size of the other, in proportion over its nights, exactly."""
    kept = int(part["label"].value_counts().min())
    classes = [of_label for _, of_label in part.groupby("label")]
    return pd.concat(
        [rows[spread_over(rows["night"], draws(rows["frame_id"], seed, "thin"), kept)] for rows in classes]
    )


def by_frame(pool: pd.DataFrame, fractions: Fractions, balance: bool, seed: int) -> pd.DataFrame:
    """Policy `frame`, the study's: train and val inside every night, so that neighbouring minutes are in both.

    From every night `floor(n * train / (train + val))` of the rarer class's n frames go to train, the others to val
    (the study: 0.8, which gives 1,024 and 329 of 1,353). With `balance` as many of the other class go to train, spread
    over nights in proportion by largest remainder, then as many to val from what remains; else it is divided like the
    rarer. The fraction of test is not used.

    Parameters and results as in `by_night`.

    Raises
    ------
    DataError
        Train or val lacks a class.
    ConfigError
        The fractions of train and val are both 0.
    """
    if fractions.train + fractions.val == 0:
        raise ConfigError("policy frame needs fractions of train and val", "params.yaml: split.fractions")
    share = fractions.train / (fractions.train + fractions.val)
    numbers = pool["label"].value_counts().reindex(list(LABELS), fill_value=0)
    rarer = "no" if numbers["no"] < numbers["yes"] else "yes"
    parts = []
    for label in (rarer, *(label for label in LABELS if label != rarer)):
        rest = pool[pool["label"] == label]
        order = draws(rest["frame_id"], seed, "frame")
        if balance and label != rarer:
            for name, total in parts[0]["split"].value_counts().sort_index().items():  # train, then val
                chosen = spread_over(rest["night"], order, total)
                parts.append(rest[chosen].assign(split=name))
                rest, order = rest[~chosen], order[~chosen]
        else:
            to_train = np.floor(rest.groupby("night")["night"].transform("size") * share + 1e-9)
            first = rank_within(rest["night"], order) < to_train
            parts.append(rest.assign(split=np.where(first, "train", "val")))
    split = pd.concat(parts)
    if len(split.groupby(["split", "label"])) < 4:
        what = f"the nights do not give both classes to train and to val: {_counted(pool)}"
        raise DataError(what, LABELLED_TABLE.path(), MORE_LABELS)
    return split


def run(params: Params) -> None:
    """Read the labelled sample, write the split of its training pool; the audit set is left out."""
    labelled = LABELLED_TABLE.read()
    columns = ["frame_id", "label", *(kind for kind in KINDS if kind in labelled)]
    pool = labelled.loc[labelled["set"] == "train_pool", columns].sort_values("frame_id", key=sort_key)
    pool = pool.assign(night=pool["frame_id"].map(night_of)).reset_index(drop=True)
    if pool.empty:
        fix = f"label the frames of {TO_LABEL} in {LABELS_FILE}, then `dvc repro`"
        raise DataError("no frame of the training pool is labelled", LABELLED_TABLE.path(), fix)
    policy = by_night if params.split.policy == "night" else by_frame
    split = policy(pool, params.split.fractions, params.split.balance, params.seed)
    parts = ", ".join(f"{name} {of_nights(split[split['split'] == name])}" for name in SPLITS)
    logger.info(f"pool {of_nights(pool)}; {parts}; left out to balance classes {len(pool) - len(split)}")
    SPLIT_TABLE.write(split.sort_values("frame_id", key=sort_key))


main = stage_main(run)


if __name__ == "__main__":
    main()
