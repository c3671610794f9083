"""Where the camera stands."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from ..zones import zone_named
from .base import Frozen


class Site(Frozen):
    """Where the camera stands."""

    latitude: Annotated[float, Field(ge=-90, le=90)] = 62.4333
    longitude: Annotated[float, Field(ge=-180, le=180)] = -114.3500
    elevation_m: float = 200.0
    timezone: str = "America/Yellowknife"

    @field_validator("timezone")
    @classmethod
    def known_zone(cls, name: str) -> str:
        """An IANA zone name."""
        zone_named(name)
        return name
