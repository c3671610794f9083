"""How printed times are read and turned into UTC."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, field_validator

from .base import Count, Frozen, Positive, Share


class OcrUtc(Frozen):
    """How on-frame times are read and turned into UTC."""

    formats: tuple[str, ...] = ("%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S")
    zones: dict[str, float] = Field(default={"MST": -7.0, "MDT": -6.0, "CST": -6.0})
    days_around_night: Annotated[int, Field(ge=0)] = 1
    max_gap_s: Positive = 900.0
    tolerance_s: Positive = 3.0
    strips_per_page: Count = 24
    max_bad_fraction: Share = 0.2

    @field_validator("formats")
    @classmethod
    def whole_times(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        """Every format holds year, month, day, hour, minute and second once, as digits."""
        for form in formats:
            if sorted(re.findall(r"%(.)", form)) != sorted("YmdHMS"):
                raise ValueError(f"'{form}' must hold %Y %m %d %H %M %S once each and no other field")
        if not formats:
            raise ValueError("list at least one, such as '%Y-%m-%d %H:%M:%S'")
        return formats
