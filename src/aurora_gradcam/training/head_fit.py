"""Cloud, form and strength after the aurora has been learnt: the heads fitted to the features as they are then.

The further heads are linear layers on features that the aurora's training moves. They are fitted afterwards, with those
features as they stand, so that the aurora's network is to the last bit what it would be without them.

First each head repeats, on the training frames, what the weights' own head gave before training (distillation: Hinton,
Vinyals and Dean 2015, arXiv:1503.02531), then it learns from the frames that people labelled for it; the others have no
part in that. A penalty holds it near what it was before either step, since training frames show few kinds of sky; the
val nights choose how strong, infinitely strong (the head as it was) included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..config import Train
from ..corpus.frame_ids import night_of
from ..errors import ConfigError
from ..tables.kinds import CLASSES, HEADS, KINDS, STRENGTH, actual
from .heads import Heads, from_tensors, outputs_of, pooled
from .loop import Pictures, logits_of
from .network import NORMS
from .transforms import for_evaluation

UNKNOWN = -1
"""Place of a class that nobody labelled."""
LEAST = 10
"""Training frames that at least two classes need each before a head learns from labels."""
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Weights of the squared distance from the head before, in units of the features' variance, that are tried where a head
repeats what the weights' own gave ..."""
LABEL_PENALTIES = (100.0, 1000.0)
"""... and, divided by the number of labelled nights, where it learns from labels: as by a fixed prior, more nights move
it further. With 16 training nights of the bundled sample weaker ones did better on the val nights, which show the same
dark skies, and much worse on other skies, by the simulated truth of all of them."""
KEPT = "kept"
"""In place of a penalty: the head as it was before."""
STEPS = 200


@dataclass(frozen=True)
class Sight:
    """What is known of the frames of one split, before the aurora's training and after.

    `pictures` of the frames; `labels`, int64 (n,) by head, places in CLASSES or UNKNOWN; `given`, what the heads that
    came with the weights gave before training, (n, classes) or (n,), by head.
    """

    pictures: Pictures
    labels: Mapping[str, Tensor]
    given: Mapping[str, Tensor]


@dataclass(frozen=True)
class Beginning:
    """The heads that came with the weights (None: none), those that are wanted, and both splits."""

    heads: Heads | None
    names: Sequence[str]
    train: Sight
    val: Sight


def labelled_places(rows: pd.DataFrame) -> dict[str, Tensor]:
    """Place in CLASSES of each frame's label of each kind, UNKNOWN where there is none; by head.

    rows : of the split table, in the order of the pictures. Where no row names a kind, all are UNKNOWN: that a frame
    without aurora has no form is not worth a head of its own.
    """
    places = {}
    for head in KINDS:
        is_any = head in rows and rows[head].notna().any()
        order = {label: place for place, label in enumerate(CLASSES[head])}
        named = actual(rows, head) if is_any else pd.Series(None, rows.index, dtype=object)
        places[head] = torch.tensor([order.get(label, UNKNOWN) for label in named], dtype=torch.int64)
    return places


def _enough(places: Tensor) -> bool:
    counts = torch.bincount(places[places != UNKNOWN])
    return int((counts >= LEAST).sum()) >= 2


def wanted(params: Train, brought: Sequence[str], labels: Mapping[str, Tensor]) -> list[str]:
    """The heads to be kept, in the order of HEADS.

    Raises
    ------
    ConfigError
        `train.heads` names one that neither the weights bring nor enough labels teach.
    """
    possible = [name for name in HEADS if name in brought or (name in labels and _enough(labels[name]))]
    if params.heads == "auto":
        return possible
    for name in params.heads:
        if name not in possible:
            what = f"the head '{name}' is neither in the weights '{params.weights}' nor labelled often enough"
            fix = f"label at least {LEAST} training frames of two classes, choose other weights, or leave it out"
            raise ConfigError(what, "params.yaml: train.heads", fix)
    return [name for name in possible if name in params.heads]


def features_of(network: nn.Module, frames: Pictures, params: Train, workers: int = 0) -> Tensor:
    """Pooled last features of frames as they are, float64 (n, width), on the CPU; the network is left in evaluation."""
    transform = for_evaluation(params.image_size, *NORMS[params.normalisation])
    with pooled(network) as rows:
        logits_of(network, frames, transform, params.batch_size, workers)
    return torch.cat([row.double().cpu() for row in rows])


def begin(
    network: nn.Module,
    beside: Mapping[str, Tensor],
    splits: tuple[tuple[Pictures, pd.DataFrame], tuple[Pictures, pd.DataFrame]],
    params: Train,
    workers: int = 0,
) -> Beginning | None:
    """What the heads that came with the weights say before training; None where no head is wanted.

    Parameters
    ----------
    network
        As it starts.
    beside
        See `weights.kept_apart`.
    splits
        Pictures and rows of the split table, of train and of val.
    """
    heads = from_tensors(dict(beside), "train.weights")
    labels = [labelled_places(rows) for _, rows in splits]
    names = wanted(params, [] if heads is None else list(heads), labels[0])
    if not names:
        return None
    sights = []
    for (pictures, _), of_split in zip(splits, labels, strict=True):
        given: dict[str, Tensor] = {}
        if heads is not None:
            with torch.no_grad():
                given = heads.double()(features_of(network, pictures, params, workers))
        sights.append(Sight(pictures, of_split, given))
    return Beginning(heads, names, *sights)


