"""Whether maps depend on what the network has learnt, and stay with the sky when the picture is shifted."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy import stats
from torch import nn

from ..corpus.sky_circle import is_inside
from ..training.statistics import measure_statistics
from .maps import explain

SHIFT = 8 / 240
"""How far a picture is shifted, as a share of its side: a quarter of the last block's cell."""
DIRECTIONS = ((0, 1), (0, -1), (1, 0), (-1, 0))


def rank_agreement(first: np.ndarray, second: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of two maps a frame over the pixels `where`.

    first, second : float (n, S, S); where : bool (S, S) -> float64 (n,), nan where the first map is even; 0 where only
    the second is: nothing of the first is left in it.
    """
    agreement = np.full(len(first), np.nan)
    for number, (of_first, of_second) in enumerate(zip(first[:, where], second[:, where], strict=True)):
        if np.ptp(of_first) > 0:
            agreement[number] = stats.spearmanr(of_first, of_second).statistic if np.ptp(of_second) > 0 else 0.0
    return agreement


def parts_from_the_head(network: nn.Module) -> list[str]:
    """The network's parts with weights, from the classifier down: classifier, features.8, ..., features.0."""
    names = []
    for name, part in network.named_children():
        inner = [f"{name}.{block}" for block, _ in part.named_children()] if name == "features" else [name]
        names += [child for child in inner if any(True for _ in network.get_submodule(child).parameters())]
    return names[::-1]


def randomise(network: nn.Module, fresh: nn.Module, part: str, batch: torch.Tensor) -> None:
    """Give one part of the network the weights of `fresh`, and its BatchNorm the statistics that `batch` then has.

    Without statistics of its own an untrained part shrinks its signal from block to block, and a map of rounding errors
    would agree with nothing for the wrong reason.
    """
    network.get_submodule(part).load_state_dict(fresh.get_submodule(part).state_dict())
    measure_statistics(network, [batch], part)


def randomisation_curve(
    network: nn.Module, fresh: nn.Module, batch: torch.Tensor, maps: Sequence[tuple[str, str]], target: str = "yes"
) -> dict[tuple[str, str], np.ndarray]:
    """Cascading randomisation: how far maps agree with themselves as the network forgets part by part, head first.

    Adebayo et al. 2018 (arXiv:1810.03292, section 3): a map that stays as it was shows the picture, not the classifier.

    Parameters
    ----------
    network
        The classifier, left as it is.
    fresh
        One of the same build with weights never trained.
    batch
        N prepared frames, where the network computes.
    maps
        (method, layer) pairs.

    Returns
    -------
    for each of `maps` Spearman's rank correlation in the sky circle, float64 (number of parts, n), in the order of
    `parts_from_the_head`; see `rank_agreement` for even maps.
    """
    forgetting = copy.deepcopy(network)
    circle = is_inside(batch.shape[-1])
    before = {pair: explain(network, batch, target, pair[1], pair[0]) for pair in maps}
    rows: dict[tuple[str, str], list[np.ndarray]] = {pair: [] for pair in maps}
    for part in parts_from_the_head(network):
        randomise(forgetting, fresh, part, batch)
        for pair, heat in before.items():
            rows[pair].append(rank_agreement(heat, explain(forgetting, batch, target, pair[1], pair[0]), circle))
    return {pair: np.array(agreements) for pair, agreements in rows.items()}


def shifted(images: np.ndarray, down: int, right: int) -> np.ndarray:
    """Images (n, S, S, ...) moved by whole pixels, zeros (or False) coming in."""
    size = images.shape[1]
    moved = np.zeros_like(images)
    to = [slice(max(step, 0), size + min(step, 0)) for step in (down, right)]
    source = [slice(max(-step, 0), size + min(-step, 0)) for step in (down, right)]
    moved[:, to[0], to[1]] = images[:, source[0], source[1]]
    return moved


def shift_agreement(
    explained: Callable[[np.ndarray], dict[str, np.ndarray]], pictures: np.ndarray
) -> dict[str, np.ndarray]:
    """How well maps follow the sky when the picture is shifted by `SHIFT` of its side, mean over four directions.

    The sky moves within its circle, and black comes in behind it; the map is shifted back, and Spearman's rank
    correlation is taken where both show the same sky.

    Parameters
    ----------
    explained
        Pictures -> maps by name, each float (n, S, S).
    pictures
        uint8 RGB (n, S, S, 3) at the network's size, masked to the sky circle.

    Returns
    -------
    for each map's name float64 (n,); see `rank_agreement` for even maps.
    """
    size = pictures.shape[1]
    circle, step = is_inside(size), max(1, round(SHIFT * size))
    before = explained(pictures)
    agreements: dict[str, list[np.ndarray]] = {name: [] for name in before}
    for down, right in ((step * i, step * j) for i, j in DIRECTIONS):
        after = explained(shifted(pictures, down, right) * circle[..., None])
        common = circle & shifted(circle[None], -down, -right)[0]
        for name, heat in after.items():
            agreements[name].append(rank_agreement(before[name], shifted(heat, -down, -right), common))
    return {name: np.mean(rows, axis=0) for name, rows in agreements.items()}
