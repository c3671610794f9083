"""Whether probabilities mean what they say: of the frames given 0.7, seven in ten should show aurora."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..training.calibration import aurora_probability
from .bootstrap import SHARE, Estimate, ratio_interval
from .resampling import night_interval, per_night

BINS = 15
"""As in Guo et al. 2017, section 3."""


def bin_of(p: np.ndarray, bins: int = BINS) -> np.ndarray:
    """The equal-width bin of each probability, 0 to bins - 1; an edge belongs to the bin below it (Guo et al. 2017)."""
    return np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], p, side="left")


def _gaps(p: np.ndarray, yes: np.ndarray, weights: np.ndarray, bins: int) -> np.ndarray:
    """Each row's weight times (p - yes) in the column of its bin, (n, bins)."""
    columns = np.zeros((len(p), bins))
    columns[np.arange(len(p)), bin_of(p, bins)] = weights * (p - yes)
    return columns


def expected_calibration_error(
    p: np.ndarray, yes: np.ndarray, weights: np.ndarray | None = None, bins: int = BINS
) -> float:
    """Mean distance between probability and share of aurora over equal-width bins, each counting as its frames do.

    Naeini, Cooper & Hauskrecht 2015 (AAAI 29, 2901), for the probability of class yes and not, as Guo et al. 2017
    have it, for that of whichever class is called. Even of a perfectly calibrated classifier it is above 0, the more so
    the fewer frames there are.

    Parameters
    ----------
    p
        (n,) probabilities of aurora.
    yes
        (n,) bool or 0 and 1.
    weights
        (n,) frames that each one stands for; all 1 where None.

    Returns
    -------
    A number in 0..1; nan without frames.
    """
    p, yes = np.asarray(p, dtype=np.float64), np.asarray(yes, dtype=np.float64)
    weights = np.ones(len(p)) if weights is None else np.asarray(weights, dtype=np.float64)
    total = weights.sum()
    return float(np.abs(_gaps(p, yes, weights, bins).sum(axis=0)).sum() / total) if total > 0 else np.nan


def calibration_error_interval(
    p: np.ndarray, yes: np.ndarray, nights: np.ndarray, weights: np.ndarray | None = None, bins: int = BINS
) -> Estimate:
    """`expected_calibration_error` with its interval over whole nights.

    Drawing nights again adds scatter within the bins, and the error, a sum of absolute values, grows with scatter. The
    drawn values are therefore shifted so that their median is the value: the interval says how far the error would
    differ with other nights, as many as these.
    """
    p, yes = np.asarray(p, dtype=np.float64), np.asarray(yes, dtype=np.float64)
    weights = np.ones(len(p)) if weights is None else np.asarray(weights, dtype=np.float64)
    gaps = per_night(_gaps(p, yes, weights, bins), nights)
    totals = per_night(weights[:, None], nights)[:, 0]

    def error(times: np.ndarray) -> np.ndarray:
        return np.abs(times @ gaps).sum(axis=1) / (times @ totals)

    return night_interval(error, nights, centred=True, bounds=SHARE)


def bins_of(p: np.ndarray, yes: np.ndarray, nights: np.ndarray, bins: int = BINS) -> pd.DataFrame:
    """The reliability diagram: a row for each bin, also the empty ones.

    Parameters
    ----------
    p, yes
        (n,) probabilities of aurora, and whether there is aurora.
    nights
        (n,) the night of each frame.

    Returns
    -------
    bin (from 0), low and high (its edges), p_mean, yes_share, yes_share_low and yes_share_high (interval over whole
    nights), frames, nights. p_mean and yes_share are those of the frames at hand and nan in an empty bin; a bin of too
    few nights has no interval.
    """
    p, yes, nights = np.asarray(p, dtype=np.float64), np.asarray(yes, dtype=bool), np.asarray(nights)
    places, edges, rows = bin_of(p, bins), np.linspace(0, 1, bins + 1), []
    for number in range(bins):
        in_bin = places == number
        share = ratio_interval(yes[in_bin], np.ones(in_bin.sum()), nights[in_bin])
        rows.append(
            {
                "bin": number,
                "low": edges[number],
                "high": edges[number + 1],
                "p_mean": p[in_bin].mean() if in_bin.any() else np.nan,
                "yes_share": yes[in_bin].mean() if in_bin.any() else np.nan,
                "yes_share_low": share.low,
                "yes_share_high": share.high,
                "frames": share.frames,
                "nights": share.nights,
            }
        )
    return pd.DataFrame(rows)


def _before_and_after(judged: pd.DataFrame) -> Iterator[tuple[str, str, tuple[np.ndarray, np.ndarray, np.ndarray]]]:
    """Split, before or after, and p, yes and nights: val and test at temperature 1 and at the fitted one."""
    for split in ("val", "test"):
        frames = judged[judged["split"] == split]
        before = aurora_probability(frames[["logit_no", "logit_yes"]].to_numpy(), temperature=1.0)
        yes, nights = (frames["label"] == "yes").to_numpy(), frames["night"].to_numpy(dtype=str)
        for when, p in (("before", before), ("after", frames["p_aurora"].to_numpy())):
            yield split, when, (p, yes, nights)


def calibration_errors(judged: pd.DataFrame) -> dict[str, dict]:
    """val_ece_before, val_ece_after, test_ece_before and test_ece_after (`Estimate.as_dict`).

    judged : night, label, split, logit_no, logit_yes, p_aurora; one row a frame.
    """
    parts = _before_and_after(judged)
    return {f"{split}_ece_{when}": calibration_error_interval(*arrays).as_dict() for split, when, arrays in parts}


def diagrams(judged: pd.DataFrame) -> pd.DataFrame:
    """`bins_of` val and test before and after calibration, under one another, with the columns split and calibration.

    judged : as `calibration_errors` takes it.
    """
    parts = [
        bins_of(*arrays).assign(split=split, calibration=when) for split, when, arrays in _before_and_after(judged)
    ]
    table = pd.concat(parts, ignore_index=True)
    return table[["split", "calibration", *table.columns[:-2]]]
