"""How frames are classified."""

from __future__ import annotations

from .base import Count, Frozen


class Evaluate(Frozen):
    """How frames are classified."""

    batch_size: Count = 32
