"""The share of frames, that is of time, in which aurora is visible: as called, and corrected by labelled frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from . import bootstrap
from .bootstrap import MIN_NIGHTS, SHARE, Estimate
from .prevalence import METHODS, SUMS, night_sums

COLUMNS = ("group", "method", "value", "low", "high", "frames", "nights", "labelled", "labelled_nights")


@dataclass(frozen=True)
class Occurrence:
    """One estimate, and the labelled frames and nights that it rests on (0: it takes no labels).

    too_few_nights : whether that is why there is no value: fewer than MIN_NIGHTS nights in the group, with labelled
        frames, or (Rogan-Gladen) with labelled frames of either class.
    """

    estimate: Estimate
    labelled: int
    labelled_nights: int
    too_few_nights: bool


def estimates(
    frames: pd.DataFrame,
    rates_from: pd.DataFrame | None = None,
    draws: int = bootstrap.DRAWS,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Occurrence]:
    """The occurrence in a group of frames by each of METHODS, with intervals over whole nights.

    A night brings all its frames and its labelled ones; nights with labels but no frame in the group are drawn apart.

    Parameters
    ----------
    frames
        As in `night_sums`, each frame once. A label may stand only where the classifier was not trained on the
        frame's night, and the labelled frames must be a random sample of the group's frames, each with the number of
        frames for which it stands.
    rates_from
        Such rows (only p_aurora is not needed) whose labelled frames give sensitivity and specificity for
        Rogan-Gladen, assuming that the error rates there carry over to the group; without it the group's own.
    """
    nights = np.unique(frames["night"])
    pool = (frames if rates_from is None else rates_from).dropna(subset="label")
    elsewhere = np.setdiff1d(pool["night"], nights)
    own, rates, other = night_sums(frames, nights), night_sums(pool, nights), night_sums(pool, elsewhere)
    rates[:, :3], other[:, :3] = own[:, :3], 0  # all frames, those called, p: the group's alone
    inner, _ = bootstrap.multiplicities(nights, draws, seed)
    outer, _ = bootstrap.multiplicities(elsewhere, draws, seed + 1)
    of_pool, weight, yes = np.concatenate([rates, other]), SUMS.index("weight"), SUMS.index("yes")
    with_yes, with_no = of_pool[:, yes] > 0, of_pool[:, weight] > of_pool[:, yes]
    rated = int(np.minimum(with_yes.sum(), with_no.sum()))
    own_nights, own_count = int((own[:, weight] > 0).sum()), int(frames["label"].notna().sum())
    basis = {  # sums of the sample; of the draws; labelled frames; their nights; the fewest nights of anything needed
        "apparent": (own.sum(0), inner @ own, 0, 0, len(nights)),
        "rogan_gladen": (of_pool.sum(0), inner @ rates + outer @ other, len(pool), pool["night"].nunique(), rated),
        "prediction_powered": (own.sum(0), inner @ own, own_count, own_nights, own_nights),
    }
    by_method = {}
    for method, (sample, drawn, labelled, labelled_nights, fewest) in basis.items():
        too_few = min(fewest, len(nights)) < MIN_NIGHTS
        value = np.nan if too_few else float(METHODS[method](sample))
        limits = bootstrap.limits(value, METHODS[method](drawn), min(fewest, len(nights)), level, SHARE, seed)
        estimate = Estimate(value, *limits, len(frames), len(nights))
        by_method[method] = Occurrence(estimate, labelled, labelled_nights, too_few)
    return by_method


def by_group(
    frames: pd.DataFrame,
    groups: pd.Series,
    own_rates: bool = False,
    draws: int = bootstrap.DRAWS,
    seed: int = 0,
    level: float = 0.95,
) -> pd.DataFrame:
    """`estimates` of each group of frames.

    Parameters
    ----------
    frames
        See `estimates`.
    groups
        The group of each row, by the same index; frames of no group (null) are left out. Categories come in their
        order, with those that are empty, anything else is sorted.
    own_rates
        Whether sensitivity and specificity come from the group's own labelled frames; else from all, which assumes
        that the classifier errs as often in occurrence group as in another.

    Returns
    -------
    One row for each group and method: COLUMNS and too_few_nights. value, low and high are nan with too few nights, or
    where Rogan-Gladen has no definition.
    """
    rows = []
    for group, of_group in frames.groupby(groups, observed=False, sort=True):
        by_method = estimates(of_group, None if own_rates else frames, draws, seed, level)
        for method, occurrence in by_method.items():
            rows.append(
                {"group": group, "method": method}
                | {key: occurrence.estimate.as_dict()[key] for key in COLUMNS[2:7]}
                | {"labelled": occurrence.labelled, "labelled_nights": occurrence.labelled_nights}
                | {"too_few_nights": occurrence.too_few_nights}
            )
    return pd.DataFrame(rows, columns=[*COLUMNS, "too_few_nights"])
