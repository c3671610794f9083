"""Nights of pictures: frames, times and skies of the corpus from folders of pictures named by time."""

from __future__ import annotations

import io
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tiny
from aurora_gradcam import config
from aurora_gradcam.corpus import archive
from aurora_gradcam.corpus.images import decode_image, read_frame
from aurora_gradcam.errors import InputError
from aurora_gradcam.preprocessing import extract, illuminate, ocr_utc, picture_nights
from aurora_gradcam.tables.frames import FRAMES_TABLE
from aurora_gradcam.tables.sky import SKY_TABLE
from aurora_gradcam.tables.times import TIMES_TABLE

MONTH, NIGHT = "2024-02", "20240201"
START = datetime(2024, 2, 1, 7, 0, tzinfo=UTC)
PARAMS = config.Params.model_validate(
    {
        "months": [MONTH],
        "extract": {"circle": {"center": [80, 60], "radius": 50}, "interval_s": 60, "max_bad_fraction": 1},
        "predict": {"image_time": "%Y%m%d_%H%M%S"},
    }
)


def wide(number: int) -> np.ndarray:
    """A picture of 160x120 that is bright all over, so that the mask shows."""
    return np.random.default_rng(number).integers(60, 200, (120, 160, 3)).astype(np.uint8)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Pictures every 30 s from 07:00 to 07:05, one half, one blank, one without a time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AURORA_WORKERS", "1")
    folder = tmp_path / "data/raw" / MONTH / f"sky {NIGHT}"
    folder.mkdir(parents=True)
    for number in range(11):
        picture = np.full((120, 160, 3), 30, np.uint8) if number == 4 else wide(number)
        content = tiny.jpeg(picture)
        name = f"sky_{START + timedelta(seconds=30 * number):%Y%m%d_%H%M%S}.jpg"
        (folder / name).write_bytes(content[: len(content) // 2] if number == 2 else content)
    (folder / "flat field.png").write_bytes(tiny.jpeg(wide(99)))
    (folder / "notes.txt").write_text("cold")
    return folder


def test_a_folder_of_pictures_becomes_frames_with_times_and_sky(folder, caplog):
    extract.run(PARAMS, MONTH)
    frames = FRAMES_TABLE.read(MONTH)
    assert frames["frame_no"].tolist() == [0, 2, 4, 6, 8, 10]  # the first of every minute
    assert frames["frame_id"].tolist() == [f"{NIGHT}-{number:05d}" for number in (0, 2, 4, 6, 8, 10)]
    assert frames["status"].tolist() == ["ok", "corrupt", "blank", "ok", "ok", "ok"]
    assert frames["video"].unique().tolist() == [f"sky {NIGHT}"] and frames["video_md5"].nunique() == 1
    assert "left out 1 of 12 pictures, whose names hold no time" in caplog.text
    assert archive.names(archive.night_path(archive.FRAMES, NIGHT)) == frames["member"].dropna().tolist()
    ocr_utc.run(PARAMS, MONTH)
    times = TIMES_TABLE.read(MONTH)
    expected = [START + timedelta(minutes=minute) for minute in range(6)]
    assert times["utc"].tolist() == expected and (times["time_status"] == "read").all()
    assert times["local_time"].tolist()[0] == datetime(2024, 2, 1, 0, 0)
    assert (times["utc_offset_min"] == -420).all()
    illuminate.run(PARAMS)
    sky = SKY_TABLE.read()
    assert sky["utc"].tolist() == expected and (sky["sun_class"] == "Night").all()


def test_a_frame_is_the_circle_of_its_picture_on_black(folder):
    extract.run(PARAMS, MONTH)
    frame = read_frame(f"{NIGHT}-00000")
    assert frame.shape == (100, 100, 3)
    row, column = np.mgrid[:100, :100]
    distance = np.hypot(row - 50, column - 50)
    assert (frame[distance > 56] < 12).all()
    original = decode_image(next(folder.glob("*070000.jpg")).read_bytes())[10:110, 30:130]
    inside = distance < 44
    assert np.abs(frame[inside].astype(float) - original[inside]).mean() < 12  # JPEG of noise


def test_a_square_picture_counts_as_cut(folder):
    for path in folder.iterdir():
        path.unlink()
    (folder / "20240201_070000.png").write_bytes(_png(tiny.draw("yes", np.random.default_rng(1))))
    extract.run(PARAMS, MONTH)
    assert read_frame(f"{NIGHT}-00000").shape == (96, 96, 3)


def _png(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def test_equal_pictures_give_equal_bytes(folder):
    def written() -> list[bytes]:
        extract.run(PARAMS, MONTH)
        roots = (archive.FRAMES, archive.STAMPS)
        return [archive.night_path(root, NIGHT).read_bytes() for root in roots] + [
            FRAMES_TABLE.path(MONTH).read_bytes()
        ]

    assert written() == written()


def test_videos_and_pictures_of_a_month_lie_side_by_side(folder):
    video = folder.parent / "HD_20240203_720p.mp4"
    film = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=160x120:r=25", "-t", "2", str(video)]
    subprocess.run(film, check=True)
    later = folder.with_name("2024-02-05")
    later.mkdir()
    (later / "20240205_070000.jpg").write_bytes(tiny.jpeg(wide(1)))
    params = PARAMS.model_copy(
        update={"extract": PARAMS.extract.model_copy(update={"stamp_box": (0, 0, 20, 10), "crop": 100})}
    )
    extract.run(params, MONTH)
    assert FRAMES_TABLE.read(MONTH)["night"].unique().tolist() == ["20240201", "20240203", "20240205"]
    assert {path.stem for path in (archive.FRAMES / MONTH).iterdir()} == {"20240201", "20240203", "20240205"}
    video.rename(folder.parent / "HD_20240201_720p.mp4")
    with pytest.raises(InputError, match="has a video too"):
        extract.run(params, MONTH)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("20240301", "names no night of 2024-02"),
        ("north", "names no night"),
        ("x20240201", "a second folder"),
    ],
)
def test_folders_that_name_no_night_of_the_month_or_one_twice_are_clear_errors(folder, name, what):
    other = folder.with_name(name)
    other.mkdir()
    (other / "20240201_070000.jpg").write_bytes(tiny.jpeg(wide(1)))
    with pytest.raises(InputError, match=what):
        extract.run(PARAMS, MONTH)


def test_names_without_times_are_a_clear_error(folder):
    params = PARAMS.model_copy(update={"predict": config.Predict(image_time="%Y-%m-%dT%H:%M:%S")})
    with pytest.raises(InputError, match=r"no picture of this folder has a time in its name.*predict.image_time"):
        extract.run(params, MONTH)


def test_a_folder_without_pictures_is_no_night(folder):
    folder.with_name("notes").mkdir()
    assert [night.night for night in picture_nights.find(folder.parent)] == [NIGHT]
