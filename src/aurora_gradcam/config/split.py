"""How labelled frames are divided."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from .base import Frozen, Share


class Fractions(Frozen):
    """Shares of the nights (policy night) or of each night's frames (policy frame: train and val only)."""

    train: Share = 0.6
    val: Share = 0.2
    test: Share = 0.2

    @model_validator(mode="after")
    def whole(self) -> Fractions:
        """Shares add up to 1."""
        if abs(self.train + self.val + self.test - 1) > 1e-9:
            raise ValueError("train, val and test must add up to 1")
        return self


class Split(Frozen):
    """How labelled frames are divided."""

    policy: Literal["night", "frame"] = "night"
    fractions: Fractions = Fractions()
    balance: bool = True
