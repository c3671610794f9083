"""How figures and thesis look."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .base import Count, Frozen


class Report(Frozen):
    """How figures and thesis look."""

    title: str = "Aurora detection in all-sky imagery"
    figure_dpi: Count = 150
    keogram_minutes: Annotated[int, Field(ge=0)] = 60
