"""The layers laid over one another: what is drawn agrees with the truth told, and each layer hides what it should."""

from __future__ import annotations

from dataclasses import is_dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
import torch

from aurora_gradcam.config import Site
from aurora_gradcam.preprocessing.sky import sun_and_moon
from aurora_gradcam.simulation import clouds, scene, truth
from aurora_gradcam.simulation.camera import AURORAMAX_2018, direction, make_grid, project
from aurora_gradcam.simulation.detail import TRAINING
from aurora_gradcam.simulation.ephemeris import ephemeris
from aurora_gradcam.simulation.plan import CloudLayer, Episode, Plan, Surroundings, Waves, Weather

SITE = Site()
DARK = datetime(2024, 2, 11, 7, 20, tzinfo=UTC)
MINUTES = np.array([8.0, 9.0])
BARE = Surroundings(trees=0.0)
OVERCAST = (CloudLayer("stratus", 1.0, 6.0),)
BROKEN = (CloudLayer("cumulus", 0.5, 4.0),)


def night(*episodes: Episode, start: datetime = DARK, **more: object) -> scene.Night:
    return scene.make_night(Plan(f"{start:%Y%m%d}", start, 2, episodes, **more), 5, SITE)


def rendered(*episodes: Episode, start: datetime = DARK, **more: object) -> scene.Frames:
    return scene.render(night(*episodes, start=start, **more), ephemeris([start, start], SITE), MINUTES)


def reduced(frames: scene.Frames) -> torch.Tensor:
    return torch.nn.functional.avg_pool2d(frames.pictures.float(), 3)


@pytest.mark.parametrize("form", ["band", "corona", "patchy", "arc"])
def test_the_mask_is_where_the_drawn_picture_differs_from_the_same_night_without_aurora(form):
    episode = Episode(form, 0, 30, 25.0)
    # a fixed exposure: a camera that meters would darken the whole picture under the aurora
    fixed = replace(AURORAMAX_2018, look=replace(AURORAMAX_2018.look, metering=0.0))
    with_aurora, without = (rendered(some, camera=fixed) for some in (episode, Episode(form, 90, 99, 25.0)))
    weights = torch.tensor(truth.WEIGHTS)
    change = torch.einsum("bchw,c->bhw", (reduced(with_aurora) - reduced(without)).square(), weights).sqrt()
    open_sky = night(episode).open_sky
    # the mask's threshold, away from which the drawn difference must decide alike
    far = (change > 14) & open_sky
    assert with_aurora.seen.mask[far].float().mean() > 0.97
    none = (change < 1.5) & open_sky
    assert with_aurora.seen.mask[none].float().mean() < 0.03
    assert (with_aurora.seen.visibility > 1).all() and not without.seen.mask.any()


def test_a_night_without_aurora_counts_none_whatever_the_clouds():
    for sky in ((), OVERCAST, BROKEN):
        seen = rendered(clouds=sky).seen
        assert not seen.mask.any() and not seen.visibility.any() and not seen.strength.any()


def test_overcast_hides_aurora_and_stars():
    clear, overcast = (rendered(Episode("arc", 0, 30, 10.0), clouds=sky) for sky in ((), OVERCAST))
    assert overcast.cloud_fraction.min() > 0.9 > 0.1 > clear.cloud_fraction.max()
    assert overcast.seen.visibility.max() < 0.3 * clear.seen.visibility.min()

    def spots(frames: scene.Frames) -> int:
        green = frames.pictures[:1, 1:2].float()
        around = torch.nn.functional.avg_pool2d(green, 9, 1, 4)
        return int(((green - around) > 25)[..., 150:570, 150:570].sum())  # away from the circle's edge

    assert spots(rendered(surroundings=BARE)) > 30 > spots(rendered(surroundings=BARE, clouds=OVERCAST))


def test_a_stronger_aurora_counts_more_and_a_full_moon_takes_from_it():
    faint, strong = (rendered(Episode("band", 0, 30, kilorayleigh)) for kilorayleigh in (4.0, 40.0))
    assert (strong.seen.visibility > 2 * faint.seen.visibility).all()
    moonlit = rendered(Episode("band", 0, 30, 40.0), start=datetime(2025, 1, 13, 5, tzinfo=UTC))
    assert (moonlit.seen.visibility < strong.seen.visibility).all()


