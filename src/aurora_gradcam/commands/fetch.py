"""`aurora fetch`."""

from __future__ import annotations


def fetch() -> None:
    """To be written."""
