"""How the network is pretrained on simulated skies."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from .base import Count, Frozen, Positive, Share


class SkyAugmentation(Frozen):
    """Random changes of simulated frames; 0 leaves a frame as it is.

    `rotation` in degrees either way; `flip`, `grey` and `erase` are chances; `zoom`, `balance`, `brightness`,
    `contrast`, `gamma` and `saturation` are natural logarithms of the largest factor either way; `shift` and `circle`
    (how much the sky circle may shrink) are in radii of the sky circle; `blur` is in pixels, `noise` a share of white.
    """

    rotation: Annotated[float, Field(ge=0, le=180)] = 180.0
    flip: Share = 0.5
    zoom: Share = 0.1
    shift: Share = 0.04
    circle: Annotated[float, Field(ge=0, lt=1)] = 0.06
    balance: Share = 0.2
    brightness: Share = 0.3
    contrast: Share = 0.2
    gamma: Share = 0.3
    saturation: Share = 0.4
    grey: Share = 0.08
    blur: Annotated[float, Field(ge=0, le=3)] = 1.0
    noise: Share = 0.02
    erase: Share = 0.2


class PretrainStage(Frozen):
    """Rounds of pretraining at one size of picture, in pixels."""

    size: Annotated[int, Field(ge=32)]
    rounds: Count


class HeadWeights(Frozen):
    """Weights of the losses of the heads beside the aurora's, whose own weight is 1; 0 leaves a head untrained."""

    cloud: Annotated[float, Field(ge=0)] = 0.2
    form: Annotated[float, Field(ge=0)] = 0.2
    strength: Annotated[float, Field(ge=0)] = 0.2


class Pretrain(Frozen):
    """How the network is pretrained on simulated skies.

    `weights` is what the first round begins from, named as in `train.weights`: `none` for random ones, or a file of an
    earlier cycle (warm restarts, Loshchilov and Hutter 2017, arXiv:1608.03983), whose `frames_before` frames are not
    drawn again. A round draws `frames_per_round` new frames and shows each `passes` times. `steepness` is k of the
    soft label sigmoid(k ln visibility), `mask_weight` the weight of outlining the aurora beside the class,
    `head_weights` those of the further heads. `warm_up` is the share of all steps until the full learning rate,
    `average_decay` that of the running mean of the weights. `statistics_frames` and `held_out_frames` are drawn for the
    finished weights alone.
    """

    backbone: Literal["efficientnet_b0", "efficientnet_b1", "efficientnet_b2"] = "efficientnet_b1"
    weights: str = "none"
    frames_before: Annotated[int, Field(ge=0, multiple_of=4)] = 0
    image_size: Count = 240
    stages: Annotated[tuple[PretrainStage, ...], Field(min_length=1)] = (
        PretrainStage(size=96, rounds=50),
        PretrainStage(size=128, rounds=34),
        PretrainStage(size=160, rounds=12),
        PretrainStage(size=240, rounds=4),
    )
    frames_per_round: Annotated[int, Field(ge=8, multiple_of=4)] = 2048
    passes: Count = 1
    batch_size: Annotated[int, Field(ge=2)] = 16
    learning_rate: Positive = 2e-3
    warm_up: Share = 0.05
    weight_decay: Annotated[float, Field(ge=0)] = 0.02
    clip_norm: Positive = 1.0
    average_decay: Annotated[float, Field(ge=0, lt=1)] = 0.998
    steepness: Positive = 4.0
    mask_weight: Annotated[float, Field(ge=0)] = 1.0
    head_weights: HeadWeights = HeadWeights()
    augmentation: SkyAugmentation = SkyAugmentation()
    statistics_frames: Annotated[int, Field(ge=8, multiple_of=4)] = 2048
    held_out_frames: Annotated[int, Field(ge=8, multiple_of=4)] = 2048

    @model_validator(mode="after")
    def frames_are_reduced(self) -> Pretrain:
        """No stage is larger than the frames are drawn."""
        if max(stage.size for stage in self.stages) > self.image_size:
            raise ValueError("a stage's size exceeds image_size, at which the frames are drawn")
        return self

    @property
    def rounds(self) -> int:
        """Rounds of all stages together."""
        return sum(stage.rounds for stage in self.stages)

    def size_of(self, number: int) -> int:
        """Size in pixels of the pictures of round `number`, counted from 0."""
        sizes = [stage.size for stage in self.stages for _ in range(stage.rounds)]
        return sizes[number]
