from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from typer.testing import CliRunner

import videos
from aurora_gradcam.camera import proposal
from aurora_gradcam.camera.frames import Frames
from aurora_gradcam.camera.stamp_box import Box, StampBox, find_lines, find_stamp_box
from aurora_gradcam.camera.timestamps import parse
from aurora_gradcam.cli import app
from aurora_gradcam.config import Circle, load
from aurora_gradcam.errors import InputError
from aurora_gradcam.preprocessing.video_names import night_in

CIRCLE = Circle(center=(320, 220), radius=200)
FONT = ImageFont.load_default(size=18)


def frame(
    minute: int, place: tuple[int, int] = (420, 450), form: str = "%Y-%m-%d %H:%M:%S UTC", ground: int = 0
) -> np.ndarray:
    """A grey sky of 640x480 with the time in its corner."""
    picture = Image.new("RGB", (640, 480), (ground, ground, ground))
    canvas = ImageDraw.Draw(picture)
    (x, y), radius = CIRCLE.center, CIRCLE.radius
    canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(60, 90, 70))
    canvas.text(place, datetime(2024, 2, 1, 3, minute, 5).strftime(form), (255, 255, 255), FONT)
    return np.asarray(picture)


def holds(box: Box, place: tuple[int, int], form: str) -> bool:
    left, top, right, bottom = FONT.getbbox(datetime(2024, 2, 1, 3, 0, 5).strftime(form))
    x, y = place
    return (
        box.x <= x + left and box.y <= y + top and box.x + box.width >= x + right and box.y + box.height >= y + bottom
        and box.width < right - left + 60 and box.height < bottom - top + 40
    )  # fmt: skip


@pytest.mark.parametrize("place", [(420, 450), (5, 5), (5, 450)])
@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S UTC", "%d.%m.%Y %H:%M:%S"])
def test_the_box_holds_the_whole_time_and_little_else(place, form):
    stamp_box = find_stamp_box([frame(minute, place, form) for minute in (0, 17, 48)], CIRCLE)
    assert holds(stamp_box.box, place, form)
    assert stamp_box.changes and stamp_box.legible == 3
    assert stamp_box.times[1].local == datetime(2024, 2, 1, 3, 17, 5)


def test_dark_letters_on_a_bright_ground_are_found():
    pictures = [255 - frame(minute) for minute in (0, 17)]
    assert holds(find_stamp_box(pictures, None).box, (420, 450), "%Y-%m-%d %H:%M:%S UTC")


def test_a_date_above_the_time_is_one_box():
    pictures = []
    for minute in (0, 17):
        picture = Image.fromarray(frame(minute, (480, 455), "%H:%M:%S"))
        ImageDraw.Draw(picture).text((480, 433), "2024-02-01", (255, 255, 255), FONT)
        pictures.append(np.asarray(picture))
    box = find_stamp_box(pictures, CIRCLE).box
    assert box.y <= 437 and box.y + box.height >= 470 and box.x <= 481


@pytest.mark.parametrize("text", ["", "Yellowknife NWT", "GAIN 120 EXPOSURE 30 s", "2024-02-01"])
def test_text_that_is_no_time_gives_no_box(text):
    pictures = [frame(minute, form=text) for minute in (0, 17)]
    assert find_stamp_box(pictures, CIRCLE) is None


def test_noise_gives_no_lines_without_end():
    noise = np.random.default_rng(1).random((480, 640)) > 0.8
    assert len(find_lines(noise)) <= 48


@given(st.datetimes(datetime(1970, 1, 1), datetime(2099, 12, 31)).map(lambda time: time.replace(microsecond=0)))
def test_printed_times_come_back_with_their_format(time):
    for form in ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%H:%M:%S %Y-%m-%d", "%Y%m%d %H:%M:%S"):
        parsed = parse(f"Camera 1 {time.strftime(form)} MST/HNR")
        assert (parsed.local, parsed.form) == (time, form)
        assert parsed.zone == "MST/HNR"


