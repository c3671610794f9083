"""Time strips that could not be read, and the texts that tesseract saw in them, kept to be looked at."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from ... import files

FOLDER = Path("tmp/ocr_utc")
"""Git ignores it, and no stage depends on it."""
PER_NIGHT = 12
"""Strips of a night that are shown."""
TEXT_WIDTH = 560
TEXT_SIZE = 16
GREY = 70


def sheet_path(month: str) -> Path:
    """Where the picture of a month's unread strips lies; the texts are beside it as a CSV file."""
    return FOLDER / f"{month}.png"


def keep(frames: pd.DataFrame, strips: dict[str, np.ndarray], month: str) -> Path:
    """Write a picture of unread strips beside the texts read in them, and a CSV file of all of them.

    Parameters
    ----------
    frames
        Columns frame_id, text and confidence; a row an unread frame.
    strips
        Grey pictures, uint8, by frame_id; of frames that are to be shown.
    """
    path = sheet_path(month)
    files.write_text(path.with_suffix(".csv"), frames.to_csv(index=False))
    with_strip = frames[frames["frame_id"].isin(list(strips))]
    texts = with_strip["text"].fillna("(nothing read)")
    rows = [_row(strips[name], f"{name}   {text}") for name, text in zip(with_strip["frame_id"], texts, strict=True)]
    if rows:
        width = max(row.width for row in rows)
        sheet = Image.new("L", (width, sum(row.height for row in rows)), GREY)
        top = 0
        for row in rows:
            sheet.paste(row, (0, top))
            top += row.height
        buffer = io.BytesIO()
        sheet.save(buffer, "PNG")
        with files.atomic_write(path) as temporary:
            temporary.write_bytes(buffer.getvalue())
    return path


def forget(month: str) -> None:
    """Remove what an earlier run kept."""
    for path in (sheet_path(month), sheet_path(month).with_suffix(".csv")):
        path.unlink(missing_ok=True)


def _row(strip: np.ndarray, text: str) -> Image.Image:
    row = Image.new("L", (strip.shape[1] + TEXT_WIDTH, strip.shape[0] + 4), GREY)
    row.paste(Image.fromarray(strip), (0, 2))
    font = ImageFont.load_default(TEXT_SIZE)
    ImageDraw.Draw(row).text((strip.shape[1] + 12, row.height / 2), text, font=font, fill=255, anchor="lm")
    return row
