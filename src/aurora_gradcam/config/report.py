"""How figures and thesis look."""

from __future__ import annotations

from .base import Count, Frozen


class Report(Frozen):
    """How figures and thesis look."""

    title: str = "Aurora detection in all-sky imagery"
    figure_dpi: Count = 150
