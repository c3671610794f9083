"""Aurora that lives: its law rises with Kp, its strength is continuous, and a night hangs on its seed alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aurora_gradcam.simulation import activity, draw
from aurora_gradcam.simulation.plan import Episode
from aurora_gradcam.simulation.precipitation import FAINTEST, north_at, strength_at

FRAME = 0.1
"""Minutes between two frames of a video."""


def night(seed: int, level: float = 0.7, minutes: float = 120.0) -> tuple[activity.Activity, tuple[Episode, ...]]:
    generator = np.random.default_rng(seed)
    drawn = activity.night_activity(generator, minutes, level)
    return drawn, activity.aurora_of(generator, drawn, 40.0)


def summed(episodes: tuple[Episode, ...], minutes: np.ndarray) -> np.ndarray:
    """Kilorayleigh of all episodes together."""
    clock = torch.as_tensor(minutes)
    return sum(strength_at(episode, clock).numpy() for episode in episodes)


def test_the_law_rises_with_kp_at_every_hour_and_with_the_index():
    kp = np.linspace(0, 9, 91)
    for hour in range(24):
        index = activity.index_of(kp, hour)
        # the greatest storms reach the end of the scale; there is nothing below its beginning
        assert (np.diff(index)[index[1:] < 1] > 0).all() and index[kp <= 5].max() < 1
        assert index.min() > 0 and index.max() <= 1
    assert (np.diff(activity.log_kilorayleigh(np.linspace(0, 1, 50))) > 0).all()
    assert activity.log_kilorayleigh(np.array([-1.0, 0.0, 1.0, 2.0])).tolist() == [-1.3, -1.3, 2.5, 2.5]
    assert activity.index_of(3.0, 23.0) > activity.index_of(3.0, 11.0)


def test_a_substorm_has_the_strength_that_the_law_says():
    # averaged over magnetic local time
    for kp, kilorayleigh in ((0.0, 0.6), (2.0, 15.0), (5.0, 132.0)):
        decades = activity.log_kilorayleigh(activity.index_of(kp, np.arange(24)))
        assert decades.mean() == pytest.approx(np.log10(kilorayleigh), abs=0.01)


def test_quiet_arcs_lie_evenly_over_the_oval():
    generator = np.random.default_rng(1)
    drawn = activity.night_activity(generator, 12.0, 0.6)
    episodes = activity.aurora_of(generator, drawn, 100.0, breadth_km=800.0, arcs=4)
    first = [episode.path[0][1] for episode in episodes[1:5]]
    assert np.allclose(first, [-200, 0, 200, 400], atol=3 * activity.WANDER_KM)
    assert len(activity.aurora_of(np.random.default_rng(1), drawn, 100.0)) == len(episodes) - 3


def test_hemispheric_power_is_that_of_zhang_and_paxton():
    # their figure 8: some 5 GW in quiet times, 70 GW at Kp 5 where the two branches meet, 345 GW at Kp 9
    assert activity.hemispheric_power(np.array([0.0, 5.0, 9.0])) == pytest.approx([4.7, 69.4, 345.0], rel=0.01)
    assert activity.hemispheric_power(5.0001) == pytest.approx(activity.hemispheric_power(5.0), rel=0.01)


@pytest.mark.parametrize("kp", [1.0, 3.0, 5.0, 7.0])
def test_the_oval_has_two_edges_and_grows_towards_the_equator(kp):
    hours = np.arange(0, 24, 0.5)
    poleward, equatorward = activity.oval(kp, hours)
    assert (poleward > equatorward).all() and poleward.max() < 85
    # further out at midnight than at noon, and further with every step of Kp
    assert equatorward[0] < equatorward[24] - 3
    assert (activity.oval(kp + 1, hours)[1] < equatorward).mean() > 0.9


def test_the_oval_of_a_common_midnight_stands_over_yellowknife():
    # 69 degrees of corrected geomagnetic latitude; under the discrete oval at Kp 2 to 4 (Feldstein & Starkov 1967,
    # Planet. Space Sci. 15, 209)
    for kp in (2.0, 3.0, 4.0):
        poleward, equatorward = activity.oval(kp, np.array([23.5]))
        assert equatorward[0] < 69 < poleward[0]


def test_the_same_seed_gives_the_same_night_and_another_does_not():
    assert night(4) == night(4)
    assert night(4)[0] != night(5)[0]


@pytest.mark.parametrize("seed", range(6))
def test_strength_moves_continuously_from_frame_to_frame(seed):
    drawn, episodes = night(seed)
    minutes = np.arange(0, 120, FRAME)
    assert ((np.array(drawn.index) >= 0) & (np.array(drawn.index) <= 1)).all()
    steps = np.diff(np.log10(summed(episodes, minutes).clip(10**FAINTEST)))
    # a break-up brightens by half within six seconds at most, and mostly little changes
    assert np.abs(steps).max() < 0.18
    assert np.median(np.abs(steps)) < 0.02
    for episode in episodes:
        # nothing is switched on or off: every course begins and ends far below what is visible
        own = strength_at(episode, torch.tensor([episode.start, episode.end - 1e-3]))
        assert own.max() < 0.3 * episode.strength
        assert strength_at(episode, torch.tensor([episode.start])).item() < 0.35
        places = torch.as_tensor(np.arange(episode.start, episode.end, FRAME))
        if episode.path:
            assert np.abs(np.diff(north_at(episode, places).numpy())).max() < 8.0


def test_a_more_active_night_is_brighter_at_every_minute():
    minutes = np.arange(0, 120, 1.0)
    faint, bright = (summed(night(3, level)[1], minutes) for level in (0.5, 0.7))
    assert (bright > faint).all()


def test_activity_rises_at_an_onset_and_decays_after_it():
    index = np.array([_about_onset(seed) for seed in range(40)]).mean(0)
    before, peak, after = index
    assert peak > before + 0.05 and peak > after + 0.1


def _about_onset(seed: int) -> list[float]:
    drawn = activity.night_activity(np.random.default_rng(seed), 400.0, 0.8)
    onset = next(minute for minute in drawn.onsets if minute > 60)
    return [float(drawn.at(onset + shift)) for shift in (-5.0, activity.EXPANSION, 90.0)]


def test_a_living_aurora_has_its_strength_on_the_average_of_the_logarithm():
    episode = activity.living(np.random.default_rng(1), Episode("arc", 0, 1, 12.0, north_km=90.0), 0.0, 60.0)
    clock = torch.linspace(0, 60, 121)
    assert strength_at(episode, clock).log10().mean().item() == pytest.approx(np.log10(12.0), abs=0.02)
    assert north_at(episode, torch.tensor([30.0])).item() == pytest.approx(90.0, abs=0.1)


def test_every_strength_is_drawn_from_below_the_visible_to_saturation():
    generator = np.random.default_rng(2)
    episodes = [draw.aurora(generator, 0.0, 60.0) for _ in range(400)]
    logarithms = np.log10([float(strength_at(episode, torch.tensor([30.0]))) for episode in episodes])
    counts, _ = np.histogram(logarithms, bins=[-0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5])
    # about even over three decades; both ends thin out
    assert (counts > 15).all() and counts[1:5].max() < 2 * counts[1:5].min()
    assert logarithms.max() <= activity.BRIGHTEST + 1e-6
