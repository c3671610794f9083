"""Extraction of real AuroraMAX frames; skipped where ../shared/real is absent (see conftest.py)."""

from __future__ import annotations

import numpy as np
from PIL import Image

import videos
from aurora_gradcam.corpus import archive
from aurora_gradcam.corpus.images import decode_image
from aurora_gradcam.preprocessing import extract
from aurora_gradcam.preprocessing.video import is_blank
from aurora_gradcam.tables.frames import FRAMES_TABLE

MONTH = "2018-04"
NIGHT = "20180421"


def pictures() -> list[np.ndarray]:
    return [decode_image(content) for _, content in archive.read_all(archive.night_path(archive.FRAMES, NIGHT))]


def test_all_20_consecutive_frames_are_masked_to_the_sky_circle(consecutive, params_480p):
    extract.run(params_480p, MONTH)
    frames = FRAMES_TABLE.read(MONTH)
    assert frames["frame_no"].tolist() == list(range(20))
    assert set(frames["status"]) == {"ok"}
    plain = videos.decoded(extract.RAW / MONTH / frames["video"][0])
    row, column = np.mgrid[:480, :480]
    radius = np.hypot(column - 240, row - 240)
    for number, picture in enumerate(pictures()):
        assert picture.shape == (480, 480, 3)
        sky = plain[number, :, 187:667].astype(float)
        luma = picture @ np.array([0.299, 0.587, 0.114])
        assert np.abs(luma - sky)[radius <= 230].mean() < 1.5
        assert picture[radius > 255].max() <= 12


def test_the_moon_of_the_first_frame_stands_where_it_stood_in_the_video(consecutive, params_480p):
    extract.run(params_480p, MONTH)
    first = pictures()[0].astype(float).sum(2)
    row, column = np.unravel_index(first.argmax(), first.shape)
    assert np.hypot(column + 187 - 604, row - 343) < 6


def test_every_strip_shows_bright_text_on_black(consecutive, params_480p):
    extract.run(params_480p, MONTH)
    strips = dict(archive.read_all(archive.night_path(archive.STAMPS, NIGHT)))
    assert len(strips) == 20
    for content in strips.values():
        strip = decode_image(content)[..., 0]
        assert strip.shape == params_480p.extract.stamp_box[:1:-1]
        assert strip.max() > 200
        bright = np.flatnonzero((strip > 128).any(0))
        assert 558 <= bright[0] + params_480p.extract.stamp_box[0] <= 566
        assert 828 <= bright[-1] + params_480p.extract.stamp_box[0] <= 836


def test_all_27_frames_five_minutes_apart(every_5_min, every_5_min_480p):
    extract.run(every_5_min_480p, MONTH)
    frames = FRAMES_TABLE.read(MONTH)
    assert frames["frame_no"].tolist() == list(range(27))
    assert set(frames["status"]) == {"ok"}


def test_no_real_frame_is_blank(real):
    for path in sorted((real / "frames").glob("*.jpg")):
        with Image.open(path) as picture:
            assert not is_blank(np.asarray(picture.convert("L")), picture.width / 2), path.name
