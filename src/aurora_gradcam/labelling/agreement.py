"""How far annotators agree: Cohen's kappa of each pair, over the frames that both answered or named a kind of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from ..corpus.frame_ids import night_of
from ..inference.bootstrap import Estimate
from ..inference.resampling import night_interval, per_night
from ..tables.kinds import KINDS
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


@dataclass(frozen=True)
class KindPair:
    """Two annotators' words for the same frames: how many, the share alike, and kappa as in `Pair`."""

    first: str
    second: str
    frames: int
    agreement: float
    kappa: float | None
    low: float | None
    high: float | None


def kappa_of_table(counts: np.ndarray) -> np.ndarray:
    """Cohen's kappa of two judges with k words: frames by both words, (n, k, k) -> (n,); nan as in `kappa`."""
    shares = counts / counts.sum((1, 2), keepdims=True)
    observed = np.trace(shares, axis1=1, axis2=2)
    expected = (shares.sum(1) * shares.sum(2)).sum(1)
    return (observed - expected) / np.where(1 - expected > 1e-12, 1 - expected, np.nan)


def compare_kind(first: str, second: str, answers: Answers, words: Sequence[str], seed: int) -> KindPair | None:
    """Two annotators' agreement on a kind; None where they share no frame for which both name one."""
    by_first, by_second = answers[first], answers[second]
    shared = sorted(frame for frame in by_first.keys() & by_second if by_first[frame] and by_second[frame])
    if not shared:
        return None
    place = {word: number for number, word in enumerate(words)}
    size = len(words)
    cells = np.zeros((len(shared), size * size), dtype=np.int64)
    for row, frame in enumerate(shared):
        cells[row, place[by_first[frame]] * size + place[by_second[frame]]] = 1
    nights = np.array([night_of(frame) for frame in shared])
    by_night = per_night(cells, nights)
    estimate = night_interval(
        lambda times: kappa_of_table((times @ by_night).reshape(-1, size, size)),
        nights, bounds=UNSEEN_NIGHTS, seed=seed,
    )  # fmt: skip
    alike = float(np.mean([by_first[frame] == by_second[frame] for frame in shared]))
    return KindPair(first, second, len(shared), alike, *_known(estimate))


def _known(estimate: Estimate) -> tuple[float | None, float | None, float | None]:
    value, low, high = (
        float(number) if np.isfinite(number) else None for number in (estimate.value, estimate.low, estimate.high)
    )
    return value, low, high


def agreement(answers: Answers, seed: int, kinds: Mapping[str, Answers] | None = None) -> dict[str, Any]:
    """`pairs`, one for each two annotators with frames in common, and how many answers were `unsure`.

    `kinds`: such pairs of each kind beside yes and no for which two annotators have words; without any it is empty.
    """
    pairs = [compare(first, second, answers, seed) for first, second in combinations(sorted(answers), 2)]
    unsure = sum(answer == Answer.UNSURE for by_annotator in answers.values() for answer in by_annotator.values())
    of_kinds = {}
    for kind, values in (kinds or {}).items():
        both = combinations(sorted(values), 2)
        compared = [compare_kind(first, second, values, KINDS[kind], seed) for first, second in both]
        if named := [asdict(pair) for pair in compared if pair]:
            of_kinds[kind] = named
    return {"pairs": [asdict(pair) for pair in pairs if pair], "unsure": unsure, "kinds": of_kinds}
