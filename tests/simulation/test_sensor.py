"""The simulated camera: its response, its colours, its noise, and cameras drawn at random."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_gradcam.simulation import sensor
from aurora_gradcam.simulation.camera import AURORAMAX_2018, AURORAMAX_2024, Camera, Look, make_grid, radius_of
from aurora_gradcam.simulation.cameras import KNOWN, random_camera

AXIS = torch.zeros(8, 8)
PLAIN = Look(vignette=0.0, softness=0.0)


def flat(*colours: tuple[float, float, float], size: int = 8) -> torch.Tensor:
    return torch.tensor(colours)[:, :, None, None].expand(-1, -1, size, size).contiguous()


def rendered(look: Look, *colours: tuple[float, float, float]) -> np.ndarray:
    return sensor.levels(flat(*colours), look, sensor.transmission(AXIS, look, 1.03))[:, :, 4, 4].numpy()


@pytest.mark.parametrize("camera", [AURORAMAX_2018, AURORAMAX_2024])
def test_more_light_gives_higher_levels_up_to_white(camera: Camera) -> None:
    light = np.geomspace(1, 1e6, 60)
    shown = rendered(camera.look, *[(x, x, x) for x in light.tolist()])
    assert (np.diff(shown, axis=0) >= -1e-3).all()
    assert (np.diff(shown[:30], axis=0) > 0).all()
    np.testing.assert_allclose(shown[-1], 255, atol=1e-3)


def test_curve_is_the_closed_formula() -> None:
    x = np.geomspace(1e-3, 3.9, 50)
    look = replace(PLAIN, exposure=1000.0, gamma=1.7, black=(5.0, 5.0, 5.0))
    shown = rendered(look, *[(v, v, v) for v in (1000 * x).tolist()])
    share = x * (1 + x / 16) / (1 + x)
    np.testing.assert_allclose(shown[:, 1], 5 + 250 * share ** (1 / 1.7), atol=0.1)
    for value in (0.01, 0.4, 0.9):
        light = sensor.light_of_share(value)
        assert light * (1 + light / 16) / (1 + light) == pytest.approx(value)


def test_saturating_colour_turns_white() -> None:
    weak, strong = rendered(PLAIN, (100.0, 400.0, 100.0), (1e5, 4e5, 1e5))
    assert np.ptp(weak) > 20
    assert np.ptp(strong) < 1e-3


@settings(deadline=None)
@given(st.floats(0, 2), st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_saturation_keeps_luminance(saturation: float, colour: list[float]) -> None:
    matrix = sensor.colour_matrix(replace(PLAIN, saturation=saturation))
    weights = torch.tensor([0.299, 0.587, 0.114])  # ITU-R BT.601
    light = torch.tensor(colour)
    assert float(weights @ matrix @ light) == pytest.approx(float(weights @ light), abs=1e-5)
    grey = sensor.colour_matrix(replace(PLAIN, leak=(0.4, 0.2, 0.1))) @ torch.ones(3)
    torch.testing.assert_close(grey, torch.ones(3))


def test_metering_shortens_the_exposure_of_bright_skies_only() -> None:
    look = replace(PLAIN, metering=0.8)
    gain = sensor.gain(flat((0.0, 0.0, 0.0), (600.0, 600.0, 600.0)), look).flatten()
    np.testing.assert_allclose(gain, [1, 2**-0.8], rtol=1e-5)
    assert float(sensor.gain(flat((9e4, 9e4, 9e4)), PLAIN)) == 1


def test_lens_darkens_outwards_and_ends_at_its_edge() -> None:
    axis = torch.linspace(0, 1.2, 200)[None]
    passes = sensor.transmission(axis, replace(PLAIN, vignette=0.4), 1.0)[0]
    assert float(passes[0]) == 1
    assert (passes.diff() <= 0).all()
    assert (passes[axis[0] > 1.02] == 0).all()
    assert float(passes[int(0.98 / 1.2 * 199)]) == pytest.approx(1 - 0.4 * 0.98**4, abs=0.01)


def test_blur_has_the_stated_deviation() -> None:
    point = torch.zeros(1, 1, 720, 720)
    point[0, 0, 360, 360] = 1
    blurred = sensor.soften(point, replace(PLAIN, softness=3.0))[0, 0]
    across = blurred.sum(0)
    places = torch.arange(720) - 360.0
    assert float(across.sum()) == pytest.approx(1, abs=1e-5)
    # cut off at 2.5 deviations, a normal curve's deviation is 0.95 of the whole curve's
    assert float((across * places**2).sum().sqrt()) == pytest.approx(3.0, rel=0.06)
    small = torch.rand(1, 3, 60, 60)
    assert sensor.soften(small, replace(PLAIN, softness=3.0)) is small


@pytest.mark.parametrize("size", [720, 240])
def test_noise_has_the_stated_deviation(size: int) -> None:
    full = sensor.noise_pictures(720, torch.Generator().manual_seed(1))
    noise = full if size == 720 else sensor.noise_pictures(size, torch.Generator().manual_seed(2))
    averaged = torch.nn.functional.avg_pool2d(full, 720 // size)  # what a smaller picture means
    assert float(noise.std()) == pytest.approx(float(averaged.std()), rel=0.03)
    if size == 720:
        assert float(noise.std()) == pytest.approx(1, abs=0.01)
        red, green = noise[:, 0].flatten(), noise[:, 1].flatten()
        assert float((red * green).mean()) == pytest.approx(sensor.SHARED, abs=0.02)


def test_read_and_photon_noise_add_in_quadrature() -> None:
    pictures = sensor.noise_pictures(720, torch.Generator().manual_seed(3))
    look = replace(PLAIN, noise=3.0, shot=4.0)
    middle = torch.full((2, 3, 720, 720), 127.5)
    noisy = sensor.add_noise(middle, sensor.noise_of(pictures, 7), look)
    assert float((noisy - middle).std()) == pytest.approx(5.0, rel=0.02)
    # the picture 6 later is the same noise moved, so that it does not stand still
    again = sensor.add_noise(middle, sensor.noise_of(pictures, 13), look)
    assert abs(float(((noisy - middle) * (again - middle)).mean())) < 0.3


@pytest.mark.parametrize(
    ("look", "dark", "aurora"),
    [
        (AURORAMAX_2018.look, (24, 21, 38), (70, 74, 70)),
        (AURORAMAX_2024.look, (20, 18, 26), (58, 70, 56)),
    ],
)
def test_auroramax_colours(look: Look, dark: tuple[int, ...], aurora: tuple[int, ...]) -> None:
    # colours within the range of published frames: violet dark sky, whitish aurora of 10 kR
    look = replace(look, vignette=0.0, softness=0.0)
    night, bright = rendered(look, (79.0, 79.0, 79.0), (278.0, 710.0, 279.0))
    np.testing.assert_allclose(night, dark, atol=6)
    np.testing.assert_allclose(bright, aurora, atol=8)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_random_cameras_are_valid(seed: int) -> None:
    camera = random_camera(np.random.default_rng(seed))
    assert camera == random_camera(np.random.default_rng(seed))
    assert (np.diff(radius_of(camera, np.radians(np.arange(0, 101)))) > 0).all()
    grid = make_grid(camera, 24)
    for value in (grid.east, grid.north, grid.up, grid.axis):
        assert torch.isfinite(value).all()
    end = np.degrees(np.interp(1.0, radius_of(camera, np.radians(np.arange(0, 101))), np.radians(np.arange(0, 101))))
    assert 73 < end < 93
    light = flat((0.0, 0.0, 0.0), (79.0, 79.0, 79.0), (1e4, 1e4, 1e4), size=24)
    shown = sensor.levels(light, camera.look, sensor.transmission(grid.axis, camera.look, camera.edge))
    assert torch.isfinite(shown).all()
    assert float(shown.min()) >= 0
    assert float(shown.max()) <= 255.001


def test_random_cameras_vary() -> None:
    generator = np.random.default_rng(1)
    cameras = [random_camera(generator) for _ in range(600)]
    assert np.mean([c.name != "drawn" for c in cameras]) == pytest.approx(KNOWN, abs=0.06)
    drawn = [replace(c.look, vignette=0.0, softness=0.0) for c in cameras if c.name == "drawn"]
    dark = np.array([rendered(look, (79.0, 79.0, 79.0))[0].mean() for look in drawn])
    assert np.quantile(dark, 0.05) < 12
    assert np.quantile(dark, 0.95) > 55


def test_luminance_is_bt601() -> None:
    colours = flat((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    np.testing.assert_allclose(sensor.luminance(colours)[:, 0, 0], [0.299, 0.587, 0.114])
