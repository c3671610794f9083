"""Permanent random numbers of frames, and totals divided into exact whole shares."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
import pandas as pd


def draws(names: Iterable[str], seed: int, purpose: str) -> np.ndarray:
    """A number in [0, 1) for every name, from its own name, the seed and the purpose only.

    Permanent random numbers (Ohlsson 1995, "Coordination of samples using permanent random numbers"): the frames with
    the smallest numbers are the sample, so further frames and nights leave the draws of all others as they were.
    """

    def draw(name: str) -> float:
        digest = blake2b(f"{seed}/{purpose}/{name}".encode(), digest_size=8).digest()
        return (int.from_bytes(digest, "big") >> 11) / 2**53

    return np.array([draw(name) for name in names], dtype=float)


def rank_within(groups: pd.Series, numbers: np.ndarray) -> np.ndarray:
    """The rank of each number inside its group, from 0; shape (n,)."""
    ranks = pd.Series(numbers, index=groups.index).groupby(groups.to_numpy()).rank(method="first") - 1
    return ranks.to_numpy().astype(int)


def largest_remainder(counts: np.ndarray, total: int) -> np.ndarray:
    """Divide `total` over groups in proportion to their counts, exactly (Hamilton's method).

    Every group gets its quota `total * count / sum(counts)` rounded down; what is left goes one each to the largest
    remainders, the earlier group first where they are equal. No group gets more than its count while `total` is at
    most their sum. Integers throughout, so no rounding error; shape (n,).
    """
    counts = np.asarray(counts, dtype=np.int64)
    everything = int(counts.sum())
    if not 0 <= total <= everything:
        raise ValueError(f"cannot take {total} of {everything}")
    if not total:
        return np.zeros_like(counts)
    shares, remainders = np.divmod(counts * total, everything)
    shares[np.argsort(-remainders, kind="stable")[: total - shares.sum()]] += 1
    return shares


def spread_over(groups: pd.Series, numbers: np.ndarray, total: int) -> np.ndarray:
    """Choose `total` rows, spread over groups by `largest_remainder`, in each those with the smallest numbers.

    Shapes (n,) -> mask of shape (n,).
    """
    counts = groups.value_counts().sort_index()
    share = pd.Series(largest_remainder(counts.to_numpy(), total), index=counts.index)
    return rank_within(groups, numbers) < groups.map(share).to_numpy()
