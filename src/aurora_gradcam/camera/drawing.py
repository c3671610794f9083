"""The proposed circle and box drawn on a frame, over the strips of the time and what was read in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .proposal import Proposal

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
CIRCLE, BOX, TEXT, GROUND = (255, 170, 0), (0, 220, 255), (255, 255, 255), (40, 40, 40)
"""Colours that stand out from a night sky and from each other for colour-blind readers."""
LARGEST = 1600  # pixels of the longer side
STRIP_HEIGHT = 44
MOST_STRIPS = 6
BRIGHT = 99.5  # percentile of the levels that becomes white


def draw(proposal: Proposal) -> Image.Image:
    """The frame, brightened, with circle and box, over up to six strips with their texts."""
    picture = _bright(proposal.frames.pictures[0])
    scale = max(1, round(900 / max(picture.size))) if max(picture.size) < 900 else 1
    picture = picture.resize((picture.width * scale, picture.height * scale))
    canvas = ImageDraw.Draw(picture)
    width = max(2, picture.width // 400)
    for circle, stroke in ((proposal.circle, width), (proposal.whole_circle, max(1, width // 2))):
        if circle:
            (x, y), radius = circle.center, circle.radius
            canvas.ellipse([scale * side for side in (x - radius, y - radius, x + radius, y + radius)],
                           outline=CIRCLE, width=stroke)  # fmt: skip
    if proposal.stamp_box:
        x, y, box_width, box_height = proposal.stamp_box.box
        canvas.rectangle([scale * side for side in (x, y, x + box_width, y + box_height)], outline=BOX, width=width)
    picture.thumbnail((LARGEST, LARGEST))
    return _above(picture, _strips(proposal, picture.width))


def _bright(picture: np.ndarray) -> Image.Image:
    white = max(float(np.percentile(picture, BRIGHT)), 1.0)
    return Image.fromarray((picture * (255.0 / white)).clip(0, 255).astype(np.uint8))


def _strips(proposal: Proposal, width: int) -> list[Image.Image]:
    font = ImageFont.load_default(size=18)
    if proposal.stamp_box is None:
        return [_line(None, "no printed date and time found: set extract.stamp_box", width, font)]
    pairs = list(zip(proposal.stamp_box.strips, proposal.stamp_box.texts, strict=True))
    places = np.linspace(0, len(pairs) - 1, min(MOST_STRIPS, len(pairs))).round().astype(int)
    return [_line(pairs[place][0], pairs[place][1] or "nothing read", width, font) for place in places]


def _line(
    strip: np.ndarray | None, text: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> Image.Image:
    line = Image.new("RGB", (width, STRIP_HEIGHT), GROUND)
    left = 8
    if strip is not None:
        image = Image.fromarray(strip)
        size = (max(1, round(image.width * (STRIP_HEIGHT - 8) / image.height)), STRIP_HEIGHT - 8)
        line.paste(image.resize(size, Image.Resampling.LANCZOS), (4, 4))
        left = size[0] + 20
    ImageDraw.Draw(line).text((left, 12), text, TEXT, font)
    return line


def _above(picture: Image.Image, lines: Sequence[Image.Image]) -> Image.Image:
    whole = Image.new("RGB", (picture.width, picture.height + sum(line.height for line in lines)), GROUND)
    whole.paste(picture, (0, 0))
    for number, line in enumerate(lines):
        whole.paste(line, (0, picture.height + number * STRIP_HEIGHT))
    return whole
