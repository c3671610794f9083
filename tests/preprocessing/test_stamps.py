from __future__ import annotations

import os
import random
import re
from datetime import datetime, timedelta

import numpy as np
import pytesseract
import pytest
from PIL import Image, ImageDraw, ImageFont

import strips
from aurora_gradcam.config import Circle
from aurora_gradcam.errors import ToolError
from aurora_gradcam.preprocessing.times import stamps

PRINTED = [
    "%Y/%m/%d %H:%M:%S   MST/HNR",
    "%Y/%m/%d %H:%M:%S   MDT/HAR",
    "%Y-%m-%d %H:%M:%S MST",
    "%Y-%m-%d %H:%M:%S MDT",
]


def some_times(count: int) -> list[datetime]:
    dice = random.Random(4)
    return [datetime(2022, 12, 1) + timedelta(seconds=dice.randrange(80_000_000)) for _ in range(count)]


@pytest.mark.parametrize("video", strips.SIZES)
def test_drawn_times_of_both_eras_are_read_digit_for_digit(video):
    texts = [moment.strftime(PRINTED[k % 4]) for k, moment in enumerate(some_times(48))]
    read = stamps.read([strips.draw(text, video, k) for k, text in enumerate(texts)], 24)
    wrong = [
        (t, s.text) for t, s in zip(texts, read, strict=True) if re.sub(r"\D", "", s.text or "") != re.sub(r"\D", "", t)
    ]
    assert not wrong
    unzoned = [(t, s.text) for t, s in zip(texts, read, strict=True) if t.split()[2][:3] not in s.text]
    assert len(unzoned) <= 1, unzoned
    assert all(0 <= s.confidence <= 100 for s in read)
    assert np.mean([s.confidence for s in read]) > 70


def test_a_text_stays_with_its_strip_whatever_lies_between():
    texts = [moment.strftime(PRINTED[2]) for moment in some_times(7)]
    pictures: list = [strips.draw(text, ("720p", "480p")[k % 2]) for k, text in enumerate(texts)]
    speck = np.zeros((56, 452), np.uint8)
    speck[20:23, 100:103] = 255
    noise = np.random.default_rng(0).integers(0, 256, (56, 452)).astype(np.uint8)
    fillers = [None, np.zeros((56, 452), np.uint8), np.full((56, 452), 255, np.uint8), speck, noise]
    mixed = [picture for pair in zip(pictures, [*fillers, None, None], strict=True) for picture in pair]
    read = stamps.read(mixed, 24)
    for text, stamp in zip(texts, read[::2], strict=True):
        assert text[:19] in stamp.text
    assert [stamp for stamp in read[1::2] if re.search(r"\d{4}", stamp.text or "")] == []
    assert read[1] == read[3] == read[5] == stamps.Stamp(None, None)


@pytest.mark.parametrize("per_page", [1, 3, 24])
def test_pages_of_any_length_give_one_stamp_a_strip(per_page):
    texts = [moment.strftime(PRINTED[0]) for moment in some_times(7)]
    read = stamps.read([strips.draw(text) for text in texts], per_page)
    assert [stamp.text[:19] for stamp in read] == [text[:19] for text in texts]


def test_trimming_keeps_all_the_ink_and_leaves_out_the_black():
    strip = np.zeros((40, 100), np.uint8)
    strip[10:20, 30:70] = 200
    assert stamps.trim(strip).shape == (12, 42)
    assert (stamps.trim(strip) == 200).sum() == 400
    at_the_edge = np.zeros((40, 100), np.uint8)
    at_the_edge[0, 0] = at_the_edge[39, 99] = 255
    assert stamps.trim(at_the_edge).shape == (40, 100)


def outlined(text: str, ground: np.ndarray, fill: int = 255, outline: int = 0) -> np.ndarray:
    """Text with an outline on a ground, uint8 (height, width)."""
    picture = Image.fromarray(ground.astype(np.uint8))
    font = ImageFont.truetype(strips.FONT, 26)
    middle = ground.shape[0] / 2
    ImageDraw.Draw(picture).text(
        (8, middle), text, font=font, fill=fill, anchor="lm", stroke_width=2, stroke_fill=outline
    )
    return np.asarray(picture)


@pytest.mark.parametrize("second", ["2024-03-09", "Exposure 20 s  Gain 200", "Yellowknife NWT"])
@pytest.mark.parametrize("shift", [0, 6, 40])
def test_two_lines_are_read_one_after_the_other(second, shift):
    first = "2024-03-09 18:00:00 UTC"
    picture = Image.new("L", (452, 84))
    draw = ImageDraw.Draw(picture)
    font = ImageFont.truetype(strips.FONT, 26)
    draw.text((8 + shift, 22), first, font=font, fill=240, anchor="lm")
    draw.text((8, 62), second, font=font, fill=240, anchor="lm")
    (stamp,) = stamps.read([np.asarray(picture)], 24)
    assert stamp.text.replace(" ", "") == (first + second).replace(" ", "")


