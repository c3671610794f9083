"""A series classified: P(yes) of every good frame, by the one path that evaluation takes too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from ..drawing.keogram import middle_line
from ..inference.classify import ahead, classify, helpers, predictions
from ..progress import track
from ..training.network import ModelCard
from .series import Series

LINES = 180
"""Height of a keogram in pixels."""
PREDICTED = ("logit_no", "logit_yes", "p_aurora", "is_aurora")


@dataclass(frozen=True)
class Classified:
    """The rows of a series with `PREDICTED` beside them (null where there is no picture), and its keogram's columns.

    lines : of a video, uint8 RGB (rows, n, 3), a column for each frame with a prediction.
    """

    rows: pd.DataFrame
    lines: np.ndarray | None


def classified(series: Series, network: torch.nn.Module, card: ModelCard, batch_size: int) -> Classified:
    """Classify every frame whose status is ok; pictures are drawn lazily, and found bad ones change their status."""
    status = series.rows["status"].to_numpy(dtype=object).copy()
    wanted = np.flatnonzero(status == "ok")
    good: list[int] = []
    # in one piece: small arrays that outlive the pictures would keep freed memory in pieces too small for the next
    lines = np.zeros((LINES, len(wanted), 3), np.uint8) if series.is_video else None

    def pictures() -> Iterator[np.ndarray]:
        read = ahead(series.read, (int(number) for number in wanted), helpers(network), batch_size)
        for number, (found, picture) in zip(wanted, track(read, f"{series.name}: classify", len(wanted)), strict=True):
            status[number] = found
            if picture is not None:
                if lines is not None:
                    lines[:, len(good)] = middle_line(picture, LINES)
                good.append(number)
                yield picture

    logits = classify(network, card, pictures(), batch_size)
    predicted = predictions(good, logits, card.temperature, card.threshold).set_index("frame_id")
    rows = series.rows.assign(status=status).join(predicted)
    rows["is_aurora"] = rows["is_aurora"].astype("boolean")
    return Classified(rows, lines[:, : len(good)] if lines is not None and good else None)
