"""Moving clouds: cover, motion, depth and the light they send, against closed formulas and plain geometry."""

import math

import numpy as np
import pytest
import torch
from scipy.interpolate import LinearNDInterpolator

from aurora_gradcam.simulation import cloud_light
from aurora_gradcam.simulation.camera import AURORAMAX_2018, make_grid
from aurora_gradcam.simulation.cloud_shapes import KINDS
from aurora_gradcam.simulation.clouds import _places, lit, make_clouds, optical_depth
from aurora_gradcam.simulation.ephemeris import Ephemeris
from aurora_gradcam.simulation.plan import CLOUD_KINDS, CloudLayer, Town

SIZE = 120
GRID = make_grid(AURORAMAX_2018, SIZE)
TOWN = (Town(azimuth=205.0, light=900.0),)


def drawn(kind="cumulus", cover=0.5, depth=5.0, wind=(0.4, 0.1), seed=0):
    return make_clouds((CloudLayer(kind, cover, depth, wind),), 128, torch.Generator().manual_seed(seed))


def at(batch=1, sun=-30.0, moon=-30.0, phase=90.0, azimuth=120.0):
    def same(value):
        return np.full(batch, value)

    illumination = (1 - math.cos(math.radians(phase))) / 2
    return Ephemeris(same(sun), same(300.0), same(moon), same(azimuth), same(phase), same(illumination), same(0.0))


def sky(light=79.0, batch=1):
    return torch.full((batch, 3, SIZE, SIZE), light)


def solid_angle_share(cloudy):
    """Share of the sky above 6 degrees: every pixel weighs as the solid angle it sees, from the lens's own numbers."""
    angle = torch.arccos(GRID.up.clamp(-1, 1))
    slope = 0.8075 - 3 * 0.0525 * angle**2
    weight = torch.sin(angle) / (GRID.axis.clamp_min(1e-3) * slope) * (GRID.up > 0.1)
    return float((cloudy * weight).sum() / weight.sum())


@pytest.mark.parametrize("kind", CLOUD_KINDS)
@pytest.mark.parametrize("cover", [0.25, 0.5, 0.8, 1.0])
def test_the_wanted_share_of_the_sky_is_covered(kind, cover):
    for seed in range(3):
        layer = CloudLayer(kind, cover, 1.0)
        depth, _ = optical_depth(drawn(kind, cover, layer.depth, seed=seed), GRID, torch.tensor([3.0]))
        assert solid_angle_share((depth[0, 0] > 0.05).float()) == pytest.approx(cover, abs=0.1)


@pytest.mark.parametrize("kind", CLOUD_KINDS)
def test_depth_and_relief_are_plausible(kind):
    depth, relief = optical_depth(drawn(kind), GRID, torch.tensor([0.0, 100.0]))
    assert depth.shape == relief.shape == (2, 1, SIZE, SIZE)
    passed = torch.exp(-depth)
    assert torch.isfinite(depth).all()
    assert (passed >= 0).all() and (passed <= 1).all()
    assert (relief > 0.2).all() and (relief < 2).all()


def test_a_clear_night_is_zero():
    clouds = make_clouds((), 128, torch.Generator().manual_seed(0))
    depth, relief = optical_depth(clouds, GRID, torch.tensor([1.0, 2.0]))
    assert not depth.any() and (relief == 1).all()
    assert not lit(GRID, at(2), depth, relief, sky(batch=2), sky(batch=2), TOWN).any()


def test_depths_of_layers_add():
    low, high = drawn("stratus", 0.6, 4.0), drawn("cirrus", 0.6, 0.5)
    minutes = torch.tensor([2.0])
    both, _ = optical_depth(low + high, GRID, minutes)
    apart = optical_depth(low, GRID, minutes)[0] + optical_depth(high, GRID, minutes)[0]
    assert torch.allclose(both, apart, atol=1e-5)


def test_a_shell_is_seen_at_the_distance_that_geometry_gives():
    # law of cosines in the triangle of the Earth's centre, the camera and the cloud
    up = torch.tensor([1.0, 0.5, 0.1])
    kind = KINDS["altocumulus"]
    east, _, path, _ = _places(kind, torch.sqrt(1 - up**2), torch.zeros(3), up, 0.02)
    away = east[1:] / torch.sqrt(1 - up[1:] ** 2)
    squared = 6371.0**2 + away.double() ** 2 + 2 * 6371.0 * away.double() * up[1:]
    assert torch.sqrt(squared).numpy() == pytest.approx(6371.0 + kind.height, abs=0.02)
    assert path[:2].numpy() == pytest.approx([1.0, 2.0], rel=0.01)


def test_no_light_comes_from_gaps():
    depth, relief = optical_depth(drawn(cover=0.3), GRID, torch.tensor([1.0]))
    light = lit(GRID, at(moon=40.0), depth, relief, sky(), sky(0.0), TOWN)
    assert (light >= 0).all()
    # a cloud sends light in step with its depth, so where almost nothing hangs almost nothing is sent
    gap = depth < 0.005
    assert gap.any()
    assert float(light.amax(1, keepdim=True)[gap].max()) < 0.03 * float(light.max())


