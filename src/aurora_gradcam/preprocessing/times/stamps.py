"""Time strips -> text: strips are laid out under one another on pages, and tesseract reads a page at a time.

A tesseract process for every strip costs 140 to 220 ms; a page of 24 strips costs 20 to 30 ms a strip.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytesseract
from PIL import Image
from scipy import ndimage

from ...config import Circle
from ...errors import ToolError

TEXT_HEIGHT = 30
"""Height in pixels that printed text is scaled to. At 28 to 36, strips of 480p and 720p were read without error."""
LINE_HEIGHT = 60
"""Distance in pixels between the lines of a page: twice the text, so that no line touches its neighbours."""
MARGIN = 24
INK = 128
"""Grey value from which a pixel belongs to the white text."""
BRIGHT_GROUND = 40
"""Median grey value from which a strip is no black band but sky behind the text."""
LEAST_CONTRAST = 24
"""Grey values by which text must differ from its ground."""
GROUND_WINDOW = 25
"""Columns over which the ground is evened out, pixels."""
LINE_GAP = 2
"""Rows without ink between two lines of text, at least."""
LINE_SHARE = 0.5
"""Height of a line of text, at least, in that of the tallest: less is a speck or an accent."""
SKY_EDGE = 2
"""Pixels by which the glow of the sky reaches beyond its circle."""
THREAD_LIMIT = "OMP_THREAD_LIMIT"
CONFIG = "--psm 6"  # one block of lines


@dataclass(frozen=True)
class Stamp:
    """What tesseract read on one strip: the words in a line, and their mean confidence (0 to 100).

    Both are None where it read nothing.
    """

    text: str | None = None
    confidence: float | None = None


def on_black(strip: np.ndarray) -> np.ndarray:
    """The strip as white text on black, whatever its ground; unchanged where that is black and the text white.

    Parameters
    ----------
    strip
        Grey picture, uint8 (height, width).
    """
    brightest = np.percentile(strip, 99.5)
    is_dim = LEAST_CONTRAST < brightest < INK
    if np.median(strip) < BRIGHT_GROUND and not is_dim:
        return strip
    ground = ndimage.uniform_filter1d(np.median(strip, axis=0), GROUND_WINDOW, mode="nearest")
    above = strip - ground
    bright, dark = np.percentile(above, 99), -np.percentile(above, 1)
    # an outline is darker than the sky too: the text is dark only where nothing stands out in white
    contrast, text = (bright, above) if bright >= LEAST_CONTRAST else (dark, -above)
    if contrast < LEAST_CONTRAST:
        return np.zeros_like(strip)
    return np.clip(255 * text / contrast, 0, 255).astype(np.uint8)


def text_lines(strip: np.ndarray) -> list[np.ndarray]:
    """The lines of text in a strip, white on black, from the top; each trimmed."""
    whole = trim(strip)
    if whole is None:
        return []
    inked = np.concatenate([[False], (whole >= INK).any(axis=1), [False]])
    closed = ndimage.binary_closing(inked, np.ones(LINE_GAP + 1, bool)) | inked
    edges = np.flatnonzero(np.diff(closed.astype(int)))
    bands = list(zip(edges[::2], edges[1::2], strict=True))
    tallest = max(bottom - top for top, bottom in bands)
    tall = [(top, bottom) for top, bottom in bands if bottom - top >= LINE_SHARE * tallest]
    if len(tall) < 2:
        return [whole]
    middles = [0, *((upper[1] + lower[0]) // 2 for upper, lower in pairwise(tall)), len(whole)]
    parts = (trim(whole[top:bottom]) for top, bottom in pairwise(middles))
    return [part for part in parts if part is not None]


def trim(strip: np.ndarray) -> np.ndarray | None:
    """The part of a strip that holds text, or None where there is none.

    `strip` is grey (height, width), white on black. More than half of it in white is no text, but a damaged picture.
    """
    ink = strip >= INK
    if not 0 < ink.mean() < 0.5:
        return None
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    return strip[max(rows[0] - 1, 0) : rows[-1] + 2, max(columns[0] - 1, 0) : columns[-1] + 2]


def page(lines: Sequence[np.ndarray]) -> Image.Image:
    """Trimmed strips under one another, black on white, each in the middle of its own LINE_HEIGHT."""
    scaled = []
    for line in lines:
        height, width = line.shape
        # a speck makes a tiny line; the limit keeps it from being blown up to a page of its own
        scale = min(TEXT_HEIGHT / height, 6.0)
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        scaled.append(255 - np.asarray(Image.fromarray(line).resize(size, Image.Resampling.LANCZOS)))
    canvas = np.full((LINE_HEIGHT * len(scaled), max(a.shape[1] for a in scaled) + 2 * MARGIN), 255, np.uint8)
    for number, line in enumerate(scaled):
        top = number * LINE_HEIGHT + (LINE_HEIGHT - line.shape[0]) // 2
        canvas[top : top + line.shape[0], MARGIN : MARGIN + line.shape[1]] = line
    return Image.fromarray(canvas)


@contextmanager
def _single_thread() -> Iterator[None]:
    """Beside others, tesseract with several threads is 10 times slower; pytesseract passes on our environment.

    Taken back afterwards: torch in a child process, limited to fewer threads than it asks for, waits for ever.
    """
    before = os.environ.get(THREAD_LIMIT)
    os.environ[THREAD_LIMIT] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[THREAD_LIMIT]
        else:
            os.environ[THREAD_LIMIT] = before


Words = list[tuple[str, float]]
"""Words of a line from the left, each with its confidence."""


def _read_page(lines: Sequence[np.ndarray]) -> list[Words]:
    try:
        with _single_thread():
            data = pytesseract.image_to_data(page(lines), config=CONFIG, output_type=pytesseract.Output.DICT)
    except pytesseract.TesseractNotFoundError as error:
        raise ToolError("tesseract is not installed", "", "run `make setup`, or install tesseract-ocr") from error
    except pytesseract.TesseractError as error:
        message = " ".join(str(error).split())[:300]
        raise ToolError(f"tesseract failed: {message}", "", "check `tesseract --list-langs` for eng") from error
    words: list[list[tuple[int, str, float]]] = [[] for _ in lines]
    for text, left, top, height, confidence in zip(
        *(data[key] for key in ("text", "left", "top", "height", "conf")), strict=True
    ):
        # a word belongs to the strip it lies on: tesseract may skip a line, or split one
        if text.strip():
            words[min(int((top + height / 2) // LINE_HEIGHT), len(lines) - 1)].append((left, text, float(confidence)))
    return [[(text, confidence) for _, text, confidence in sorted(line)] for line in words]


def _stamp(words: Words) -> Stamp:
    if not words:
        return Stamp()
    return Stamp(" ".join(text for text, _ in words), float(np.mean([confidence for _, confidence in words])))


def read(strips: Iterable[np.ndarray | None], strips_per_page: int) -> list[Stamp]:
    """Read the text of every strip; one Stamp a strip, in order.

    Parameters
    ----------
    strips
        Grey pictures (height, width) of any size; None where a frame has no strip. They are drawn a page at a time.
    strips_per_page
        Lines of text that one tesseract process reads; a strip holds one or more.

    Raises
    ------
    ToolError
        Tesseract is missing or failed.
    """
    words: list[Words] = []
    waiting: list[tuple[int, np.ndarray]] = []

    def read_waiting() -> None:
        for (number, _), line in zip(waiting, _read_page([line for _, line in waiting]), strict=True):
            words[number] += line
        waiting.clear()

    for number, strip in enumerate(strips):
        words.append([])
        for line in [] if strip is None else text_lines(on_black(strip)):
            waiting.append((number, line))
            if len(waiting) == strips_per_page:
                read_waiting()
    if waiting:
        read_waiting()
    return [_stamp(line) for line in words]


def without_sky(strip: np.ndarray, box: tuple[int, int, int, int], circle: Circle) -> np.ndarray:
    """The strip with what it holds of the sky circle in black; unchanged where the time stands on the sky.

    Parameters
    ----------
    strip
        Grey picture, uint8 (height, width), that was cut from `box`.
    box
        x, y, width and height of the strip in the whole picture.
    circle
        The sky circle in the whole picture.
    """
    left, top, width, height = box
    if strip.shape != (height, width):
        return strip
    rows, columns = np.ogrid[top : top + height, left : left + width]
    x, y = circle.center
    sky = np.hypot(columns - x, rows - y) <= circle.radius + SKY_EDGE
    return strip if sky.mean() > 0.5 or not sky.any() else np.where(sky, 0, strip).astype(strip.dtype)
