"""Time strips drawn as the camera prints them: white sans-serif text on black, with a little noise."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

FONT = "/usr/share/fonts/truetype/open-sans/OpenSans-Regular.ttf"
SIZES = {"480p": (290, 32, 20), "720p": (452, 56, 30)}
"""Width and height of the strip, and size of the font: capitals of about 15 and 22 px."""


def draw(text: str, video: str = "720p", seed: int = 0) -> np.ndarray:
    """One grey strip, uint8 (height, width)."""
    width, height, size = SIZES[video]
    picture = Image.new("L", (width, height))
    ImageDraw.Draw(picture).text((8, height / 2), text, font=ImageFont.truetype(FONT, size), fill=240, anchor="lm")
    noisy = np.asarray(picture, float) + np.random.default_rng(seed).normal(0, 4, (height, width))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def png(strip: np.ndarray) -> bytes:
    """Encode without loss."""
    buffer = io.BytesIO()
    Image.fromarray(strip).save(buffer, "PNG")
    return buffer.getvalue()