@pytest.mark.parametrize("wind", [(0.6, 0.0), (0.0, -0.6), (-0.4, 0.4)])
def test_clouds_move_with_the_wind(wind):
    # overhead, a shift of the layer by the wind is a shift in the directions' tangents by wind / height
    minutes = 0.5
    depth, _ = optical_depth(drawn("cumulus", wind=wind, seed=5), GRID, torch.tensor([10.0, 10.0 + minutes]))
    east, north = GRID.east / GRID.up.clamp_min(0.1), GRID.north / GRID.up.clamp_min(0.1)
    near = (east.abs() < 1.2) & (north.abs() < 1.2)
    tangents = torch.stack([east[near], north[near]], 1).numpy()
    before, after = (depth[k, 0][near].numpy() for k in range(2))
    earlier = LinearNDInterpolator(tangents, before)
    shifts = [(x, y) for x in np.linspace(-0.3, 0.3, 13) for y in np.linspace(-0.3, 0.3, 13)]
    inner = np.abs(tangents).max(1) < 0.85
    likeness = [np.corrcoef(earlier(tangents[inner] - np.array(shift)), after[inner])[0, 1] for shift in shifts]
    found = np.array(shifts[int(np.argmax(likeness))])
    assert found == pytest.approx(np.array(wind) * minutes / 2.0, abs=0.06)


def test_the_same_seed_draws_the_same_clouds_and_another_does_not():
    first, again, other = (optical_depth(drawn(seed=seed), GRID, torch.tensor([4.0]))[0] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_batch_of_one_is_a_member_of_a_batch():
    clouds = drawn("cirrus", 0.6, 0.8, seed=3)
    minutes = torch.tensor([0.0, 7.0, 31.0])
    depth, relief = optical_depth(clouds, GRID, minutes)
    alone, uneven = optical_depth(clouds, GRID, minutes[1:2])
    assert torch.allclose(depth[1:2], alone, atol=1e-5) and torch.allclose(relief[1:2], uneven, atol=1e-5)
    many = lit(GRID, at(3, moon=30.0), depth, relief, sky(batch=3), sky(0.0, 3), TOWN)
    one = lit(GRID, at(moon=30.0), alone, uneven, sky(), sky(0.0), TOWN)
    assert torch.allclose(many[1:2], one, rtol=1e-4, atol=1e-3)


def even(depth):
    return torch.full((1, 1, SIZE, SIZE), depth), torch.ones(1, 1, SIZE, SIZE)


def towards(azimuth, altitude=15.0):
    """The pixel that looks there."""
    azimuth, altitude = math.radians(azimuth), math.radians(altitude)
    east, north = math.cos(altitude) * math.sin(azimuth), math.cos(altitude) * math.cos(azimuth)
    place = int(torch.argmax(GRID.east * east + GRID.north * north + GRID.up * math.sin(altitude)))
    return divmod(place, SIZE)


def test_overcast_is_brighter_towards_the_town_and_brighter_than_the_clear_sky():
    depth, relief = even(5.0)
    light = lit(GRID, at(), depth, relief, sky(), sky(0.0), TOWN)[0]
    town, away, zenith = (light[(slice(None), *towards(*place))] for place in ((205, 15), (25, 15), (0, 90)))
    assert (town > 1.5 * away).all()
    assert zenith[1] > 2 * 79
    assert town[0] > town[1] > town[2]  # sodium is orange


def test_clouds_under_green_aurora_turn_greenish():
    depth, relief = even(5.0)
    green = torch.tensor([300.0, 1000.0, 200.0])[None, :, None, None] * torch.ones(1, 3, SIZE, SIZE)
    light = lit(GRID, at(), depth, relief, sky(), green, ())[0].mean((1, 2))
    assert light[1] > light[0] and light[1] > light[2]


def test_thin_cloud_is_brightest_beside_the_moon_and_thick_cloud_is_even():
    place, far = towards(120, 40), towards(300, 40)
    ratios = []
    for tau in (0.5, 6.0):
        light = lit(GRID, at(moon=40.0, phase=175.0), *even(tau), sky(), sky(0.0), ())[0, 1]
        ratios.append(float(light[place] / light[far]))
    assert ratios[0] > 10
    assert 1 <= ratios[1] < 0.3 * ratios[0]


def test_clouds_send_no_more_sky_light_than_they_hold_back():
    for tau in (0.1, 1.0, 6.0):
        light = lit(GRID, at(), *even(tau), sky(), sky(0.0), ())
        assert float(light.max()) <= 79 * 1.06 * (1 - math.exp(-tau))


def test_phase_function_and_moon_agree_with_published_numbers():
    # Henyey and Greenstein with g = 0.85 by hand: (1 - g^2) / (1 + g^2 - 2 g cos)^1.5 at 60, 90 and 180 degrees
    by_hand = [0.2775 / 0.8725**1.5, 0.2775 / 1.7225**1.5, 0.2775 / 1.85**3]
    assert cloud_light.forward_peak(torch.tensor([0.5, 0.0, -1.0])).numpy() == pytest.approx(by_hand, rel=1e-5)
    # the cut peak may only take light away: the mean over the sphere stays below 1
    assert 0.5 < float(cloud_light.forward_peak(torch.linspace(-1, 1, 20001)).mean()) < 1
    # Krisciunas and Schaefer 1991, equation 20: phase angle 90 degrees is 0.026 * 90 + 4e-9 * 90^4 magnitudes fainter
    full, half = (cloud_light.moon_strength(np.array([45.0]), np.array([phase])) for phase in (180.0, 90.0))
    assert 2.5 * math.log10(full[0] / half[0]) == pytest.approx(2.6024, abs=1e-3)
    assert cloud_light.moon_strength(np.array([-2.0]), np.array([180.0]))[0] == 0
    # Bohren 1987: half the light passes where (1 - g) depth is 2
    share = cloud_light.transmitted(torch.tensor([0.0, 1e-3]))
    assert share[0] == 1 and float(1 - share[1]) == pytest.approx(0.15e-3 / 2, rel=0.01)
