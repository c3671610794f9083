from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import torch

from aurora_gradcam.config import Site
from aurora_gradcam.simulation import milky_way, sky, twilight
from aurora_gradcam.simulation.camera import AURORAMAX_2018, direction, make_grid, project
from aurora_gradcam.simulation.ephemeris import Ephemeris, ephemeris
from aurora_gradcam.simulation.plan import Town
from aurora_gradcam.simulation.star_catalogue import unit_vectors

GRID = make_grid(AURORAMAX_2018, 120)
NIGHT = datetime(2024, 2, 11, 6, tzinfo=UTC)


def moment(
    sun: list[float] | None = None, moon: list[float] | None = None, phase: float = 180, azimuth: float = 200
) -> Ephemeris:
    sun = sun or [-40.0] * len(moon)
    moon = moon or [-40.0] * len(sun)
    at = ephemeris([NIGHT] * len(sun), Site())
    same = np.ones(len(sun))
    return replace(
        at,
        sun_altitude=np.array(sun, float),
        sun_azimuth=270.0 * same,
        moon_altitude=np.array(moon, float),
        moon_azimuth=azimuth * same,
        moon_phase_angle=phase * same,
    )


def pixel(altitude: float, azimuth: float) -> tuple[int, int]:
    x, y = project(AURORAMAX_2018, altitude, azimuth, 120)
    return int(np.rint(y)), int(np.rint(x))


def test_the_dark_zenith_has_79_nanolambert_and_brightens_towards_the_horizon_as_published():
    light = sky.airglow_light(GRID, 1.0)[0, 1]
    row, column = pixel(90, 0)
    assert float(light[row, column]) == pytest.approx(79.0, rel=0.002)
    # Krisciunas & Schaefer 1991, eq. 1 to 3, at the altitude that the pixel looks at
    row, column = pixel(30, 100)
    sine = float(GRID.up[row, column])
    mass = (1 - 0.96 * (1 - sine**2)) ** -0.5
    assert float(light[row, column]) == pytest.approx(79 * 10 ** (-0.4 * 0.172 * (mass - 1)) * mass, rel=1e-4)


def test_79_nanolambert_are_21_6_magnitudes_a_square_second():
    assert twilight.nanolambert(21.587) == pytest.approx(79.0, rel=0.01)


def krisciunas_schaefer(from_full: float, separation: float, moon_zenith: float, sky_zenith: float) -> float:
    """Equations 3, 15 and 20 to 21 of the paper, haze and molecules apart, in plain numbers."""
    k = 0.172
    intensity = 10 ** (-0.4 * (3.84 + 0.026 * abs(from_full) + 4e-9 * from_full**4))
    rayleigh = 10**5.36 * (1.06 + np.cos(np.radians(separation)) ** 2)
    mie = 10 ** (6.15 - separation / 40) if separation >= 10 else 6.2e7 * separation**-2

    def mass(zenith: float) -> float:
        return (1 - 0.96 * np.sin(np.radians(zenith)) ** 2) ** -0.5

    path = 10 ** (-0.4 * k * mass(moon_zenith)) * (1 - 10 ** (-0.4 * k * mass(sky_zenith)))
    return (rayleigh + mie) * intensity * path


@pytest.mark.parametrize("phase", [180.0, 120.0, 90.0])
@pytest.mark.parametrize(("altitude", "azimuth"), [(90.0, 0.0), (40.0, 20.0), (25.0, 120.0), (35.0, 200.0)])
def test_moonlight_is_that_of_krisciunas_and_schaefer(phase, altitude, azimuth):
    row, column = pixel(altitude, azimuth)
    looked = np.array([float(axis[row, column]) for axis in (GRID.east, GRID.north, GRID.up)])
    separation = np.degrees(np.arccos(looked @ direction(30.0, 200.0)))
    expected = krisciunas_schaefer(180 - phase, separation, 60.0, np.degrees(np.arccos(looked[2])))
    light = sky.moonlight(GRID, moment(moon=[30.0], phase=phase))
    assert float(light[0, 1, row, column]) == pytest.approx(expected, rel=1e-3)


def test_the_full_moon_brightens_the_sky_to_about_18_magnitudes():
    # 60 degrees away the paper's full Moon gives some 3 to 4 magnitudes more than the dark sky
    light = float(sky.moonlight(GRID, moment(moon=[30.0]))[0, 1][pixel(90, 0)])
    assert 500 < light < 2000


def test_moonlight_is_blue_compared_with_the_moon_and_ends_with_moonset():
    light = sky.moonlight(GRID, moment(moon=[40.0, 10.0, -1.0, -5.0]))
    zenith = light[:, :, 60, 60]
    assert zenith[0, 2] > zenith[0, 1] > zenith[0, 0] > 0
    assert zenith[0, 1] > zenith[1, 1] > 0 and not light[2:].any()


