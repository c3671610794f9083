"""From the mean weights of pretraining to the file that `train.weights: sky` starts from, with scores and a card."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from safetensors.torch import save as to_bytes
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from torch import Tensor, nn

from ..config import HeadWeights, Params, SkyAugmentation
from ..files import atomic_write
from ..training import weights
from ..training.statistics import measure_statistics
from ..training.transforms import seed_of
from ..training.vision import torchvision
from . import heads as further
from . import no_sky, no_sky_pictures
from .augment import changed
from .learner import normalised
from .sky_frames import HELD_OUT, STATISTICS, Frames, Studio, batches

CARD = weights.SKY.with_suffix(".json")


def round_kernels(network: nn.Module) -> None:
    """Round kernels to half precision, in which they are kept; the few numbers of BatchNorm and biases stay as are."""
    with torch.no_grad():
        for part in network.parameters():
            if part.ndim > 1:
                part.copy_(part.half())


def plain(frames: Frames, device: torch.device) -> Tensor:
    """The network's input for these frames as they are."""
    return normalised(frames.pictures.to(device).float() / 255)


def settle(network: nn.Module, frames: Frames, batch_size: int, seed: int, strengths: SkyAugmentation | None) -> None:
    """Measure BatchNorm's statistics on frames as they are and, where there are `strengths`, every other batch changed.

    Batches are shuffled: neighbouring frames share a night, and its statistics would be those of few nights.
    """
    device = next(network.parameters()).device
    generator = torch.Generator().manual_seed(seed_of(seed, "statistics"))

    def inputs() -> Iterator[Tensor]:
        for number, batch in enumerate(batches(len(frames), batch_size, generator)):
            if strengths is None or number % 2 == 0:
                yield plain(frames.part(batch), device)
            else:
                levels = frames.pictures[batch].to(device).float() / 255
                yield normalised(changed(levels, None, strengths, generator)[0])

    measure_statistics(network, inputs())


def outputs_of(
    network: nn.Module, frames: Frames, batch_size: int, heads: further.Heads | None = None
) -> tuple[Tensor, dict[str, Tensor]]:
    """p(yes) of every frame, float64 (n,), and what the further heads give, by name; on the CPU."""
    device = next(network.parameters()).device
    logits, given = [], []
    with torch.inference_mode():
        for batch in batches(len(frames), batch_size):
            features = network.get_submodule("features")(plain(frames.part(batch), device))
            pooled = torch.flatten(network.get_submodule("avgpool")(features), 1)
            logits.append(network.get_submodule("classifier")(pooled))
            given.append({} if heads is None else heads(pooled))
    p_yes = torch.cat(logits).double().softmax(1)[:, 1].cpu()
    return p_yes, {name: torch.cat([row[name] for row in given]).cpu() for name in given[0]}


def features_of(network: nn.Module, pictures: Tensor, batch_size: int) -> Tensor:
    """Early features of pictures uint8 (n, 3, size, size) by which `no_sky` judges them, float32 (n, width)."""
    device = next(network.parameters()).device
    chosen = batches(len(pictures), batch_size)
    return torch.cat([no_sky.features_of(network, normalised(pictures[b].to(device).float() / 255)) for b in chosen])


def scores(p_yes: Tensor, frames: Frames) -> dict[str, float | int | None]:
    """Scores on the frames that are not borderline; None where they have no definition.

    Returns
    -------
    simulated_frames, simulated_yes, simulated_accuracy, simulated_auroc, simulated_log_loss (natural).
    """
    clear = ~frames.borderline
    actual, p = (frames.visibility[clear] >= 1).numpy(), p_yes[clear].numpy()
    is_any, is_both = len(actual) > 0, 0 < actual.sum() < len(actual)
    return {
        "simulated_frames": len(actual),
        "simulated_yes": int(actual.sum()),
        "simulated_accuracy": float(accuracy_score(actual, p >= 0.5)) if is_any else None,
        "simulated_auroc": float(roc_auc_score(actual, p)) if is_both else None,
        "simulated_log_loss": float(log_loss(actual, p, labels=[False, True])) if is_any else None,
    }


