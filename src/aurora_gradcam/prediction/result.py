"""What one run of `aurora predict` is given, and what comes of each series."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ..config import Circle, Params
from ..training.network import MODELS
from .circles import Choice
from .series import Series
from .thumbnails import Thumbnail


@dataclass(frozen=True)
class Job:
    """The options of one run."""

    out: Path
    params: Params
    model: Path = MODELS
    circle: Choice = None
    timed: bool = True
    explain: int = 0


@dataclass(frozen=True)
class Result:
    """A series with its classified rows, the circles its frames were cut to, and its pictures for the page."""

    series: Series
    rows: pd.DataFrame
    circles: list[Circle]
    keogram: Path | None = None
    thumbnails: list[Thumbnail] = field(default_factory=list)
    explained: list[Thumbnail] = field(default_factory=list)
