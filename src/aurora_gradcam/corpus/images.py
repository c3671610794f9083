"""Pictures as arrays: decoding, and the frames of the corpus by their names."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from . import archive
from .frame_ids import night_of


def decode_image(content: bytes) -> np.ndarray:
    """JPG or PNG bytes -> uint8 RGB, shape (height, width, 3)."""
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def read_frame(frame_id: str) -> np.ndarray:
    """One masked frame as uint8 RGB, shape (height, width, 3), by its frame_id."""
    path = archive.night_path(archive.FRAMES, night_of(frame_id))
    return decode_image(archive.read_member(path, f"{frame_id}.jpg"))
