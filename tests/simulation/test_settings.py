"""What training nights are like: shares, sites from pole to equator, and skies without aurora that look like it."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
import torch

from aurora_gradcam.simulation import settings, skies

DRAWN = [settings.random_setting(np.random.default_rng([11, number])) for number in range(3000)]


def test_every_setting_comes_at_its_share_and_with_its_share_of_aurora():
    assert sum(share for share, _ in settings.SHARES.values()) == pytest.approx(1)
    for name, (share, aurora) in settings.SHARES.items():
        drawn = [setting for setting in DRAWN if setting.name == name]
        assert len(drawn) / len(DRAWN) == pytest.approx(share, abs=0.03)
        assert np.mean([setting.aurora for setting in drawn]) == pytest.approx(aurora, abs=0.12)


def test_sites_without_aurora_lie_from_pole_to_equator_and_those_with_it_do_not():
    latitudes = {
        aurora: np.abs([setting.latitude for setting in DRAWN if setting.aurora is aurora]) for aurora in (True, False)
    }
    assert latitudes[True].min() >= 30 and np.mean(latitudes[True] >= 50) == pytest.approx(0.9, abs=0.03)
    assert latitudes[False].min() < 3 and latitudes[False].max() > 75
    assert np.mean(latitudes[False] < 30) > 0.2


@pytest.mark.parametrize("latitude", [0.0, 25.0, -60.0, 85.0])
def test_no_body_of_the_solar_system_stands_higher_than_its_declination_allows(latitude):
    generator = np.random.default_rng(3)
    setting = next(setting for setting in DRAWN if setting.name == "natural" and setting.aurora)
    setting = settings.replace(setting, latitude=latitude, sun=None, moon=None)
    places = [skies.random_places(generator, 4, setting) for _ in range(300)]
    highest = 90 - max(0.0, abs(latitude) - 28.5)
    # the Moon moves by a few degrees within the hour
    assert max(at.moon_altitude.max() for at in places) < highest + 7
    assert max(at.planets_altitude.max() for at in places) <= highest + 1.5
    assert max(at.sun_altitude.max() for at in places) < 0


@pytest.mark.parametrize(
    ("name", "sun", "moon"),
    [("smeared cloud", -16, (-60, 1)), ("moonlit cloud", -6, (2, 85)), ("airglow", -12, (-60, 1))],
)
def test_a_setting_has_sun_and_moon_where_it_needs_them(name, sun, moon):
    generator = np.random.default_rng(4)
    for setting in [setting for setting in DRAWN if setting.name == name][:60]:
        at = skies.random_places(generator, 4, setting)
        assert at.sun_altitude.max() < sun + 4
        assert moon[0] < at.moon_altitude.min() and at.moon_altitude.max() < moon[1] + 7


def test_what_is_mistaken_for_aurora_has_what_it_is_mistaken_for():
    for setting in DRAWN:
        if setting.name == "smeared cloud":
            assert setting.exposure_s >= 12 and all(0.2 <= layer.cover <= 0.8 for layer in setting.clouds)
            assert setting.clouds
        if setting.name == "airglow":
            assert 20 <= setting.waves.wavelength <= 100
        if setting.name == "milky way":
            assert not setting.aurora and abs(setting.latitude) <= 45
        assert setting.exposure_s == 0 or 1 <= setting.exposure_s <= 60
        assert all(layer.depth > 0 for layer in setting.clouds)


def test_a_night_without_aurora_has_none_in_its_truth():
    without = [number for number in range(60) if not settings.random_setting(np.random.default_rng([5, number])).aurora]
    for number in without[:4]:
        night = skies.one_night(number, 5)
        assert not night.visibility.any() and not night.form.any() and not night.mask.any()
        assert (night.strength == night.strength[0]).all() and torch.isfinite(night.strength).all()


def _drawn(number: int) -> tuple[bytes, bytes]:
    torch.set_num_threads(1)
    night = skies.one_night(number, 5)
    return night.pictures.numpy().tobytes(), night.strength.numpy().tobytes()


def test_the_same_seed_gives_the_same_bytes_in_one_process_or_two():
    numbers = range(4)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        apart = list(pool.map(_drawn, numbers))
    assert apart == [_drawn(number) for number in numbers]
