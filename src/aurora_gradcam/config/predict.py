"""How single pictures are read."""

from __future__ import annotations

from pydantic import field_validator

from .base import Frozen
from .site import Site


class Predict(Frozen):
    """How pictures that are no frames of a night video are read.

    `image_time` finds the time in a picture's file name, with the fields of strptime, anywhere in the name; empty: the
    names hold no time. `image_zone` is the zone of that time.
    """

    image_time: str = "%Y%m%d%H%M%S"
    image_zone: str = "UTC"

    @field_validator("image_zone")
    @classmethod
    def known_zone(cls, name: str) -> str:
        """An IANA zone name."""
        return Site.known_zone(name)
