"""How a camera is watched while the night goes on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from .base import Count, Frozen, Positive, Share


class Mqtt(Frozen):
    """A broker that is told of every picture; no host: none."""

    host: str = ""
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    tls: bool = False
    topic: Annotated[str, Field(pattern=r"^[^#+/\s]([^#+\s]*[^#+/\s])?$")] = "aurora/camera"
    discovery: Annotated[str, Field(pattern=r"^[^#+\s]*$")] = "homeassistant"


class Watch(Frozen):
    """Pace, decision and outputs of `aurora watch`; `name` is what messages call the camera, its source's if empty."""

    name: str = ""
    interval_s: Annotated[float, Field(ge=1)] = 30.0
    sun_max: Annotated[float, Field(ge=-90, le=90)] = -6.0
    window: Count = 5
    begin: Count = 3
    end: Count = 4
    p_begin: Share = 0.6
    p_end: Share = 0.4
    max_gap_s: Positive = 1200.0
    keep_s: Annotated[float, Field(ge=0)] = 60.0
    clip: bool = True
    mqtt: Mqtt = Mqtt()
    webhook: Literal["json", "ntfy", "discord", "slack"] = "json"
    command: tuple[str, ...] = ()

    @model_validator(mode="after")
    def within_the_window(self) -> Watch:
        """As many pictures as are asked for must fit into the window, and the two levels must not cross."""
        if max(self.begin, self.end) > self.window:
            raise ValueError(f"begin and end must be at most window ({self.window})")
        if self.p_end > self.p_begin:
            raise ValueError("p_end must not exceed p_begin")
        return self
