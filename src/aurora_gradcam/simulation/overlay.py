"""The texts around the sky circle: title, place and local time, as the two eras of the real camera printed it."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..config import Site
from ..errors import ToolError

WIDTH, HEIGHT = 1280, 720
FONTS = Path("/usr/share/fonts/truetype/open-sans")
YELLOWKNIFE = "Yellowknife NWT/T.N-O"
FRENCH = {"MST": "HNR", "MDT": "HAR"}
DASH_ERA_FROM = 2024
STAMP_LEFT, STAMP_BASELINE = 838, 704
STAMP_BOX = (820, 664, 452, 56)


@cache
def font(style: str, size: int) -> ImageFont.FreeTypeFont:
    """Open Sans in a style (`Regular`, `Bold`)."""
    try:
        return ImageFont.truetype(str(FONTS / f"OpenSans-{style}.ttf"), size, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise ToolError("the font Open Sans is missing", FONTS, "install the system package fonts-open-sans") from error


def stamp(utc: datetime, zone: ZoneInfo) -> str:
    """The local time as printed: `2022/12/01 22:10:24   MST/HNR` before 2024, `2024-01-31 18:19:54 MST` since."""
    local = utc.astimezone(zone)
    name = local.tzname() or ""
    if local.year >= DASH_ERA_FROM:
        return f"{local:%Y-%m-%d %H:%M:%S} {name}"
    return f"{local:%Y/%m/%d %H:%M:%S}   {name}/{FRENCH.get(name, name)}"


def place_of(site: Site) -> str:
    """The place as printed: that of AuroraMAX as the real camera has it, others by latitude and longitude."""
    if site == Site():
        return YELLOWKNIFE
    north, east = "N" if site.latitude >= 0 else "S", "E" if site.longitude >= 0 else "W"
    return f"{abs(site.latitude):.3f} {north}  {abs(site.longitude):.3f} {east}"


@cache
def backdrop(place: str = YELLOWKNIFE) -> np.ndarray:
    """The texts that never change on black, uint8 (720, 1280, 3)."""
    picture = Image.new("RGB", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(picture)
    draw.text((112, 42), "SIMULATED SKY", "white", font("Bold", 37), anchor="ls")
    draw.text((826, 32), place, "white", font("Regular", 29), anchor="ls")
    draw.arc((226, 640, 306, 720), 200, 340, (120, 190, 70), 9)
    draw.text((266, 692), "simulated", (230, 120, 30), font("Bold", 20), anchor="ms")
    return np.asarray(picture)


def draw_stamp(picture: np.ndarray, text: str) -> None:
    """Draw the time into a uint8 (720, 1280, 3) picture, in place."""
    left, top, width, height = STAMP_BOX
    strip = Image.new("L", (width, height))
    place = (STAMP_LEFT - left, STAMP_BASELINE - top)
    ImageDraw.Draw(strip).text(place, text, 255, font("Regular", 28), anchor="ls")
    box = picture[top : top + height, left : left + width]
    np.maximum(box, np.asarray(strip)[..., None], out=box)
