"""Edges of the Sun and Moon classes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from .base import Frozen


class MoonRule(Frozen):
    """A moon class holds from this folded phase angle (180 = full) and above this altitude, in degrees."""

    phase_angle: Annotated[float, Field(ge=0, le=180)]
    altitude: Annotated[float, Field(ge=-90, le=90)]


class Illuminate(Frozen):
    """Sun and moon classes."""

    ephemeris: str = "de421.bsp"
    sun_edges: tuple[float, float, float, float] = (-18.0, -12.0, -6.0, 0.0)
    moon_full: MoonRule = MoonRule(phase_angle=150, altitude=5)
    moon_quarter: MoonRule = MoonRule(phase_angle=45, altitude=10)

    @field_validator("sun_edges")
    @classmethod
    def rising(cls, edges: tuple[float, ...]) -> tuple[float, ...]:
        """Edges from night to day."""
        if list(edges) != sorted(set(edges)):
            raise ValueError("must rise from night to day, such as [-18, -12, -6, 0]")
        return edges
