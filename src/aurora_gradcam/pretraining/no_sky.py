"""A picture that shows no night sky: found by how the network's early features differ from those of simulated skies.

Early features, since late ones keep what tells aurora from no aurora and lose all else: measured with the bundled
weights, of 32 pictures of other things the distance of the pooled last features refused none, that of the features at
an eighth of the picture's side 21.

Three scores, each with a threshold that few simulated skies exceed: the Mahalanobis distance from simulated skies (Lee
et al. 2018, arXiv:1807.03888), the decision of a support vector machine between them and drawn pictures of other things
(outlier exposure, Hendrycks et al. 2019, arXiv:1812.04606), and the level of the picture's darkest parts. A picture
without structure is refused whatever it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import InputError

PREFIX = "no_sky."
"""Before the names of these tensors in a file of weights."""
PART = 3
"""Part of the backbone whose feature maps, at 1/8 of the picture's side, are pooled."""
REFUSED = 0.01
"""Share of simulated skies that may be refused, the three scores together."""
SCORES = 3
LEAST_DEVIATION = 1e-6
"""Added to a feature's deviation, as one that never varies has none."""
COST = 3.0
"""Of a picture on the wrong side, in the support vector machine."""
BLOCKS = 20
"""Blocks along the picture's side by whose means structure and brightness are judged: noise averages out."""
LEAST_STRUCTURE = 0.4
"""Deviation of the blocks' means, in levels of 255, below which a picture shows nothing; of 1,024 simulated skies the
most even has 0.6."""
DARKEST = 0.1
"""Share of the blocks that count as the picture's darkest parts."""


class Reason(StrEnum):
    """Why a picture is taken for no night sky."""

    UNIFORM = "no structure at all: lens cap or no signal"
    BRIGHT = "bright all over: daylight or overexposed"
    UNLIKE = "unlike every simulated night sky"
    OTHER = "edges and texture of other things than a night sky, such as a page, a landscape or a face"


@dataclass(frozen=True)
class Limits:
    """What skies look like to a network.

    `mean` (width,) and `precision` (width, width) of their features; `scale` (width,), by which centred features are
    multiplied before their squared distances from `supports` (n, width) enter a Gaussian kernel, `factors` (n,) and
    `offset` (1,) of the support vector machine; `thresholds` (3,) of brightness, machine and distance. All float64.
    """

    mean: Tensor
    precision: Tensor
    scale: Tensor
    supports: Tensor
    factors: Tensor
    offset: Tensor
    thresholds: Tensor


def _parts(network: nn.Module) -> nn.Sequential:
    return cast(nn.Sequential, network.get_submodule("features"))


@contextmanager
def pooled(network: nn.Module) -> Iterator[list[Tensor]]:
    """Collect the pooled early features of every batch that the network sees within the block.

    Float32 (batch, width) each, on the CPU; a forward pass costs no more for it. The network must be the one whose
    features `fit` saw, or one trained further from it.
    """
    rows: list[Tensor] = []
    handle = _parts(network)[PART].register_forward_hook(
        lambda part, inputs, output: rows.append(output.detach().float().mean((2, 3)).cpu())
    )
    try:
        yield rows
    finally:
        handle.remove()


def features_of(network: nn.Module, inputs: Tensor) -> Tensor:
    """The same features by a pass through the early parts alone, float32 (batch, width), on the CPU."""
    with torch.inference_mode():
        return _parts(network)[: PART + 1](inputs).float().mean((2, 3)).cpu()


def fit(skies: Tensor, others: Tensor) -> Limits:
    """Limits without thresholds, which are infinite.

    Parameters
    ----------
    skies
        Features of simulated skies, (n, width).
    others
        Features of pictures of other things, (m, width).
    """
    # here, since `aurora watch` judges pictures without ever fitting, and scikit-learn is a tenth of its memory
    from sklearn.covariance import LedoitWolf
    from sklearn.svm import SVC

    shape = LedoitWolf().fit(skies.double().numpy())
    both = torch.cat([skies, others]).double().numpy() - shape.location_
    is_other = np.repeat([False, True], [len(skies), len(others)])
    scale = 1 / (skies.double().numpy().std(0) + LEAST_DEVIATION)
    scale /= np.sqrt(both.shape[1] * (scale * both).var())  # the kernel's width by scikit-learn's rule gamma="scale"
    machine = SVC(C=COST, gamma=1.0, class_weight="balanced").fit(scale * both, is_other)
    return Limits(
        _tensor(shape.location_),
        _tensor(shape.precision_),
        _tensor(scale),
        _tensor(machine.support_vectors_),
        _tensor(machine.dual_coef_[0]),
        _tensor(machine.intercept_),
        torch.full((SCORES,), math.inf, dtype=torch.float64),
    )


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float64))


