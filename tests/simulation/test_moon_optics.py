"""Bloom, ghosts, spikes and smear of the Moon: how far they reach, how they are dimmed, and what they veil."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import torch

from aurora_gradcam.config import Site
from aurora_gradcam.simulation import moon_optics, scene
from aurora_gradcam.simulation.camera import AURORAMAX_2018, Camera, make_grid, project
from aurora_gradcam.simulation.detail import TRAINING
from aurora_gradcam.simulation.ephemeris import ephemeris
from aurora_gradcam.simulation.equipment import Equipment, Optics
from aurora_gradcam.simulation.plan import Episode, Plan
from aurora_gradcam.simulation.sensor import WHITE_POINT

FULL = datetime(2025, 1, 13, 5, tzinfo=UTC)
NEW = datetime(2024, 2, 11, 7, 20, tzinfo=UTC)
SIZE = 240


def camera(optics: Optics) -> Camera:
    return replace(AURORAMAX_2018, equipment=Equipment(optics=optics))


def here(start: datetime = FULL):
    return ephemeris([start], Site())


def reflections(optics: Optics, passed: torch.Tensor | None = None) -> torch.Tensor:
    picture = torch.zeros(1, 3, SIZE, SIZE)
    moon_optics.add_reflections(picture, camera(optics), here(), passed)
    return picture[0]


def way_from_moon() -> tuple[torch.Tensor, torch.Tensor]:
    """Every pixel's way from the Moon to the right and down, units of the circle's radius."""
    x, y = project(AURORAMAX_2018, here().moon_altitude, here().moon_azimuth, SIZE)
    step = torch.arange(SIZE, dtype=torch.float32)
    return ((step - float(x[0])) * 2 / SIZE)[None, :], ((step - float(y[0])) * 2 / SIZE)[:, None]


def test_the_bloom_of_a_full_moon_reaches_as_far_as_stated():
    optics = Optics(bloom=0.2, fall=2.0)
    grid = make_grid(AURORAMAX_2018, SIZE)
    light = moon_optics.bloom(grid, camera(optics), here(), None)[0, 1]
    share = float(moon_optics.moon_share(AURORAMAX_2018, here())[0, 1])
    assert 0.4 < share < 1  # nearly full, through the air
    distance = torch.hypot(*way_from_moon())
    at_edge = light[(distance > 0.19) & (distance < 0.21)].mean()
    assert float(at_edge) == pytest.approx(share * WHITE_POINT * AURORAMAX_2018.look.exposure, rel=0.05)
    twice = light[(distance > 0.39) & (distance < 0.41)].mean()
    assert float(at_edge / twice) == pytest.approx(4, rel=0.05)


def test_without_moon_there_is_no_bloom():
    grid = make_grid(AURORAMAX_2018, SIZE)
    assert here(NEW).moon_altitude[0] < 0
    assert moon_optics.bloom(grid, camera(Optics(bloom=0.2)), here(NEW), None) is None
    assert moon_optics.bloom(grid, AURORAMAX_2018, here(), None) is None


def test_clouds_before_the_moon_dim_all_of_it():
    optics = Optics(bloom=0.1, spikes=6, spike=1.0, ghosts=((-0.5, 0.05, 0.2, (1.0, 1.0, 1.0)),), smear=1.0)
    half = torch.full((1, 1, SIZE, SIZE), 0.5)
    torch.testing.assert_close(reflections(optics, half), 0.5 * reflections(optics))
    grid = make_grid(AURORAMAX_2018, SIZE)
    clear, dimmed = (moon_optics.bloom(grid, camera(optics), here(), passed) for passed in (None, half))
    torch.testing.assert_close(dimmed, 0.5 * clear)


@pytest.mark.parametrize("count", [4, 6, 14])
def test_there_are_as_many_spikes_as_stated(count):
    light = reflections(Optics(bloom=0.05, spikes=count, turn=0.3, spike=1.0))[1]
    across, down = way_from_moon()
    angles = torch.linspace(0, 2 * torch.pi, 3601)[:-1]
    x, y = project(AURORAMAX_2018, here().moon_altitude, here().moon_azimuth, SIZE)
    reach = 0.15 * SIZE / 2
    columns = (float(x[0]) + reach * torch.cos(angles)).round().long()
    rows = (float(y[0]) + reach * torch.sin(angles)).round().long()
    ring = light[rows.clamp(0, SIZE - 1), columns.clamp(0, SIZE - 1)]
    spectrum = torch.fft.rfft(ring - ring.mean()).abs()
    assert int(spectrum[: 2 * count].argmax()) == count
    assert torch.hypot(across, down).flatten()[light.flatten().argmax()] < 0.1


def test_a_ghost_lies_opposite_the_moon_in_its_tint():
    light = reflections(Optics(ghosts=((-1.0, 0.06, 0.3, (0.2, 1.0, 0.4)),)))
    x, y = project(AURORAMAX_2018, here().moon_altitude, here().moon_azimuth, SIZE)
    middle = project(AURORAMAX_2018, 90.0, 0.0, SIZE)
    opposite = round(float(2 * middle[1] - y[0])), round(float(2 * middle[0] - x[0]))
    assert float(light[1][opposite]) > 0 and float(light[1][opposite]) > 3 * float(light[0][opposite])
    lit = light[1] > 0.5 * light[1].max()
    assert float(lit.float().mean()) * 4 == pytest.approx(np.pi * 0.06**2, rel=0.25)


def test_smear_is_one_column():
    light = reflections(Optics(smear=2.0))[1]
    x, _ = project(AURORAMAX_2018, here().moon_altitude, here().moon_azimuth, SIZE)
    assert torch.nonzero(light.any(0)).flatten().tolist() == [round(float(x[0]))]


def test_the_bloom_veils_aurora_in_picture_and_truth_alike():
    def seen(optics: Optics) -> scene.Frames:
        plan = Plan("20250113", FULL, 1, (Episode("band", 0, 30, 60.0),), camera=camera(optics))
        return scene.render(scene.make_night(plan, 5, Site(), TRAINING), here(), np.array([8.0]))

    clear, veiled = seen(Optics(smear=1e-9)), seen(Optics(bloom=0.3, fall=1.7))
    assert (veiled.seen.visibility < 0.8 * clear.seen.visibility).all()
    assert veiled.pictures.float().mean() > clear.pictures.float().mean()
