"""Cameras of one band: each sees the light that its filter passes, and no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import torch

from aurora_gradcam.config import Site
from aurora_gradcam.simulation import bands, emission, scene, sensor
from aurora_gradcam.simulation.camera import AURORAMAX_2018, Camera, Look
from aurora_gradcam.simulation.detail import TRAINING
from aurora_gradcam.simulation.ephemeris import ephemeris
from aurora_gradcam.simulation.plan import Episode, Plan

START = datetime(2024, 2, 11, 7, 20, tzinfo=UTC)


def camera(name: str, width: float = 0.05) -> Camera:
    band = bands.band_of(name, width)
    look = Look(exposure=4000.0 * band.airglow, noise=0.0, shot=0.0, band=band)
    return replace(AURORAMAX_2018, look=look)


def drawn(lens: Camera, *episodes: Episode) -> scene.Frames:
    night = scene.make_night(Plan("20240211", START, 1, episodes, camera=lens), 5, Site(), TRAINING)
    return scene.render(night, ephemeris([START], Site()), np.array([8.0]))


@pytest.fixture
def one_line(monkeypatch: pytest.MonkeyPatch):
    """Aurora of one emission alone: 0 green, 1 red, 2 blue, 3 the pink border."""

    def only(line: int) -> None:
        monkeypatch.setattr(
            emission, "strengths", lambda red, purple, green=1.0: tuple(float(k == line) for k in range(4))
        )

    return only


@pytest.mark.parametrize(("name", "line"), [("green", 0), ("red", 1), ("blue", 2)])
def test_a_filter_passes_its_own_line_and_no_other(name, line, one_line):
    lens = camera(name)
    dark = drawn(lens)
    for emitted in range(3):
        one_line(emitted)
        lit = drawn(lens, Episode("band", 0, 30, 20.0))
        if emitted == line:
            assert lit.seen.visibility.min() > 2
            assert (lit.pictures.int() - dark.pictures.int()).max() > 20
        else:
            assert torch.equal(lit.pictures, dark.pictures) and not lit.seen.mask.any()


def test_the_near_infrared_sees_nitrogen_and_hydroxyl_but_no_blue(one_line):
    lens = camera("infrared", 0.5)
    one_line(2)
    assert torch.equal(drawn(lens, Episode("band", 0, 30, 20.0)).pictures, drawn(lens).pictures)
    one_line(3)
    assert drawn(lens, Episode("band", 0, 30, 20.0)).seen.visibility.min() > 1
    assert lens.look.band.airglow == 4.0  # hydroxyl's


def test_a_narrower_filter_stops_the_continuum_and_not_the_line():
    wide, narrow = (bands.band_of("red", width) for width in (0.4, 0.02))
    assert narrow.lines[1] / wide.lines[1] == pytest.approx(20)
    # the airglow's own line grows against its continuum as much
    rest = 1 - bands.RED_AIRGLOW
    assert (narrow.airglow - rest) / (wide.airglow - rest) == pytest.approx(20)


@pytest.mark.parametrize("name", bands.NAMES)
@pytest.mark.parametrize("width", [0.02, 1.0])
def test_aurora_comes_through_the_sensor_as_strong_as_the_band_sees_it(name, width):
    look = Look(exposure=1.0, band=bands.band_of(name, width))
    shares = torch.tensor(look.band.sky)
    assert float(shares.sum()) == pytest.approx(1)
    for colour, seen in zip(bands.aurora_colours(look), look.band.lines, strict=True):
        np.testing.assert_allclose(sensor.colour_matrix(look) @ torch.tensor(colour), seen, rtol=1e-6)
    assert bands.aurora_colours(Look()) == emission.COLOURS


def test_a_dark_sky_is_as_bright_behind_every_filter():
    # the exposure is multiplied by the airglow of the band: what fills the range is the same
    means = [float(drawn(camera(name, width)).pictures[0, :, 100:140, 100:140].float().mean())
             for name, width in (("green", 0.05), ("red", 0.05), ("red", 1.0), ("blue", 0.3))]  # fmt: skip
    assert max(means) < 2 * min(means)


def test_pictures_are_grey_and_palettes_map_levels_one_by_one():
    picture = drawn(camera("green")).pictures[0]
    assert torch.equal(picture[0], picture[1]) and torch.equal(picture[0], picture[2])
    levels = torch.linspace(0, 255, 256)[None, None, None].expand(1, 3, 1, 256)
    assert bands.coloured(levels, "grey") is levels
    for name in (*bands.MAPS, *bands.TINTS):
        shown = bands.coloured(levels, name)[0, :, 0].T
        torch.testing.assert_close(shown, bands.palette(name))
        between = bands.coloured(torch.full((1, 3, 1, 1), 99.5), name).flatten()
        torch.testing.assert_close(between, bands.palette(name)[99:101].mean(0))


def test_false_colours_are_counted_as_they_are_seen():
    grey = camera("green")
    band = replace(grey.look.band, palette="blue")
    tinted = replace(grey, look=replace(grey.look, band=band))
    aurora = Episode("band", 0, 30, 2.0)
    # blue weighs little in what people see
    assert (drawn(tinted, aurora).seen.visibility < drawn(grey, aurora).seen.visibility).all()


def test_every_band_is_drawn_at_its_share():
    generator = np.random.default_rng(3)
    drawn_bands = [bands.random_band(generator) for _ in range(1500)]
    for name, share in zip(bands.NAMES, bands.SHARES, strict=True):
        assert np.mean([band.name == name for band in drawn_bands]) == pytest.approx(share, abs=0.04)
    assert np.mean([band.palette != "grey" for band in drawn_bands]) == pytest.approx(bands.FALSE_COLOUR, abs=0.04)