def test_snow_on_the_dome_hides_what_it_covers():
    clear, snowed = (rendered(Episode("diffuse", 0, 30, 20.0), weather=Weather(snow=amount)) for amount in (0.0, 0.8))
    open_clear, open_snowed = (night(weather=Weather(snow=amount)).open_share.mean() for amount in (0.0, 0.8))
    assert open_snowed < 0.75 * open_clear
    assert (snowed.seen.mask.sum() < 0.8 * clear.seen.mask.sum()).all()


@pytest.mark.parametrize("start", [datetime(2025, 1, 13, 5, tzinfo=UTC), datetime(2023, 2, 4, 4, tzinfo=UTC)])
def test_the_drawn_moon_is_the_brightest_spot_and_lies_where_skyfield_puts_it(start):
    frames = rendered(start=start, surroundings=BARE)
    place = sun_and_moon(pd.DatetimeIndex([start]), SITE).iloc[0]
    x, y = project(night().plan.camera, place["moon_altitude"], place["moon_azimuth"], 720)
    brightness = frames.pictures[0].float().sum(0)
    rows, columns = torch.nonzero(brightness >= 0.98 * brightness.max(), as_tuple=True)
    assert (float(columns.float().mean()), float(rows.float().mean())) == pytest.approx((float(x), float(y)), abs=1.5)


def test_dusk_is_brightest_where_skyfield_puts_the_sun():
    start = datetime(2024, 2, 13, 1, 30, tzinfo=UTC)  # the sun 10 degrees below the horizon
    place = sun_and_moon(pd.DatetimeIndex([start]), SITE).iloc[0]
    assert -12 < place["sun_altitude"] < -6
    prepared = night(start=start, surroundings=BARE, towns=())
    picture = scene.render(prepared, ephemeris([start], SITE), MINUTES[:1]).pictures[0].float().sum(0)
    azimuths = place["sun_azimuth"] + np.array([0.0, 90.0, 180.0])
    x, y = project(prepared.plan.camera, np.full(3, 14.0), azimuths, 720)
    towards, aside, away = (float(picture[round(r) - 8 : round(r) + 8, round(c) - 8 : round(c) + 8].mean())
                            for c, r in zip(x, y, strict=True))  # fmt: skip
    assert towards > 1.1 * aside and towards > 1.2 * away


def test_the_colours_are_those_of_the_strongest_aurora_of_the_form_that_is_seen():
    parts = (Episode("arc", 5, 15, 5.0, red=0.1), Episode("band", 12, 20, 40.0, red=0.4), Episode("rays", 5, 20, 90.0))
    plan = Plan("20240211", DARK, 300, parts)
    assert scene.colours(plan, 8.0, "arc") == (0.1, 0.1)
    assert scene.colours(plan, 14.0, "arc") == (0.4, 0.1)  # the brighter band counts as an arc
    assert scene.colours(plan, 14.0, "none") == (0.0, 0.0)


def test_a_picture_developed_in_strips_is_the_whole_picture(monkeypatch):
    strips = rendered().pictures
    monkeypatch.setattr(scene, "STRIP", 720)
    assert torch.equal(strips, rendered().pictures)


def test_noise_is_new_in_every_frame():
    pictures = rendered(surroundings=BARE).pictures
    assert not torch.equal(pictures[0], pictures[1])


def tensors_in(value: object) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    parts = value if isinstance(value, tuple) else vars(value).values() if is_dataclass(value) else ()
    return [tensor for part in parts for tensor in tensors_in(part)]


def test_everything_of_a_night_lies_on_the_device_asked_for():
    # "meta" tensors hold no numbers, but any that stayed on the CPU shows
    plan = Plan(
        "20240211", DARK, 2, (Episode("band", 0, 9, 5.0),), BROKEN, Weather(0.2, 0.2, 0.2), Surroundings(lamps=2)
    )
    found = tensors_in(scene.make_night(plan, 5, SITE, TRAINING, device="meta"))
    assert len(found) > 30 and {tensor.device.type for tensor in found} == {"meta"}


def small(*episodes: Episode, start: datetime = DARK, **more: object) -> scene.Frames:
    """Two frames as for training, which are drawn ten times as fast."""
    drawn = scene.make_night(Plan(f"{start:%Y%m%d}", start, 2, episodes, **more), 5, SITE, TRAINING)
    return scene.render(drawn, ephemeris([start, start], SITE), MINUTES)


