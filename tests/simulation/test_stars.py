from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import torch
from skyfield.api import Star, load, wgs84
from skyfield.magnitudelib import planetary_magnitude

from aurora_gradcam.config import Site
from aurora_gradcam.preprocessing.sky import open_ephemeris
from aurora_gradcam.simulation import moon, stars
from aurora_gradcam.simulation.camera import AURORAMAX_2018, Camera, direction, project
from aurora_gradcam.simulation.ephemeris import PLANETS, ephemeris
from aurora_gradcam.simulation.milky_way import GALACTIC
from aurora_gradcam.simulation.star_catalogue import FAINTEST, bright_stars, catalogue, precession, unit_vectors
from aurora_gradcam.simulation.star_field import faint, southern

SITE = Site()
TIMES = [datetime(2018, 4, 21, 6, tzinfo=UTC), datetime(2024, 2, 11, 9, tzinfo=UTC)]
MOONLIT = datetime(2025, 1, 13, 5, 0, 33, tzinfo=UTC)


def dark(size, at):
    return torch.zeros(len(at.moon_altitude), 3, size, size)


def seen_by_skyfield(body: object) -> tuple[np.ndarray, np.ndarray]:
    planets, timescale = open_ephemeris("de421.bsp"), load.timescale(builtin=True)
    observer = planets["earth"] + wgs84.latlon(SITE.latitude, SITE.longitude, elevation_m=SITE.elevation_m)
    body = planets[body] if isinstance(body, str) else body
    alt, az, _ = observer.at(timescale.from_datetimes(TIMES)).observe(body).apparent().altaz()
    return alt.degrees, az.degrees


@pytest.mark.parametrize(
    ("name", "ascension", "declination", "magnitude"),
    [  # Hipparcos catalogue (ESA 1997)
        ("Sirius", 101.287, -16.716, -1.44),
        ("Vega", 279.235, 38.784, 0.03),
        ("Arcturus", 213.915, 19.182, -0.05),
        ("Capella", 79.172, 45.998, 0.08),
        ("Deneb", 310.358, 45.280, 1.25),
        ("Dubhe", 165.932, 61.751, 1.81),
        ("Polaris", 37.955, 89.264, 1.97),
        ("Betelgeuse", 88.793, 7.407, 0.45),
        ("Aldebaran", 68.980, 16.509, 0.87),
        ("Regulus", 152.093, 11.967, 1.36),
        ("Alkaid", 206.885, 49.313, 1.85),
        ("Mirfak", 51.081, 49.861, 1.79),
    ],
)
def test_bright_stars_are_where_hipparcos_has_them(name, ascension, declination, magnitude):
    ours = bright_stars()[name]
    places = unit_vectors(np.array([ours[0], ascension]), np.array([ours[1], declination]))
    apart = places[0] @ places[1]
    assert np.degrees(np.arccos(min(apart, 1))) < 0.03
    assert ours[2] == pytest.approx(magnitude, abs=0.05)


def test_the_number_of_stars_rises_as_in_the_sky():
    _, magnitude, colour = catalogue()
    counts = [int((magnitude < limit).sum()) for limit in (2.0, 3.3, 4.3, 5.3)]
    # whole sky (Allen's Astrophysical Quantities): about 48, 230, 750 and 2250; the catalogue leaves out the far south
    assert 25 < counts[0] < 48 and 90 < counts[1] < 200
    assert 400 < counts[2] < 900 and 1500 < counts[3] < 2500
    assert magnitude.max() <= FAINTEST and -0.5 < colour.min() < colour.max() < 2


