"""Time strips -> text: strips are laid out under one another on pages, and tesseract reads a page at a time.

A tesseract process for every strip costs 140 to 220 ms; a page of 24 strips costs 20 to 30 ms a strip.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytesseract
from PIL import Image

from ..errors import ToolError

TEXT_HEIGHT = 30
"""Height in pixels that printed text is scaled to. At 28 to 36, strips of 480p and 720p were read without error."""
LINE_HEIGHT = 60
"""Distance in pixels between the lines of a page: twice the text, so that no line touches its neighbours."""
MARGIN = 24
INK = 128
"""Grey value from which a pixel belongs to the white text."""
THREAD_LIMIT = "OMP_THREAD_LIMIT"
CONFIG = "--psm 6"  # one block of lines


@dataclass(frozen=True)
class Stamp:
    """What tesseract read on one strip: the words in a line, and their mean confidence (0 to 100).

    Both are None where it read nothing.
    """

    text: str | None = None
    confidence: float | None = None


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


def _read_page(lines: Sequence[np.ndarray]) -> list[Stamp]:
    try:
        with _single_thread():
            found = pytesseract.image_to_data(page(lines), config=CONFIG, output_type=pytesseract.Output.DICT)
    except pytesseract.TesseractNotFoundError as error:
        raise ToolError("tesseract is not installed", "", "run `make setup`, or install tesseract-ocr") from error
    except pytesseract.TesseractError as error:
        message = " ".join(str(error).split())[:300]
        raise ToolError(f"tesseract failed: {message}", "", "check `tesseract --list-langs` for eng") from error
    words: list[list[tuple[int, str, float]]] = [[] for _ in lines]
    for text, left, top, height, confidence in zip(
        *(found[key] for key in ("text", "left", "top", "height", "conf")), strict=True
    ):
        # a word belongs to the strip it lies on: tesseract may skip a line, or split one
        if text.strip():
            words[min(int((top + height / 2) // LINE_HEIGHT), len(lines) - 1)].append((left, text, float(confidence)))
    return [
        Stamp(" ".join(w[1] for w in sorted(line)), float(np.mean([w[2] for w in line]))) if line else Stamp()
        for line in words
    ]


def read(strips: Iterable[np.ndarray | None], strips_per_page: int) -> list[Stamp]:
    """Read the text of every strip; one Stamp a strip, in order.

    Parameters
    ----------
    strips
        Grey pictures (height, width) of any size, white text on black; None where a frame has no strip. They are
        drawn a page at a time.
    strips_per_page
        Strips that one tesseract process reads.

    Raises
    ------
    ToolError
        Tesseract is missing or failed.
    """
    stamps: list[Stamp] = []
    lines: dict[int, np.ndarray] = {}

    def read_waiting() -> None:
        for number, stamp in zip(lines, _read_page(list(lines.values())), strict=True):
            stamps[number] = stamp
        lines.clear()

    for number, strip in enumerate(strips):
        stamps.append(Stamp())
        if strip is not None and (line := trim(strip)) is not None:
            lines[number] = line
        if len(lines) == strips_per_page:
            read_waiting()
    if lines:
        read_waiting()
    return stamps
