"""From the mean weights of pretraining to the file that `train.weights: sky` starts from, with scores and a card."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator
from typing import Any

import torch
from safetensors.torch import save as to_bytes
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from torch import Tensor, nn

from ..config import Params, SkyAugmentation
from ..files import atomic_write
from ..training import weights
from ..training.statistics import measure_statistics
from ..training.transforms import seed_of
from ..training.vision import torchvision
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


def p_aurora(network: nn.Module, frames: Frames, batch_size: int) -> Tensor:
    """p(yes) of every frame, float64 (n,), on the CPU."""
    device = next(network.parameters()).device
    with torch.inference_mode():
        logits = [network(plain(frames.part(batch), device)) for batch in batches(len(frames), batch_size)]
    return torch.cat(logits).double().softmax(1)[:, 1].cpu()


def scores(p_yes: Tensor, frames: Frames) -> dict[str, float | int | None]:
    """Scores on the frames that are not borderline; None where they have no definition.

    Returns
    -------
    simulated_frames, simulated_yes, simulated_accuracy, simulated_auroc, simulated_log_loss (natural).
    """
    clear = ~frames.borderline
    actual, p_yes = (frames.visibility[clear] >= 1).numpy(), p_yes[clear].numpy()
    some, both = len(actual) > 0, 0 < actual.sum() < len(actual)
    return {
        "simulated_frames": len(actual),
        "simulated_yes": int(actual.sum()),
        "simulated_accuracy": float(accuracy_score(actual, p_yes >= 0.5)) if some else None,
        "simulated_auroc": float(roc_auc_score(actual, p_yes)) if both else None,
        "simulated_log_loss": float(log_loss(actual, p_yes, labels=[False, True])) if some else None,
    }


def device_name(device: torch.device) -> str:
    """The accelerator's name, or the processor's kind and the threads that torch computes on."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"


def write(network: nn.Module, params: Params, studio: Studio, history: dict[str, Any]) -> dict[str, Any]:
    """Finish the mean weights, score them on frames never seen, write both files; returns the card.

    Parameters
    ----------
    network : of the mean weights; it is changed in place to what is written.
    history : what the card tells of the training: rounds, seconds, devices.
    """
    own, size = params.pretrain, params.pretrain.image_size
    round_kernels(network)
    frames = studio.begin(STATISTICS, own.statistics_frames, size)()
    settle(network, frames, own.batch_size, params.seed, own.augmentation)
    frames = studio.begin(HELD_OUT, own.held_out_frames, size)()
    held_out = scores(p_aurora(network, frames, own.batch_size), frames)

    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    content = to_bytes({name: tensor.half() if tensor.ndim > 1 else tensor for name, tensor in state.items()})
    card = {
        "backbone": own.backbone,
        "normalisation": "frame",
        "trained_on": "simulated skies alone, from random weights",
        "seed": params.seed,
        "pretrain": own.model_dump(mode="json"),
        **history,
        "held_out": held_out,
        "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    with atomic_write(weights.SKY) as temporary:
        temporary.write_bytes(content)
    with atomic_write(CARD) as temporary:
        temporary.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return card
