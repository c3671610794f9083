"""Printed characters learnt from strips that tesseract has read, and by which strips alike are read without it.

A camera prints every character alike all night. Where a strip falls into as many pieces of ink as its text has
characters, each piece shows what its character looks like. Other strips are then read piece by piece: each must lie
close to a known character and far from all others, or the strip stays unread, for tesseract.

With the time strips of the sample two prints of a character differ by at most 0.09 (`distances`), two characters (5 and
S, 3 and 8) by at least 0.37.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial.distance import cdist

from .stamps import INK, Stamp

ALIKE = 0.2
"""Distance within which two pieces show the same character."""
CLEARLY = 1.5
"""How many times further the nearest other character must lie."""
LEAST_SEEN, LEAST_SHARE = 2, 0.75
"""A character is known by so many pieces, and by this share of all that look like it: tesseract misreads some."""
DIGITS = frozenset("0123456789")
SAME_COLUMN = 0.6
"""Share of the narrower piece's width from which two pieces above each other are one character, such as a colon."""
AROUND = np.ones((3, 3), dtype=int)


@dataclass
class Shape:
    """What one character looks like: the mean of its pieces, and what tesseract called them."""

    mean: np.ndarray
    names: Counter[str]

    def add(self, piece: np.ndarray, name: str) -> None:
        """Take in one more piece."""
        self.names[name] += 1
        self.mean = self.mean + (piece - self.mean) / self.names.total()

    @property
    def name(self) -> str:
        """The character; empty as long as it is not certain."""
        name, count = self.names.most_common(1)[0]
        return name if count >= max(LEAST_SEEN, LEAST_SHARE * self.names.total()) else ""


def pieces(line: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The pieces of ink of a line from the left, each alone at the left of a canvas.

    Parameters
    ----------
    line
        A trimmed line of `stamps.text_lines`, uint8 (height, width), white on black.
    shape
        Height and width of the canvas, pixels.

    Returns
    -------
    float64 (n, height * width) in 0..1; n is 0 where a piece does not fit on the canvas.
    """
    parts, _ = ndimage.label(line >= INK, AROUND)
    soft = ndimage.grey_dilation(parts, (3, 3))  # with the grey edge around the ink
    canvases = []
    for left, right, numbers in _columns(parts):
        left = max(left - 1, 0)
        place = np.s_[:, left : right + 1]
        alone = np.where(np.isin(soft[place], numbers), line[place], 0)
        if alone.shape[0] > shape[0] or alone.shape[1] > shape[1]:
            return np.empty((0, shape[0] * shape[1]))
        canvas = np.zeros(shape)
        canvas[: alone.shape[0], : alone.shape[1]] = alone / 255
        canvases.append(canvas.ravel())
    return np.array(canvases).reshape(-1, shape[0] * shape[1])


def _columns(parts: np.ndarray) -> list[tuple[int, int, list[int]]]:
    """First and last column and the numbers of the parts of each character, from the left."""
    spans = [(box[1].start, box[1].stop, [number]) for number, box in enumerate(ndimage.find_objects(parts), start=1)]
    joined: list[tuple[int, int, list[int]]] = []
    for left, right, numbers in sorted(spans):
        if joined:
            before, until, others = joined[-1]
            common = min(until, right) - max(before, left)
            if common >= SAME_COLUMN * min(until - before, right - left):
                joined[-1] = (min(before, left), max(until, right), others + numbers)
                continue
        joined.append((left, right, numbers))
    return joined


def distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Ink that two pieces do not share, as a share of all their ink: (n, p) and (m, p) -> (n, m) in 0..1."""
    apart = cdist(first, second, "cityblock")
    return 2 * apart / np.maximum(first.sum(1)[:, None] + second.sum(1) + apart, 1e-9)


class Alphabet:
    """The characters of one camera's print, as far as they have been learnt."""

    def __init__(self) -> None:
        self.shapes: list[Shape] = []
        self.blanks: dict[int, Counter[tuple[int, ...]]] = {}
        self.canvas: tuple[int, int] | None = None

    def learn(self, line: np.ndarray, text: str) -> None:
        """Take in a line that was read as `text`; without use where pieces and characters do not pair."""
        self.canvas = self.canvas or (line.shape[0] + 4, round(1.3 * line.shape[0]) + 4)
        shown, names = pieces(line, self.canvas), text.replace(" ", "")
        if not names or len(shown) != len(names):
            return
        words = np.cumsum([len(word) for word in text.split()])[:-1]
        self.blanks.setdefault(len(names), Counter())[tuple(words.tolist())] += 1
        for piece, name in zip(shown, names, strict=True):
            self._add(piece, name)

    def _add(self, piece: np.ndarray, name: str) -> None:
        if self.shapes:
            apart = distances(piece[None], np.array([shape.mean for shape in self.shapes]))[0]
            if apart.min() < ALIKE:
                self.shapes[int(apart.argmin())].add(piece, name)
                return
        self.shapes.append(Shape(piece, Counter([name])))

    def knows_the_digits(self) -> bool:
        """Whether every digit has been learnt: one that was not could pass for another."""
        return {shape.name for shape in self.shapes} >= DIGITS

    def read(self, line: np.ndarray) -> Stamp | None:
        """The text of a line, its confidence the likeness of its pieces (0 to 100); None where any is in doubt."""
        if self.canvas is None or not self.knows_the_digits():
            return None
        shown = pieces(line, self.canvas)
        if len(shown) not in self.blanks:
            return None
        apart = distances(shown, np.array([shape.mean for shape in self.shapes]))
        nearest, names = apart.argmin(1), np.array([shape.name for shape in self.shapes])
        read, best = names[nearest], apart.min(1)
        others = np.where(names == read[:, None], np.inf, apart).min(1)
        if (best >= ALIKE).any() or (read == "").any() or (others < CLEARLY * best).any():
            return None
        (blanks, _), *_ = self.blanks[len(shown)].most_common(1)
        text = "".join(" " * (number in blanks) + name for number, name in enumerate(read))
        return Stamp(text, float(100 * (1 - best.mean())))