def test_lines_of_several_strips_stay_apart_whatever_the_page_holds():
    picture = Image.new("L", (452, 84))
    draw = ImageDraw.Draw(picture)
    font = ImageFont.truetype(strips.FONT, 26)
    draw.text((20, 22), "2024-03-09", font=font, fill=240, anchor="lm")
    draw.text((8, 62), "18:00:00 UTC", font=font, fill=240, anchor="lm")
    two, one = np.asarray(picture), strips.draw("2024-01-31 18:19:54 MST")
    for per_page in (1, 2, 24):
        read = stamps.read([two, one, None, two], per_page)
        assert [stamp.text for stamp in read] == [
            "2024-03-09 18:00:00 UTC", "2024-01-31 18:19:54 MST", None, "2024-03-09 18:00:00 UTC",
        ]  # fmt: skip


@pytest.mark.parametrize("level", [45, 80, 110, 150, 190, 215])
def test_white_text_with_an_outline_is_read_on_a_bright_sky(level):
    rng = np.random.default_rng(level)
    ground = level + np.linspace(-20, 20, 420)[None, :] + rng.normal(0, 3, (44, 420))
    (stamp,) = stamps.read([outlined("2024-03-09 18:00:00 UTC", ground)], 24)
    assert stamp.text == "2024-03-09 18:00:00 UTC"


@pytest.mark.parametrize(("ground", "fill"), [(230, 10), (150, 0), (0, 90), (60, 200)])
def test_text_is_read_whatever_is_brighter(ground, fill):
    strip = outlined("2024-03-09 18:00:00 UTC", np.full((44, 420), ground), fill, ground)
    (stamp,) = stamps.read([strip], 24)
    assert stamp.text == "2024-03-09 18:00:00 UTC"


def test_the_sky_in_a_strip_is_black_and_the_text_stays():
    strip = np.full((40, 100), 200, np.uint8)
    circle = Circle(center=(0, 0), radius=48)
    masked = stamps.without_sky(strip, (20, 20, 100, 40), circle)
    rows, columns = np.mgrid[20:60, 20:120]
    assert ((masked == 0) == (np.hypot(rows, columns) <= 50)).all()
    assert stamps.without_sky(strip, (100, 100, 100, 40), circle) is strip
    assert stamps.without_sky(strip, (0, 0, 100, 40), Circle(center=(50, 20), radius=100)) is strip
    assert stamps.without_sky(strip[:9], (20, 20, 100, 40), circle).shape == (9, 100)


@pytest.mark.parametrize("value", [0, stamps.INK - 1, 255])
def test_an_even_strip_holds_no_text(value):
    assert stamps.trim(np.full((30, 200), value, np.uint8)) is None


def test_a_page_holds_every_line_at_its_place_dark_on_light():
    line = np.full((15, 60), 255, np.uint8)
    picture = np.asarray(stamps.page([line, line[:, :20]]))
    assert picture.shape == (2 * stamps.LINE_HEIGHT, 120 + 2 * stamps.MARGIN)
    dark = picture < 128
    middles = [np.flatnonzero(dark[k * 60 : (k + 1) * 60].any(axis=1)).mean() for k in range(2)]
    assert middles == [29.5, 29.5]
    assert dark[:60].sum() == 30 * 120 and dark[60:].sum() == 30 * 40


def test_no_strips_and_empty_strips_call_no_tesseract(monkeypatch):
    monkeypatch.setattr(pytesseract.pytesseract, "tesseract_cmd", "no-such-program")
    assert stamps.read([], 24) == []
    assert stamps.read([None, np.zeros((9, 9), np.uint8)], 24) == [stamps.Stamp()] * 2


def test_a_missing_tesseract_is_one_clear_error(monkeypatch):
    monkeypatch.setattr(pytesseract.pytesseract, "tesseract_cmd", "no-such-program")
    with pytest.raises(ToolError, match=r"tesseract is not installed.*make setup"):
        stamps.read([strips.draw("2024-01-31 18:19:54 MST")], 24)


def test_missing_language_data_are_one_clear_error(monkeypatch, tmp_path):
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    with pytest.raises(ToolError, match=r"tesseract failed"):
        stamps.read([strips.draw("2024-01-31 18:19:54 MST")], 24)


def test_the_thread_limit_of_tesseract_stays_with_tesseract(monkeypatch):
    monkeypatch.delenv("OMP_THREAD_LIMIT", raising=False)
    with stamps._single_thread():
        assert os.environ["OMP_THREAD_LIMIT"] == "1"
    assert "OMP_THREAD_LIMIT" not in os.environ
    monkeypatch.setenv("OMP_THREAD_LIMIT", "3")
    with stamps._single_thread():
        pass
    assert os.environ["OMP_THREAD_LIMIT"] == "3"
