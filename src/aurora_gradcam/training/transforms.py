"""From a frame to the network's input: resizing, random changes for training, normalisation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..config import Train
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


def for_evaluation(image_size: int, mean: Sequence[float], std: Sequence[float]) -> Transform:
    """Resize and normalise."""
    return Transform(transforms.Compose([_resize(image_size), *_normalise(mean, std)]))


def for_training(params: Train, mean: Sequence[float], std: Sequence[float]) -> Transform:
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


def _normalise(mean: Sequence[float], std: Sequence[float]) -> list[torch.nn.Module]:
    return [transforms.ToDtype(torch.float32, scale=True), transforms.Normalize(list(mean), list(std))]
