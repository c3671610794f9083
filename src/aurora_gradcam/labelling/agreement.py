"""How far annotators agree: Cohen's kappa of each pair, over the frames that both answered yes or no."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from ..corpus.frame_ids import night_of
from ..inference.resampling import night_interval, per_night
from ..tables.labels import LABELS
from .collect import Answers
from .journal import Answer

UNSEEN_NIGHTS = (0.0, 1.0)
"""Kappa on an unseen night: by chance at worst, perfect at best; see `bootstrap.limits`.

In 300 simulated trials with 6 to 30 nights, errors correlated within nights, and a true kappa of 0.3 to 0.9, these
intervals covered the truth in 94 to 99 %; without room for unseen nights in 83 to 95 %."""


@dataclass(frozen=True)
class Pair:
    """Two annotators' answers to the same frames; kappa with its 95 % limits over nights, None where undefined."""

    first: str
    second: str
    frames: int
    both_yes: int
    both_no: int
    first_only_yes: int
    second_only_yes: int
    agreement: float
    kappa: float | None
    low: float | None
    high: float | None


def kappa(counts: np.ndarray) -> np.ndarray:
    """Cohen's kappa (Cohen 1960, Educational and Psychological Measurement 20, 37) of two yes-or-no judges.

    Parameters
    ----------
    counts
        (n, 4), frames that both call yes, both no, the first alone yes, the second alone yes.

    Returns
    -------
    (n,) (observed - expected agreement) / (1 - expected); nan where both give the same one answer throughout.
    """
    both_yes, both_no, first_only, second_only = counts.T / counts.sum(axis=1)
    first, second = both_yes + first_only, both_yes + second_only
    expected = first * second + (1 - first) * (1 - second)
    return (both_yes + both_no - expected) / np.where(1 - expected > 1e-12, 1 - expected, np.nan)


def compare(first: str, second: str, answers: Answers, seed: int) -> Pair | None:
    """Two annotators' agreement; None where they share no frame that both answered yes or no."""
    by_first, by_second = answers[first], answers[second]
    shared = sorted(frame for frame in by_first.keys() & by_second if {by_first[frame], by_second[frame]} <= {*LABELS})
    if not shared:
        return None
    kinds = [("yes", "yes"), ("no", "no"), ("yes", "no"), ("no", "yes")]
    cells = np.array(
        [[(by_first[frame], by_second[frame]) == kind for kind in kinds] for frame in shared], dtype=np.int64
    )
    nights = np.array([night_of(frame) for frame in shared])
    by_night = per_night(cells, nights)
    estimate = night_interval(lambda times: kappa(times @ by_night), nights, bounds=UNSEEN_NIGHTS, seed=seed)
    both_yes, both_no, first_only, second_only = cells.sum(axis=0).tolist()
    agreeing = (both_yes + both_no) / len(shared)
    value, low, high = (
        float(number) if np.isfinite(number) else None for number in (estimate.value, estimate.low, estimate.high)
    )
    return Pair(first, second, len(shared), both_yes, both_no, first_only, second_only, agreeing, value, low, high)


def agreement(answers: Answers, seed: int) -> dict[str, Any]:
    """`pairs`, one for each two annotators with frames in common, and how many answers were `unsure`."""
    pairs = [compare(first, second, answers, seed) for first, second in combinations(sorted(answers), 2)]
    unsure = sum(answer == Answer.UNSURE for by_annotator in answers.values() for answer in by_annotator.values())
    return {"pairs": [asdict(pair) for pair in pairs if pair], "unsure": unsure}
