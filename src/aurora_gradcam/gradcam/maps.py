"""Class activation maps of a classifier, by the grad-cam library."""

from __future__ import annotations

import numpy as np
import torch

from ..corpus.sky_circle import is_inside
from ..tables.labels import LABELS
from ..training import vision  # noqa: F401  it must precede pytorch_grad_cam, which imports torchvision

# isort: split
from pytorch_grad_cam import GradCAM, LayerCAM
from pytorch_grad_cam.base_cam import BaseCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from ..errors import ConfigError
from ..training.network import layer as layer_of

METHODS: dict[str, type[BaseCAM]] = {"gradcam": GradCAM, "layercam": LayerCAM}
"""Methods by name; each is a class of the library that takes a network and its layers."""


def method_and_layer(name: str) -> tuple[str, str]:
    """`layercam@features.4` -> (layercam, features.4); `features.8`, without a method -> (gradcam, features.8)."""
    method, at, layer = name.rpartition("@")
    if at and method not in METHODS:
        fix = f"use one of {', '.join(METHODS)}, such as layercam@features.4"
        raise ConfigError(f"'{name}': there is no method '{method}'", "gradcam.layers", fix)
    return method or "gradcam", layer


def explain(
    network: torch.nn.Module, batch: torch.Tensor, target: str, layer: str, method: str = "gradcam"
) -> np.ndarray:
    """Where each frame speaks for a class, as seen from one layer.

    Grad-CAM (Selvaraju et al. 2017, equations 1 and 2): ReLU of the sum of the layer's channels, each weighted by the
    mean over the layer's places of d(logit of the target) / d(channel). LayerCAM (Jiang et al. 2021, IEEE TIP 30, 5875,
    equations 6 to 8): the same sum, but every place of a channel is weighted by the ReLU of its own gradient, so that
    earlier, finer layers give maps of use. The library then subtracts each map's minimum,
    divides by its maximum (plus 1e-7), enlarges it bilinearly to the input's side and scales it so again. Maps of two
    frames, or of both classes, therefore share no scale, and the coldest place of a map is 0. A frame in which nothing
    speaks for the class, or every place alike, has a map of zeros.

    Parameters
    ----------
    network
        A classifier of float32 (n, 3, S, S) into two logits (no, yes); it is put into evaluation mode.
    batch
        N prepared frames.
    target
        The class whose logit is explained, `no` or `yes`.
    layer
        Dotted name of a module within the network whose output is (n, channels, height, width).
    method
        A key of `METHODS`.

    Returns
    -------
    float32 (n, S, S) in 0..1.
    """

    def cut(module: torch.nn.Module, inputs: object, output: torch.Tensor) -> torch.Tensor:
        if output.ndim != 4:
            fault = f"the output of '{layer}' has shape {tuple(output.shape)}: no height and width to draw a map over"
            raise ConfigError(fault, "gradcam.layers", "name a convolutional block, such as features.8")
        return output.detach().requires_grad_().clone()

    chosen = layer_of(network, layer)
    targets = [ClassifierOutputTarget(LABELS.index(target))] * len(batch)
    # The first hook cuts the graph below the layer: no gradient is computed that is not used, and a network with frozen
    # parameters has one all the same. The last keeps what the library recorded from activations that work in place.
    with (
        chosen.register_forward_hook(cut),
        METHODS[method](network, [chosen]) as cam,
        chosen.register_forward_hook(lambda module, inputs, output: output.clone()),
    ):
        heat = cam(batch, targets)
    network.zero_grad()
    return heat


def heat_in_circle(heat: np.ndarray) -> np.ndarray:
    """Share of each map's sum inside the sky circle: (n, S, S) -> float64 (n,), NaN for a map of zeros."""
    total = heat.sum(axis=(1, 2), dtype=np.float64)
    inside = heat[:, is_inside(heat.shape[-1])].sum(axis=1, dtype=np.float64)
    return np.divide(inside, total, out=np.full(len(heat), np.nan), where=total > 0)