@given(st.text(max_size=40))
def test_no_text_breaks_the_parser(text):
    parsed = parse(text)
    assert parsed is None or parsed.local.year > 0


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("night_20240201.mp4", "night_{night}.mp4"),
        ("madrid_20220915_225517.mp4", "madrid_{night}_*.mp4"),
        ("auroramaxHD_20180421_480p.MP4", "auroramaxHD_{night}_480p.MP4"),
        ("cam[1] 2024-02-01.mkv", "cam?1] {year}-{month}-{day}.mkv"),
        ("night.mp4", None),
    ],
)
def test_a_file_pattern_fits_the_name_that_it_was_made_from(name, pattern):
    assert proposal.file_pattern(name) == pattern
    assert pattern is None or night_in(name, pattern)


def test_a_circle_that_the_sensor_cuts_is_made_smaller_for_extract():
    frames = Frames(Path("a.jpg"), [frame(0)], [], 0)
    proposed = proposal.Proposal(frames, Circle(center=(320, 220), radius=300), None, None)
    assert proposed.whole_circle == Circle(center=(320, 220), radius=220)
    assert "set extract.stamp_box" in " ".join(proposed.missing)


def test_a_clock_that_stands_still_is_named():
    frames = Frames(Path("a.mp4"), [frame(0), frame(0)], [0, 10], 25)
    stamp_box = StampBox(Box(0, 0, 9, 9), [], ["2024-02-01 03:00:05"] * 2, [parse("2024-02-01 03:00:05")] * 2)
    assert "same in all frames" in " ".join(proposal.Proposal(frames, CIRCLE, stamp_box, None).missing)


def test_the_command_writes_params_that_load_and_a_drawing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for minute in range(0, 50, 10):
        Image.fromarray(frame(minute)).save(f"sky_{minute:02d}.png")
    paths = [str(path) for path in sorted(tmp_path.glob("sky_*.png"))]
    result = CliRunner().invoke(app, ["camera", *paths, "--out", "tromso.yaml"])
    assert result.exit_code == 0, result.output
    params = load(Path("tromso.yaml"))
    assert np.hypot(*np.subtract(params.extract.circle.center, CIRCLE.center)) < 4
    assert abs(params.extract.circle.radius - CIRCLE.radius) < 4
    assert holds(Box(*params.extract.stamp_box), (420, 450), "%Y-%m-%d %H:%M:%S UTC")
    assert params.ocr_utc.zones == {"UTC": 0}
    assert "2024-02-01 03:00:05" in result.output
    with Image.open("tromso.png") as drawing:
        assert drawing.height > 480 + 5 * 40
    again = CliRunner().invoke(app, ["camera", *paths, "--out", "tromso.yaml"])
    assert isinstance(again.exception, InputError) and "exists already" in str(again.exception)


def test_a_video_gives_its_pace_and_its_name(tmp_path):
    frames = [np.asarray(Image.fromarray(frame(minute)).convert("L")) for minute in range(0, 40)]
    path = videos.write(tmp_path / "tromso_20240201.mp4", frames)
    out = tmp_path / "camera.yaml"
    result = CliRunner().invoke(app, ["camera", str(path), "--out", str(out)])
    assert result.exit_code == 0, result.output
    params = load(out)
    assert params.extract.seconds_per_frame == 60 and params.extract.nominal_fps == 25
    assert params.extract.file_pattern == "tromso_{night}.mp4"


def test_where_nothing_is_found_it_says_what_to_give_by_hand(tmp_path):
    path = tmp_path / "black.png"
    Image.new("RGB", (320, 240)).save(path)
    result = CliRunner().invoke(app, ["camera", str(path), "--out", str(tmp_path / "camera.yaml")])
    assert result.exit_code == 0, result.output
    assert "set extract.circle" in result.output and "set extract.stamp_box" in result.output
    assert "to do" in (tmp_path / "camera.yaml").read_text()


@pytest.mark.parametrize(("name", "content"), [("a.jpg", b"no picture"), ("a.mp4", b"no video"), ("a.png", b"")])
def test_files_that_cannot_be_read_are_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    result = CliRunner().invoke(app, ["camera", str(tmp_path / name), "--out", str(tmp_path / "camera.yaml")])
    assert isinstance(result.exception, InputError) and name in str(result.exception)
