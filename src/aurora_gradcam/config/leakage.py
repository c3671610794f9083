"""What `make leakage` trains to measure what a split by frames adds to the scores, and what another camera takes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator

from .base import Count, Frozen
from .train import Train


def _study() -> dict[str, dict[str, Any]]:
    return {"imagenet": {}}


class Leakage(Frozen):
    """What `make leakage` trains.

    `seeds` pairs of trainings from each start, with `seed` of params.yaml and those after it. `starts` names weights as
    `train.weights` does, each with what else of `train` is different for it. `second_camera` is the first night of a
    second camera, whose nights are set against those before it; empty: there is one camera.
    """

    seeds: Count = 3
    starts: Annotated[dict[str, dict[str, Any]], Field(min_length=1)] = Field(default_factory=_study)
    second_camera: Annotated[str, Field(pattern=r"^(\d{8})?$")] = ""

    @field_validator("starts")
    @classmethod
    def known_keys(cls, starts: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Only keys of `train` can be different."""
        for name, changes in starts.items():
            if unknown := sorted(set(changes) - set(Train.model_fields)):
                raise ValueError(f"{name}: train has no key '{unknown[0]}'")
        return starts
