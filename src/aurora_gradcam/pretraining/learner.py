"""What learns in pretraining: the network, its further heads, aids that outline the aurora, optimiser and running mean.

The outline is asked for at several depths of the network: from random weights, a yes or no for a whole frame tells
little, hundreds of cells each with an answer of their own tell much.

The weights that count are the running mean over the last steps (Polyak and Juditsky 1992, doi:10.1137/0330046): at a
learning rate that still moves the weights, their mean scores better than they do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..config import Params, Pretrain
from ..errors import DataError, InputError
from ..training import network, weights
from ..training.transforms import by_frame, seed_of
from . import depthwise
from . import heads as further
from .augment import changed, inside
from .sky_frames import Frames, batches, soft_labels

OUTLINED = (3, 5, 8)
"""Parts of the backbone whose feature maps (1/8, 1/16 and 1/32 of the picture's side) outline the aurora."""
ALONE_UP_TO = 128
"""Pixels up to which a CPU trains on one thread: two are not 1.5 times as fast, and the other core draws meanwhile."""
AURORA_LEFT = 0.5
"""A frame counts for the class only while this share of its aurora is still in the picture after random changes."""


def normalised(pictures: Tensor) -> Tensor:
    """float32 0..1 (batch, 3, size, size) -> the network's input."""
    return by_frame(pictures).contiguous(memory_format=torch.channels_last)


class Learner:
    """Network, further heads, outlines, optimiser, running mean and the number of steps taken."""

    def __init__(self, params: Params) -> None:
        self.params, self.seed, self.device = params.pretrain, params.seed, network.device()
        self.network = network.build(self.params.backbone, params.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of(params.seed, "outline heads"))
            parts = features_of(self.network)
            self.outlines = nn.ModuleList(nn.Conv2d(_channels(parts[part]), 1, 1) for part in OUTLINED)
            torch.manual_seed(seed_of(params.seed, "further heads"))
            self.heads = further.Heads(_channels(parts[-1]))
        if self.device.type == "cpu":
            depthwise.replace(self.network)
        for part in (self.network, self.outlines, self.heads):
            part.to(self.device)
        trained = [*self.network.parameters(), *self.outlines.parameters(), *self.heads.parameters()]
        groups = [
            {"params": [part for part in trained if part.ndim > 1], "weight_decay": self.params.weight_decay},
            {"params": [part for part in trained if part.ndim <= 1], "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, lr=self.params.learning_rate, fused=True)
        self.average = {name: part.detach().clone() for name, part in self._lasting()}
        self.step = 0
        per_pass = math.ceil(self.params.frames_per_round / self.params.batch_size)
        self.steps = self.params.rounds * self.params.passes * per_pass

    def begin_from(self, choice: str) -> dict[str, str | None]:
        """Take other weights than random ones, named as in `train.weights`; returns their name and SHA-256."""
        if (path := Path(choice)).suffix and not path.exists():
            fix = "get it as docs/simulated-sky.md tells, or set pretrain.weights to none and train for more rounds"
            raise InputError("the file of the earlier cycle of pretraining is not here", path, fix)
        start = weights.start(self.network, self.params.backbone, choice, "pretrain.weights")
        self.average = {name: part.detach().clone() for name, part in self._lasting()}
        return start

    def train_round(self, number: int, frames: Frames) -> float:
        """Show the frames of a round `passes` times; the mean cross-entropy of the class, in nats."""
        network.fix_threads()
        if frames.pictures.shape[-1] <= ALONE_UP_TO:
            torch.set_num_threads(1)
        total = 0.0
        for turn in range(self.params.passes):
            key = seed_of(self.seed, "round", number, turn)
            generator = torch.Generator().manual_seed(key)
            torch.manual_seed(key)  # for dropout and stochastic depth
            self.network.train()
            chosen = batches(len(frames), self.params.batch_size, generator)
            total += sum(self._one_step(frames.part(batch), generator) * len(batch) for batch in chosen)
        mean = total / (self.params.passes * len(frames))
        if not math.isfinite(mean):
            raise DataError(f"the loss of round {number} is not finite", "", "lower pretrain.learning_rate")
        return mean

    def _one_step(self, frames: Frames, generator: torch.Generator) -> float:
        labels = soft_labels(frames.visibility, self.params.steepness).to(self.device)
        masks = None if frames.masks is None else frames.masks.to(self.device)
        levels = frames.pictures.to(self.device).float() / 255
        pictures, moved = changed(levels, masks, self.params.augmentation, generator)
        present = None if masks is None or moved is None else ~_mostly_lost(masks, moved)
        counts = torch.ones_like(labels) if present is None else (labels < 0.5) | present
        with self._precision():
            logits, outputs, outlines = self._forward(normalised(pictures), moved is not None)
        losses = functional.cross_entropy(logits.float(), torch.stack([1 - labels, labels], 1), reduction="none")
        class_loss = (losses * counts).sum() / counts.sum().clamp_min(1)
        loss = class_loss
        if moved is not None:
            for outline in outlines:
                loss = loss + self.params.mask_weight * _outline_loss(outline.float(), moved)
        loss = loss + further.loss(outputs, frames, present, self.params.head_weights)
        self._learn_from(loss)
        return class_loss.item()

    def _forward(self, features: Tensor, outlined: bool) -> tuple[Tensor, dict[str, Tensor], list[Tensor]]:
        """Logits of the aurora, outputs of the further heads and, where wanted, outlines."""
        outlines = []
        for number, part in enumerate(features_of(self.network)):
            features = part(features)
            if number in OUTLINED and outlined:
                outlines.append(self.outlines[OUTLINED.index(number)](features))
        pooled = torch.flatten(self.network.get_submodule("avgpool")(features), 1)
        return self.network.get_submodule("classifier")(pooled), self.heads(pooled), outlines

    def _learn_from(self, loss: Tensor) -> None:
        """One step of the optimiser, and of the running mean after it."""
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step, self.steps, self.params)
        self.optimiser.zero_grad()
        loss.backward()
        trained = [part for group in self.optimiser.param_groups for part in group["params"]]
        nn.utils.clip_grad_norm_(trained, self.params.clip_norm)
        self.optimiser.step()
        self.step += 1
        # a young mean forgets its random beginning faster
        decay = min(self.params.average_decay, (1 + self.step) / (10 + self.step))
        parts = [part.detach() for _, part in self._lasting()]
        torch._foreach_lerp_(list(self.average.values()), parts, 1 - decay)

    def _lasting(self) -> list[tuple[str, nn.Parameter]]:
        """Parameters that outlast the training, by name."""
        return [*self.network.named_parameters(), *self.heads.named_parameters(prefix=further.PREFIX.rstrip("."))]

    @contextmanager
    def _precision(self) -> Iterator[None]:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half_is_fast(self.device)):
            yield

    def averaged(self) -> nn.Module:
        """A new network of the mean weights, on the learner's device; BatchNorm's statistics are the trained one's."""
        mean = network.build(self.params.backbone).to(self.device)
        mean.load_state_dict({name: self.average.get(name, part) for name, part in self.network.state_dict().items()})
        return mean

    def averaged_heads(self) -> further.Heads:
        """New further heads of the mean weights, on the learner's device."""
        mean = further.Heads(self.heads.width).to(self.device)
        mean.load_state_dict({name: self.average[f"{further.PREFIX}{name}"] for name in mean.state_dict()})
        return mean.eval()

    def state(self) -> dict[str, Any]:
        """All that a later call needs to go on as if there had been no pause."""
        return {
            "network": self.network.state_dict(),
            "outlines": self.outlines.state_dict(),
            "heads": self.heads.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from `state()`, on whichever device this learner is."""
        self.network.load_state_dict(state["network"])
        self.outlines.load_state_dict(state["outlines"])
        self.heads.load_state_dict(state["heads"])
        for name, part in self.average.items():
            part.copy_(state["average"][name])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]


def half_is_fast(device: torch.device) -> bool:
    """Whether the device computes in bfloat16: CUDA does, and CPUs with AVX512-BF16 (1.5 times as fast, measured)."""
    return device.type == "cuda" or (device.type == "cpu" and torch.cpu._is_avx512_bf16_supported())


def learning_rate(step: int, steps: int, params: Pretrain) -> float:
    """Linear warm-up, then half a cosine to 0 (Loshchilov and Hutter 2017, arXiv:1608.03983); step counts from 0."""
    warm_up = params.warm_up * steps
    if step < warm_up:
        return params.learning_rate * (step + 1) / (warm_up + 1)
    return params.learning_rate * (1 + math.cos(math.pi * (step - warm_up) / max(steps - warm_up, 1))) / 2


def features_of(network: nn.Module) -> nn.Sequential:
    """The parts of an EfficientNet's backbone, in order."""
    return cast(nn.Sequential, network.get_submodule("features"))


def _channels(part: nn.Module) -> int:
    layers = list(cast(nn.Sequential, part))
    last = layers[-1] if hasattr(layers[-1], "out_channels") else layers[0]
    return cast(int, last.out_channels)


def _mostly_lost(before: Tensor, after: Tensor) -> Tensor:
    had, has = (masks.mean((1, 2, 3)) for masks in (before, after))
    return has < AURORA_LEFT * had


def _outline_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Mean cross-entropy over the cells of a feature map that touch the sky circle."""
    target = functional.adaptive_avg_pool2d(masks, (logits.shape[-2], logits.shape[-1]))
    fine = inside(8 * logits.shape[-1], logits.new_ones(1, 1, 1, 1)).float()
    touched = (functional.avg_pool2d(fine, 8) > 0).expand_as(target)
    return functional.binary_cross_entropy_with_logits(logits[touched], target[touched])
