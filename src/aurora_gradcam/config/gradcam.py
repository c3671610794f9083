"""Which frames are explained, and where in the network."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from .base import Frozen


class GradCam(Frozen):
    """Which frames are explained, and where in the network."""

    layers: Annotated[tuple[str, ...], Field(min_length=1)] = ("layercam@features.4", "features.8")
    classes: Annotated[tuple[Literal["no", "yes"], ...], Field(min_length=1)] = ("yes", "no")
    frames_per_condition: Annotated[int, Field(ge=0)] = 2
    frames_per_outcome: Annotated[int, Field(ge=0)] = 4

    @field_validator("classes", mode="before")
    @classmethod
    def words(cls, classes: Any) -> Any:
        """YAML takes a bare yes or no for true or false; here the words are meant."""
        if not isinstance(classes, list | tuple):
            return classes
        return [("no", "yes")[item] if isinstance(item, bool) else item for item in classes]

    @field_validator("layers", "classes")
    @classmethod
    def distinct(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        """No layer and no class twice."""
        if len(set(names)) != len(names):
            raise ValueError("a name is listed twice")
        return names
