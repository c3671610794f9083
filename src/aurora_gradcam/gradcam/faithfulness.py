"""Whether the places that a map calls important matter to the classifier: they are removed and P(class) is read.

Removal and reading are the grad-cam library's; own are the order (the library knows no sky circle and no ties), the
fillings, and the areas of deletion and insertion.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from ..corpus.sky_circle import is_inside
from ..tables.labels import LABELS
from ..training import vision  # noqa: F401  it must precede pytorch_grad_cam, which imports torchvision

# isort: split
from pytorch_grad_cam.metrics.perturbation_confidence import PerturbationConfidenceMetric, RemoveMostRelevantFirst
from scipy import stats

from .filling import filled

FRACTIONS = (0.2, 0.5, 0.8)
"""Shares of the sky circle that are removed; few, since filling them from their surroundings costs most of the time."""

Imputer = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Takes a frame (3, S, S) and which pixels stay, (S, S) of 0 and 1; returns the frame with the others filled."""


def removal_order(heat: np.ndarray, seed: int) -> np.ndarray:
    """Each map's ranks within the sky circle, 1 for the coldest pixel, 0 outside, which is never removed.

    Equally hot pixels (most of a map may be 0) are ranked at random: by place, they would vanish from the top down.

    heat : float (n, S, S) -> float32 (n, S, S).
    """
    circle = is_inside(heat.shape[-1])
    ranks = np.zeros(heat.shape, dtype=np.float32)
    shuffled = np.random.default_rng(seed).permutation(int(circle.sum()))
    for number, of_frame in enumerate(heat):
        inside = np.empty(len(shuffled))
        inside[shuffled] = stats.rankdata(of_frame[circle][shuffled], method="ordinal")
        ranks[number][circle] = inside
    return ranks


def even_sky(frame: torch.Tensor, stays: torch.Tensor) -> torch.Tensor:
    """Fill with the mean of each colour over the frame's sky circle: a sky of the same light without anything in it."""
    circle = torch.from_numpy(is_inside(frame.shape[-1]))
    return torch.where(stays > 0.5, frame, frame[:, circle].mean(1)[:, None, None])


def probability_without(
    network: torch.nn.Module,
    batch: torch.Tensor,
    ranks: np.ndarray,
    fraction: float,
    imputer: Imputer,
    target: str = "yes",
    temperature: float = 1.0,
) -> np.ndarray:
    """P(target) after the highest ranked `fraction` of the sky circle has been filled by `imputer`.

    Parameters
    ----------
    network
        A classifier of float32 (n, 3, S, S) into two logits (no, yes), in evaluation mode.
    batch
        N prepared frames, where the network computes.
    ranks
        float32 (n, S, S) of `removal_order`.

    Returns
    -------
    float32 (n,).
    """
    pixels = ranks.shape[-1] ** 2
    removed = round(fraction * int(is_inside(ranks.shape[-1]).sum()))
    # The library removes what reaches a percentile of the whole square: this one lies midway between two ranks.
    percentile = max(0.0, 100 * (pixels - removed - 0.5) / (pixels - 1))

    def probability(logits: torch.Tensor) -> torch.Tensor:
        return torch.softmax(logits / temperature, dim=-1)[LABELS.index(target)]

    remove = RemoveMostRelevantFirst(percentile, imputer) if removed else lambda frame, ranks: frame
    metric = PerturbationConfidenceMetric(remove)
    return metric(batch, ranks, [probability] * len(batch), network, return_diff=False)


def faithfulness(
    network: torch.nn.Module,
    batch: torch.Tensor,
    heat: np.ndarray,
    target: str = "yes",
    temperature: float = 1.0,
    fractions: tuple[float, ...] = FRACTIONS,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """ROAD, insertion and deletion of maps, each by P(target) at `fractions` of the sky circle.

    road : (P after the least relevant places are removed - P after the most relevant) / 2, mean over the fractions; the
        places are filled from their surroundings so that their outline tells nothing (Rong et al. 2022,
        arXiv:2202.00449; the combined score of the grad-cam library). 0 for an order of chance; the higher the better.
    deletion : area under P over the share removed, the most relevant first (Petsiuk et al. 2018, RISE,
        arXiv:1806.07421); the lower the better. Removed places become an even sky.
    insertion : area under P over the share put back into an even sky, the most relevant first; the higher the better.
        RISE starts from a blurred picture, but blur leaves an aurora, itself a blurred thing, in place.

    Parameters
    ----------
    network, batch
        As for `probability_without`.
    heat
        float (n, S, S), one map a frame.
    temperature
        That of the model card.
    fractions
        Rising, between 0 and 1, and the same from either end (0.2 with 0.8).

    Returns
    -------
    road, insertion, deletion, each float64 (n,); nan for a map of zeros, which names no place.
    """
    hottest = removal_order(heat, seed)
    coldest = np.where(hottest > 0, hottest.max(initial=0) + 1 - hottest, 0).astype(np.float32)

    def curve(ranks: np.ndarray, imputer: Imputer, shares: tuple[float, ...]) -> np.ndarray:
        probabilities = [
            probability_without(network, batch, ranks, share, imputer, target, temperature) for share in shares
        ]
        return np.stack(probabilities).astype(np.float64)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # `filled` adds noise
        road = (curve(coldest, filled, fractions) - curve(hottest, filled, fractions)).mean(0) / 2
    ends = curve(hottest, even_sky, (0.0, 1.0))
    left = np.concatenate([ends[:1], curve(hottest, even_sky, fractions), ends[1:]])
    put_back = np.concatenate([ends[:1], curve(coldest, even_sky, fractions), ends[1:]])[::-1]
    shares = np.array([0.0, *fractions, 1.0])
    scores = {
        "road": road,
        "insertion": np.trapezoid(put_back, 1 - shares[::-1], axis=0),
        "deletion": np.trapezoid(left, shares, axis=0),
    }
    return {name: np.where(heat.any((1, 2)), values, np.nan) for name, values in scores.items()}
