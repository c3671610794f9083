"""Whether heat lies on what the simulator knows to be aurora, beside what simple maps without a network reach."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from ..corpus import archive
from ..corpus.frame_ids import month_of, night_of
from ..corpus.sky_circle import is_inside
from .overlays import resized

TRUTH = Path("data/labels/truth")
BASELINES = ("uniform", "centred_gaussian", "brightness")
CENTRED_SIGMA = 0.5
"""Spread of the centred baseline, in radii of the sky circle."""
TOLERANCE = 15 / 240
"""How far beside the mask the hottest place may lie, as a share of the side: 15 px (Zhang et al. 2018, section 5.1)."""


def read_masks(frame_ids: Sequence[str], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Where aurora is visible in each frame, by the simulator's truth.

    Returns
    -------
    bool (n, size, size), within the sky circle; bool (n,), whether the frame's truth is known (else its mask is empty).
    """
    masks = np.zeros((len(frame_ids), size, size), dtype=bool)
    known = np.zeros(len(frame_ids), dtype=bool)
    for number, frame_id in enumerate(frame_ids):
        night = night_of(frame_id)
        path = TRUTH / month_of(night) / f"{night}_masks.zip"
        if not path.exists() or f"{frame_id}.png" not in archive.names(path):
            continue
        with Image.open(io.BytesIO(archive.read_member(path, f"{frame_id}.png"))) as image:
            mask = image.convert("1").resize((size, size), Image.Resampling.NEAREST)
        masks[number], known[number] = np.asarray(mask) & is_inside(size), True
    return masks, known


def divided(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Ratio of the two, nan where `below` is 0."""
    above, below = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    return np.divide(above, below, out=np.full(np.broadcast(above, below).shape, np.nan), where=below > 0)


def mask_area(masks: np.ndarray) -> np.ndarray:
    """Share of the sky circle that each mask covers: bool (n, S, S), empty outside the circle -> float64 (n,)."""
    return masks.sum((1, 2)) / is_inside(masks.shape[-1]).sum()


def energy_in_mask(heat: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Energy-based pointing game: share of each map's sum that lies in the mask (Wang et al. 2020, arXiv:1910.01279).

    Divided by `mask_area` it is 1 for a map that is even over the sky circle. Heat outside the circle counts against.

    Parameters
    ----------
    heat
        float (n, S, S), at least 0.
    masks
        bool (n, S, S).

    Returns
    -------
    float64 (n,), 0..1; nan for an empty mask or a map of zeros.
    """
    share = divided((heat * masks).sum((1, 2), dtype=np.float64), heat.sum((1, 2), dtype=np.float64))
    return np.where(masks.any((1, 2)), share, np.nan)


def pointing_hit(heat: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Pointing game: whether the hottest place lies in the mask or at most `TOLERANCE` beside it (Zhang et al. 2018).

    Of several equally hot places it is the share that hit, so that an even map gets what chance would.

    Parameters
    ----------
    heat
        float (n, S, S); masks : bool (n, S, S).

    Returns
    -------
    float64 (n,), 0..1; nan for an empty mask or a map of zeros.
    """
    hits = np.full(len(heat), np.nan)
    for number, (of_frame, mask) in enumerate(zip(heat, masks, strict=True)):
        if mask.any() and of_frame.any():
            near = ndimage.distance_transform_edt(~mask) <= TOLERANCE * mask.shape[-1]
            hits[number] = near[of_frame == of_frame.max()].mean()
    return hits


def baselines(pictures: Sequence[np.ndarray], size: int) -> dict[str, np.ndarray]:
    """Maps that know nothing of the network, each 0 outside the sky circle: name -> float32 (n, size, size).

    Even over the circle; a Gaussian around the zenith; the brightness of the picture (luma of ITU-R BT.601), which an
    explanation has to beat to have said more than "aurora is bright".

    `pictures` : n uint8 RGB (side, side, 3), masked to their sky circle.
    """
    circle = is_inside(size)
    offset = (np.arange(size) - (size - 1) / 2) / (size / 2)
    gaussian = np.exp(-(offset[:, None] ** 2 + offset**2) / (2 * CENTRED_SIGMA**2))
    luma = [np.asarray(Image.fromarray(picture).convert("L"), dtype=np.float32) / 255 for picture in pictures]
    maps_by_name = {
        "uniform": [np.ones_like(gaussian)] * len(pictures),
        "centred_gaussian": [gaussian] * len(pictures),
        "brightness": [resized(picture, size) for picture in luma],
    }
    return {
        name: np.asarray(maps, dtype=np.float32).reshape(-1, size, size) * circle for name, maps in maps_by_name.items()
    }


def measures(heat: np.ndarray, masks: np.ndarray, known: np.ndarray) -> dict[str, np.ndarray]:
    """energy_in_mask, mask_area, energy_over_area and pointing_hit, each float64 (n,); nan where truth is not known."""
    energy, area = energy_in_mask(heat, masks), np.where(known, mask_area(masks), np.nan)
    return {
        "energy_in_mask": energy,
        "mask_area": area,
        "energy_over_area": divided(energy, np.nan_to_num(area)),
        "pointing_hit": pointing_hit(heat, masks),
    }
