"""From the classifier's logits to trustworthy probabilities and calls, fitted on validation frames alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit

from ..errors import DataError
from ..tables.labels import LABELS

TEMPERATURES = (0.05, 20.0)
"""Bounds of the fit: beyond them probabilities are all but 0 or 1, or all but a half."""
DEFAULT_TEMPERATURE, DEFAULT_THRESHOLD = 1.0, 0.5
"""Where the val nights are too few to choose: probabilities as the network gives them, and the likelier class."""
STANDARD_ERRORS = 2.0
"""A threshold other than the default must do better on the val nights by more than this many."""
_TOLERANCE = 1e-6  # of the temperature's logarithm


def aurora_probability(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Softmax of logits / temperature for class yes: (n, 2), columns no and yes, -> (n,)."""
    return expit((logits[:, 1] - logits[:, 0]) / temperature)


def cross_entropy(logits: np.ndarray, targets: np.ndarray, temperature: float = 1.0) -> float:
    """Mean cross-entropy in nats of softmax(logits / temperature): logits (n, 2), targets (n,) of 0 = no, 1 = yes."""
    return float(np.logaddexp(0, -_towards_truth(logits, targets) / temperature).mean())


def fit_temperature(logits: np.ndarray, targets: np.ndarray) -> float:
    """The temperature that gives the least mean cross-entropy (Guo et al. 2017, ICML, section 4.2).

    A temperature changes no order of the frames; above 1 it makes the probabilities less certain, below 1 more.
    Where the larger logit is right in every frame, the cross-entropy falls without end as the temperature goes to 0:
    such frames cannot tell how certain to be, and the temperature stays 1.

    Parameters
    ----------
    logits
        (n, 2), columns no and yes.
    targets
        (n,) of 0 = no and 1 = yes.

    Returns
    -------
    A number within TEMPERATURES.

    Raises
    ------
    DataError
        Not both classes among the frames.
    """
    _both_classes(targets, "no temperature can be fitted")
    if _towards_truth(logits, targets).min() >= 0:
        return DEFAULT_TEMPERATURE
    fit = minimize_scalar(
        lambda logarithm: cross_entropy(logits, targets, float(np.exp(logarithm))),
        bounds=tuple(np.log(TEMPERATURES)),
        method="bounded",
        options={"xatol": _TOLERANCE},
    )
    return float(np.exp(fit.x))


def choose_threshold(p_aurora: np.ndarray, targets: np.ndarray) -> float:
    """The probability from which yes holds that gives the most balanced accuracy (mean of sensitivity and specificity).

    Balanced accuracy weighs both classes alike however many frames each has (Brodersen et al. 2010, ICPR,
    doi:10.1109/ICPR.2010.764). It is the same all the way between two neighbouring probabilities; of the best
    stretches the one nearest 0.5 is taken, the lower of two as near, and the middle of it is the threshold.

    Parameters
    ----------
    p_aurora
        (n,) calibrated probabilities.
    targets
        (n,) of 0 = no and 1 = yes.

    Raises
    ------
    DataError
        Not both classes among the frames.
    """
    _both_classes(targets, "no threshold can be chosen")
    p_aurora, yes = np.asarray(p_aurora, dtype=np.float64), np.asarray(targets) == 1
    # A threshold in (edges[k], edges[k + 1]] calls the frames of at least edges[k + 1].
    edges = np.unique(np.concatenate([[0.0, 1.0], p_aurora]))
    called_yes = yes.sum() - np.searchsorted(np.sort(p_aurora[yes]), edges[1:], side="left")
    called_no = np.searchsorted(np.sort(p_aurora[~yes]), edges[1:], side="left")
    right = called_yes * (~yes).sum() + called_no * yes.sum()  # whole numbers, so that equals are equal
    best = np.flatnonzero(right == right.max())
    stretches = np.split(best, np.flatnonzero(np.diff(best) > 1) + 1)
    ends = np.array([(edges[stretch[0]], edges[stretch[-1] + 1]) for stretch in stretches])
    distance = np.maximum(0, np.maximum(ends[:, 0] - 0.5, 0.5 - ends[:, 1]))
    low, high = ends[np.argmin(distance)]
    middle = (low + high) / 2
    return float(middle if low < middle < high else high)  # two numbers without any between them


class Selection(NamedTuple):
    """A threshold; the best one on the val frames, its gain in balanced accuracy over the default, the gain's error."""

    threshold: float
    best: float
    gain: float
    gain_error: float

    @property
    def origin(self) -> str:
        """Which threshold it is: `val` for the best one, `half` where none stands out against the default."""
        return "val" if self.threshold == self.best else "half"


def select_threshold(p_aurora: np.ndarray, targets: np.ndarray, nights: np.ndarray) -> Selection:
    """The best threshold on the val frames if it stands out against the default over whole nights, else the default.

    Calibrated probabilities need no other threshold than a half, and the best one of a few nights follows their
    peculiarities. Arguments as those of `gain_over_default`.
    """
    best = choose_threshold(p_aurora, targets)
    gain, error = gain_over_default(p_aurora, targets, nights, best)
    return Selection(best if gain > STANDARD_ERRORS * error else DEFAULT_THRESHOLD, best, gain, error)


def gain_over_default(
    p_aurora: np.ndarray, targets: np.ndarray, nights: np.ndarray, threshold: float
) -> tuple[float, float]:
    """Balanced accuracy at `threshold` less that at DEFAULT_THRESHOLD, and its standard error over whole nights.

    The error is that of the jackknife that leaves out one night at a time (Efron and Stein 1981,
    doi:10.1214/aos/1176345462): frames of a night are alike, and what is chosen on them may suit these nights alone.

    Parameters
    ----------
    p_aurora
        (n,) calibrated probabilities.
    targets
        (n,) of 0 = no and 1 = yes, each class in two nights at least.
    nights
        (n,) the night of each frame.
    """
    p_aurora, yes, nights = np.asarray(p_aurora), np.asarray(targets) == 1, np.asarray(nights)
    right = (p_aurora >= threshold) == yes
    change = right.astype(float) - ((p_aurora >= DEFAULT_THRESHOLD) == yes)

    def gain(kept: np.ndarray) -> float:
        return float((change[kept & yes].mean() + change[kept & ~yes].mean()) / 2)

    without = np.array([gain(nights != night) for night in np.unique(nights)])
    error = np.sqrt((len(without) - 1) / len(without) * np.square(without - without.mean()).sum())
    return gain(np.ones(len(yes), dtype=bool)), float(error)


def nights_by_class(targets: np.ndarray, nights: np.ndarray) -> dict[str, int]:
    """In how many nights frames of class no and of class yes stand; targets (n,), nights (n,)."""
    return {name: len(np.unique(nights[np.asarray(targets) == target])) for target, name in enumerate(LABELS)}


def _towards_truth(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """How far the right logit stands above the other one, (n,)."""
    return (logits[:, 1] - logits[:, 0]).astype(np.float64) * np.where(np.asarray(targets) == 1, 1.0, -1.0)


def _both_classes(targets: np.ndarray, consequence: str) -> None:
    missing = [name for name, target in (("no", 0), ("yes", 1)) if not (np.asarray(targets) == target).any()]
    if missing:
        what = f"the validation frames hold none labelled '{' or '.join(missing)}': {consequence}"
        raise DataError(what, "data/tables/split.parquet", "label more nights, then run `dvc repro`")
