"""Strong airglow with waves, and the Moon's corona in cloud, against their formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aurora_gradcam.simulation import airglow, cloud_light, emission
from aurora_gradcam.simulation.camera import AURORAMAX_2018, make_grid
from aurora_gradcam.simulation.plan import Waves
from aurora_gradcam.simulation.shell import distance_to, sine_there

GRID = make_grid(AURORAMAX_2018, 240)
MINUTES = torch.tensor([0.0])


def test_without_contrast_the_zenith_has_its_kilorayleigh_and_the_rim_van_rhijns():
    light = airglow.waves_light(GRID, Waves(0.8, contrast=0.0), MINUTES)[0]
    expected = 0.8 * 61 * np.array(emission.COLOURS[0])
    assert light[:, 120, 120].tolist() == pytest.approx(expected.tolist(), rel=0.01)
    row, column = 120, 212
    up = float(GRID.up[row, column])
    rhijn = 1 / np.sqrt(1 - (1 - up**2) * (6371 / (6371 + airglow.HEIGHT_KM)) ** 2)
    mass = (1 - 0.96 * (1 - up**2)) ** -0.5
    assert float(light[1, row, column] / light[1, 120, 120]) == pytest.approx(
        rhijn * 10 ** (-0.4 * 0.172 * (mass - 1)), rel=0.01
    )


@pytest.mark.parametrize("wavelength", [25.0, 45.0, 80.0])
def test_the_waves_have_their_length_in_the_layer(wavelength, monkeypatch):
    monkeypatch.setattr(airglow, "TRAINS", 1)
    waves = Waves(1.0, 0.3, wavelength, azimuth=90.0, seed=3)
    east = torch.arange(0.0, 4000.0)[None]
    pattern = airglow._pattern(waves, east, torch.zeros_like(east), torch.zeros(1, 1, 1))[0, 0]
    spectrum = torch.fft.rfft(pattern - pattern.mean()).abs()
    assert 4000 / int(spectrum.argmax()) == pytest.approx(wavelength, rel=0.03)
    # and travel at their speed: after a wavelength's time the crests are where they were
    later = airglow._pattern(waves, east + waves.speed * 4.0, torch.zeros_like(east), torch.full((1, 1, 1), 4.0))
    assert torch.allclose(later[0, 0], pattern, atol=2e-3)


def test_waves_lighten_and_darken_about_the_mean_and_are_green():
    even, waved = (airglow.waves_light(GRID, Waves(1.0, c, 40.0, seed=1), MINUTES)[0] for c in (0.0, 0.3))
    ratio = (waved / even)[1][(GRID.up > 0.5)]
    assert ratio.mean() == pytest.approx(1.0, abs=0.08) and 0.08 < ratio.std() < 0.35 and ratio.min() >= 0
    assert (waved[1] >= waved[0]).all() and (waved[1] >= waved[2]).all()


def test_a_shell_is_met_at_the_distance_that_the_law_of_cosines_gives():
    up = torch.tensor([1.0, 0.5, 0.1], dtype=torch.float64)
    away = distance_to(96.0, up)
    assert torch.sqrt(6371.0**2 + away**2 + 2 * 6371.0 * away * up).numpy() == pytest.approx(6467.0, abs=1e-6)
    assert sine_there(96.0, up, away)[0].item() == pytest.approx(1.0)


@pytest.mark.parametrize("droplets", [5.0, 10.0, 15.0])
def test_the_corona_carries_half_of_the_light_and_its_red_rim_lies_outside(droplets):
    table = cloud_light._corona_table(droplets).numpy()
    degrees = np.linspace(0, cloud_light.CORONA_END, cloud_light.CORONA_STEPS + 1)
    # mean of a phase function over the sphere: half the integral over the cosine
    carried = [np.trapezoid(band * np.sin(np.radians(degrees)), np.radians(degrees)) / 2 for band in table]
    assert carried == pytest.approx([0.5] * 3, abs=0.13)
    # half width of Airy's pattern: 0.257 wavelengths over the radius, in radians
    half = [degrees[int(np.argmax(band < band[0] / 2))] for band in table]
    assert half[0] > half[2]
    assert half[1] == pytest.approx(np.degrees(0.257 * 0.54 / droplets), rel=0.25)


def test_the_corona_is_read_at_its_angle():
    angle = torch.tensor([0.5, 2.0, 5.0]).reshape(1, 1, 1, 3)
    read = cloud_light.corona(torch.cos(torch.deg2rad(angle)), 10.0)[0, :, 0].numpy()
    degrees = np.linspace(0, cloud_light.CORONA_END, cloud_light.CORONA_STEPS + 1)
    for band, row in zip(cloud_light._corona_table(10.0).numpy(), read, strict=True):
        assert row == pytest.approx(np.interp([0.5, 2.0, 5.0], degrees, band), rel=0.03)
    assert not cloud_light.corona(torch.cos(torch.deg2rad(torch.full((1, 1, 1, 1), 16.0))), 10.0).any()