@pytest.mark.parametrize(
    ("form", "expected"),
    [("arc", "arc"), ("band", "arc"), ("rays", "rays"), ("corona", "corona"), ("diffuse", "diffuse"),
     ("patchy", "patchy")],
)  # fmt: skip
def test_a_sky_of_one_form_has_that_form_and_one_without_aurora_none(form, expected):
    frames = small(Episode(form, 0, 30, 40.0))
    assert frames.seen.visible.all()
    assert {truth.FORMS[place] for place in frames.form.tolist()} == {expected}
    later = small(Episode(form, 60, 90, 40.0))
    assert not later.form.any() and later.log_kilorayleigh.tolist() == pytest.approx([np.log10(truth.FLOOR_KR)] * 2)


def test_the_strength_is_that_of_the_aurora_and_clouds_take_from_it():
    clear = small(Episode("band", 0, 30, 40.0)).log_kilorayleigh
    # seen from the side a curtain is brighter than along the zenith, and maps reach about 1
    assert (10**clear > 10).all() and (10**clear < 200).all()
    brighter = small(Episode("band", 0, 30, 80.0)).log_kilorayleigh
    assert (brighter - clear).numpy() == pytest.approx(np.log10(2), abs=1e-3)
    assert (small(Episode("band", 0, 30, 40.0), clouds=OVERCAST).log_kilorayleigh < clear - 0.8).all()


@pytest.mark.parametrize("cover", [(), BROKEN, OVERCAST])
def test_the_cloud_share_is_that_of_the_open_sky_behind_the_depth(cover):
    prepared = scene.make_night(Plan("20240211", DARK, 2, clouds=cover), 5, SITE, TRAINING)
    at = ephemeris([DARK, DARK], SITE)
    share = scene.render(prepared, at, MINUTES).cloud_fraction
    depth = clouds.optical_depth(prepared.clouds, prepared.grid, torch.as_tensor(MINUTES, dtype=torch.float32))[0]
    for k in range(2):
        cloudy = (depth[k, 0].numpy() > scene.CLOUD_DEPTH)[prepared.open_sky.numpy()]
        assert float(share[k]) == pytest.approx(cloudy.mean(), abs=1e-6)
    if cover == OVERCAST:
        assert (truth.cloud_class(share) == truth.OVERCAST).all()
    if not cover:
        assert not share.any()


def test_exposure_waves_and_droplets_change_the_picture_and_not_the_truth_of_a_dark_sky():
    plain = small(clouds=BROKEN)
    moved = small(clouds=BROKEN, exposure_s=40.0, waves=Waves(1.5, 0.3, 40.0), droplets=8.0)
    assert not torch.equal(plain.pictures, moved.pictures)
    assert not moved.seen.visibility.any() and not moved.form.any()
    # green airglow lifts green most
    lift = (moved.pictures.float() - plain.pictures.float()).mean((0, 2, 3))
    assert lift[1] > lift[0] and lift[1] > lift[2]


def test_a_corona_brightens_cloud_near_the_moon_alone():
    moonlit = datetime(2025, 1, 13, 5, tzinfo=UTC)
    thin = (CloudLayer("cirrus", 1.0, 0.6),)
    # a fixed and short exposure: metering would darken the rest of the picture, and a long one burns the ring out
    fixed = replace(AURORAMAX_2018, look=replace(AURORAMAX_2018.look, metering=0.0, exposure=1e5))
    plain, crowned = (small(start=moonlit, clouds=thin, droplets=d, camera=fixed) for d in (0.0, 8.0))
    place = sun_and_moon(pd.DatetimeIndex([moonlit]), SITE).iloc[0]
    grid = make_grid(AURORAMAX_2018, TRAINING.grid)
    towards = torch.as_tensor(direction(place["moon_altitude"], place["moon_azimuth"]), dtype=torch.float32)
    cosine = grid.east * towards[0] + grid.north * towards[1] + grid.up * towards[2]
    lift = torch.nn.functional.avg_pool2d(crowned.pictures.float() - plain.pictures.float(), 2)[0].sum(0)
    ring = (cosine < np.cos(np.radians(3))) & (cosine > np.cos(np.radians(7))) & grid.inside
    far = (cosine < np.cos(np.radians(25))) & grid.inside
    assert lift[ring].mean() > 5 and abs(float(lift[far].mean())) < 1
