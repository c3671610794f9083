"""Webs, creatures, frost flowers, dew and condensation on the dome."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from aurora_gradcam.simulation import dome, films
from aurora_gradcam.simulation.camera import AURORAMAX_2018
from aurora_gradcam.simulation.equipment import Equipment, Films
from aurora_gradcam.simulation.plan import Surroundings, Weather

SIZE, CLEAR = 240, Weather()
STEP = (torch.arange(SIZE) + 0.5) * 2 / SIZE - 1
MIDDLE = torch.hypot(STEP[None, :], STEP[:, None]) < 0.85
KINDS = {
    "web": Films(seed=3, web=0.8),
    "flowers": Films(seed=3, flowers=0.6),
    "creatures": Films(seed=3, creatures=3),
    "dew": Films(seed=3, dew=0.7),
    "ring": Films(seed=3, ring=0.8),
}


def made(layers: Films, weather: Weather = CLEAR) -> dome.Dome:
    lens = replace(AURORAMAX_2018, equipment=Equipment(films=layers))
    nothing = Surroundings(seed=1, trees=0.0)
    return dome.make_dome(lens, SIZE, weather, nothing, torch.Generator().manual_seed(0))


def sky(level: float = 200.0) -> torch.Tensor:
    right = torch.linspace(0.5, 1.5, SIZE)
    return level * right.expand(1, 3, SIZE, SIZE)


@pytest.mark.parametrize("kind", KINDS)
def test_each_changes_part_of_the_picture_and_the_same_seed_the_same_part(kind):
    plain, covered = made(Films()), made(KINDS[kind])
    light = sky()
    ambient = light.mean((2, 3), keepdim=True)
    bare, shown = dome.through(plain, light, ambient), dome.through(covered, light, ambient)
    assert torch.isfinite(shown).all() and (shown >= 0).all()
    changed = ((shown - bare).abs() > 2).any(1).float().mean()
    assert 0.002 < float(changed) < 0.99
    assert torch.equal(shown, dome.through(made(KINDS[kind]), light, ambient))
    other = dome.through(made(replace(KINDS[kind], seed=4)), light, ambient)
    assert not torch.equal(shown, other)
    assert not covered.clean and plain.clean


@pytest.mark.parametrize("kind", ["web", "flowers", "creatures", "ring"])
def test_what_hides_the_sky_is_no_open_sky(kind):
    hidden, bare = made(KINDS[kind]).open_sky(SIZE)[MIDDLE], made(Films()).open_sky(SIZE)[MIDDLE]
    assert (bare == 1).all()
    assert float(hidden.min()) < 0.6 and float(hidden.max()) > 0.9


def test_more_grows_over_more_of_the_dome():
    shares = [float(films.films_on(Films(seed=1, flowers=amount), SIZE)[0].cover.mean()) for amount in (0.1, 0.5, 1.0)]
    assert shares[0] < shares[1] < shares[2]
    wet = [float(films.dew_on(Films(seed=1, dew=amount), SIZE)[3].mean()) for amount in (0.1, 0.5, 1.0)]
    assert wet[0] < wet[1] < wet[2]


def test_dew_bends_light_but_neither_adds_nor_takes_much():
    even = torch.full((1, 3, SIZE, SIZE), 300.0)
    shown = dome.through(made(KINDS["dew"]), even, even.mean((2, 3), keepdim=True))[:, :, MIDDLE]
    assert float(shown.mean()) == pytest.approx(300, rel=0.1)
    assert float(shown.std()) > 5


def test_lamps_make_threads_brighter_than_the_sky():
    light = sky()
    ambient = light.mean((2, 3), keepdim=True)
    dim, bright = (dome.through(made(replace(KINDS["web"], lit=lit)), light, ambient).sum() for lit in (0.5, 5.0))
    assert bright > dim


def test_drops_of_rain_leave_no_room_for_dew():
    rain = Weather(drops=0.5)
    wet, both = made(Films(), rain), made(KINDS["dew"], rain)
    assert torch.equal(wet.drops, both.drops)
