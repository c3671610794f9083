"""From a frame to the network's input: resizing, random changes for training, normalisation.

Levels are normalised in one of two ways: by fixed means and deviations, as ImageNet's networks want it and the study
did, or every frame by its own (`by_frame`). Cameras, exposures, moonlight and twilight differ far more than aurora does
from the sky around it; by itself, each sky has mean 0 and deviation 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..config import Train
from ..corpus.sky_circle import is_inside
from .vision import transforms


def seed_of(*key: object) -> int:
    """A seed below 2**63 that depends on the key's text alone, such as (seed, epoch, frame_id)."""
    digest = hashlib.sha256("\n".join(map(str, key)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def resized(picture: np.ndarray, image_size: int) -> np.ndarray:
    """uint8 RGB (height, width, 3) -> uint8 RGB (image_size, image_size, 3), bilinear with antialiasing."""
    small = transforms.functional.resize(_tensor(picture), [image_size, image_size], antialias=True)
    return small.permute(1, 2, 0).contiguous().numpy()


def _tensor(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(picture, dtype=np.uint8)).permute(2, 0, 1)


LEAST_DEVIATION = 0.02
"""Added to a frame's deviation, as a share of white: noise of an even dark sky is not blown up."""
CLAMP = 4.0


def by_frame(levels: torch.Tensor) -> torch.Tensor:
    """Every frame by its own mean of each colour and deviation of all, over the circle inscribed in it; 0 outside.

    levels : float 0..1 (..., 3, size, size) -> float of the same shape, within -CLAMP..CLAMP.
    """
    inside = torch.from_numpy(is_inside(levels.shape[-1])).to(levels)
    count = inside.sum()
    centred = (levels - (levels * inside).sum((-2, -1), keepdim=True) / count) * inside
    deviation = (centred.square().sum((-3, -2, -1), keepdim=True) / (3 * count)).sqrt()
    return (centred / (deviation + LEAST_DEVIATION)).clamp(-CLAMP, CLAMP)


@dataclass(frozen=True)
class Transform:
    """Callable uint8 RGB (height, width, 3) -> float32 (3, image_size, image_size), normalised."""

    steps: transforms.Compose

    def __call__(self, picture: np.ndarray, *key: object) -> torch.Tensor:
        """Random changes are drawn from `key`, such as (seed, epoch, frame_id), alone.

        Without a key they are drawn from torch's generator.
        """
        if not key:
            return self.steps(_tensor(picture))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of(*key))
            return self.steps(_tensor(picture))


def for_evaluation(image_size: int, mean: Sequence[float] | None, std: Sequence[float] | None) -> Transform:
    """Resize and normalise, by each frame's own mean and deviation where `mean` is None."""
    return Transform(transforms.Compose([_resize(image_size), *_normalise(mean, std)]))


def for_training(params: Train, mean: Sequence[float] | None, std: Sequence[float] | None) -> Transform:
    """Resize, random crop, flip and colours (`train.augmentation`), normalise."""
    changes = params.augmentation
    return Transform(
        transforms.Compose(
            [
                _resize(params.image_size),
                transforms.RandomResizedCrop(params.image_size, scale=changes.crop_scale, antialias=True),
                transforms.RandomHorizontalFlip(changes.flip),
                transforms.ColorJitter(changes.brightness, changes.contrast, changes.saturation),
                *_normalise(mean, std),
            ]
        )
    )


def _resize(image_size: int) -> torch.nn.Module:
    return transforms.Resize((image_size, image_size), antialias=True)


def _normalise(mean: Sequence[float] | None, std: Sequence[float] | None) -> list[torch.nn.Module]:
    if mean is None or std is None:
        return [transforms.ToDtype(torch.float32, scale=True), transforms.Lambda(by_frame)]
    return [transforms.ToDtype(torch.float32, scale=True), transforms.Normalize(list(mean), list(std))]
