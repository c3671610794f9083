"""Keograms: the middle line of each frame of a night, side by side over time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from PIL import Image

EMPTY = 235


def steps(utc: pd.Series, interval_s: float) -> np.ndarray:
    """Column of each frame: whole intervals since the first, int64 (n,)."""
    return np.rint((utc - utc.min()).dt.total_seconds() / interval_s).to_numpy().astype(np.int64)


def keogram(frames: Iterable[np.ndarray], columns: np.ndarray, rows: int = 180) -> np.ndarray:
    """The vertical line through the centre of each frame, as uint8 RGB (rows, columns.max() + 1, 3).

    Parameters
    ----------
    frames : uint8 RGB (size, size, 3), in the order of `columns`.
    columns : where each stands, int64 (n,); times without a frame stay light grey.
    rows : height of the result; the lines are brought to it by area means.
    """
    picture = np.full((rows, int(columns.max()) + 1, 3), EMPTY, np.uint8)
    for frame, column in zip(frames, columns, strict=True):
        middle = frame.shape[1] // 2
        line = frame[:, middle - 1 : middle + 2].mean(axis=1)
        column_of_sky = Image.fromarray(np.rint(line).astype(np.uint8)[:, None])
        picture[:, column] = np.asarray(column_of_sky.resize((1, rows), Image.Resampling.BOX))[:, 0]
    return picture
