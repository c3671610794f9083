"""The heat map of a frame, when somebody asks for it.

The same maps as `gradcam.maps` gives, without the library that it uses: this loads a tenth of a gigabyte of packages,
too much beside a classifier on a small machine. A test holds the two against each other.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch

from .. import memory
from ..gradcam.overlays import overlay
from ..training.network import layer as layer_of
from ..training.transforms import for_evaluation
from .clip import jpeg
from .observation import Observer

YES = 1
"""Of the logits."""
LEAST = 1e-7
"""Added to a map's maximum before it divides."""


def heat_map(observer: Observer, frame: np.ndarray) -> bytes:
    """The frame under the first map of `gradcam.layers` for yes, as JPEG."""
    method, _, layer = observer.params.gradcam.layers[0].rpartition("@")
    network, card = observer.classifier.network, observer.classifier.card
    place = next(network.parameters()).device
    batch = for_evaluation(card.image_size, card.mean, card.std)(frame)[None].to(place)
    with observer.lock:
        heat = speaking(network, batch, layer, is_layercam=method == "layercam")
    picture = jpeg(overlay(frame, heat))
    memory.trim()
    return picture


def speaking(network: torch.nn.Module, batch: torch.Tensor, layer: str, is_layercam: bool) -> np.ndarray:
    """Where one frame, float32 (1, 3, S, S), speaks for yes: float32 (S, S) in 0..1, by Grad-CAM or LayerCAM.

    Formulas and scaling are those that `gradcam.maps.explain` describes.
    """
    kept: list[torch.Tensor] = []

    def keep(module: torch.nn.Module, inputs: object, output: torch.Tensor) -> torch.Tensor:
        kept.append(output.detach().requires_grad_())
        return kept[0].clone()

    handle = layer_of(network, layer).register_forward_hook(keep)
    try:
        with torch.enable_grad():
            logit = network(batch)[0, YES]
            (gradient,) = torch.autograd.grad(logit, kept[0])
    finally:
        handle.remove()
    weights = gradient.relu() if is_layercam else gradient.mean((2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(1).relu()[0].cpu().numpy()
    return _scaled(cv2.resize(_scaled(heat), (batch.shape[3], batch.shape[2])))


def _scaled(heat: np.ndarray) -> np.ndarray:
    heat = heat - heat.min()
    return (heat / (LEAST + heat.max())).astype(np.float32)