def test_the_far_south_and_the_faint_have_as_many_stars_as_the_sky():
    # whole sky (Allen's Astrophysical Quantities): about 2250 brighter than 5.3 and 9500 brighter than 6.6
    vectors, magnitude, _ = southern()
    assert (vectors[:, 2] <= -0.5).all() and len(magnitude) == pytest.approx(2250 / 4, rel=0.05)
    assert (magnitude < 3.3).sum() == pytest.approx(230 / 4, rel=0.4)
    vectors, magnitude, _ = faint()
    assert magnitude.min() >= 5.3 and magnitude.max() <= 6.6
    assert len(magnitude) + 2250 == pytest.approx(9500, rel=0.15)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
    latitude = np.abs(np.degrees(np.arcsin(vectors @ GALACTIC[2])))
    dense, thin = (((latitude >= a) & (latitude < b)).sum() / (np.sin(np.radians(b)) - np.sin(np.radians(a)))
                   for a, b in ((0, 5), (60, 90)))  # fmt: skip
    assert 2 < dense / thin < 5


def test_a_long_exposure_shows_more_stars_and_a_short_one_those_of_the_catalogue():
    at = ephemeris(TIMES[:1], SITE)
    short, long = (torch.zeros(1, 3, 720, 720) for _ in range(2))
    stars.add_stars(short, AURORAMAX_2018, at, SITE.latitude, exposure_s=2.0)
    stars.add_stars(long, AURORAMAX_2018, at, SITE.latitude, exposure_s=10.0)
    frozen = torch.zeros(1, 3, 720, 720)
    stars.add_stars(frozen, AURORAMAX_2018, at, SITE.latitude)
    assert torch.equal(short, frozen)
    assert (long > 1).sum() > 1.5 * (short > 1).sum()


def test_precession_moves_the_pole_star_as_skyfield_says():
    vector = precession(20.0) @ unit_vectors(np.array(37.9529), np.array(89.2641))
    # Skyfield's mean place of Polaris without proper motion, equator of 2020.0
    timescale = load.timescale(builtin=True)
    earth = open_ephemeris("de421.bsp")["earth"].at(timescale.J(2000.0))
    star = earth.observe(Star(ra_hours=37.9529 / 15, dec_degrees=89.2641))
    ascension, declination, _ = star.radec(epoch=timescale.J(2020.0))
    there = unit_vectors(np.array(ascension.hours * 15), np.array(declination.degrees))
    assert np.degrees(np.arccos(min(vector @ there, 1))) < 0.02


@pytest.mark.parametrize("name", ["Vega", "Polaris", "Arcturus", "Capella", "Regulus"])
def test_stars_stand_where_skyfield_puts_them(name):
    ascension, declination = bright_stars()[name][:2]
    number = list(bright_stars()).index(name)
    alt, az = seen_by_skyfield(Star(ra_hours=ascension / 15, dec_degrees=declination))
    altitude, azimuth = stars.horizontal(catalogue()[0], ephemeris(TIMES, SITE).sidereal, SITE.latitude)
    apart = np.sum(direction(alt, az) * direction(altitude[:, number], azimuth[:, number]), axis=1)
    assert np.degrees(np.arccos(np.minimum(apart, 1))).max() < 0.1


def test_the_planets_are_skyfields():
    at = ephemeris(TIMES, SITE)
    planets, timescale = open_ephemeris("de421.bsp"), load.timescale(builtin=True)
    for k, name in enumerate(PLANETS):
        alt, az = seen_by_skyfield(name)
        assert at.planets_altitude[:, k] == pytest.approx(alt) and at.planets_azimuth[:, k] == pytest.approx(az)
        geocentric = planets["earth"].at(timescale.from_datetimes(TIMES)).observe(planets[name])
        assert at.planets_magnitude[:, k] == pytest.approx(planetary_magnitude(geocentric), abs=0.01)


def brightest(light: torch.Tensor, x: float, y: float, reach: int = 6) -> tuple[float, float]:
    """Centre of light within some pixels of a place."""
    left, top = round(x) - reach, round(y) - reach
    patch = light[top : top + 2 * reach + 1, left : left + 2 * reach + 1].numpy()
    patch = np.clip(patch - 0.05 * patch.max(), 0, None)
    rows, columns = np.mgrid[: patch.shape[0], : patch.shape[1]]
    return left + (patch * columns).sum() / patch.sum(), top + (patch * rows).sum() / patch.sum()


