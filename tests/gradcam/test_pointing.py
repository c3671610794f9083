from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aurora_gradcam.corpus import archive
from aurora_gradcam.corpus.sky_circle import is_inside
from aurora_gradcam.gradcam import pointing

SIZE = 48


def box(rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros((1, SIZE, SIZE), dtype=bool)
    mask[0, rows, columns] = True
    return mask & is_inside(SIZE)


def known(count: int = 1) -> np.ndarray:
    return np.ones(count, dtype=bool)


@given(st.integers(0, 46), st.integers(0, 46), st.integers(2, 30))
def test_even_heat_over_the_circle_is_chance_whatever_the_mask(top, left, side):
    mask = box(slice(top, top + side), slice(left, left + side))
    even = is_inside(SIZE)[None].astype(np.float32)
    found = pointing.measures(even, mask, known())
    if mask.any():
        assert found["energy_over_area"][0] == pytest.approx(1)
        assert found["energy_in_mask"][0] == pytest.approx(found["mask_area"][0])
    else:
        assert found["mask_area"][0] == 0
        assert np.isnan([found[name][0] for name in ("energy_in_mask", "energy_over_area", "pointing_hit")]).all()


def test_all_heat_on_the_mask_is_one_over_its_area_and_all_beside_it_is_nothing():
    mask = box(slice(10, 30), slice(12, 20))
    share = 20 * 8 / is_inside(SIZE).sum()
    found = pointing.measures(np.concatenate([mask, ~mask]).astype(np.float32), np.repeat(mask, 2, 0), known(2))
    np.testing.assert_allclose(found["mask_area"], share)
    np.testing.assert_allclose(found["energy_in_mask"], [1, 0])
    np.testing.assert_allclose(found["energy_over_area"], [1 / share, 0])


def test_energy_is_weighed_by_heat_and_heat_outside_the_circle_counts_against():
    heat = np.zeros((1, SIZE, SIZE), np.float32)
    heat[0, 20, 20], heat[0, 30, 30], heat[0, 0, 0] = 0.5, 0.3, 0.2  # the last lies in a corner
    mask = box(slice(20, 21), slice(20, 21))
    assert pointing.energy_in_mask(heat, mask)[0] == pytest.approx(0.5)


@pytest.mark.parametrize(("column", "hit"), [(20, 1), (23, 1), (24, 0)])
def test_the_hottest_place_may_lie_fifteen_of_240_pixels_beside_the_mask(column, hit):
    mask = box(slice(20, 21), slice(10, 21))  # 15 / 240 of 48 pixels are 3
    heat = np.zeros((1, SIZE, SIZE), np.float32)
    heat[0, 20, column] = 1
    assert pointing.pointing_hit(heat, mask)[0] == hit


def test_equally_hot_places_hit_by_their_share_and_a_map_of_zeros_is_undefined():
    mask = box(slice(20, 21), slice(20, 21))
    heat = np.zeros((2, SIZE, SIZE), np.float32)
    heat[0, 20, [20, 22, 30, 40]] = 0.7
    found = pointing.pointing_hit(heat, np.repeat(mask, 2, 0))
    assert found[0] == 0.5 and np.isnan(found[1])
    assert np.isnan(pointing.energy_in_mask(heat, np.repeat(mask, 2, 0))[1])


def test_a_frame_of_unknown_truth_has_no_area_and_one_without_aurora_has_area_0():
    heat = np.ones((2, SIZE, SIZE), np.float32)
    found = pointing.measures(heat, np.zeros((2, SIZE, SIZE), bool), np.array([False, True]))
    np.testing.assert_array_equal(found["mask_area"], [np.nan, 0])
    assert np.isnan(found["energy_over_area"]).all()


def test_baselines_are_even_a_gaussian_of_half_a_radius_and_the_luma_of_the_picture():
    picture = np.zeros((SIZE, SIZE, 3), np.uint8)
    picture[10:20, 20:30] = (0, 200, 0)
    found = pointing.baselines([picture], SIZE)
    circle = is_inside(SIZE)
    assert tuple(found) == pointing.BASELINES
    for heat in found.values():
        assert heat.shape == (1, SIZE, SIZE) and heat.dtype == np.float32 and not heat[0][~circle].any()
    assert (found["uniform"][0][circle] == 1).all()
    row, column = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    gaussian = np.exp(-(row**2 + column**2) / (2 * (SIZE / 4) ** 2))
    np.testing.assert_allclose(found["centred_gaussian"][0], gaussian * circle, rtol=1e-5)
    expected = np.zeros((SIZE, SIZE))
    expected[10:20, 20:30] = 0.587 * 200 / 255  # BT.601's weight of green
    np.testing.assert_allclose(found["brightness"][0], expected, atol=1 / 255)


def test_brightness_of_a_larger_frame_lies_where_it_was():
    picture = np.zeros((96, 96, 3), np.uint8)
    picture[40:60, 24:36] = 255
    heat = pointing.baselines([picture], SIZE)["brightness"]
    assert pointing.energy_in_mask(heat, box(slice(19, 31), slice(11, 19)))[0] == pytest.approx(1, abs=0.01)


def test_masks_are_read_by_frame_and_missing_truth_is_told_apart_from_an_empty_mask(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def png(mask: np.ndarray) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(mask).save(buffer, "PNG")
        return buffer.getvalue()

    full, half = np.ones((240, 240), bool), np.zeros((240, 240), bool)
    half[:, :120] = True
    members = [("20240203-00010.png", png(full)), ("20240203-00020.png", png(half)), ("20240203-00030.png", png(~full))]
    archive.write(pointing.TRUTH / "2024-02/20240203_masks.zip", members)
    ids = ["20240203-00020", "20240203-00030", "20240203-00040", "20240204-00010", "20240203-00010"]
    masks, found = pointing.read_masks(ids, 120)
    assert found.tolist() == [True, True, False, False, True]
    assert (masks[0][:, :60] == is_inside(120)[:, :60]).all() and not masks[0][:, 60:].any()
    assert not masks[1:4].any()
    np.testing.assert_allclose(pointing.mask_area(masks), [0.5, 0, 0, 0, 1])
