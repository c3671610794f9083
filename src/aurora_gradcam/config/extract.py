"""How frames are taken from night videos."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from .base import Count, Frozen, Positive, Share

NIGHT_FIELDS = {"night": 8, "year": 4, "month": 2, "day": 2}
"""Fields of `file_pattern` and their digits; `night` is the date YYYYMMDD."""


class Circle(Frozen):
    """The sky circle in the video's pixels."""

    center: tuple[int, int] = (640, 360)
    radius: Count = 360


class Extract(Frozen):
    """How frames are taken from a night video; `crop` is twice the radius of the circle unless given."""

    file_pattern: str = "*HD_{night}_720p.mp4"
    seconds_per_frame: Positive = 6.0
    nominal_fps: Positive = 25.0
    interval_s: Positive = 60.0
    circle: Circle = Circle()
    crop: Count = 720
    jpeg_quality: Annotated[int, Field(ge=2, le=31)] = 3
    stamp_box: tuple[int, int, int, int] = (820, 664, 452, 56)
    max_bad_fraction: Share = 0.1

    @model_validator(mode="before")
    @classmethod
    def crop_follows_the_circle(cls, values: Any) -> Any:
        """A crop that is left out, or null, takes in the whole circle."""
        if not isinstance(values, dict) or values.get("crop") is not None:
            return values
        circle = values.get("circle")
        radius = circle.get("radius") if isinstance(circle, dict) else getattr(circle, "radius", None)
        rest = {key: value for key, value in values.items() if key != "crop"}
        return {**rest, "crop": 2 * radius} if isinstance(radius, int) else rest

    @field_validator("file_pattern")
    @classmethod
    def names_the_night(cls, pattern: str) -> str:
        """A glob pattern with {night} where the date YYYYMMDD stands, or {year}, {month} and {day} apart."""
        fields = sorted(re.findall(r"{(.*?)}", pattern))
        if fields not in (["night"], ["day", "month", "year"]):
            raise ValueError(
                "must hold {night} once, where the date YYYYMMDD stands in the file name, or {year}, {month} and {day}"
            )
        return pattern