@pytest.mark.parametrize("camera", [AURORAMAX_2018, Camera("leaning", mirrored=True, tilt=4.0, tilt_azimuth=70.0)])
def test_a_star_is_drawn_on_its_pixel_with_all_its_light(camera):
    at = ephemeris(TIMES, SITE)
    light = torch.zeros(len(at.sidereal), 3, 720, 720)
    stars.add_stars(light, camera, at, SITE.latitude)
    assert light.shape == (2, 3, 720, 720) and torch.isfinite(light).all() and light.min() >= 0
    alt, az = seen_by_skyfield(Star(ra_hours=18.61565, dec_degrees=38.78369))  # Vega
    for k in range(2):
        x, y = project(camera, alt[k], az[k], 720)
        assert brightest(light[k, 1], float(x), float(y), 3) == pytest.approx((x, y), abs=0.7)


def test_a_star_of_magnitude_m_has_the_light_of_its_magnitude():
    # spread over one square degree, a star of magnitude 0 has 2.5 log10(3600^2) = 17.78 mag/arcsec^2
    wide = Camera("one degree a pixel", scale=2 / np.radians(1) / 720)
    green = stars.spot_light(np.array(0.0), np.array(0.65), wide, 720)
    assert green == pytest.approx(34.08 * np.exp(20.7233 - 0.92104 * 17.782), rel=1e-3)
    red, _, blue = stars.spot_light(np.array(0.0), np.array(1.5), wide, 720)
    assert red > blue
    # half the picture, a quarter of the pixels: the same light in all
    large, small = (stars.spot_light(np.array(2.0), np.array(0.3), AURORAMAX_2018, size)[1] for size in (720, 360))
    assert large == pytest.approx(4 * small, rel=1e-4)


def test_extinction_follows_the_airmass():
    light = stars.extinguished(np.ones((2, 3)), np.array([90.0, 30.0]))
    assert -2.5 * np.log10(light[:, 1]) == pytest.approx([0.172, 0.344], rel=0.01)


@pytest.mark.parametrize("size", [720, 240])
def test_the_moon_is_the_brightest_spot_and_lies_where_skyfield_puts_it(size):
    at = ephemeris([MOONLIT, TIMES[0]], SITE)
    light = moon.add_moon(dark(size, at), AURORAMAX_2018, at)
    assert light.shape == (2, 3, size, size) and torch.isfinite(light).all() and light.min() >= 0
    x, y = project(AURORAMAX_2018, at.moon_altitude, at.moon_azimuth, size)
    for k in range(2):
        rows, columns = np.nonzero(light[k, 1].numpy() >= 0.5 * float(light[k, 1].max()))
        assert (columns.mean(), rows.mean()) == pytest.approx((x[k], y[k]), abs=1.0 if size == 720 else 0.6)
        # overexposed: far more than what fills the sensor
        rows, columns = np.nonzero(light[k, 1].numpy() >= 60_000)
        assert (columns.mean(), rows.mean()) == pytest.approx((x[k], y[k]), abs=1.0)


def test_the_moons_light_follows_its_magnitude_and_ends_with_moonset():
    at = ephemeris([MOONLIT] * 3, SITE)
    at = replace(at, moon_phase_angle=np.array([180.0, 90.0, 180.0]), moon_altitude=np.array([40.0, 40.0, -1.0]))
    light = moon.direct_light(AURORAMAX_2018, at)
    # half Moon: 0.026 * 90 + 4e-9 * 90^4 = 2.60 magnitudes fainter (Krisciunas & Schaefer 1991)
    assert -2.5 * np.log10(light[1, 1] / light[0, 1]) == pytest.approx(2.602, abs=0.005)
    assert not light[2].any() and not moon.add_moon(dark(240, at), AURORAMAX_2018, at)[2].any()