def device_name(device: torch.device) -> str:
    """The accelerator's name, or the processor's kind and the threads that torch computes on."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"


def write(
    network: nn.Module, heads: further.Heads, params: Params, studio: Studio, history: dict[str, Any]
) -> dict[str, Any]:
    """Finish the mean weights, score them on frames never seen, write both files; returns the card.

    Parameters
    ----------
    network
        Of the mean weights; it is changed in place to what is written.
    heads
        Further heads of the mean weights; those that learnt are rounded in place and written.
    history
        What the card tells of the training: start, rounds, seconds, devices.
    """
    own, size = params.pretrain, params.pretrain.image_size
    round_kernels(network)
    round_kernels(heads)
    seen = studio.begin(STATISTICS, own.statistics_frames, size)()
    settle(network, seen, own.batch_size, params.seed, own.augmentation)
    frames = studio.begin(HELD_OUT, own.held_out_frames, size)()
    p_yes, given = outputs_of(network, frames, own.batch_size, heads)
    head_scores = further.scores({name: given[name] for name in _trained(own.head_weights, frames)}, frames)
    limits, refusals = _limits_of_skies(network, params, seen, frames)

    kept = further.Heads(heads.width, list(head_scores))
    kept.load_state_dict({name: heads.state_dict()[name] for name in kept.state_dict()})
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    state.update(further.tensors_of(kept))
    half = {name: tensor.half() if tensor.ndim > 1 else tensor for name, tensor in state.items()}
    content = to_bytes({**half, **no_sky.tensors_of(limits)})
    card = {
        "backbone": own.backbone,
        "normalisation": "frame",
        "trained_on": "simulated skies alone",
        "seed": params.seed,
        "pretrain": own.model_dump(mode="json"),
        **history,
        "held_out": scores(p_yes, frames),
        "heads": {name: {"classes": further.CLASSES.get(name), **row} for name, row in head_scores.items()},
        "no_sky": refusals,
        "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    with atomic_write(weights.SKY) as temporary:
        temporary.write_bytes(content)
    with atomic_write(CARD) as temporary:
        temporary.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return card


def _trained(head_weights: HeadWeights, frames: Frames) -> list[str]:
    """Further heads that something was taught."""
    return [name for name in further.known(frames) if getattr(head_weights, name) > 0]


def _limits_of_skies(
    network: nn.Module, params: Params, seen: Frames, held_out: Frames
) -> tuple[no_sky.Limits, dict[str, float | int]]:
    """What skies look like to the finished network, and the shares of pictures that this refuses.

    Fitted on the frames for BatchNorm's statistics, its thresholds set on the held-out ones: their share refused is
    what `no_sky.REFUSED` allows, and that of the drawn other things is of pictures not learnt from.
    """
    own = params.pretrain
    others = no_sky_pictures.draw(2 * own.statistics_frames, params.seed, own.image_size)
    of_others = features_of(network, others, own.batch_size)
    learnt = slice(own.statistics_frames)
    limits = no_sky.fit(features_of(network, seen.pictures, own.batch_size), of_others[learnt])
    of_skies = features_of(network, held_out.pictures, own.batch_size)
    limits = no_sky.calibrated(limits, no_sky.scores(held_out.pictures, of_skies, limits))
    fresh = slice(own.statistics_frames, None)
    return limits, {
        "simulated_frames": len(held_out),
        "simulated_refused": _share_refused(held_out.pictures, of_skies, limits),
        "drawn_others": own.statistics_frames,
        "drawn_others_refused": _share_refused(others[fresh], of_others[fresh], limits),
    }


def _share_refused(pictures: Tensor, features: Tensor, limits: no_sky.Limits) -> float:
    return float(np.mean([reason is not None for reason in no_sky.reasons(pictures, features, limits)]))
