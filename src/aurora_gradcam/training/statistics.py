"""BatchNorm's statistics for evaluation, measured instead of averaged along the way."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


def train_but_keep_statistics(network: nn.Module) -> None:
    """Put the network into training mode, BatchNorm apart: it goes on by the statistics that came with the weights."""
    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def measure_statistics(network: nn.Module, inputs: Iterable[Tensor], part: str = "") -> None:
    """Set BatchNorm's statistics to the plain means over these batches of the network's inputs ("precise BatchNorm").

    Those of the whole network, or of the part so named. Nothing else moves; the network is left in evaluation mode.
    Torch's running average lags behind weights that move, and through the depth of the network the lags multiply.
    Wu and Johnson 2021, arXiv:2105.07576.
    """
    network.eval()
    for module in network.get_submodule(part).modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # torch's name for a plain mean over all batches
            module.train()
    with torch.no_grad():
        for batch in inputs:
            network(batch)
    network.eval()
