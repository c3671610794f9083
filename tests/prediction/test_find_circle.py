"""The sky circle in drawn pictures whose circle is known exactly, and pictures that show none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

import canvases
from aurora_gradcam.config import Circle
from aurora_gradcam.corpus.sky_circle import is_inside
from aurora_gradcam.errors import DataError
from aurora_gradcam.prediction.find_circle import cut, find_circle

PERCENT = 0.01
PASTED = 5
"""Pictures made of each simulated camera."""


def away(width: int, height: int, x: float, y: float) -> np.ndarray:
    """Distance of each pixel's centre from (x, y), counted from the picture's corner."""
    return np.hypot(np.arange(height)[:, None] + 0.5 - y, np.arange(width) + 0.5 - x)


def picture(
    width: int, height: int, circle: Circle, sky: float = 40.0, surround: float = 3.0,
    noise: float = 0.0, dark: float = 0.0, seed: int = 0,
) -> np.ndarray:  # fmt: skip
    """A disc of level `sky`, darker to the right by the share `dark`, on a surround, with noise."""
    x, y = circle.center
    distance = away(width, height, x, y)
    right = (np.arange(width) + 0.5 - x) / circle.radius
    sky_level = sky * (1 - dark * np.clip(0.5 + right / 2, 0, 1)) + np.zeros((height, 1))
    levels = np.where(distance <= circle.radius, sky_level, surround)[..., None]
    grain = np.random.default_rng(seed).normal(0, noise, (height, width, 3))
    return np.clip(np.rint(levels + grain), 0, 255).astype(np.uint8)


def grey(levels: np.ndarray) -> np.ndarray:
    return np.clip(levels, 0, 255).astype(np.uint8)[..., None].repeat(3, axis=2)


def assert_found(pictures: list[np.ndarray], circle: Circle, tolerance: float = PERCENT) -> None:
    found = find_circle(pictures)
    errors = np.subtract([*found.center, found.radius], [*circle.center, circle.radius])
    assert np.abs(errors).max() <= max(1, tolerance * circle.radius), found


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_disc_is_found_within_a_hundredth_of_its_radius(data):
    width, height = data.draw(st.integers(120, 640)), data.draw(st.integers(100, 480))
    short = min(width, height)
    radius = data.draw(st.integers(int(0.27 * short), int(0.6 * short)))
    x = data.draw(st.integers(min(radius, width - radius), max(radius, width - radius)))
    y = data.draw(st.integers(min(radius, height - radius), max(radius, height - radius)))
    sky = data.draw(st.floats(15, 255))
    noise = data.draw(st.floats(0, min(6, 0.15 * sky)))  # in more than that, a small dark sky is refused
    circle = Circle(center=(x, y), radius=radius)
    # what the picture's border cuts off must leave an arc that fixes a circle
    angle = np.radians(np.arange(360))
    column, row = x + 1.06 * radius * np.cos(angle), y + 1.06 * radius * np.sin(angle)
    if np.mean((column > 1) & (column < width - 1) & (row > 1) & (row < height - 1)) < 0.45:
        return
    drawn = picture(width, height, circle, sky, noise=noise, dark=data.draw(st.floats(0, 0.5)), seed=radius)
    assert_found([drawn], circle, 0.015)


@pytest.mark.parametrize(
    ("width", "height", "circle"),
    [
        (1280, 720, Circle(center=(640, 360), radius=360)),
        (720, 720, Circle(center=(360, 360), radius=360)),
        (1280, 720, Circle(center=(640, 360), radius=480)),  # cut at top and bottom
        (854, 480, Circle(center=(500, 240), radius=260)),
        (1800, 1200, Circle(center=(900, 600), radius=570)),
        (90, 80, Circle(center=(44, 41), radius=35)),
    ],
)
@pytest.mark.parametrize(
    "look",
    [
        {"noise": 8.0},
        {"sky": 9.0, "surround": 2.0, "noise": 1.5},  # a dark sky on a surround that is not quite black
        {"dark": 0.9, "noise": 2.0},
        {"sky": 250.0, "surround": 0.0},
    ],
)
def test_sizes_edges_noise_and_darkness(width, height, circle, look):
    assert_found([picture(width, height, circle, **look)], circle)


def test_letters_and_logos_outside_the_circle_do_not_matter():
    circle = Circle(center=(620, 350), radius=330)
    image = Image.fromarray(picture(1280, 720, circle, noise=2))
    pen = ImageDraw.Draw(image)
    pen.text((20, 10), "ALL SKY CAMERA", fill="white", font_size=60)
    pen.text((900, 640), "2024-01-31 18:19:54 MST", fill="white", font_size=34)
    pen.ellipse((60, 560, 200, 700), fill=(200, 180, 40))
    assert_found([np.asarray(image)], circle)


def test_trees_and_a_light_dome_at_the_rim_do_not_matter():
    circle = Circle(center=(430, 300), radius=270)
    image = Image.fromarray(picture(854, 600, circle))
    pen = ImageDraw.Draw(image)
    for degrees in range(0, 110, 4):
        reach, angle = 270 * (0.9 + 0.05 * np.sin(degrees)), np.radians(degrees)
        top = 430 + reach * np.cos(angle), 300 + reach * np.sin(angle)
        foot = [(430 + 280 * np.cos(angle + lean), 300 + 280 * np.sin(angle + lean)) for lean in (-0.025, 0.025)]
        pen.polygon([top, *foot], fill=(3, 3, 3))
    levels = np.asarray(image) + 120 * np.exp(-((away(854, 600, 150, 300) / 40) ** 2))[..., None]
    assert_found([grey(levels[..., 0])], circle)


def test_a_figure_on_a_white_page_is_found_within_its_black_square():
    circle = Circle(center=(214, 208), radius=170)
    page = np.full((432, 432, 3), 255, np.uint8)
    page[20:400, 34:414] = picture(432, 432, circle, sky=90, noise=3)[20:400, 34:414]
    assert_found([page], circle)


def test_a_glare_ring_around_the_lens_is_not_the_sky():
    circle = Circle(center=(420, 240), radius=200)
    distance = away(854, 480, *circle.center)
    levels = np.where(distance <= 200, 40, 1) + np.where(np.abs(distance - 225) < 3, 5, 0)
    assert_found([grey(levels)], circle)


def test_the_moons_round_glow_is_not_the_sky():
    circle = Circle(center=(420, 240), radius=220)
    glow = 12 + 220 * np.exp(-away(854, 480, 400, 200) / 50)
    assert_found([grey(np.where(away(854, 480, *circle.center) <= 220, glow, 2))], circle)


def test_several_pictures_show_what_one_alone_hides():
    circle = Circle(center=(300, 230), radius=200)
    sky = picture(640, 480, circle, noise=1)
    left, right = sky.copy(), sky.copy()
    left[:, 300:] = right[:, :300] = 3
    assert_found([left, right], circle)


def test_the_same_pictures_give_the_same_circle():
    drawn = picture(640, 480, Circle(center=(300, 230), radius=200), noise=6)
    assert find_circle([drawn]) == find_circle([drawn.copy()])


def test_simulated_cameras_circles_are_found(simulated_sky):
    for camera, pictures in simulated_sky:
        size = pictures.shape[1]
        wide = np.zeros((len(pictures), size + 100, size + 180, 3), np.uint8)
        wide[:, 40 : 40 + size, 70 : 70 + size] = pictures
        found = find_circle(list(wide))
        radius = size / 2 * min(1, camera.edge)
        # the lens's dark edge lies about its axis, the picture's mask about the middle
        slack = 0.03 * size / 2 + size / 2 * np.hypot(*camera.centre)
        offset = np.subtract(found.center, (70 + size / 2, 40 + size / 2))
        assert np.abs(offset).max() <= slack, (camera.name, found)
        assert abs(found.radius - radius) <= slack, (camera.name, found, radius)


def test_simulated_skies_on_any_ground_are_found_or_refused_but_hardly_ever_wrong(simulated_sky):
    found = wrong = count = 0
    for number, (camera, pictures) in enumerate(simulated_sky):
        generator = np.random.default_rng([29, number])
        for _ in range(PASTED):
            # the picture's own mask is its circle; where the lens ends within it, the truth would be another
            side = pictures.shape[1]
            sky = cut(pictures[0], Circle(center=(side // 2, side // 2), radius=int(side / 2 * min(1, camera.edge))))
            canvas = canvases.paste(sky, generator)
            count += 1
            try:
                circle = find_circle([canvas.picture])
            except DataError:
                continue
            is_right = canvases.error(circle.center, circle.radius, canvas.circle) <= 0.1
            found, wrong = found + is_right, wrong + (not is_right)
    assert found / count >= 0.75 and wrong / count <= 0.02, (found, wrong, count)


@pytest.fixture(scope="module")
def simulated_sky():
    """Six random cameras with the frames of one night each, uint8 (frames, size, size, 3)."""
    from aurora_gradcam.config import Site
    from aurora_gradcam.simulation import scene, settings, skies
    from aurora_gradcam.simulation.detail import TRAINING

    drawn = []
    for number in range(6):
        generator = np.random.default_rng([17, number])
        setting = settings.random_setting(generator)
        plan, places = skies.random_night(generator, setting), skies.random_places(generator, 2, setting)
        night = scene.make_night(plan, number, Site(), TRAINING, (80.0, 10.0), "cpu")
        frames = scene.render(night, places, np.array([10.0, 40.0])).pictures
        drawn.append((plan.camera, frames.numpy().transpose(0, 2, 3, 1)))
    return drawn


def no_circles() -> dict[str, np.ndarray]:
    shape, middle = (480, 640), away(640, 480, 320, 240)
    row, column = np.mgrid[:480, :640]
    triangle = Image.new("RGB", (640, 480))
    ImageDraw.Draw(triangle).polygon([(100, 400), (540, 400), (320, 40)], fill=(90, 90, 90))
    return {
        "black": grey(np.zeros(shape)),
        "uniform": grey(np.full(shape, 77)),
        "noise": np.random.default_rng(1).integers(0, 256, (*shape, 3)).astype(np.uint8),
        "faint noise": np.random.default_rng(2).normal(8, 3, (*shape, 3)).clip(0).astype(np.uint8),
        "gradient": grey(np.broadcast_to(np.linspace(0, 255, 640), shape)),
        "rectangle": grey(90 * ((np.abs(column - 300) < 200) & (np.abs(row - 250) < 150))),
        "square": grey(90 * (np.maximum(np.abs(column - 300), np.abs(row - 250)) < 150)),
        "ellipse": grey(90 * (np.hypot((column - 320) / 1.15, row - 240) < 180)),
        "triangle": np.asarray(triangle),
        "vignetting": grey(120 - 60 * middle / 400),
        "a spot": grey(np.where(middle < 30, 90, 3)),
        "a pixel": np.zeros((1, 1, 3), np.uint8),
        "a strip": np.zeros((5, 300, 3), np.uint8),
    }


@pytest.mark.parametrize("name", no_circles())
def test_where_no_circle_is_seen_the_error_says_how_to_give_one(name):
    with pytest.raises(DataError, match=r"no sky circle.*--circle x,y,r"):
        find_circle([no_circles()[name]])


def test_no_picture_and_pictures_of_two_sizes_are_refused():
    with pytest.raises(DataError, match="one size"):
        find_circle([])
    with pytest.raises(DataError, match="640x480"):
        find_circle([np.zeros((480, 640, 3), np.uint8), np.zeros((720, 720, 3), np.uint8)])


@given(size=st.integers(1, 40))
def test_cutting_an_inscribed_circle_keeps_the_sky_and_blackens_the_rest(size):
    generator = np.random.default_rng(size)
    drawn = generator.integers(1, 256, (2 * size, 2 * size, 3)).astype(np.uint8)
    square = cut(drawn, Circle(center=(size, size), radius=size))
    inside = is_inside(2 * size)
    np.testing.assert_array_equal(square[inside], drawn[inside])
    assert not square[~inside].any()


@given(x=st.integers(-20, 60), y=st.integers(-20, 50), radius=st.integers(1, 30))
def test_cutting_equals_cutting_from_a_padded_picture(x, y, radius):
    drawn = np.random.default_rng(0).integers(1, 256, (30, 40, 3)).astype(np.uint8)
    padded = np.pad(drawn, ((60, 60), (60, 60), (0, 0)))
    top, left = y - radius + 60, x - radius + 60
    expected = padded[top : top + 2 * radius, left : left + 2 * radius] * is_inside(2 * radius)[..., None]
    np.testing.assert_array_equal(cut(drawn, Circle(center=(x, y), radius=radius)), expected)


def test_what_was_found_cuts_the_sky_out_whole():
    circle = Circle(center=(500, 300), radius=200)
    drawn = picture(900, 640, circle, sky=100, surround=0)
    square = cut(drawn, find_circle([drawn]))
    assert square[..., 0].astype(bool).sum() == pytest.approx(np.pi * 200**2, rel=0.02)


def test_a_strip_holds_no_circle():
    with pytest.raises(DataError):
        find_circle([np.random.default_rng(0).integers(0, 255, (3, 5000, 3)).astype(np.uint8)])
