"""The training loop: the head alone, then all layers; reads from top to bottom and touches no disk.

With `statistics: batch` the whole network is in training mode in both phases: dropout acts and BatchNorm goes by the
batch at hand, also in the frozen phase, where the backbone's parameters stand still. All-sky frames are dark and partly
black: statistics of ImageNet would misplace them, and those of random weights (mean 0, variance 1) would make the
features useless. The statistics for evaluation are measured after each epoch, by one more pass over the training frames
as they are ("precise BatchNorm", Wu and Johnson 2021, arXiv:2105.07576). Torch's running average lags behind weights
that move, and through the depth of the network the lags multiply: with 8 batches an epoch, validation losses of 2 to 20
stood beside training losses of 0.5.

With `statistics: kept` BatchNorm keeps what came with the weights. The sky weights' are those of skies of all kinds,
the training frames' those of a few nights without Moon or twilight.
"""

from __future__ import annotations

import math
import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from ..config import Train
from ..errors import DataError
from .network import NORMS
from .statistics import measure_statistics, train_but_keep_statistics
from .transforms import Transform, for_evaluation, for_training, seed_of


@dataclass(frozen=True)
class Pictures:
    """Labelled frames: pictures uint8 RGB (height, width, 3) each, targets 0 = no and 1 = yes."""

    frame_ids: Sequence[str]
    pictures: Sequence[np.ndarray]
    targets: Sequence[int]

    def __len__(self) -> int:
        return len(self.frame_ids)


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave; losses are mean cross-entropies (nats), accuracies shares of frames."""

    epoch: int
    phase: Literal["frozen", "finetune"]
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float


@dataclass(frozen=True)
class State:
    """Where training stands after an epoch: all that the next one follows from, since each seeds torch anew.

    `rows` are the epochs so far, `best` is the state of the network after the best of them, all tensors on the CPU.
    """

    rows: tuple[Epoch, ...]
    network: dict[str, torch.Tensor]
    optimiser: dict[str, Any]
    best: dict[str, torch.Tensor]


def seed_everything(seed: int) -> None:
    """Seed torch, numpy and random, and have torch use deterministic algorithms only."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it CUDA's matrix products are refused
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002  (libraries that draw from the global generator)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # a debugging aid that costs time


def fit(
    network: nn.Module,
    train: Pictures,
    val: Pictures,
    params: Train,
    seed: int,
    workers: int = 0,
    resumed: State | None = None,
    keep: Callable[[State], None] | None = None,
) -> Iterator[Epoch]:
    """Train in place, an epoch at each step of the iterator; after the last the network holds the best epoch's weights.

    It trains on the device of the network. Batches hold `batch_size` frames or, so that none is left with a single
    one, evenly a few fewer. `workers` (processes that prepare frames) changes no result.
    `keep` is given the state after each epoch; from a `resumed` one, its epochs come first, without being trained
    again, and the others come as they would have.

    Raises
    ------
    DataError
        A loss is not finite.
    """
    seed_everything(seed)
    changed = for_training(params, *NORMS[params.normalisation])
    plain = for_evaluation(params.image_size, *NORMS[params.normalisation])
    phases: tuple[tuple[Literal["frozen", "finetune"], nn.Module, float, int], ...] = (
        ("frozen", network.get_submodule("classifier"), params.learning_rate, params.frozen_epochs),
        ("finetune", network, params.learning_rate * params.finetune_factor, params.finetune_epochs),
    )
    rows = list(resumed.rows) if resumed else []
    kept = resumed.best if resumed else {}
    epoch = 0
    for phase, trained, rate, epochs in phases:
        network.requires_grad_(False)
        trained.requires_grad_(True)
        optimiser = torch.optim.Adam(trained.parameters(), lr=rate)
        for _ in range(epochs):
            epoch += 1
            if resumed and epoch <= len(resumed.rows):
                if epoch == len(resumed.rows):
                    network.load_state_dict(resumed.network)
                    optimiser.load_state_dict(resumed.optimiser)
                yield resumed.rows[epoch - 1]
                continue
            torch.manual_seed(seed_of(seed, epoch))  # for the order of the frames and for dropout
            batches = np.array_split(torch.randperm(len(train)).numpy(), math.ceil(len(train) / params.batch_size))
            train_but_keep_statistics(network) if params.statistics == "kept" else network.train()
            train_scores = _one_pass(network, _Prepared(train, changed, (seed, epoch)), batches, workers, optimiser)
            if params.statistics == "batch":
                seen = _batches(network, _Prepared(train, plain), batches, workers)
                measure_statistics(network, (inputs for inputs, _ in seen))
            val_scores = score(network, val, plain, params.batch_size, workers)
            row = Epoch(epoch, phase, *train_scores, *val_scores)
            if not all(map(math.isfinite, (row.train_loss, row.val_loss))):
                raise DataError(f"the loss of epoch {epoch} is not finite", phase, "lower train.learning_rate")
            rows.append(row)
            if best_epoch(rows, params) is row:
                kept = _on_cpu(network.state_dict())
            if keep:
                keep(State(tuple(rows), _on_cpu(network.state_dict()), optimiser.state_dict(), kept))
            yield row
    network.load_state_dict(kept)


