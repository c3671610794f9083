from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import videos
from aurora_gradcam.config import Circle, Extract
from aurora_gradcam.errors import ConfigError, InputError
from aurora_gradcam.prediction import circles
from aurora_gradcam.prediction.circles import Cut
from aurora_gradcam.preprocessing import video

SMALL = Circle(center=(50, 36), radius=30)


def sky(center: tuple[int, int], radius: int, size: tuple[int, int], seed: int) -> np.ndarray:
    """A bright textured disc on black, uint8 RGB."""
    row, column = np.mgrid[: size[1], : size[0]] + 0.5
    texture = 90 + 30 * np.sin(column / 9 + seed) * np.cos(row / 7)
    inside = np.hypot(column - center[0], row - center[1]) <= radius
    return np.repeat(np.where(inside, texture, 3).astype(np.uint8)[..., None], 3, axis=2)


def test_the_option_is_a_circle_auto_or_nothing():
    assert circles.parse_choice("640, 360,355") == Circle(center=(640, 360), radius=355)
    assert circles.parse_choice("auto") == circles.AUTO
    assert circles.parse_choice("") is None


@pytest.mark.parametrize("text", ["640,360", "a,b,c", "1,2,3,4", "640,360,0", "640;360;355", "Auto", "1.5,2,3"])
def test_anything_else_is_refused(text):
    with pytest.raises(ConfigError, match=r"no circle \[--circle\].*640,360,360"):
        circles.parse_choice(text)


def test_square_images_are_frames_already_others_are_cut_to_the_circle_of_the_params():
    sizes = {Path("a.jpg"): (720, 720), Path("b.jpg"): (112, 72)}
    assert circles.for_images(sizes, None, Extract(circle=SMALL)) == {(720, 720): Cut(), (112, 72): Cut(SMALL)}


def test_a_circle_that_does_not_fit_is_refused_and_auto_suggested():
    with pytest.raises(InputError, match=r"centre 640, 360.*112x72.*b\.jpg.*--circle auto"):
        circles.for_images({Path("b.jpg"): (112, 72)}, None, Extract())
    with pytest.raises(InputError, match=r"\(200, 36\).*outside the picture of 112x72"):
        circles.for_images({Path("b.jpg"): (112, 72)}, Circle(center=(200, 36), radius=30), Extract())


def test_a_given_circle_holds_for_square_images_too_and_may_leave_the_picture():
    wide = Circle(center=(50, 50), radius=70)
    assert circles.for_images({Path("a.jpg"): (100, 100)}, wide, Extract()) == {(100, 100): Cut(wide)}


def test_auto_finds_a_circle_for_images_of_each_size(tmp_path):
    places = {(320, 240): ((170, 118), 100), (300, 300): ((140, 160), 120)}
    sizes = {}
    for size, (center, radius) in places.items():
        for k in range(3):
            path = tmp_path / f"{size[0]}_{k}.png"
            Image.fromarray(sky(center, radius, size, k)).save(path)
            sizes[path] = size
    cuts = circles.for_images(sizes, circles.AUTO, Extract())
    for size, (center, radius) in places.items():
        assert np.abs(np.array(cuts[size].circle.center) - center).max() <= 2
        assert abs(cuts[size].circle.radius - radius) <= 2


def test_auto_finds_the_circle_of_a_video_and_cuts_to_it(tmp_path):
    frames = [sky((166, 121), 96, (320, 240), k)[..., 0] for k in range(12)]
    source = video.probe(videos.write(tmp_path / "a.mp4", frames))
    extract = circles.for_video(source, circles.AUTO, Extract(), timed=False)
    assert np.abs(np.array(extract.circle.center) - (166, 121)).max() <= 2
    assert abs(extract.circle.radius - 96) <= 2 and extract.crop == 2 * extract.circle.radius
    video.check_size(source, extract)


def test_a_found_circle_that_leaves_the_video_is_made_smaller_about_its_centre():
    assert circles.largest_inside(Circle(center=(160, 130), radius=140), (320, 240)) == Circle(
        center=(160, 130), radius=110
    )
    assert circles.largest_inside(SMALL, (112, 72)) == SMALL


def test_settings_that_do_not_fit_a_video_name_what_to_do(tmp_path):
    source = video.probe(videos.write(tmp_path / "a.mp4", [videos.draw(k) for k in range(3)]))
    assert circles.for_video(source, None, videos.EXTRACT, timed=True) == videos.EXTRACT
    with pytest.raises(InputError, match=r"extract\.circle.*112x72.*--circle auto"):
        circles.for_video(source, None, Extract(), timed=True)
    beyond = videos.EXTRACT.model_copy(update={"stamp_box": (81, 57, 60, 13)})
    with pytest.raises(InputError, match=r"stamp_box.*--no-sky"):
        circles.for_video(source, None, beyond, timed=True)
    circles.for_video(source, None, beyond, timed=False)


def test_a_circle_larger_than_the_picture_is_refused():
    with pytest.raises(InputError, match="radius 20000 of the circle is larger"):
        circles.for_images({Path("a.jpg"): (200, 200)}, Circle(center=(100, 100), radius=20_000), Extract())