def test_the_zenith_of_twilight_has_the_magnitudes_of_patat():
    # the fits in R, V, B at 95, 100 and 105 degrees from the zenith
    expected = [[11.40, 11.84, 11.84], [17.635, 18.005, 17.870], [20.67, 21.32, 21.85]]
    assert twilight.patat_magnitudes(np.array([-5.0, -10.0, -15.0])) == pytest.approx(np.array(expected))
    green = twilight.twilight_zenith(np.array([-10.0]))[0, 1]
    assert green == pytest.approx(34.08 * np.exp(20.7233 - 0.92104 * 18.005) - 34.08 * np.exp(20.7233 - 0.92104 * 21.6))


def test_twilight_falls_steadily_and_is_over_at_eighteen_degrees():
    altitude = np.linspace(0, -18, 73)
    light = twilight.twilight_zenith(altitude)
    assert (np.diff(light, axis=0) <= 0).all() and (light[:56] > 0).all() and not light[-1].any()
    # sunset's zenith has 100 to 300 cd/m^2; a nanolambert is 1e-5 / pi cd/m^2
    assert 100 < light[0, 1] * 1e-5 / np.pi < 300
    # the fall about midway of nautical twilight: a factor of 3 to 4 a degree
    assert 3 < light[20, 1] / light[24, 1] < 4.5


def test_twilight_is_brightest_above_the_sun_and_blue_in_the_zenith():
    light = twilight.twilight(GRID, np.array([-9.0]), np.array([270.0]))[0]
    above, zenith, opposite = (light[:, r, c] for r, c in (pixel(12, 270), pixel(90, 0), pixel(12, 90)))
    assert above[1] > 5 * zenith[1] and above[1] > 4 * opposite[1]
    assert zenith[2] > 1.5 * zenith[1] > 1.5 * zenith[0]
    horizon = light[:, *pixel(5, 270)]
    assert horizon[0] / horizon[2] > 3 * zenith[0] / zenith[2]


def test_the_whole_sky_darkens_with_the_sun_and_brightens_with_the_moon():
    light = sky.background(GRID, moment(sun=[-6.0, -9.0, -12.0, -16.0, -30.0]), (), 1.0)
    assert light.shape == (5, 3, 120, 120) and torch.isfinite(light).all() and light.min() > 0
    assert (light[:, 1, 60, 60].diff() < 0).all()
    moons = sky.background(GRID, moment(moon=[-10.0, 5.0, 20.0, 45.0]), (), 1.0)
    assert (moons[:, 1, 60, 60].diff() > 0).all()


def test_a_batch_gives_what_single_frames_give():
    sun, moon = [-8.0, -14.0, -30.0], [20.0, -3.0, 60.0]
    together = sky.background(GRID, moment(sun, moon), (Town(205.0, 900.0),), 1.1)
    for k in range(3):
        alone = sky.background(GRID, moment([sun[k]], [moon[k]]), (Town(205.0, 900.0),), 1.1)
        assert torch.allclose(together[k], alone[0], rtol=1e-4)


def test_a_town_has_its_light_at_ten_degrees_and_half_of_it_one_width_aside():
    town = Town(azimuth=205.0, light=900.0, width=40.0, tint="led")
    light = sky.town_glow(make_grid(AURORAMAX_2018, 720), (town,))[0, 1]

    def at(altitude: float, azimuth: float) -> float:
        x, y = project(AURORAMAX_2018, altitude, azimuth, 720)
        return float(light[int(np.rint(y)), int(np.rint(x))])

    assert at(10, 205) == pytest.approx(900, rel=0.03)
    assert at(10, 245) == pytest.approx(900 * (0.06 + 0.94 / 2), rel=0.04)
    assert at(10, 205) > at(30, 205) > at(60, 205) > at(90, 0) > 0
    sodium = sky.town_glow(GRID, (replace(town, tint="sodium"),))[0, :, 60, 60]
    assert sodium[0] > sodium[1] > sodium[2]


def test_the_milky_way_runs_along_the_galactic_equator():
    # the galaxy's north pole and its centre as the International Astronomical Union defines them (J2000)
    pole, centre = (
        milky_way.GALACTIC @ unit_vectors(np.array(a), np.array(d)) for a, d in ((192.859, 27.128), (266.405, -28.936))
    )
    assert pole == pytest.approx([0, 0, 1], abs=1e-4) and centre == pytest.approx([1, 0, 0], abs=1e-4)
    # with Deneb overhead, Cygnus is in the zenith: bright there, dark 60 degrees away across the band
    light = milky_way.milky_way(GRID, np.array([310.36]), 45.28)[0, 1]
    assert 15 < float(light[60, 60]) < 130
    assert light.max() < 160 and float(light.min()) >= 0
    # the galactic pole 59 degrees away
    north = milky_way.milky_way(GRID, np.array([192.86]), 27.13)[0, 1]
    assert float(north[60, 60]) == 0
