from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytesseract
import pytest

from aurora_gradcam.config import Extract, Site
from aurora_gradcam.errors import ToolError
from aurora_gradcam.simulation import overlay
from aurora_gradcam.simulation.nights import compose

ZONE = ZoneInfo("America/Yellowknife")


@pytest.mark.parametrize(
    ("utc", "text"),
    [
        # both texts stand on real frames
        (datetime(2022, 12, 2, 5, 10, 24, tzinfo=UTC), "2022/12/01 22:10:24   MST/HNR"),
        (datetime(2024, 2, 1, 1, 19, 54, tzinfo=UTC), "2024-01-31 18:19:54 MST"),
        (datetime(2018, 4, 21, 5, 19, 18, tzinfo=UTC), "2018/04/20 23:19:18   MDT/HAR"),
        # the clock goes forward at 09:00 UTC
        (datetime(2024, 3, 10, 8, 59, 55, tzinfo=UTC), "2024-03-10 01:59:55 MST"),
        (datetime(2024, 3, 10, 9, 0, 1, tzinfo=UTC), "2024-03-10 03:00:01 MDT"),
    ],
)
def test_the_time_is_printed_as_the_camera_of_that_year_did(utc, text):
    assert overlay.stamp(utc, ZONE) == text


def test_texts_lie_outside_the_sky_circle_and_the_time_inside_its_box():
    circle = np.zeros((720, 720, 3), np.uint8)
    picture = compose(circle, datetime(2022, 12, 2, 5, 10, 24, tzinfo=UTC), ZONE)
    row, column = np.mgrid[:720, :1280]
    assert not picture[np.hypot(row - 360, column - 640) <= 360].any()
    time_only = (picture.astype(int) - overlay.backdrop()).any(axis=2)
    x, y, width, height = Extract().stamp_box
    assert (x, y, width, height) == overlay.STAMP_BOX
    # a margin all round, or the strip would cut letters
    assert time_only[y + 8 : y + height - 8, x + 8 : x + width - 8].sum() == time_only.sum() > 1000


def test_tesseract_reads_the_time_that_was_printed():
    text = "2024-03-10 03:07:19 MDT"
    picture = np.zeros((720, 1280, 3), np.uint8)
    overlay.draw_stamp(picture, text)
    x, y, width, height = overlay.STAMP_BOX
    read = pytesseract.image_to_string(255 - picture[y : y + height, x : x + width], config="--psm 7")
    assert read.strip() == text


def test_a_missing_font_is_a_clear_error():
    with pytest.raises(ToolError, match="fonts-open-sans"):
        overlay.font("NoSuchStyle", 30)


def test_another_site_is_named_by_its_place():
    assert overlay.place_of(Site()) == "Yellowknife NWT/T.N-O"
    assert overlay.place_of(Site(latitude=-69.0, longitude=39.6)) == "69.000 S  39.600 E"
    there = overlay.backdrop(overlay.place_of(Site(latitude=78.148, longitude=16.043)))
    assert (there != overlay.backdrop()).any() and there[60:, :].tobytes() == overlay.backdrop()[60:, :].tobytes()
