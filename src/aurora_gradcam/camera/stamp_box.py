"""Find the box in which a camera prints the time: a line of text beside the sky that is a date and a time of day.

Letters are small marks brighter (or darker) than the ground around them. Marks of like height in a row are a line;
tesseract reads the lines, and the one with hours, minutes and seconds is that of the time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage
from scipy.sparse import csgraph

from ..config import Circle
from ..preprocessing.times import stamps
from .timestamps import CLOCK, Timestamp, parse

LETTERS = 60  # pixels: what is wider than half of this in both directions is ground, not letters
COARSE = 4  # pixels between those that the ground is measured at
HEIGHTS = (5, 60)  # pixels that digits are high, from 480p to 4K
WIDEST = 8  # heights: letters that touch are one mark
CONTRASTS = (110, 60, 35)  # levels of 255 between letters and ground that are tried
SAME_HEIGHT = 1.7  # ratio of the heights of two letters of a line, capitals and small letters
NEAR = 3.0  # letter heights: a wider gap parts two texts
LEAST_LETTERS = 6  # of a line: hours, minutes and seconds
MOST_MARKS = 3000  # trees and stars; more marks than this are no text
MOST_LINES = 48  # lines read, those of the most even letters first
SKY = 0.75  # radii of the circle within which no time stands; cameras print over the rim
SEARCHED = 3  # frames searched until a time is found
NEAR_LINES = 2.2  # letter heights within which the line of the date lies above or below that of the time
PADDING = 0.6  # letter heights left around the text


class Box(NamedTuple):
    """A rectangle in pixels, as `extract.stamp_box` gives it."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class StampBox:
    """Where the time stands (x, y, width, height), what `ocr_utc` reads there in each frame, and the times in that."""

    box: Box
    strips: list[np.ndarray]
    texts: list[str]
    times: list[Timestamp | None]

    @property
    def legible(self) -> int:
        """Frames in which a time is read."""
        return sum(time is not None for time in self.times)

    @property
    def changes(self) -> bool:
        """Whether the frames show different times, as those of a clock do."""
        return len({time.local for time in self.times if time}) > 1


