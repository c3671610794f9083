"""What stands around the simulated dome and lies on it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from aurora_gradcam.simulation import dome, horizon
from aurora_gradcam.simulation.camera import AURORAMAX_2018, AURORAMAX_2024
from aurora_gradcam.simulation.deposits import dust_on, snow_on
from aurora_gradcam.simulation.plan import Surroundings, Weather

CLEAR, NOTHING = Weather(), Surroundings(seed=1, trees=0.0)
SIZE = 240


def radius(size: int) -> torch.Tensor:
    step = (torch.arange(size) + 0.5) * 2 / size - 1
    return torch.hypot(step[None, :], step[:, None])


def made(weather: Weather, surroundings: Surroundings = NOTHING, seed: int = 0, size: int = SIZE) -> dome.Dome:
    return dome.make_dome(AURORAMAX_2018, size, weather, surroundings, torch.Generator().manual_seed(seed))


def sky(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    light = 200 + 100 * torch.rand(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(seed))
    return light, light.mean((2, 3), keepdim=True)


@pytest.mark.parametrize("seed", range(12))
def test_silhouettes_stay_in_the_outer_part(seed: int) -> None:
    around = Surroundings(seed=seed, trees=0.6, buildings=0.1, poles=4, lamps=2, hills=0.4)
    passes = horizon.silhouettes(AURORAMAX_2018, SIZE, around)
    assert passes.shape == (SIZE, SIZE)
    assert float(passes.min()) >= 0
    assert float(passes.max()) <= 1
    assert (passes[radius(SIZE) < 0.78] == 1).all()
    ring = (radius(SIZE) > 0.97) & (radius(SIZE) < 1)
    assert float(passes[ring].mean()) < 0.9


def test_silhouettes_are_deterministic_and_scale() -> None:
    around = Surroundings(seed=7, trees=0.5, buildings=0.1, hills=0.3)
    first = horizon.silhouettes(AURORAMAX_2018, SIZE, around).clone()
    horizon._silhouettes.cache_clear()
    assert torch.equal(first, horizon.silhouettes(AURORAMAX_2018, SIZE, around))
    assert not torch.equal(first, horizon.silhouettes(AURORAMAX_2018, SIZE, replace(around, seed=8)))
    inside = radius(120) < 1
    large = horizon.silhouettes(AURORAMAX_2018, 720, around)
    small = torch.nn.functional.avg_pool2d(large[None, None], 6)[0, 0]
    half = torch.nn.functional.avg_pool2d(first[None, None], 2)[0, 0]
    assert float((small - half)[inside].abs().mean()) < 0.02


def test_ground_hides_what_lies_below_the_horizon() -> None:
    wide = replace(AURORAMAX_2018, scale=0.6, cubic=0.0, tilt=0.0)
    passes = horizon.silhouettes(wide, SIZE, NOTHING)
    at = 0.6 * torch.pi / 2  # the horizon's distance, equidistant
    assert (passes[radius(SIZE) < at - 0.02] == 1).all()
    assert (passes[(radius(SIZE) > at + 0.02) & (radius(SIZE) < 1)] == 0).all()


def test_lamps_sit_at_the_rim_and_glare() -> None:
    light = horizon.lamps(SIZE, Surroundings(seed=3, lamps=3))
    assert light.shape == (3, SIZE, SIZE)
    brightest = light.sum(0).flatten().argmax()
    assert 0.88 < float(radius(SIZE).flatten()[brightest]) < 1
    assert float(light.amax()) > 100 * float(light[:, 120, 120].max())
    assert float(horizon.lamps(SIZE, NOTHING).sum()) == 0


def test_a_clean_dome_only_dims_by_dust() -> None:
    light, ambient = sky()
    clean = made(CLEAR)
    assert (clean.snow, clean.frost, clean.drops, clean.lamps) == (None, None, None, None)
    seen = dome.through(clean, light, ambient)
    middle = radius(SIZE) < 0.9
    assert float((seen / light)[:, :, middle].min()) > 0.85
    assert float((seen / light)[:, :, middle].mean()) == pytest.approx(1, abs=0.03)
    assert float(dust_on(SIZE, torch.Generator().manual_seed(1)).max()) <= 1


@pytest.mark.parametrize("amount", [0.1, 0.35, 0.7])
def test_snow_covers_the_stated_share(amount: float) -> None:
    snow = snow_on(SIZE, amount, torch.Generator().manual_seed(4))
    inside = radius(SIZE) <= 1
    assert float((snow.cover[inside] > 0.5).float().mean()) == pytest.approx(amount, abs=0.01)
    assert float(made(Weather(snow=1.0)).open_sky(60).max()) == 0


def test_snow_hides_the_sky_and_shines_by_ambient_light() -> None:
    light, ambient = sky()
    snowy = made(Weather(snow=0.5))
    buried = snowy.snow.cover >= 1
    seen, other = dome.through(snowy, light, ambient), dome.through(snowy, light.flip(-1), ambient)
    torch.testing.assert_close(seen[:, :, buried], other[:, :, buried])
    brighter = dome.through(snowy, light, 2 * ambient)
    torch.testing.assert_close(brighter[:, :, buried], 2 * seen[:, :, buried])


def test_frost_lowers_contrast_and_colour() -> None:
    light, ambient = sky()
    light[:, 1] *= 2
    ambient = light.mean((2, 3), keepdim=True)
    middle = radius(SIZE) < 0.7
    spread, colour = [], []
    for amount in (0.0, 0.3, 0.7):
        seen = dome.through(made(Weather(frost=amount)), light, ambient)[:, :, middle]
        spread.append(float(seen[:, 0].std()))
        colour.append(float(seen[:, 1].mean() / seen[:, 0].mean()))
    assert spread[0] > spread[1] > spread[2]
    assert colour[0] > colour[1] > colour[2] > 1


def test_drops_show_the_sky_elsewhere_and_leave_the_rest() -> None:
    light, ambient = sky()
    light[:, :, : SIZE // 2] = 900.0
    wet, dry = made(Weather(drops=0.6)), made(CLEAR)
    away = wet.drops[3] == 0
    assert 0.01 < float((wet.drops[3] > 0.5).float().mean()) < 0.3
    difference = dome.through(wet, light, ambient) - dome.through(dry, light, ambient)
    torch.testing.assert_close(difference[:, :, away], torch.zeros_like(difference[:, :, away]))
    assert float(difference[:, :, ~away].abs().mean()) > 5
    even = torch.full_like(light, 300.0)
    middle = radius(SIZE) < 0.9
    shown = (dome.through(wet, even, ambient) / dome.through(dry, even, ambient))[:, :, middle]
    # brighter in the middle, darker at the rim
    assert float(shown.max()) > 1.05
    assert float(shown.min()) < 0.9


def test_open_sky_is_the_mean_over_area() -> None:
    around = Surroundings(seed=7, trees=0.7)
    wooded = made(Weather(snow=0.3), around)
    fine = wooded.standing * (1 - wooded.snow.cover)
    expected = fine.reshape(120, 2, 120, 2).mean((1, 3))
    torch.testing.assert_close(wooded.open_sky(120), expected)
    assert float(made(CLEAR).open_sky(60)[30, 30]) == 1
    assert float(made(Weather(frost=0.6)).open_sky(60).mean()) < float(made(Weather(frost=0.2)).open_sky(60).mean())


def test_dome_is_the_same_for_the_same_seed() -> None:
    weather, around = Weather(0.2, 0.2, 0.3), Surroundings(seed=4, lamps=2)
    light, ambient = sky()
    first, second, third = (dome.through(made(weather, around, seed), light, ambient) for seed in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, third)
    assert torch.isfinite(first).all()
    assert float(first.min()) >= 0


def test_2024_lens_reaches_past_the_circle() -> None:
    assert AURORAMAX_2024.edge > AURORAMAX_2018.edge > 1
