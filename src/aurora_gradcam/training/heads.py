"""Heads beside the aurora's: cloud, form and strength, each one linear layer on the network's pooled features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ..errors import InputError
from ..tables.kinds import CLASSES, HEADS, STRENGTH
from .network import CLASSIFIER, MODELS, device

PREFIX = "heads."
"""Before the names of the heads' tensors in a file of weights."""


class Heads(nn.ModuleDict):
    """Some or all of `cloud`, `form` and `strength` on features (batch, width)."""

    def __init__(self, width: int, names: Sequence[str] = HEADS) -> None:
        super().__init__({name: nn.Linear(width, outputs_of(name)) for name in names})
        self.width = width

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """Logits (batch, classes) of `cloud` and `form`, and `strength` (batch,), by name."""
        outputs = {name: head(features) for name, head in self.items()}
        return {name: output.squeeze(1) if name == STRENGTH else output for name, output in outputs.items()}


def outputs_of(name: str) -> int:
    """How many outputs a head has: one a class, one for the strength."""
    return len(CLASSES.get(name, (STRENGTH,)))


def tensors_of(heads: Heads) -> dict[str, Tensor]:
    """The heads' tensors under the names that a file of weights has for them."""
    return {f"{PREFIX}{name}": tensor.detach().cpu().contiguous() for name, tensor in heads.state_dict().items()}


def from_tensors(tensors: dict[str, Tensor], where: object = "") -> Heads | None:
    """The heads in a file of weights, in evaluation mode; None where it holds none.

    Raises
    ------
    InputError
        Some tensors of the heads are missing, unknown or of another shape.
    """
    state = {name.removeprefix(PREFIX): tensor.float() for name, tensor in tensors.items() if name.startswith(PREFIX)}
    if not state:
        return None
    names = [name for name in HEADS if f"{name}.weight" in state]
    try:
        heads = Heads(state[f"{names[0]}.weight"].shape[1], names)
        heads.load_state_dict(state)
    except (IndexError, RuntimeError) as error:
        fault = " ".join(str(error).split())[:200]
        raise InputError(f"the further heads are not usable: {fault}", where, "get the weights again") from error
    return heads.eval()


def load_heads(folder: Path = MODELS) -> Heads | None:
    """The heads of a trained classifier, on `network.device()`; None where it has none. Errors as of `from_tensors`."""
    path = folder / CLASSIFIER
    heads = from_tensors(load_file(path), path) if path.exists() else None
    return None if heads is None else heads.to(device())


@contextmanager
def pooled(network: nn.Module) -> Iterator[list[Tensor]]:
    """Collect the pooled last features of every batch that the network sees within the block, (batch, width) each.

    They are what the aurora's own layer takes; a forward pass costs no more for it.
    """
    rows: list[Tensor] = []

    def keep(part: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        rows.append(torch.flatten(output.detach(), 1))

    handle = network.get_submodule("avgpool").register_forward_hook(keep)
    try:
        yield rows
    finally:
        handle.remove()
