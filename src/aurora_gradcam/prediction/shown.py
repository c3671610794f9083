"""Which frames a person is shown, as small pictures: the surest, the least certain, and where the network looked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image

from ..drawing.style import brightened
from ..files import atomic_write
from ..gradcam.maps import explain, method_and_layer
from ..gradcam.overlays import JPEG_QUALITY, overlay
from ..progress import track
from ..training.network import ModelCard
from ..training.transforms import for_evaluation
from ..web.pages import picture_uri
from .series import Series

KINDS = ("surest yes", "least certain", "surest no")
PER_KIND = 6
DOUBT = (0.05, 0.95)
"""P(yes) between which a frame counts as uncertain."""
THUMBNAIL, LARGE = 300, 480
"""Widths in pixels."""
TARGET = "yes"


@dataclass(frozen=True)
class Shown:
    """One picture of the page: its kind, its file, its frame if that is a video, its time if known, P(yes), its data.

    rank : how well it belongs to its kind.
    """

    kind: str
    source: str
    frame: str
    utc: str
    p_aurora: float
    rank: float
    uri: str


def spread(numbers: Sequence[int], count: int, apart: int) -> list[int]:
    """The first `count` of the numbers that stand `apart` or more from one another; nearer ones only if too few do."""
    chosen: list[int] = []
    for least in (apart, 1):
        for number in numbers:
            if len(chosen) < count and all(abs(number - other) >= least for other in chosen):
                chosen.append(number)
    return chosen


def apart(frames: int, count: int) -> int:
    """How far apart `count` frames are to stand, so that they reach over half of the series."""
    return max(1, frames // (2 * max(count, 1)))


def surest(rows: pd.DataFrame, count: int) -> list[int]:
    """Numbers of the rows surest to be aurora, in order of certainty, spread over the series."""
    margin = (rows["logit_yes"] - rows["logit_no"]).dropna()
    order = margin.sort_values(ascending=False, kind="stable").index.tolist()
    return spread(order, count, apart(len(rows), count))


def ranked(rows: pd.DataFrame, threshold: float) -> dict[str, pd.Series]:
    """For each of `KINDS` how well its frames belong to it, by number of row, the best first.

    Uncertain frames, between `DOUBT`, are in no other kind.
    """
    known = rows.dropna(subset=["p_aurora"])
    margin = known["logit_yes"] - known["logit_no"]
    unsure = known["p_aurora"].between(*DOUBT)
    called = known["is_aurora"].astype(bool)
    ranks = (margin[called & ~unsure], -(known["p_aurora"] - threshold).abs()[unsure], -margin[~called & ~unsure])
    return {kind: rank.sort_values(ascending=False, kind="stable") for kind, rank in zip(KINDS, ranks, strict=True)}


def _shown(series: Series, row: pd.Series, kind: str, rank: float, uri: str) -> Shown:
    frame = f"frame {row['frame_no']}" if series.is_video else ""
    utc = "" if pd.isna(row["utc"]) else f"{row['utc']:%Y-%m-%d %H:%M:%S}"
    return Shown(kind, row["source"], frame, utc, float(row["p_aurora"]), rank, uri)


def thumbnails(series: Series, rows: pd.DataFrame, threshold: float) -> list[Shown]:
    """Small pictures of up to `PER_KIND` frames of each kind, spread over the series."""
    found = []
    for kind, rank in ranked(rows, threshold).items():
        for number in spread(rank.index.tolist(), PER_KIND, apart(len(rows), PER_KIND)):
            _, picture = series.read(number)
            uri = picture_uri(brightened(picture), THUMBNAIL)
            found.append(_shown(series, rows.iloc[number], kind, float(rank[number]), uri))
    return found


def explained(
    series: Series,
    rows: pd.DataFrame,
    count: int,
    network: torch.nn.Module,
    card: ModelCard,
    name: str,
    folder: Path,
    stems: dict[str, str],
) -> list[Shown]:
    """Write overlays `<frame>_yes.jpg` of the `count` frames surest to be aurora; return them for the page.

    `name` is an entry of `gradcam.layers`, `stems` how the files of each source begin; the network's parameters take no
    gradients.
    """
    method, layer = method_and_layer(name)
    prepare, place = for_evaluation(card.image_size, card.mean, card.std), next(network.parameters()).device
    found = []
    numbers = surest(rows, count)
    for number in track(numbers, f"{series.name}: explain"):
        _, picture = series.read(number)
        heat = explain(network, prepare(picture)[None].to(place), TARGET, layer, method)[0]
        row = rows.iloc[number]
        frame = f"-{row['frame_no']:05d}" if series.is_video else ""
        with atomic_write(folder / f"{stems[row['source']]}{frame}_{TARGET}.jpg") as temporary:
            Image.fromarray(overlay(picture, heat)).save(temporary, "JPEG", quality=JPEG_QUALITY)
        bright = brightened(picture)
        uri = picture_uri(np.concatenate([bright, overlay(bright, heat)], axis=1), 2 * LARGE)
        found.append(_shown(series, row, "explained", 0.0, uri))
    return found
