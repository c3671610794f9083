"""How the classifier is trained."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from .base import Count, Frozen, Positive, Share


class Augmentation(Frozen):
    """Random changes of training frames."""

    crop_scale: tuple[float, float] = (0.8, 1.0)
    flip: Share = 0.5
    brightness: Annotated[float, Field(ge=0)] = 0.3
    contrast: Annotated[float, Field(ge=0)] = 0.3
    saturation: Annotated[float, Field(ge=0)] = 0.3


class Train(Frozen):
    """How the classifier is trained.

    `normalisation` of the levels is `imagenet` (fixed mean and deviation, as in the study) or `frame` (every frame by
    its own, as the sky weights want it). BatchNorm's `statistics` are those of each `batch` and then of the training
    frames, as in the study, or `kept` as they came with the weights. `threshold` is the calibrated probability from
    which a frame is called aurora: `val` has the validation frames choose it, a number fixes it. With fewer than
    `least_val_nights` val nights of either class the temperature stays 1 and `val` gives 0.5. `heads` beside the
    aurora's: `auto` keeps those that the weights bring and adds those that enough frames are labelled for.
    """

    backbone: Literal["efficientnet_b0", "efficientnet_b1", "efficientnet_b2"] = "efficientnet_b1"
    weights: str = "imagenet"
    normalisation: Literal["imagenet", "frame"] = "imagenet"
    statistics: Literal["batch", "kept"] = "batch"
    image_size: Count = 240
    batch_size: Count = 16
    frozen_epochs: Annotated[int, Field(ge=0)] = 6
    finetune_epochs: Annotated[int, Field(ge=0)] = 6
    learning_rate: Positive = 3e-4
    finetune_factor: Positive = 0.1
    augmentation: Augmentation = Augmentation()
    select_by: Literal["val_loss", "val_accuracy"] = "val_loss"
    threshold: Literal["val"] | Annotated[float, Field(gt=0, lt=1)] = "val"
    least_val_nights: Annotated[int, Field(ge=1)] = 5
    heads: Literal["auto"] | tuple[Literal["cloud", "form", "strength"], ...] = "auto"

    @model_validator(mode="after")
    def some_epochs(self) -> Train:
        """At least one epoch in all."""
        if self.frozen_epochs + self.finetune_epochs < 1:
            raise ValueError("frozen_epochs and finetune_epochs are both 0: nothing would be trained")
        return self

    @model_validator(mode="after")
    def random_weights_have_no_statistics(self) -> Train:
        """Mean 0 and variance 1 of a network that has seen nothing are not worth keeping."""
        if self.weights == "none" and self.statistics == "kept":
            raise ValueError("weights none bring no statistics to keep: set statistics: batch")
        return self

    @model_validator(mode="after")
    def sky_weights_are_met_as_they_learnt(self) -> Train:
        """The sky weights know frames normalised by themselves alone."""
        if self.weights == "sky" and self.normalisation != "frame":
            raise ValueError("weights sky were learnt from frames normalised by themselves: set normalisation: frame")
        return self
