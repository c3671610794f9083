"""Hot pixels, banding and glow: their number, deviation and place."""

from __future__ import annotations

import pytest
import torch

from aurora_gradcam.simulation import faults
from aurora_gradcam.simulation.equipment import Faults

SIZE = 240


def added(fault: Faults, number: int = 0, grey: bool = False, level: float = 60.0) -> torch.Tensor:
    picture = torch.full((3, SIZE, SIZE), level)
    made = faults.pattern(fault, SIZE, grey, SIZE)
    return faults.add_faults(picture, fault, made, number) - level


@pytest.mark.parametrize("grey", [False, True])
def test_as_many_pixels_are_hot_as_stated_and_always_the_same(grey):
    fault = Faults(seed=3, hot=1e-3)
    hot = added(fault, grey=grey)
    assert int((hot.abs().amax(0) > 0).sum()) == round(1e-3 * SIZE**2)
    assert (hot >= 0).all()
    assert torch.equal(hot, added(fault, number=9, grey=grey))
    assert bool((hot[0] == hot[1]).all() and (hot[0] == hot[2]).all()) is grey
    assert not torch.equal(hot, added(Faults(seed=4, hot=1e-3), grey=grey))


def test_hot_pixels_of_a_finer_original_are_averaged_away():
    fine, coarse = (faults.pattern(Faults(hot=1e-3), SIZE, True, finest).levels.mean() for finest in (720, SIZE))
    assert float(fine) < 0.5 * float(coarse)


def test_rows_and_columns_have_the_stated_deviation():
    rows = added(Faults(seed=1, rows=2.0))
    assert float(rows[0, :, 0].std()) == pytest.approx(2.0, rel=0.15)
    assert float(rows.std(2).max()) < 1e-4
    columns = added(Faults(seed=1, columns=3.0))
    assert float(columns[0, 0].std()) == pytest.approx(3.0, rel=0.15)
    # rows are read anew in every picture, columns stay
    assert not torch.equal(rows, added(Faults(seed=1, rows=2.0), number=1))
    assert torch.equal(columns, added(Faults(seed=1, columns=3.0), number=1))


def test_interference_has_its_period_and_amplitude():
    wave = added(Faults(seed=2, wave=4.0, period=12.0))[0, :, 0]
    spectrum = torch.fft.rfft(wave).abs()
    assert int(spectrum[1:].argmax()) + 1 == SIZE / 12
    assert float(wave.max()) == pytest.approx(4.0, rel=0.05)


@pytest.mark.parametrize(("corner", "row", "column"), [(0, 0, 119), (90, 119, 239), (180, 239, 119), (270, 119, 0)])
def test_the_amplifier_glows_at_its_side(corner, row, column):
    glow = added(Faults(glow=40.0, corner=float(corner)))[0]
    assert float(glow[row, column]) > 0.95 * float(glow.max())
    assert float(glow[239 - row, 239 - column]) < 0.05 * float(glow.max())


def test_levels_stay_in_range():
    fault = Faults(seed=5, hot=0.01, rows=20.0, glow=300.0)
    made = faults.pattern(fault, SIZE, False, SIZE)
    for level in (0.0, 250.0):
        shown = faults.add_faults(torch.full((3, SIZE, SIZE), level), fault, made, 0)
        assert float(shown.min()) >= 0 and float(shown.max()) <= 255
