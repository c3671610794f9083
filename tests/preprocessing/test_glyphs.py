"""Characters learnt from what tesseract read, against the texts that were drawn and against tesseract on all strips."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import strips
from aurora_gradcam.config import Params
from aurora_gradcam.preprocessing import ocr_utc
from aurora_gradcam.preprocessing.times import glyphs, stamps

PARAMS = Params()
NIGHT, FIRST = "20240201", datetime(2024, 2, 1, 1, 19, 54, tzinfo=UTC)


def printed(count: int, zone: str) -> list[str]:
    return [f"{FIRST + timedelta(seconds=67 * k):%Y-%m-%d %H:%M:%S} {zone}" for k in range(count)]


def with_noise(strip: np.ndarray, deviation: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, deviation, strip.shape)
    return np.clip(strip + noise, 0, 255).astype(np.uint8)


@pytest.fixture
def read_by_tesseract(monkeypatch) -> list[int]:
    """How many lines tesseract is given, a page at a time."""
    counts, read_page = [], stamps._read_page

    def counted(lines):
        counts.append(len(lines))
        return read_page(lines)

    monkeypatch.setattr(stamps, "_read_page", counted)
    return counts


def texts_of(pictures: list[np.ndarray | None]) -> list[str | None]:
    return [stamp.text for stamp in ocr_utc.read_texts(range(len(pictures)), pictures.__getitem__, NIGHT, PARAMS)]


@pytest.mark.parametrize("video", strips.SIZES)
@pytest.mark.parametrize("zone", ["MST", "MST/HNR"])
@pytest.mark.parametrize("deviation", [0, 12])
def test_most_strips_are_read_without_tesseract_and_none_wrongly(video, zone, deviation, read_by_tesseract):
    texts = printed(90, zone)
    drawn = [with_noise(strips.draw(text, video, seed=k), deviation, k) for k, text in enumerate(texts)]
    assert texts_of(drawn) == texts
    assert sum(read_by_tesseract) <= 55


def test_very_noisy_strips_have_the_times_that_tesseract_reads_or_better(read_by_tesseract):
    texts = printed(72, "MST")
    drawn = [with_noise(strips.draw(text, seed=k), 45, k) for k, text in enumerate(texts)]
    plain = [stamp.text for stamp in stamps.read(drawn, 24)]
    read = texts_of(drawn)
    wrong = [sum(a != b for a, b in zip(texts, given, strict=True)) for given in (read, plain)]
    assert wrong[0] <= wrong[1]


def test_empty_and_missing_strips_and_strips_of_two_lines_are_left_to_tesseract():
    texts = printed(60, "MST")
    drawn: list[np.ndarray | None] = [strips.draw(text, seed=k) for k, text in enumerate(texts)]
    drawn[7], drawn[31] = None, np.zeros((56, 452), np.uint8)
    tall = np.concatenate([strips.draw("2024-01-31", seed=1), strips.draw("18:05:54 MST", seed=2)])
    drawn[40] = tall
    read = texts_of(drawn)
    assert read[7] is read[31] is None
    assert read[40] == "2024-01-31 18:05:54 MST"
    others = [n for n in range(60) if n not in (7, 31, 40)]
    assert [read[n] for n in others] == [texts[n] for n in others]


def lines_of(texts: list[str]) -> list[np.ndarray]:
    (*lines,) = (stamps.text_lines(strips.draw(text, seed=k))[0] for k, text in enumerate(texts))
    return lines


def taught(texts: list[str]) -> glyphs.Alphabet:
    alphabet = glyphs.Alphabet()
    for line, text in zip(lines_of(texts), texts, strict=True):
        alphabet.learn(line, text)
    return alphabet


def test_nothing_is_read_until_every_digit_is_known():
    texts = [text for text in printed(60, "MST") if "8" not in text]
    alphabet = taught(texts)
    assert len(texts) > 20 and not alphabet.knows_the_digits()
    assert alphabet.read(lines_of(["2024-02-01 01:18:54 MST"])[0]) is None


@pytest.mark.parametrize("text", ["2024-02-01 01:20:54 MDT", "2024-02-01 01:20:54", "2024-02-01 01:20:5S MST", "B"])
def test_a_character_never_seen_or_a_text_of_another_length_is_in_doubt(text):
    alphabet = taught(printed(60, "MST"))
    assert alphabet.read(lines_of(["2024-02-01 01:20:54 MST"])[0]).text == "2024-02-01 01:20:54 MST"
    stamp = alphabet.read(lines_of([text])[0])
    assert stamp is None or stamp.text == text


def test_a_misread_character_is_outvoted_and_a_doubtful_one_not_used():
    texts = printed(60, "MST")
    alphabet = glyphs.Alphabet()
    for k, (line, text) in enumerate(zip(lines_of(texts), texts, strict=True)):
        alphabet.learn(line, text.replace("9", "8") if k % 9 == 0 else text)
    names = [text for text in texts if "9" in text]
    read = [alphabet.read(line) for line in lines_of(names)]
    assert {stamp.text for stamp in read if stamp} <= set(names)


def test_a_blocked_character_is_in_doubt():
    alphabet = taught(printed(60, "MST"))
    line = lines_of(["2024-02-01 01:20:54 MST"])[0].copy()
    line[:, 40:52] = 255
    assert alphabet.read(line) is None


@given(st.binary(min_size=1, max_size=400), st.integers(1, 20))
def test_pieces_of_any_picture_hold_its_ink_or_do_not_fit(content, width):
    rows = -(-len(content) // width)
    line = np.frombuffer(content.ljust(rows * width, b"\0"), np.uint8).reshape(rows, width)
    shown = glyphs.pieces(line, (rows, width))
    assert shown.sum() * 255 >= line[line >= stamps.INK].sum() - 1e-6


def test_distances_are_those_of_the_definition():
    generator = np.random.default_rng(0)
    first, second = generator.random((4, 30)), generator.random((5, 30))
    plain = [[np.abs(a - b).sum() / np.maximum(a, b).sum() for b in second] for a in first]
    assert glyphs.distances(first, second) == pytest.approx(np.array(plain))