def finish(
    network: nn.Module, beginning: Beginning, params: Train, workers: int = 0
) -> tuple[Heads, dict[str, dict[str, Any]]]:
    """The heads for the trained network, and what `model.json` tells of each."""
    train = features_of(network, beginning.train.pictures, params, workers)
    val = features_of(network, beginning.val.pictures, params, workers)
    heads = Heads(train.shape[1], beginning.names).double()
    facts = {}
    for name in beginning.names:
        facts[name] = _fit(name, heads, beginning, train, val)
    return heads.float().eval(), facts


def _fit(name: str, heads: Heads, beginning: Beginning, train: Tensor, val: Tensor) -> dict[str, Any]:
    """Fill one head by both steps; what is to be told of it."""
    came = _linear(beginning.heads, name)
    told: dict[str, Any] = {"classes": list(CLASSES[name])} if name in CLASSES else {"unit": "log10 kilorayleigh"}
    head = came or (torch.zeros(outputs_of(name), train.shape[1]).double(), torch.zeros(outputs_of(name)).double())
    if came:
        head, told["penalty_from_weights"] = _best(name, came, (train, val), beginning, PENALTIES, by_label=False)
        told["val_agreement"] = _agreement(name, _outputs(head, val), beginning.val.given[name])
        told["val_agreement_as_it_came"] = _agreement(name, _outputs(came, val), beginning.val.given[name])
    if name in KINDS:
        counts = [int((sight.labels[name] != UNKNOWN).sum()) for sight in (beginning.train, beginning.val)]
        told["labelled"] = dict(zip(("train", "val"), counts, strict=True))
        if _enough(beginning.train.labels[name]):
            nights = _nights(beginning.train, name)
            penalties = [penalty / nights for penalty in LABEL_PENALTIES]
            head, told["penalty_from_labels"] = _best(name, head, (train, val), beginning, penalties, by_label=True)
    heads[name].load_state_dict(dict(zip(("weight", "bias"), head, strict=True)))
    return told


Linear = tuple[Tensor, Tensor]
"""Weight (outputs, width) and bias (outputs,)."""


def _best(
    name: str,
    before: Linear,
    features: tuple[Tensor, Tensor],
    beginning: Beginning,
    penalties: Sequence[float],
    by_label: bool,
) -> tuple[Linear, float | str]:
    """The fitted head that serves the val frames best, or the one before, and its penalty.

    Of equals it is the most like the one before, and never one of zeros, which says nothing.
    """
    train, val = features
    candidates: dict[float | str, Linear] = {KEPT: before} if before[0].any() else {}
    for penalty in sorted(penalties, reverse=True):
        candidates[penalty] = _fitted(name, before, train, beginning.train, penalty, by_label)
    losses = {key: float(_loss(name, _outputs(head, val), beginning.val, by_label)) for key, head in candidates.items()}
    best = min(losses, key=lambda key: losses[key])
    return candidates[best], best


def _nights(sight: Sight, name: str) -> int:
    """Nights with a label of this kind."""
    is_labelled = (sight.labels[name] != UNKNOWN).tolist()
    ids = zip(sight.pictures.frame_ids, is_labelled, strict=True)
    return len({night_of(frame_id) for frame_id, labelled in ids if labelled})


def _linear(heads: Heads | None, name: str) -> Linear | None:
    if heads is None or name not in heads:
        return None
    state = heads[name].state_dict()
    return state["weight"].double(), state["bias"].double()


def _outputs(head: Linear, features: Tensor) -> Tensor:
    return features @ head[0].T + head[1]


def _fitted(name: str, first: Linear, features: Tensor, sight: Sight, penalty: float, by_label: bool) -> Linear:
    """The head of least loss plus penalty, by L-BFGS from the first one: both are convex."""
    spread = features.var(0).mean().clamp_min(1e-12)
    change = torch.zeros_like(first[0], requires_grad=True)
    bias = first[1].clone().requires_grad_(True)
    optimiser = torch.optim.LBFGS([change, bias], max_iter=STEPS, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        outputs = _outputs((first[0] + change, bias), features)
        total = _loss(name, outputs, sight, by_label) + penalty * spread * change.square().sum()
        total.backward()
        return total

    optimiser.step(closure)
    return (first[0] + change).detach(), bias.detach()


def _loss(name: str, outputs: Tensor, sight: Sight, by_label: bool) -> Tensor:
    """Mean over the labelled frames of the cross-entropy, 0 without any; or over all of the distance from `given`.

    That distance is Kullback and Leibler's for classes, Huber's for the strength.
    """
    if name == STRENGTH:
        return functional.huber_loss(outputs[:, 0], sight.given[name])
    if by_label:
        counts = sight.labels[name] != UNKNOWN
        summed = functional.cross_entropy(outputs[counts], sight.labels[name][counts], reduction="sum")
        return summed / counts.sum().clamp_min(1)
    return functional.kl_div(
        outputs.log_softmax(1), sight.given[name].log_softmax(1), reduction="batchmean", log_target=True
    )


def _agreement(name: str, outputs: Tensor, given: Tensor) -> float:
    """Share of frames of the same class as before training; of the strength its mean absolute difference, decades."""
    if name == STRENGTH:
        return round(float((outputs[:, 0] - given).abs().mean()), 4)
    return round(float((outputs.argmax(1) == given.argmax(1)).double().mean()), 4)
