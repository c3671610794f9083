"""Figures, metrics and thesis, regenerated from the data."""
