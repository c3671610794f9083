"""Aurora as light from a volume, against geometry and closed formulas."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from aurora_gradcam.simulation import aurora, emission
from aurora_gradcam.simulation import precipitation as maps
from aurora_gradcam.simulation.activity import living
from aurora_gradcam.simulation.camera import AURORAMAX_2018, direction, make_grid, project
from aurora_gradcam.simulation.detail import TRAINING
from aurora_gradcam.simulation.plan import FORMS, Episode

ZENITH = (81.3, 195.4)
GRID = make_grid(AURORAMAX_2018, TRAINING.grid)
DRAWN = [form for form in FORMS if form != "none"]


@cache
def night(seed: int = 1) -> aurora.Aurora:
    return aurora.make_aurora(GRID, TRAINING, ZENITH, torch.Generator().manual_seed(seed))


def minutes(*values: float) -> torch.Tensor:
    return torch.tensor(values)


def everywhere(monkeypatch: pytest.MonkeyPatch, drawn=lambda x, y: torch.ones_like(x)) -> None:
    """Let the same map fall for every episode; x, y are km to the magnetic east and north."""

    def precipitation(fields, episode, times, exposure_s):
        return drawn(fields.east, fields.north).expand(len(times), -1, -1)

    monkeypatch.setattr(aurora, "exposed", precipitation)


def at(altitude: float, azimuth: float) -> tuple[int, int]:
    """Row and column of a direction."""
    x, y = project(AURORAMAX_2018, altitude, azimuth, TRAINING.grid)
    return round(float(y)), round(float(x))


def test_an_even_sheet_has_its_strength_in_the_zenith(monkeypatch):
    everywhere(monkeypatch)
    light = aurora.light(night(), (Episode("arc", 0, 30, 10.0, red=0.2, purple=0.3),), minutes(10))[0]
    column = torch.tensor(emission.strengths(0.2, 0.3)) @ torch.tensor(emission.COLOURS)
    row, column_at = at(90, 0)
    assert light[:, row, column_at].tolist() == pytest.approx((10 * 61 * column).tolist(), rel=0.02)


@pytest.mark.parametrize("altitude", [60, 40, 25, 15])
def test_an_even_sheet_brightens_towards_the_horizon_as_van_rhijn_says(monkeypatch, altitude):
    everywhere(monkeypatch)
    green = aurora.light(night(), (Episode("arc", 0, 30, 10.0),), minutes(10))[0, 1]
    row, column = at(altitude, 100)
    up = float(GRID.up[row, column])
    height = 118.0
    rhijn = 1 / np.sqrt(1 - (1 - up**2) * (6371 / (6371 + height)) ** 2)
    extinction = 10 ** (-0.4 * aurora.EXTINCTION * (1 / up - 1))
    zenith = float(green[at(90, 0)])
    assert float(green[row, column]) / zenith == pytest.approx(rhijn * extinction, rel=0.06)


def test_a_thin_column_lies_between_its_foot_and_the_magnetic_zenith(monkeypatch):
    # one field line 90 km to the magnetic west: its light must lie on the great circle from foot to magnetic zenith
    everywhere(monkeypatch, lambda x, y: torch.exp(-((x + 90) ** 2 + y**2) / 8.0**2))
    light = aurora.light(night(), (Episode("corona", 0, 30, 10.0, red=1.0),), minutes(10))[0].sum(0)
    up_the_field = direction(*ZENITH)
    lit = (light > 0.15 * light.max()) & GRID.inside
    directions = torch.stack([GRID.east, GRID.north, GRID.up])[:, lit].numpy()
    weights = light[lit].numpy()
    # the plane through all of them: its normal is the direction of least spread
    spread = (directions * weights) @ directions.T / weights.sum()
    normal = np.linalg.eigh(spread)[1][:, 0]
    assert abs(np.degrees(np.arcsin(normal @ up_the_field))) < 1.5
    assert np.degrees(np.arcsin(np.abs(normal @ directions))).max() < 6


def test_lines_of_sight_follow_the_field_only_in_the_magnetic_zenith():
    places = night().places.reshape(TRAINING.heights, TRAINING.grid, TRAINING.grid, 2)
    spread = (places[-1] - places[0]).norm(dim=-1)
    spread[~GRID.inside] = 9
    row, column = divmod(int(spread.argmin()), TRAINING.grid)
    x, y = project(AURORAMAX_2018, *ZENITH, TRAINING.grid)
    assert (column, row) == pytest.approx((float(x), float(y)), abs=1.5)


def test_red_stands_above_green_and_pink_below(monkeypatch):
    # an arc 300 km to the magnetic north, seen from the side
    everywhere(monkeypatch, lambda x, y: torch.exp(-(((y - 300) / 12.0) ** 2)))
    north = [at(altitude, 15.4) for altitude in range(9, 60)]
    heights = []
    for colour in range(4):
        alone = tuple(float(k == colour) for k in range(4))
        monkeypatch.setattr(emission, "strengths", lambda *shares, alone=alone: alone)
        drawn = aurora.make_aurora(GRID, TRAINING, ZENITH, torch.Generator().manual_seed(1))
        light = aurora.light(drawn, (Episode("arc", 0, 30, 10.0),), minutes(10))[0].sum(0)
        heights.append(9 + int(np.argmax([float(light[place]) for place in north])))
    green, red, _, pink = heights
    # 111 and 235 km high at a distance of 300 km: about 19 and 36 degrees
    assert green == pytest.approx(np.degrees(np.arctan2(111, 300)), abs=3)
    assert red == pytest.approx(np.degrees(np.arctan2(235, 300)), abs=4)
    assert pink <= green


def test_profiles_peak_where_they_were_measured():
    heights = torch.linspace(90, 400, 3101)
    green, red, blue, pink = (float(heights[int(profile.argmax())]) for profile in emission.profiles(heights, 0.2))
    assert green == pytest.approx(112, abs=4) and blue == pytest.approx(110, abs=4)
    assert red == pytest.approx(235, abs=1) and 95 < pink < 103


def test_a_kilorayleigh_is_61_nanolambert():
    photons = 1e9 / (4 * np.pi) * 1e4  # per m2 and s and sr
    energy = 6.62607015e-34 * 299792458 / 557.7e-9
    candela = photons * energy * 683 * 0.9985  # luminous efficiency at 557.7 nm, CIE 1924
    assert candela / (1e-5 / np.pi) == pytest.approx(emission.NANOLAMBERT, rel=0.01)


@pytest.mark.parametrize("form", DRAWN)
def test_every_form_draws_light_near_its_strength(form):
    brightest = []
    for seed in range(6):
        light = aurora.light(night(seed), (Episode(form, 0, 30, 20.0, red=0.1),), minutes(6.0, 12.0))
        assert torch.isfinite(light).all() and light.min() >= 0
        brightest.append(float(light[:, 1, GRID.inside].max()) / (20 * 61))
    # seen from the side a sheet is brighter than along the zenith; pulsation and weak places make it fainter
    assert 0.3 < np.median(brightest) < 4


def test_the_map_is_about_one_where_it_is_brightest():
    for form in DRAWN:
        brightest = [
            float(maps.precipitation(night(seed).fields, Episode(form, 0, 30, 1.0), minutes(9.0)).max())
            for seed in range(16)
        ]
        assert np.median(brightest) == pytest.approx(1, rel=0.35), form


def test_an_episode_rises_and_falls_within_its_minutes():
    episode = Episode("arc", 5, 15, 10.0)
    values = aurora.level(episode, minutes(4.9, 5.0, 5.6, 10.0, 14.4, 15.0, 20.0))
    assert values.tolist() == pytest.approx([0, 0, 0.5, 1, 0.5, 0, 0], abs=1e-5)
    assert not aurora.light(night(), (episode,), minutes(4.0, 16.0)).any()


def test_light_adds_up_over_episodes_and_batches():
    first, second = Episode("rays", 0, 9, 20.0), Episode("patchy", 5, 30, 8.0, pulsation=0.5)
    times = minutes(3.0, 7.0, 12.0)
    both = aurora.light(night(), (first, second), times)
    alone = aurora.light(night(), (first,), times)
    other = aurora.light(night(), (second,), times)
    assert torch.allclose(both, alone + other, rtol=1e-4, atol=1e-2)
    for k in range(3):
        single = aurora.light(night(), (first, second), times[k : k + 1])
        assert torch.allclose(both[k : k + 1], single, rtol=1e-4, atol=1e-2)


def test_the_same_seed_gives_the_same_aurora_and_it_moves():
    episode = Episode("band", 0, 30, 20.0)
    again = aurora.make_aurora(GRID, TRAINING, ZENITH, torch.Generator().manual_seed(1))
    light = aurora.light(night(), (episode,), minutes(5.0, 5.1, 9.0))
    assert torch.equal(light, aurora.light(again, (episode,), minutes(5.0, 5.1, 9.0)))
    soon, late = ((light[0] - light[k]).abs().mean() / light[0].mean() for k in (1, 2))
    assert 0 < soon < 0.5 * late


def test_the_map_is_bent_without_being_torn():
    # a flow without sources keeps areas: its divergence is small beside its gradients
    flow = night().fields.flow
    across = torch.roll(flow, -1, 2) - torch.roll(flow, 1, 2)
    down = torch.roll(flow, -1, 1) - torch.roll(flow, 1, 1)
    divergence = across[0] + down[1]
    assert divergence.std() < 0.02 * across.std()


def test_aurora_of_the_red_line_alone_has_no_green_and_stands_high(monkeypatch):
    red_alone = Episode("arc", 0, 30, 10.0, red=1.0, green=0.0)
    light = aurora.light(night(), (red_alone,), minutes(10))[0]
    lit = light[0] > 0.05 * light[0].max()
    red, green, blue = emission.COLOURS[1]
    # what filters let through of the red line, and nothing of any other
    assert (light[1][lit] / light[0][lit]).numpy() == pytest.approx(green / red, rel=1e-3)
    assert (light[2][lit] / light[0][lit]).numpy() == pytest.approx(blue / red, rel=1e-3)
    # 300 km to the north its middle is seen at atan(235 / 300), 38 degrees, where green would be at 20
    everywhere(monkeypatch, lambda x, y: torch.exp(-(((y - 300) / 12.0) ** 2)))
    light = aurora.light(night(), (red_alone,), minutes(10))[0, 0]
    altitudes = list(range(9, 70))
    highest = altitudes[int(np.argmax([float(light[at(altitude, 15.4)]) for altitude in altitudes]))]
    assert highest == pytest.approx(np.degrees(np.arctan2(235, 300)), abs=4)


def test_striations_only_darken_and_a_wider_veil_covers_more():
    plain = Episode("diffuse", 0, 30, 10.0)
    striated = replace(plain, striations=0.9)
    before, after = (maps.precipitation(night().fields, episode, minutes(9.0))[0] for episode in (plain, striated))
    assert (after <= before + 1e-6).all() and (after >= 0.1 * before - 1e-6).all()
    seen = before > 0.3 * before.max()
    ratio = (after / before)[seen]
    assert ratio.max() > 0.9 and ratio.min() < 0.3
    wide = maps.precipitation(night().fields, replace(plain, extent=6.0), minutes(9.0))[0]
    assert (wide > 0.2).float().mean() > 1.5 * (before > 0.2).float().mean()


def test_the_parts_of_the_light_add_up_to_all_of_it():
    episodes = (Episode("rays", 0, 30, 20.0), Episode("diffuse", 40, 50, 9.0), Episode("arc", 0, 30, 8.0))
    light, parts = aurora.light_by_episode(night(), episodes, minutes(7.0, 9.0))
    assert torch.allclose(parts.sum(0), light.sum(1), rtol=1e-4, atol=1e-2)
    assert not parts[1].any() and parts[0].any() and parts[2].any()


def test_a_living_aurora_changes_little_within_six_seconds():
    episode = living(np.random.default_rng(5), Episode("band", 0, 1, 20.0), 0.0, 60.0)
    light = aurora.light(night(), (episode,), minutes(20.0, 20.1, 20.2, 35.0))
    steps = [float((light[k] - light[0]).abs().mean() / light[0].mean()) for k in (1, 2, 3)]
    assert 0 < steps[0] < steps[1] < steps[2] and steps[0] < 0.08