def _on_cpu(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor.cpu().clone() for name, tensor in state.items()}


def best_epoch(rows: Sequence[Epoch], params: Train) -> Epoch:
    """The epoch whose weights `fit` keeps: least val_loss, or most val_accuracy and then least val_loss; the first."""
    return min(rows, key=lambda row: _rank(row, params))


def _rank(row: Epoch, params: Train) -> tuple[float, float]:
    return (-row.val_accuracy if params.select_by == "val_accuracy" else 0.0, row.val_loss)


def score(
    network: nn.Module, frames: Pictures, transform: Transform, batch_size: int, workers: int = 0
) -> tuple[float, float]:
    """Mean cross-entropy (nats) and share of right answers, in evaluation mode."""
    network.eval()
    batches = np.array_split(np.arange(len(frames)), math.ceil(len(frames) / batch_size))
    with torch.inference_mode():
        return _one_pass(network, _Prepared(frames, transform), batches, workers)


def logits_of(
    network: nn.Module, frames: Pictures, transform: Transform, batch_size: int, workers: int = 0
) -> np.ndarray:
    """Logits in evaluation mode, float64 (n, 2), columns no and yes, in the order of the frames."""
    network.eval()
    batches = np.array_split(np.arange(len(frames)), math.ceil(len(frames) / batch_size))
    with torch.inference_mode():
        batch_tensors = _batches(network, _Prepared(frames, transform), batches, workers)
        return np.concatenate([network(inputs).double().cpu().numpy() for inputs, _ in batch_tensors])


def _one_pass(
    network: nn.Module,
    frames: _Prepared,
    batches: list[np.ndarray],
    workers: int,
    optimiser: torch.optim.Optimizer | None = None,
) -> tuple[float, float]:
    """Show each batch once, and learn from it where there is an optimiser; mean loss and accuracy over the batches."""
    loss_sum = right = 0.0
    for inputs, targets in _batches(network, frames, batches, workers):
        logits = network(inputs)
        loss = nn.functional.cross_entropy(logits, targets)
        if optimiser is not None:
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        loss_sum += loss.item() * len(targets)
        right += (logits.argmax(1) == targets).sum().item()
    return loss_sum / len(frames), right / len(frames)


def _batches(
    network: nn.Module, frames: _Prepared, batches: list[np.ndarray], workers: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Inputs and targets of each batch, on the device of the network."""
    device = next(network.parameters()).device
    for inputs, targets in DataLoader(frames, batch_sampler=[batch.tolist() for batch in batches], num_workers=workers):
        yield inputs.to(device, memory_format=torch.channels_last), targets.to(device)


class _Prepared(Dataset):
    """Frames as the network takes them; random changes depend on `key` and the frame's id alone."""

    def __init__(self, frames: Pictures, transform: Transform, key: tuple[int, ...] = ()) -> None:
        self.frames, self.transform, self.key = frames, transform, key

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        picture = self.frames.pictures[index]
        return self.transform(picture, *self.key, self.frames.frame_ids[index]), self.frames.targets[index]
