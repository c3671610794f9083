"""`aurora sky`."""

from __future__ import annotations


def sky() -> None:
    """To be written."""
