"""The classifier: an EfficientNet with two outputs, and the two files that it is kept in."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import nn

from ..config import Count, Positive, Share
from ..errors import ConfigError, InputError, first_problem
from ..files import atomic_write
from ..parallel import worker_count
from .vision import models
from .weights import KEPT_APART

MODELS = Path("data/models")
CLASSIFIER = "classifier.safetensors"
CARD = "model.json"
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
NORMS = {"imagenet": (IMAGENET_MEAN, IMAGENET_STD), "frame": (None, None)}
"""Mean and deviation by `train.normalisation`."""
CPU_THREADS = 2
"""Fixed, since sums over more threads round differently, and training carries such differences far."""
_RETRAIN = "run `dvc repro train`, or `dvc pull data/models`"


class ModelCard(BaseModel):
    """What a classifier needs beside its weights (`model.json`).

    `classes` names the outputs in order; p(yes) = softmax(logits / temperature)[1], and yes holds from `threshold` on.
    `mean` and `std` of the levels are null where every frame is normalised by its own (`transforms.by_frame`).
    `provenance` tells what the weights were made from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    backbone: str
    classes: tuple[Literal["no"], Literal["yes"]] = ("no", "yes")
    image_size: Count
    mean: tuple[float, float, float] | None = IMAGENET_MEAN
    std: tuple[Positive, Positive, Positive] | None = IMAGENET_STD
    temperature: Positive = 1.0
    threshold: Share = 0.5
    provenance: dict[str, Any] = {}

    @property
    def is_simulated(self) -> bool | None:
        """Whether the classifier learnt from simulated skies; None where the card does not say."""
        return self.provenance.get("simulated")


def device() -> torch.device:
    """Where torch computes: `AURORA_DEVICE` = cpu (default), cuda, or auto (cuda where there is one)."""
    name = os.environ.get("AURORA_DEVICE", "") or "cpu"
    if name not in ("cpu", "cuda", "auto"):
        raise ConfigError(f"'{name}' is no device", "AURORA_DEVICE", "set cpu, cuda or auto, or unset it")
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ConfigError(
            "torch finds no CUDA device", "AURORA_DEVICE=cuda", "install a CUDA build of torch, or use cpu"
        )
    return torch.device("cuda" if available and name != "cpu" else "cpu")


def fix_threads() -> None:
    """Compute on `CPU_THREADS` threads, or as many as OpenMP is allowed: more would wait for each other for ever."""
    limit = os.environ.get("OMP_THREAD_LIMIT", "")
    torch.set_num_threads(min(CPU_THREADS, int(limit)) if limit.isdigit() and int(limit) else CPU_THREADS)


def threads_of_a_process() -> int:
    """Threads for which a process that computes with a network has room on this machine: see `parallel.map_nights`.

    `CPU_THREADS` on a CPU. An accelerator serves one process, whose threads prepare pictures for it.
    """
    return CPU_THREADS if device().type == "cpu" else worker_count()


def build(backbone: str, seed: int = 0) -> nn.Module:
    """A network with random weights drawn from `seed` and outputs (logit no, logit yes), shape (batch, 2).

    Dropout, stochastic depth and the backbone's initialisation are torchvision's; the head's is that of torch's linear
    layer, since torchvision's (uniform within 1 / sqrt(outputs)) gives two outputs logits of 10 and more. Memory format
    channels_last: on CPUs it trains about 1.6 and infers 2 times as fast as the default one.
    """
    if not backbone.startswith("efficientnet") or backbone not in models.list_models():
        raise ConfigError(f"'{backbone}' is no EfficientNet of torchvision", "train.backbone", "use efficientnet_b1")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = models.get_model(backbone, weights=None)
        network.classifier[-1] = nn.Linear(network.classifier[-1].in_features, 2)
    return network.to(memory_format=torch.channels_last)


def layer(network: nn.Module, name: str) -> nn.Module:
    """The part of the network called `name`, such as `features.8`; ConfigError names the parts where there is none."""
    try:
        if not name:
            raise AttributeError
        return network.get_submodule(name)
    except AttributeError as error:
        blocks = [part for part, _ in network.named_modules() if part.startswith("features.") and part.count(".") == 1]
        fix = f"use one of {', '.join(blocks)}, or a part within them, such as {blocks[-1]}.0"
        raise ConfigError(f"the network has no layer '{name}'", "gradcam.layers", fix) from error


def save(
    network: nn.Module, card: ModelCard, folder: Path = MODELS, beside: Mapping[str, torch.Tensor] | None = None
) -> ModelCard:
    """Write weights and card; returns the card as written, its provenance holding the hash of the weights' file.

    Kernels are kept in half precision, which halves the file; the few numbers of BatchNorm and biases keep theirs. So
    does `beside`, tensors of further heads and of what tells a picture of no sky (`weights.KEPT_APART`), by name.
    """
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    tensors = {name: tensor.half() if tensor.ndim > 1 else tensor for name, tensor in state.items()}
    content = to_bytes(
        {**tensors, **(beside or {})}
    )  # safetensors' own save_file leaves a file that its owner alone may read
    with atomic_write(folder / CLASSIFIER) as temporary:
        temporary.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    card = card.model_copy(update={"provenance": {**card.provenance, "classifier_sha256": digest}})
    write_card(card, folder)
    return card


def write_card(card: ModelCard, folder: Path = MODELS) -> None:
    """Write `model.json` alone, as after a calibration."""
    with atomic_write(folder / CARD) as temporary:
        temporary.write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_card(folder: Path = MODELS) -> ModelCard:
    """Read and check `model.json`."""
    path = folder / CARD
    if not path.exists():
        raise InputError("the model card is missing", path, _RETRAIN)
    try:
        return ModelCard.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        key, message = first_problem(error)
        raise InputError(f"the model card is not usable: {key} {message}".replace("  ", " "), path, _RETRAIN) from error


def load_classifier(folder: Path = MODELS) -> tuple[nn.Module, ModelCard]:
    """The trained network in evaluation mode on `device()`, and its card.

    Raises
    ------
    InputError
        A file is missing or damaged, or the two do not belong together.
    """
    card = read_card(folder)
    path = folder / CLASSIFIER
    if not path.exists():
        raise InputError("the classifier's weights are missing", path, _RETRAIN)
    expected = card.provenance.get("classifier_sha256")
    if expected and hashlib.sha256(path.read_bytes()).hexdigest() != expected:
        raise InputError(f"these are not the weights that {CARD} beside them describes", path, _RETRAIN)
    network = build(card.backbone)
    try:
        tensors = load_file(path)
        network.load_state_dict({name: part for name, part in tensors.items() if not name.startswith(KEPT_APART)})
    except (SafetensorError, RuntimeError) as error:
        fault = " ".join(str(error).split())[:200]
        raise InputError(f"the weights do not fit {card.backbone}: {fault}", path, _RETRAIN) from error
    return network.to(device()).eval(), card
