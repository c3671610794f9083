"""How finely the sky is drawn: for videos, and for training where speed counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Detail:
    """Sides in pixels, and the number of heights that aurora is summed over along a line of sight.

    `full` is the picture's side, `grid` that of slowly varying layers and of the truth, `aurora_map` that of the map of
    precipitation, `field` that of the random fields that clouds are read from.
    """

    full: int
    grid: int
    aurora_map: int
    heights: int
    field: int


VIDEO = Detail(full=720, grid=240, aurora_map=224, heights=16, field=512)
TRAINING = Detail(full=240, grid=120, aurora_map=176, heights=14, field=256)
