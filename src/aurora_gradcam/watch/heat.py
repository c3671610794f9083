"""The heat map of a frame, when somebody asks for it."""

from __future__ import annotations

import numpy as np

from ..training.transforms import for_evaluation
from .clip import jpeg
from .observation import Observer

TARGET = "yes"


def heat_map(observer: Observer, frame: np.ndarray) -> bytes:
    """The frame under the first map of `gradcam.layers` for yes, as JPEG; the library is loaded the first time."""
    from ..drawing.style import brightened
    from ..gradcam.maps import explain, method_and_layer
    from ..gradcam.overlays import overlay

    method, layer = method_and_layer(observer.params.gradcam.layers[0])
    network, card = observer.classifier.network, observer.classifier.card
    place = next(network.parameters()).device
    batch = for_evaluation(card.image_size, card.mean, card.std)(frame)[None].to(place)
    with observer.lock:
        heat = explain(network, batch, TARGET, layer, method)[0]
    return jpeg(overlay(brightened(frame), heat))
