"""Simulate nights: the sample's, or nights drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas as pd
import torch

from ..config import Site
from ..errors import ConfigError
from ..parallel import map_nights
from .nights import labels_of, simulate_night, write_labels
from .plan import Plan, random_plan
from .sample import SAMPLE

LABELS = Path("labels/labels.csv")


def plans_of(nights: Sequence[str], minutes: int, seed: int, site: Site, sample: bool) -> list[Plan]:
    """The plans that the options ask for.

    Raises
    ------
    ConfigError : neither nights nor the sample are asked for, or both; a night twice; a bad length or seed.
    """
    if sample == bool(nights):
        raise ConfigError("give either --nights or --sample", "aurora simulate", "such as --nights 20240201,20240202")
    if sample:
        return list(SAMPLE)
    if minutes < 1 or minutes > 720:
        raise ConfigError(f"{minutes} minutes are no length of a night", "--minutes", "take 1 to 720")
    if seed < 0:
        raise ConfigError(f"{seed} is no seed", "--seed", "take a whole number from 0")
    if len(set(nights)) != len(nights):
        raise ConfigError("a night is listed twice", "--nights")
    return [random_plan(night, minutes, seed, site) for night in nights]


def _one(plan: Plan, seed: int, site: Site, root: Path) -> pd.DataFrame:
    # one thread: sums in another order would change the last bits, and with them the video
    torch.set_num_threads(1)
    return simulate_night(plan, seed, site, root)


def run(plans: Sequence[Plan], seed: int, site: Site, root: Path, labels: Path | None = None) -> pd.DataFrame:
    """Write videos, truth and labels of these nights below `root`; return the truth of all.

    labels : the label file, by default `labels/labels.csv` below `root`.
    """
    truths = map_nights(partial(_one, seed=seed, site=site, root=root), plans, "simulating nights")
    truth = pd.concat(truths, ignore_index=True)
    write_labels(labels or root / LABELS, [plan.night for plan in plans], labels_of(truth))
    return truth
