"""Frames classified a night at a time: on as many processes as the machine has room for, or on a cluster.

A night is always one unit with batches of its own, so that the logits do not depend on where it is classified.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd

from ..corpus import archive
from ..corpus.images import decode_image
from ..errors import DataError
from ..parallel import map_nights
from ..training import loaded
from ..training.network import threads_of_a_process
from .classify import ahead, classify_kinds, helpers

_FIX = "run `dvc pull`, or `dvc repro --force extract`"


def contents(frames: pd.DataFrame) -> Iterator[tuple[str, bytes]]:
    """frame_id and JPG bytes of the frames, in their order; each night's archive is opened once."""
    for night, of_night in frames.groupby("night", sort=False):
        path = archive.night_path(archive.FRAMES, str(night))
        with archive.opened(path) as opened:
            for frame_id, member in zip(of_night["frame_id"], of_night["member"], strict=True):
                try:
                    content = opened.read(member)
                except KeyError as error:
                    raise DataError(f"the night archive has no member {member}", path, _FIX) from error
                yield frame_id, content


def decoded(named: tuple[str, bytes]) -> np.ndarray:
    """The picture of one of `contents`."""
    frame_id, content = named
    try:
        return decode_image(content)
    except OSError as error:
        raise DataError("this frame, extracted as ok, is no readable picture", frame_id, _FIX) from error


def classify_nights(frames: pd.DataFrame, batch_size: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Logits of the frames by the classifier of the current folder, and what its further heads say.

    Parameters
    ----------
    frames
        frame_id, night and member, in order; the frames of a night stand together.

    Returns
    -------
    As `classify.classify_kinds`.
    """
    nights = [rows for _, rows in frames[["frame_id", "night", "member"]].groupby("night", sort=False)]
    results = map_nights(partial(_classify_night, batch_size), nights, "classify nights", threads_of_a_process())
    kinds = {name: np.concatenate([of_night[name] for _, of_night in results]) for name in results[0][1]}
    return np.concatenate([logits for logits, _ in results]), kinds


def _classify_night(batch_size: int, frames: pd.DataFrame) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    network, card, heads = loaded.classifier()
    pictures = ahead(decoded, contents(frames), helpers(network), batch_size)
    return classify_kinds(network, card, pictures, batch_size, heads)
