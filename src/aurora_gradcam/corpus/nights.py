"""Rules on the nights of frames."""

from __future__ import annotations

import pandas as pd


def in_turn(frames: pd.DataFrame, count: int) -> pd.DataFrame:
    """The first `count` rows after every night has given its first row before any gives its second."""
    turn = frames.groupby("night").cumcount().sort_values(kind="stable")
    return frames.loc[turn.index[:count]]
