"""The costly measures of maps, for a few frames: faithfulness, shifts, and what is left when the network forgets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd
import torch

from ..corpus.images import read_frame
from ..parallel import map_nights
from ..training import loaded
from ..training.network import ModelCard, build, threads_of_a_process
from ..training.transforms import for_evaluation, resized
from . import pointing, sanity
from .faithfulness import faithfulness
from .maps import explain, method_and_layer

TARGET = "yes"
"""The class whose maps are measured: frames called aurora are, and its logit is what called them."""
REMOVED_FRAMES = 12
RANDOMISED_FRAMES = 6
"""How many of the measured frames have places removed and shifts made, and how many see the network forget."""
BATCH_SIZE = 8


def pictures_of(frame_ids: Sequence[str], size: int) -> np.ndarray:
    """Frames at the network's size, uint8 RGB (n, size, size, 3)."""
    pictures = [resized(read_frame(frame_id), size) for frame_id in frame_ids]
    return np.array(pictures, dtype=np.uint8).reshape(-1, size, size, 3)


class Explainer:
    """A classifier with the maps that explain it."""

    def __init__(self, network: torch.nn.Module, card: ModelCard, maps: Sequence[str]) -> None:
        self.network, self.card = network, card
        self.pairs = {name: method_and_layer(name) for name in maps}
        self.prepare = for_evaluation(card.image_size, card.mean, card.std)

    def batch(self, pictures: Sequence[np.ndarray] | np.ndarray) -> torch.Tensor:
        """Prepared frames on the device of the network."""
        where = next(self.network.parameters()).device
        return torch.stack([self.prepare(picture) for picture in pictures]).to(where)

    def maps(self, pictures: Sequence[np.ndarray] | np.ndarray) -> dict[str, np.ndarray]:
        """Maps of `TARGET` by name, each float32 (n, size, size)."""
        batch = self.batch(pictures)
        return {
            name: explain(self.network, batch, TARGET, layer, method) for name, (method, layer) in self.pairs.items()
        }


def in_batches(frame_ids: Sequence[str]) -> list[Sequence[str]]:
    """Batches of at most BATCH_SIZE frames, in order and as even as can be."""
    count = math.ceil(len(frame_ids) / BATCH_SIZE)
    ends = [len(frame_ids) * number // count for number in range(count + 1)] if count else []
    return [frame_ids[start:end] for start, end in pairwise(ends)]


def removed_and_shifted(names: Sequence[str], frame_ids: Sequence[str], seed: int) -> pd.DataFrame:
    """frame_id, map (baselines too, which have no shift), road, insertion, deletion, shift_agreement.

    Parameters
    ----------
    names
        The maps, as METHOD@LAYER.
    """
    doing = f"measure maps of {len(frame_ids)} frames, batches"
    rows = map_nights(partial(_measure_batch, names, seed), in_batches(frame_ids), doing, threads_of_a_process())
    return pd.DataFrame(
        [row for of_batch in rows for row in of_batch],
        columns=["frame_id", "map", "road", "insertion", "deletion", "shift_agreement"],
    )


def _measure_batch(names: Sequence[str], seed: int, ids: Sequence[str]) -> list[dict[str, object]]:
    network, card, _ = loaded.classifier()
    explainer, rows = Explainer(network, card, names), []
    pictures = pictures_of(ids, card.image_size)
    batch = explainer.batch(pictures)
    agreement = sanity.shift_agreement(explainer.maps, pictures)
    for name, heat in (explainer.maps(pictures) | pointing.baselines(list(pictures), card.image_size)).items():
        scores = faithfulness(network, batch, heat, TARGET, card.temperature, seed=seed)
        scores["shift_agreement"] = agreement.get(name, np.full(len(ids), np.nan))
        for number, frame_id in enumerate(ids):
            rows.append({"frame_id": frame_id, "map": name} | {key: values[number] for key, values in scores.items()})
    return rows


def randomised(explainer: Explainer, frame_ids: Sequence[str], seed: int) -> pd.DataFrame:
    """frame_id, map, part, rank_correlation: the cascade of `sanity.randomisation_curve`, in its order."""
    columns = ["frame_id", "map", "part", "rank_correlation"]
    if not len(frame_ids):
        return pd.DataFrame(columns=columns)
    network, card = explainer.network, explainer.card
    fresh = build(card.backbone, seed).to(next(network.parameters()).device)
    batch = explainer.batch(pictures_of(frame_ids, card.image_size))
    curves = sanity.randomisation_curve(network, fresh, batch, list(explainer.pairs.values()), TARGET)
    rows = [
        (frame_id, name, part, value)
        for name, pair in explainer.pairs.items()
        for part, of_part in zip(sanity.parts_from_the_head(network), curves[pair], strict=True)
        for frame_id, value in zip(frame_ids, of_part, strict=True)
    ]
    return pd.DataFrame(rows, columns=columns)
