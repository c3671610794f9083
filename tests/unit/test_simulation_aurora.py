from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
import torch

from aurora_gradcam.config import Site
from aurora_gradcam.simulation import aurora, clouds, noise, scene, sensor
from aurora_gradcam.simulation.camera import make_grid, project
from aurora_gradcam.simulation.plan import FORMS, Episode, Plan

START = datetime(2024, 2, 11, 7, 20, tzinfo=UTC)
MINUTES = np.array([8.0, 9.0])


def rendered(*episodes: Episode, night: str = "20240211", **more: object) -> scene.Frames:
    plan = Plan(night, START, 300, episodes, **more)
    at = scene.ephemeris([START, START], Site())
    return scene.render(scene.make_night(plan, 5, Site()), at, MINUTES)


@pytest.mark.parametrize(
    ("form", "sky"), [("band", "clear"), ("corona", "clear"), ("patchy", "clear"), ("arc", "broken")]
)
def test_the_mask_is_where_the_drawn_picture_differs_from_the_same_night_without_aurora(form, sky):
    with_aurora = rendered(Episode(form, 0, 30, 0.15), clouds=sky)
    without = rendered(clouds=sky)

    def luminance(frames: scene.Frames) -> np.ndarray:
        blocks = frames.pictures.reshape(2, 240, 3, 240, 3, 3).mean(axis=(2, 4))
        return blocks @ np.array(sensor.LUMINANCE)

    night = scene.make_night(Plan("20240211", START, 1), 5, Site())
    open_sky = (night.grid.inside & (night.trees > 0.5)).numpy()
    change = luminance(with_aurora) - luminance(without)
    # clouds also glow in the aurora's light, which is not aurora: there the mask may be smaller
    drawn = (change >= scene.CONTRAST_LEVELS + (2.0 if sky != "clear" else 0.0)) & open_sky
    overlap = (drawn & with_aurora.mask).sum() / (drawn | with_aurora.mask).sum()
    assert overlap > (0.95 if sky == "clear" else 0.8)
    assert with_aurora.sky_fraction == pytest.approx(with_aurora.mask.sum((1, 2)) / open_sky.sum())
    assert (with_aurora.sky_fraction > scene.VISIBLE_FRACTION).all()


def test_a_night_without_aurora_counts_none_whatever_the_clouds():
    for sky in ("clear", "thin", "broken", "overcast"):
        frames = rendered(clouds=sky)
        assert not frames.mask.any() and not frames.sky_fraction.any() and not frames.strength.any()


def test_overcast_hides_the_aurora():
    clear = rendered(Episode("arc", 0, 30, 0.1))
    overcast = rendered(Episode("arc", 0, 30, 0.1), clouds="overcast")
    assert overcast.cloud_fraction.min() > 0.9 > 0.1 > clear.cloud_fraction.max()
    assert overcast.sky_fraction.max() < 0.2 * clear.sky_fraction.min()


def test_a_stronger_aurora_counts_more():
    faint, strong = (rendered(Episode("band", 0, 30, strength)) for strength in (0.03, 0.3))
    assert (strong.sky_fraction > faint.sky_fraction).all() and (strong.strength > faint.strength).all()


def test_an_episode_rises_and_falls_within_its_minutes():
    episode = Episode("arc", 5, 15, 0.1)
    values = aurora.level(episode, torch.tensor([4.9, 5.0, 5.6, 10.0, 14.4, 15.0, 20.0]))
    assert values.tolist() == pytest.approx([0, 0, 0.5, 1, 0.5, 0, 0], abs=1e-5)
    plan = Plan("20240211", START, 300, (episode, Episode("band", 12, 20, 0.4)))
    under_way = [scene.episode_at(plan, minute) for minute in (2, 10, 14, 19, 25)]
    assert [episode and episode.form for episode in under_way] == [None, "arc", "band", "band", None]


def test_a_vertical_column_overhead_converges_in_the_magnetic_zenith():
    grid = make_grid(120)
    drawn = aurora.make_aurora(grid, torch.Generator().manual_seed(1))
    # the footprint of the field line through every pixel: it is the same at all heights only along the field
    places = drawn.places.reshape(aurora.LEVELS, 120, 120, 2)
    spread = (places[-1] - places[0]).norm(dim=-1)
    spread[~grid.inside] = 9
    row, column = divmod(int(spread.argmin()), 120)
    # a dip of 81 degrees: the magnetic zenith stands 9 degrees from the zenith, towards magnetic south
    magnetic_south = 180 + np.degrees(aurora.ARC_TURN)
    assert (column, row) == pytest.approx(project(81.0, magnetic_south, 120), abs=2)


@pytest.mark.parametrize("form", FORMS[1:])
def test_every_form_draws_light_and_only_light(form):
    grid = make_grid(60)
    drawn = aurora.make_aurora(grid, torch.Generator().manual_seed(3))
    light = aurora.light(drawn, (Episode(form, 0, 30, 0.2, red=0.5),), torch.tensor([6.0, 12.0]), 60)
    assert light.shape == (2, 3, 60, 60) and torch.isfinite(light).all()
    assert light.min() >= 0 and light.max() > 0.02


def test_a_batch_gives_what_single_frames_give():
    grid = make_grid(60)
    drawn = aurora.make_aurora(grid, torch.Generator().manual_seed(3))
    episodes = (Episode("rays", 0, 9, 0.2), Episode("patchy", 5, 30, 0.2))
    minutes = torch.tensor([3.0, 7.0, 12.0])
    together = aurora.light(drawn, episodes, minutes, 60)
    for k in range(3):
        assert torch.allclose(together[k : k + 1], aurora.light(drawn, episodes, minutes[k : k + 1], 60), atol=1e-6)


def test_noise_tiles_without_a_seam():
    texture = noise.field(64, 1.5, torch.Generator().manual_seed(1))
    edge = torch.linspace(0.3, 0.4, 5)[None, :, None]
    low, high = (noise.look_up(texture, edge, torch.full((1, 1, 1), y)) for y in (1e-6, 1 - 1e-6))
    assert torch.allclose(low, high, atol=1e-3)
    assert float(texture.mean()) == pytest.approx(0, abs=1e-4) and float(texture.std()) == pytest.approx(1, abs=1e-4)


def test_clouds_move_with_the_wind():
    grid = make_grid(60)
    drawn = clouds.make_clouds("broken", torch.Generator().manual_seed(1))
    depth, _ = clouds.optical_depth(drawn, grid, torch.tensor([0.0, 5.0]))
    assert depth.min() >= 0 and float((depth[0] - depth[1]).abs().mean()) > 0.1
