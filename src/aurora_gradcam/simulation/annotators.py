"""Two simulated people who look at frames: how likely each calls aurora at a given visibility, and how long it takes.

An annotator perceives the logarithm of a frame's visibility with normal noise, says yes well above a criterion of their
own, no well below it, and unsure between (signal detection with two criteria: Green & Swets 1966, Signal Detection
Theory and Psychophysics). Now and then a hand slips, whatever the picture shows: the lapse rate of psychometric
functions (Wichmann & Hill 2001, Perception & Psychophysics 63, 1293).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from ..tables.labels import SIMULATED_ANNOTATOR

ANSWERS = ("yes", "unsure", "no")
LEAST_VISIBILITY = 1e-6
"""Visibility of a frame without any aurora, whose logarithm does not exist: far below every criterion."""
SPREAD = 0.3
"""Deviation of the perceived from the true logarithm. The truth calls a frame borderline, since people would not agree,
from 0.6 to 1.6 of the threshold (`truth.BORDERLINE`): with this deviation 1 in 20 perceives a frame at either end on
the other side of the threshold."""
UNSURE = 0.15
"""Half the width, in the logarithm, of what is called unsure: half a deviation, so that a frame at the criterion itself
is called unsure in 4 cases of 10."""
MEDIAN_S, SHORTEST_S, LONGEST_S = 3.0, 1.0, 30.0
"""Seconds from a picture to its answer; by choice, since one key is one answer."""
SPREAD_OF_SECONDS = 0.5
"""Deviation of the logarithm of these seconds: times of response are skewed to the right."""
SITTING, BREAK_S = 300, 1800.0
"""Answers without a break, about a quarter of an hour, and the break's length."""


@dataclass(frozen=True)
class Annotator:
    """A simulated person.

    `threshold`: the visibility that they call yes as often as no; `slips`: share of answers in which the other key is
    hit; after unsure, yes or no alike.
    """

    name: str
    threshold: float
    slips: float
    spread: float = SPREAD
    unsure: float = UNSURE


ANNOTATORS = (
    Annotator(f"{SIMULATED_ANNOTATOR}lenient", threshold=0.9, slips=0.01),
    Annotator(f"{SIMULATED_ANNOTATOR}strict", threshold=1.15, slips=0.02),
)
"""One calls a little more than the truth, one a little less, so that the two together are right on average. Kappa comes
out at 0.93 where few frames are near the threshold and at 0.82 where a fifth of them is borderline."""


def chances(annotator: Annotator, visibility: np.ndarray) -> np.ndarray:
    """How likely each of `ANSWERS` is, slips included.

    Parameters
    ----------
    visibility
        (n,), 1 is the threshold of the truth; not negative.

    Returns
    -------
    (n, 3), rows sum to 1.
    """
    distance = np.log(np.maximum(visibility, LEAST_VISIBILITY) / annotator.threshold)
    yes = norm.cdf((distance - annotator.unsure) / annotator.spread)
    no = norm.cdf((-distance - annotator.unsure) / annotator.spread)
    unsure = np.maximum(1 - yes - no, 0)  # below 0 by rounding
    meant, other = 1 - annotator.slips, annotator.slips
    return np.stack(
        [meant * yes + other * (no + unsure / 2), meant * unsure, meant * no + other * (yes + unsure / 2)], axis=1
    )


def answers(annotator: Annotator, visibility: np.ndarray, numbers: np.ndarray) -> list[str]:
    """One of `ANSWERS` for each frame, drawn by the inverse of the distribution.

    Parameters
    ----------
    visibility
        (n,), as in `chances`.
    numbers
        (n,) random numbers in [0, 1), one a frame.
    """
    limits = np.cumsum(chances(annotator, visibility), axis=1)[:, :-1]
    return [ANSWERS[place] for place in (numbers[:, None] >= limits).sum(axis=1)]


def seconds(numbers: np.ndarray) -> np.ndarray:
    """How long each answer takes, whole seconds from `SHORTEST_S` to `LONGEST_S`; numbers (n,) in [0, 1) -> (n,)."""
    drawn = MEDIAN_S * np.exp(SPREAD_OF_SECONDS * norm.ppf(np.clip(numbers, 1e-12, 1 - 1e-12)))
    return np.clip(np.round(drawn), SHORTEST_S, LONGEST_S)
