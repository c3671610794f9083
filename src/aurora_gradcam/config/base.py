"""What all parameter models share: immutable, and closed to unknown keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class Frozen(BaseModel):
    """Base of all parameter models: immutable, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")
