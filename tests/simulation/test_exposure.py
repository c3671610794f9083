"""What moves while a frame gathers light, against projected directions, closed formulas and means of frozen moments."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from aurora_gradcam.simulation import aurora, clouds, exposure, stars
from aurora_gradcam.simulation.camera import AURORAMAX_2018, FULL, make_grid, project, radius_of
from aurora_gradcam.simulation.detail import TRAINING
from aurora_gradcam.simulation.ephemeris import Ephemeris
from aurora_gradcam.simulation.plan import CloudLayer, Episode
from aurora_gradcam.simulation.shell import distance_to

SIZE = 120
CAMERA = AURORAMAX_2018
GRID = make_grid(CAMERA, SIZE)
HEIGHT = 4.0


def flow(wind: tuple[float, float]) -> torch.Tensor:
    return exposure.image_flow(GRID, distance_to(HEIGHT, GRID.up), wind)


def pixel(altitude: float, azimuth: float) -> tuple[int, int]:
    x, y = project(CAMERA, altitude, azimuth, SIZE)
    return round(float(y)), round(float(x))


def test_in_the_zenith_a_cloud_moves_by_wind_over_height():
    row, column = pixel(90, 0)
    pixels = float(flow((0.6, 0.8))[:, row, column].norm())
    assert pixels == pytest.approx(1.0 / HEIGHT * CAMERA.scale * SIZE / 2, rel=0.02)


@pytest.mark.parametrize(("altitude", "azimuth"), [(70, 10), (45, 130), (30, 250), (15, 300)])
@pytest.mark.parametrize("wind", [(0.9, 0.0), (-0.3, 0.7)])
def test_elsewhere_it_moves_as_its_place_carried_by_the_wind_is_projected(altitude, azimuth, wind):
    row, column = pixel(altitude, azimuth)
    looked = np.array([float(axis[row, column]) for axis in (GRID.east, GRID.north, GRID.up)])
    place = looked * float(distance_to(HEIGHT, GRID.up[row, column]))
    moved = place + np.array([*wind, 0.0]) * 0.1
    ends = []
    for east, north, up in (place, moved):
        high = np.degrees(np.arctan2(up, np.hypot(east, north)))
        ends.append(np.array(project(CAMERA, high, np.degrees(np.arctan2(east, north)), SIZE)))
    expected = (ends[1] - ends[0]) / 0.1
    assert flow(wind)[:, row, column].numpy() == pytest.approx(expected, rel=0.05, abs=0.1)


@pytest.mark.parametrize("minutes", [0.25, 0.5, 1.0])
def test_a_point_is_drawn_out_to_a_streak_as_long_as_wind_times_exposure(minutes):
    point = torch.zeros(1, 1, SIZE, SIZE)
    row, column = pixel(75, 200)
    point[..., row, column] = 1.0
    moving = flow((0.8, 0.3))
    streak = exposure.smear(point, moving, minutes)[0, 0]
    assert float(streak.sum()) == pytest.approx(1.0, rel=0.06)
    rows, columns = torch.nonzero(streak > 0).T
    weights = streak[rows, columns]
    places = torch.stack([columns - column, rows - row]).double()
    direction = (moving[:, row, column] / moving[:, row, column].norm()).double()
    along = (places * direction[:, None]).sum(0)
    # an even streak of length L has the deviation L / sqrt(12); the pixel itself adds some
    deviation = float((weights * along**2).sum() / weights.sum()) ** 0.5
    length = float(moving[:, row, column].norm()) * minutes
    assert deviation == pytest.approx(math.hypot(length / 12**0.5, 0.45), rel=0.12)
    aside = places[0] * direction[1] - places[1] * direction[0]
    assert float((weights * aside**2).sum() / weights.sum()) ** 0.5 < 0.9


def test_a_short_exposure_and_a_calm_leave_clouds_as_they_are():
    layers = clouds.make_clouds((CloudLayer("cumulus", 0.5, 4.0, (0.0, 0.0)),), 128, torch.Generator().manual_seed(1))
    minutes = torch.tensor([3.0])
    frozen, still = (clouds.optical_depth(layers, GRID, minutes, seconds)[0] for seconds in (0.0, 60.0))
    assert torch.allclose(frozen, still, atol=1e-4)


def test_clouds_of_a_long_exposure_pass_the_mean_light_of_its_moments():
    layer = CloudLayer("altocumulus", 0.5, 2.0, (0.6, -0.4))
    layers = clouds.make_clouds((layer,), 256, torch.Generator().manual_seed(2))
    moments = 5.0 + (torch.arange(24) + 0.5) / 24 - 0.5
    mean = torch.exp(-clouds.optical_depth(layers, GRID, moments)[0]).mean(0)[0]
    frozen, long = (torch.exp(-clouds.optical_depth(layers, GRID, torch.tensor([5.0]), s)[0])[0, 0] for s in (0, 60.0))
    high = (GRID.up > 0.3) & GRID.inside
    off = (long - mean)[high].abs().mean()
    assert off < 0.35 * (frozen - mean)[high].abs().mean()
    # along the wind the picture is smoother than across it
    assert long[high].std() < frozen[high].std()


def test_aurora_of_a_long_exposure_is_the_mean_of_its_moments():
    grid = make_grid(CAMERA, TRAINING.grid)
    drawn = aurora.make_aurora(grid, TRAINING, (81.3, 195.4), torch.Generator().manual_seed(3))
    episode = (Episode("patchy", 0, 30, 20.0, pulsation=0.9),)
    moments = 9.0 + (torch.arange(40) + 0.5) / 40 - 0.5
    mean = aurora.light(drawn, episode, moments).mean(0)
    frozen = aurora.light(drawn, episode, torch.tensor([9.0]))[0]
    long = aurora.light(drawn, episode, torch.tensor([9.0]), exposure_s=60.0)[0]
    # two moments at each place, other ones at its neighbours
    assert (long - mean).abs().mean() < 0.5 * (frozen - mean).abs().mean()


@pytest.mark.parametrize("seconds", [10.0, 60.0, 3600.0])
def test_a_trail_turns_by_15_seconds_of_arc_a_second(seconds):
    turns = stars.trail(CAMERA, FULL, seconds)
    spots = len(turns)
    assert turns.mean() == pytest.approx(0, abs=1e-9)
    if spots > 1:
        # the spots stand in the middles of even parts of the trail
        assert (turns[-1] - turns[0]) * spots / (spots - 1) == pytest.approx(15.04 * seconds / 3600, rel=1e-3)
    assert np.radians(15.04 * seconds / 3600) * CAMERA.scale * FULL / 2 / spots < 1.3


def test_a_star_on_the_equator_draws_a_trail_of_that_length_with_all_its_light(monkeypatch):
    star = (np.array([[1.0, 0.0, 0.0]]), np.array([1.0]), np.array([0.65]))
    monkeypatch.setattr(stars, "_stars", lambda latitude, exposure_s: star)
    zero = np.zeros(1)
    at = Ephemeris(zero - 40, zero, zero - 40, zero, zero, zero, zero)
    spot, trail = torch.zeros(1, 3, FULL, FULL), torch.zeros(1, 3, FULL, FULL)
    # from the equator the star stands in the zenith
    stars.add_stars(spot, CAMERA, at, 0.0)
    stars.add_stars(trail, CAMERA, at, 0.0, exposure_s=1200.0)
    assert float(trail.sum()) == pytest.approx(float(spot.sum()), rel=0.01)
    rows, columns = torch.nonzero(trail[0, 1] > 0.25 * trail[0, 1].max()).T
    length = float(torch.hypot((rows.max() - rows.min()).float(), (columns.max() - columns.min()).float()))
    turned = np.radians(15.041 * 1200 / 3600)
    expected = 2 * FULL / 2 * float(radius_of(CAMERA, turned / 2))
    assert length == pytest.approx(expected, abs=2.5)


def test_a_frozen_sky_is_the_same_to_the_bit():
    layers = clouds.make_clouds((CloudLayer("cirrus", 0.6, 0.8),), 128, torch.Generator().manual_seed(4))
    minutes = torch.tensor([1.0, 2.0])
    assert torch.equal(*(clouds.optical_depth(layers, GRID, minutes, *seconds)[0] for seconds in ((), (0.0,))))
