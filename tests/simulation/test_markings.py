"""What is drawn into the circle: where it lies, and that the truth leaves it out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import torch

from aurora_gradcam.config import Site
from aurora_gradcam.simulation import markings, scene
from aurora_gradcam.simulation.camera import AURORAMAX_2018, project
from aurora_gradcam.simulation.detail import TRAINING
from aurora_gradcam.simulation.ephemeris import Ephemeris, ephemeris
from aurora_gradcam.simulation.equipment import Equipment, Markings
from aurora_gradcam.simulation.plan import Episode, Plan
from aurora_gradcam.simulation.star_catalogue import bright_stars
from aurora_gradcam.simulation.stars import horizontal

START = datetime(2024, 2, 11, 7, 20, tzinfo=UTC)
STRONG = Episode("diffuse", 0, 30, 80.0)


def drawn(*kinds: str, seed: int = 1, episodes: tuple[Episode, ...] = (STRONG,)) -> scene.Frames:
    lens = replace(AURORAMAX_2018, equipment=Equipment(markings=Markings(seed, kinds)))
    night = scene.make_night(Plan("20240211", START, 1, episodes, camera=lens), 5, Site(), TRAINING)
    return scene.render(night, here(), np.array([8.0]))


def here() -> Ephemeris:
    return ephemeris([START], Site())


def layer(kind: str, seed: int = 1) -> np.ndarray:
    chosen = Markings(seed, (kind,))
    if kind in markings.STATIC:
        return markings.static_layer(chosen, AURORAMAX_2018, 240)
    return markings.turning_layer(chosen, AURORAMAX_2018, 240, float(here().sidereal[0]), Site().latitude)


@pytest.mark.parametrize("kind", markings.KINDS)
def test_each_kind_is_drawn_and_the_truth_leaves_it_out(kind):
    for seed in range(3):
        made = layer(kind, seed)
        covered = markings.covered(made, 120)
        assert 0 < made[..., 3].astype(bool).mean() < 0.7
        frames, plain = drawn(kind, seed=seed), drawn(seed=seed)
        assert not frames.seen.mask[0].numpy()[covered].any()
        # elsewhere the truth is as without, but for what is taken off as a veil
        assert (frames.seen.mask != plain.seen.mask)[0].numpy()[~covered].mean() < 0.01
        untouched = torch.from_numpy(made[..., 3] == 0)
        assert torch.equal(frames.pictures[0][:, untouched], plain.pictures[0][:, untouched])


def test_an_overlay_is_no_aurora():
    seen = drawn("grid", "text", episodes=()).seen
    assert not seen.mask.any() and not seen.visibility.any()


def test_an_opaque_inset_hides_the_sky():
    made = layer("inset")
    picture = drawn("inset").pictures[0].permute(1, 2, 0).numpy()
    row, column = np.mgrid[:240, :240]
    solid = (made[..., 3] == 255) & (np.hypot(row - 119.5, column - 119.5) < 119)
    assert solid.sum() > 500 and (picture[solid] == made[..., :3][solid]).all()


def test_layers_are_blended_by_their_opacity():
    picture = np.full((1, 3, 3), 100, np.uint8)
    over = np.array([[[255, 0, 0, 0], [255, 0, 0, 255], [200, 100, 0, 51]]], np.uint8)
    assert markings.compose(picture, over).tolist() == [[[100, 100, 100], [255, 0, 0], [120, 100, 80]]]


def test_a_smaller_layer_keeps_its_colour_at_the_edges():
    made = np.zeros((4, 4, 4), np.uint8)
    made[:, :2] = (255, 200, 10, 255)
    made[0, 0] = 0
    small = markings.resized(made, 2)
    assert abs(int(small[0, 0, 3]) - 191) <= 1 and np.abs(small[0, 0, :3].astype(int) - (255, 200, 10)).max() <= 2
    assert small[0, 1, 3] == 0


def test_names_and_lines_follow_the_stars():
    names = list(bright_stars())
    sidereal = float(here().sidereal[0])
    x, y, up = markings._star_places(AURORAMAX_2018, 240, sidereal, Site().latitude)
    altitude, azimuth = horizontal(markings._stars()[1], np.array([sidereal]), Site().latitude)
    capella = names.index("Capella")
    assert up[capella] and altitude[0, capella] > 5
    expected = project(AURORAMAX_2018, altitude[0, capella], azimuth[0, capella], 240)
    assert (x[capella], y[capella]) == pytest.approx(expected)
    links = {frozenset((names[one], names[other])) for one, other in markings._stars()[3]}
    assert frozenset(("Alnilam", "Alnitak")) in links and frozenset(("Dubhe", "Merak")) in links
    assert frozenset(("Vega", "Capella")) not in links
    later = markings.turning_layer(Markings(1, ("labels",)), AURORAMAX_2018, 240, sidereal + 30, Site().latitude)
    assert (later != layer("labels")).any()


def test_the_grid_is_that_of_the_camera():
    made = layer("grid")[..., 3] > 30
    # its spokes meet where the camera sees the zenith
    x, y = project(AURORAMAX_2018, 90.0, 0.0, 240)
    assert made[round(float(y)) - 2 : round(float(y)) + 3, round(float(x)) - 2 : round(float(x)) + 3].any()
