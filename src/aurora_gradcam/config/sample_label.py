"""Which frames are to be labelled."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Count, Frozen, Share


class Condition(Frozen):
    """One illumination condition."""

    sun: Literal["Night", "Astronomical", "Nautical", "Civil", "Day"]
    moon: Literal["No_Moon", "Moon_Quarter", "Moon_Full"]


class SampleLabel(Frozen):
    """Which frames are to be labelled.

    `audit_night_fraction` of the nights that could train are kept for the audit instead.
    """

    conditions: Annotated[tuple[Condition, ...], Field(min_length=1)] = (Condition(sun="Night", moon="No_Moon"),)
    per_night_max: Count = 20
    night_fraction_max: Share = 0.5
    audit_per_condition: Annotated[int, Field(ge=0)] = 20
    audit_night_fraction: Share = 0.2
