"""Small pictures for the page: the surest frames, the least certain ones, and where the network looked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image

from ..drawing.style import brightened
from ..errors import InputError
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
WIDTH = 300
"""Of a thumbnail, in pixels."""
EXPLAINED_WIDTH = 960
"""Of a frame beside its overlay, in pixels."""
TARGET = "yes"


@dataclass(frozen=True)
class Thumbnail:
    """One picture of the page: its kind, its file, its frame if that is a video, its time if known, P(yes), its data.

    Parameters
    ----------
    rank
        How well it belongs to its kind; larger is better.
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


def least_distance(frames: int, count: int) -> int:
    """How far apart `count` frames have to stand to reach over half of the series."""
    return max(1, frames // (2 * max(count, 1)))


def surest(rows: pd.DataFrame, count: int) -> list[int]:
    """Numbers of the rows surest to be aurora, in order of certainty, spread over the series."""
    margin = (rows["logit_yes"] - rows["logit_no"]).dropna()
    order = margin.sort_values(ascending=False, kind="stable").index.tolist()
    return spread(order, count, least_distance(len(rows), count))


def rank_frames(rows: pd.DataFrame, threshold: float) -> dict[str, pd.Series]:
    """For each of `KINDS` how well its frames belong to it, by number of row, the best first.

    Uncertain frames, between `DOUBT`, are in no other kind.
    """
    known = rows.dropna(subset=["p_aurora"])
    margin = known["logit_yes"] - known["logit_no"]
    unsure = known["p_aurora"].between(*DOUBT)
    called = known["is_aurora"].astype(bool)
    ranks = (margin[called & ~unsure], -(known["p_aurora"] - threshold).abs()[unsure], -margin[~called & ~unsure])
    return {kind: rank.sort_values(ascending=False, kind="stable") for kind, rank in zip(KINDS, ranks, strict=True)}


def _thumbnail(series: Series, row: pd.Series, kind: str, rank: float, uri: str) -> Thumbnail:
    utc = "" if pd.isna(row["utc"]) else f"{row['utc']:%Y-%m-%d %H:%M:%S}"
    return Thumbnail(kind, row["source"], series.label_of(row), utc, float(row["p_aurora"]), rank, uri)


def _picture(series: Series, number: int) -> np.ndarray:
    """The picture of a frame that has been classified."""
    picture = series.read(number).picture
    if picture is None:
        raise InputError("this file changed while it was being classified", series.rows["source"].iloc[number])
    return picture


def draw_thumbnails(series: Series, rows: pd.DataFrame, threshold: float) -> list[Thumbnail]:
    """Small pictures of up to `PER_KIND` frames of each kind, spread over the series."""
    thumbnails = []
    for kind, rank in rank_frames(rows, threshold).items():
        for number in spread(rank.index.tolist(), PER_KIND, least_distance(len(rows), PER_KIND)):
            uri = picture_uri(brightened(_picture(series, number)), WIDTH)
            thumbnails.append(_thumbnail(series, rows.iloc[number], kind, float(rank[number]), uri))
    return thumbnails


def explain_surest(
    series: Series,
    rows: pd.DataFrame,
    count: int,
    network: torch.nn.Module,
    card: ModelCard,
    map_name: str,
    folder: Path,
) -> list[Thumbnail]:
    """Write overlays `<file_stem>_yes.jpg` of the `count` frames surest to be aurora; return them for the page.

    `map_name` is an entry of `gradcam.layers`; the network's parameters take no gradients.
    """
    method, layer = method_and_layer(map_name)
    prepare, place = for_evaluation(card.image_size, card.mean, card.std), next(network.parameters()).device
    thumbnails = []
    for number in track(surest(rows, count), f"{series.name}: explain"):
        picture, row = _picture(series, number), rows.iloc[number]
        heat = explain(network, prepare(picture)[None].to(place), TARGET, layer, method)[0]
        with atomic_write(folder / f"{row['file_stem']}_{TARGET}.jpg") as temporary:
            Image.fromarray(overlay(picture, heat)).save(temporary, "JPEG", quality=JPEG_QUALITY)
        bright = brightened(picture)
        uri = picture_uri(np.concatenate([bright, overlay(bright, heat)], axis=1), EXPLAINED_WIDTH)
        thumbnails.append(_thumbnail(series, row, "explained", 0.0, uri))
    return thumbnails
