"""Keograms: the middle line of each frame of a night, side by side over time."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pandas as pd
from PIL import Image

EMPTY = 235


def frame_at_columns(utc: pd.Series, interval_s: float) -> np.ndarray:
    """The frame at each column of a keogram: the nearest in time, -1 where none is near; int64 (columns,).

    Near means within three quarters of an interval: a camera clock that runs slightly slow or fast then leaves no gap
    between consecutive frames, while a missing frame does.

    Parameters
    ----------
    utc
        Times of the frames in ascending order, at least one; the first column is the first frame's.
    interval_s
        Nominal seconds between frames.
    """
    seconds = (utc - utc.iloc[0]).dt.total_seconds().to_numpy()
    at = np.arange(round(seconds[-1] / interval_s) + 1) * interval_s
    after = np.searchsorted(seconds, at).clip(max=len(seconds) - 1)
    before = (after - 1).clip(min=0)
    nearest = np.where(at - seconds[before] < seconds[after] - at, before, after)
    return np.where(np.abs(seconds[nearest] - at) <= 0.75 * interval_s, nearest, -1).astype(np.int64)


def edges(utc: pd.Series, interval_s: float, columns: int) -> pd.DatetimeIndex:
    """The edges of the columns, UTC (columns + 1,); the first column is centred on the first frame."""
    return utc.iloc[0] + pd.Timedelta(seconds=interval_s) * (np.arange(columns + 1) - 0.5)


def stretches(frame_at: np.ndarray, classes: pd.Series | None = None) -> list[tuple[int, int]]:
    """First column and the one after the last of each stretch without a frame; with `classes`: of one class of frames.

    Parameters
    ----------
    frame_at
        The frame at each column, -1 for none, as `frame_at_columns` gives.
    classes
        The class of each frame, by position; frames without a class are in no stretch.
    """
    codes = -1 - frame_at.clip(-1, 0) if classes is None else np.append(pd.factorize(classes)[0], -1)[frame_at]
    bounds = np.flatnonzero(np.diff(codes, prepend=-2, append=-2))
    return [(int(first), int(after)) for first, after in pairwise(bounds) if codes[first] >= 0]


def keogram(frames: Iterable[np.ndarray], columns: np.ndarray, rows: int = 180) -> np.ndarray:
    """The vertical line through the centre of each frame, as uint8 RGB (rows, columns.max() + 1, 3).

    Parameters
    ----------
    frames
        uint8 RGB (size, size, 3), in the order of `columns`.
    columns
        Where each stands, int64 (n,); times without a frame stay light grey.
    rows
        Height of the result; the lines are brought to it by area means.
    """
    picture = np.full((rows, int(columns.max()) + 1, 3), EMPTY, np.uint8)
    for frame, column in zip(frames, columns, strict=True):
        picture[:, column] = middle_line(frame, rows)
    return picture


def middle_line(frame: np.ndarray, rows: int = 180) -> np.ndarray:
    """The vertical line through the centre of one frame, as uint8 RGB (rows, 3): a column of a keogram."""
    middle = frame.shape[1] // 2
    line = frame[:, middle - 1 : middle + 2].mean(axis=1)
    column_of_sky = Image.fromarray(np.rint(line).astype(np.uint8)[:, None])
    return np.asarray(column_of_sky.resize((1, rows), Image.Resampling.BOX))[:, 0]