def find_stamp_box(pictures: Sequence[np.ndarray], circle: Circle | None) -> StampBox | None:
    """The box of the printed time.

    Parameters
    ----------
    pictures
        uint8 RGB (height, width, 3), all of one size.
    circle
        The sky, in which no time is sought; None: the whole picture is searched.

    Returns
    -------
    The box in which most frames show a time, changing ones before others; None where no text is a date and a time.

    Raises
    ------
    ToolError
        Tesseract is missing or failed.
    """
    greys = [np.asarray(Image.fromarray(picture).convert("L")) for picture in pictures]
    for grey in greys[:: max(1, len(greys) // SEARCHED)][:SEARCHED]:
        if boxes := _boxes_of_times(grey, circle):
            candidates = [read_box(greys, box) for box in boxes]
            return max(candidates, key=lambda candidate: (candidate.changes, candidate.legible))
    return None


def read_box(greys: Sequence[np.ndarray], box: Box) -> StampBox:
    """What is read in a box of grey frames, as the stage `ocr_utc` reads it."""
    x, y, width, height = box
    strips = [grey[y : y + height, x : x + width] for grey in greys]
    texts = [stamp.text or "" for stamp in stamps.read(strips, strips_per_page=24)]
    return StampBox(box, strips, texts, [parse(text) for text in texts])


def _boxes_of_times(grey: np.ndarray, circle: Circle | None) -> list[Box]:
    for contrast in CONTRASTS:
        for marks in _marks(grey):
            if circle is not None:
                marks = np.where(_in_sky(circle, grey.shape), 0, marks)
            lines = find_lines(marks >= contrast)
            crops = [_stretched(marks, line) for line in lines]
            texts = [stamp.text or "" for stamp in stamps.read(crops, strips_per_page=24)]
            if boxes := _times_among(lines, texts):
                return [_padded(box, height, grey.shape) for box, height in boxes]
    return []


def _marks(grey: np.ndarray) -> Iterator[np.ndarray]:
    """Levels by which small things stand out: beside any ground, on a ground that they do not fill, dark ones."""
    yield ndimage.white_tophat(grey, LETTERS // 2).astype(np.int16)
    above = grey.astype(np.int16) - _ground(grey)
    yield np.maximum(above, 0)
    yield np.maximum(-above, 0)


def _ground(grey: np.ndarray) -> np.ndarray:
    """Level of the ground around each pixel: the median, which thin letters and their outlines do not move."""
    small = ndimage.median_filter(grey[::COARSE, ::COARSE], LETTERS // COARSE, mode="nearest")
    large = small.repeat(COARSE, axis=0).repeat(COARSE, axis=1)
    return large[: grey.shape[0], : grey.shape[1]].astype(np.int16)


def _in_sky(circle: Circle, shape: tuple[int, int]) -> np.ndarray:
    row, column = np.mgrid[: shape[0], : shape[1]] + 0.5
    return np.hypot(column - circle.center[0], row - circle.center[1]) < SKY * circle.radius


def find_lines(ink: np.ndarray) -> list[Box]:
    """Boxes of rows of marks, bool (height, width), that look like letters; those of the most even height first."""
    labels, _ = ndimage.label(ink, np.ones((3, 3)))
    slices = ndimage.find_objects(labels)
    marks = np.array([(s[1].start, s[0].start, s[1].stop, s[0].stop) for s in slices]).reshape(-1, 4)
    height = marks[:, 3] - marks[:, 1]
    is_letter = (height >= HEIGHTS[0]) & (height <= HEIGHTS[1]) & (marks[:, 2] - marks[:, 0] <= WIDEST * height)
    marks = marks[is_letter]
    if not LEAST_LETTERS <= len(marks) <= MOST_MARKS:
        return []
    count, line_of = csgraph.connected_components(_are_beside(marks), directed=False)
    lines = [marks[line_of == number] for number in range(count)]
    lines = [line for line in lines if len(line) >= LEAST_LETTERS]
    lines.sort(key=lambda line: float(np.std(line[:, 3] - line[:, 1]) / np.mean(line[:, 3] - line[:, 1])))
    return [_around(line) for line in lines[:MOST_LINES]]


def _are_beside(marks: np.ndarray) -> np.ndarray:
    """Which marks, shape (n, 4), are neighbours in a line; bool (n, n)."""
    left, top, right, bottom = marks.T
    height = bottom - top
    taller, lower = np.maximum.outer(height, height), np.minimum.outer(height, height)
    gap = np.maximum.outer(left, left) - np.minimum.outer(right, right)
    overlap = np.minimum.outer(bottom, bottom) - np.maximum.outer(top, top)
    return (gap < NEAR * taller) & (overlap > lower / 2) & (taller <= SAME_HEIGHT * lower)


def _around(marks: np.ndarray) -> Box:
    (x, y), (right, bottom) = marks[:, :2].min(axis=0), marks[:, 2:].max(axis=0)
    return Box(int(x), int(y), int(right - x), int(bottom - y))


def _stretched(marks: np.ndarray, box: Box) -> np.ndarray:
    """A line with its surroundings, uint8, white on black in full contrast, as `stamps.read` wants it."""
    crop = marks[max(box.y - 2, 0) : box.y + box.height + 2, max(box.x - 2, 0) : box.x + box.width + 2]
    return (crop * (255.0 / max(np.percentile(crop, 99), 1))).clip(0, 255).astype(np.uint8)


def _times_among(lines: Sequence[Box], texts: Sequence[str]) -> list[tuple[Box, int]]:
    """Boxes of the lines that are a date and a time, or of two lines that are so together; and the letters' height."""
    times = []
    for line, text in zip(lines, texts, strict=True):
        if not CLOCK.search(text):
            continue
        if parse(text):
            times.append((line, line.height))
            continue
        for other, date in zip(lines, texts, strict=True):
            gap = max(other.y - line.y - line.height, line.y - other.y - other.height)
            is_over = min(line.x + line.width, other.x + other.width) > max(line.x, other.x)
            if is_over and gap + line.height / 2 >= 0 and gap <= NEAR_LINES * line.height and parse(f"{date} {text}"):
                times.append((_union(line, other), line.height))
    return times


def _union(box: Box, other: Box) -> Box:
    x, y = min(box.x, other.x), min(box.y, other.y)
    right, bottom = max(box.x + box.width, other.x + other.width), max(box.y + box.height, other.y + other.height)
    return Box(x, y, right - x, bottom - y)


def _padded(box: Box, letters: int, shape: tuple[int, int]) -> Box:
    """The box with room for wider digits, within a picture of (height, width)."""
    padding = round(PADDING * letters)
    x, y = max(box.x - padding, 0), max(box.y - padding, 0)
    right, bottom = min(box.x + box.width + padding, shape[1]), min(box.y + box.height + padding, shape[0])
    return Box(x, y, right - x, bottom - y)