def scores(pictures: Tensor, features: Tensor, limits: Limits) -> Tensor:
    """Brightness (levels of 255), machine's decision and distance of each picture, float64 (n, 3).

    The larger, the less like a sky.

    Parameters
    ----------
    pictures
        Square, cut to the sky circle, uint8 (n, 3, size, size).
    features
        Of the same pictures, see `pooled`.
    """
    centred = features.double() - limits.mean
    distance = ((centred @ limits.precision) * centred).sum(1).clamp_min(0).sqrt()
    kernel = torch.exp(-torch.cdist(centred * limits.scale, limits.supports).square())
    decision = kernel @ limits.factors + limits.offset
    return torch.stack([_brightness(_blocks(pictures)), decision, distance], 1)


def calibrated(limits: Limits, scored: Tensor, share: float = REFUSED) -> Limits:
    """The limits with thresholds that a further simulated sky exceeds with a chance of at most `share`.

    Each threshold is the k-th largest score with k = share / 3 of (n + 1), which a further score of the same kind
    exceeds with the chance k / (n + 1) (conformal prediction, Vovk et al. 2005); frames too few for that refuse none.

    Parameters
    ----------
    limits
        From `fit`.
    scored
        Scores of simulated skies that `fit` did not see, (n, 3).
    """
    rank = math.floor(share / SCORES * (len(scored) + 1))
    thresholds = scored.sort(0, descending=True).values[rank - 1] if rank else torch.full((SCORES,), math.inf)
    return replace(limits, thresholds=thresholds.double())


def reasons(pictures: Tensor, features: Tensor, limits: Limits) -> list[Reason | None]:
    """Why each picture is taken for no night sky; None where it may be one. Arguments as those of `scores`."""
    beyond = scores(pictures, features, limits) > limits.thresholds
    even = _structure(_blocks(pictures)) < LEAST_STRUCTURE
    bright, other, unlike = beyond.T
    # far from all that it learnt from, the machine has no opinion: the distance is asked first
    in_order = {Reason.UNIFORM: even, Reason.BRIGHT: bright, Reason.UNLIKE: unlike, Reason.OTHER: other}
    rows = zip(*(held.tolist() for held in in_order.values()), strict=True)
    return [next((reason for reason, held in zip(in_order, row, strict=True) if held), None) for row in rows]


def _blocks(pictures: Tensor) -> Tensor:
    """Mean levels of the blocks that lie wholly within the circle, float64 (n, 3, blocks)."""
    size = pictures.shape[-1]
    side = max(1, size // BLOCKS)
    step = (torch.arange(size) + 0.5) * 2 / size - 1
    inside = (step[:, None] ** 2 + step**2 <= 1).double()
    whole = functional.avg_pool2d(inside[None, None], side)[0, 0] == 1
    return functional.avg_pool2d(pictures.cpu().double(), side)[..., whole]


def _structure(blocks: Tensor) -> Tensor:
    return (blocks - blocks.mean(2, keepdim=True)).square().mean((1, 2)).sqrt()


def _brightness(blocks: Tensor) -> Tensor:
    return blocks.mean(1).quantile(DARKEST, dim=1)


def tensors_of(limits: Limits) -> dict[str, Tensor]:
    """The limits under the names that a file of weights has for them."""
    return {f"{PREFIX}{field.name}": getattr(limits, field.name) for field in fields(Limits)}


def from_tensors(tensors: dict[str, Tensor], where: object = "") -> Limits | None:
    """The limits in a file of weights; None where it holds none.

    Raises
    ------
    InputError
        Some of the tensors are missing, or their shapes do not fit each other.
    """
    own = {name.removeprefix(PREFIX): tensor.double() for name, tensor in tensors.items() if name.startswith(PREFIX)}
    if not own:
        return None
    width, supports = len(own.get("mean", ())), len(own.get("factors", ()))
    shapes = {
        "mean": (width,),
        "precision": (width, width),
        "scale": (width,),
        "supports": (supports, width),
        "factors": (supports,),
        "offset": (1,),
        "thresholds": (SCORES,),
    }
    if {name: tuple(tensor.shape) for name, tensor in own.items()} != shapes:
        raise InputError("what tells a picture of no sky is not usable", where, "get the weights again")
    return Limits(**own)
