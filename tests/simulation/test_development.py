"""The way from levels to the file: the order of its steps, its loss, and cameras with any equipment."""

from __future__ import annotations

import io
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context

import numpy as np
import pytest
import torch
from PIL import Image

from aurora_gradcam.config import Site
from aurora_gradcam.simulation import cameras, development, equip, markings, scene, skies, transients
from aurora_gradcam.simulation.camera import AURORAMAX_2018, AURORAMAX_2024, Camera
from aurora_gradcam.simulation.detail import TRAINING
from aurora_gradcam.simulation.ephemeris import ephemeris
from aurora_gradcam.simulation.equipment import NONE, Equipment, Faults, Framing
from aurora_gradcam.simulation.plan import CloudLayer, Episode, Plan

START = datetime(2024, 2, 11, 7, 20, tzinfo=UTC)
AURORA = Episode("band", 0, 30, 15.0)


def drawn(camera: Camera, *episodes: Episode, clouds: tuple[CloudLayer, ...] = ()) -> scene.Frames:
    night = scene.make_night(Plan("20240211", START, 2, episodes, clouds, camera=camera), 5, Site(), TRAINING)
    return scene.render(night, ephemeris([START, START], Site()), np.array([8.0, 9.0]))


@pytest.mark.parametrize("quality", [30, 75, 95])
def test_loss_is_that_of_a_file_written_and_read_by_pillow(quality):
    picture = np.random.default_rng(1).integers(0, 255, (48, 64, 3)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="JPEG", quality=quality)
    with Image.open(io.BytesIO(file.getvalue())) as read:
        np.testing.assert_array_equal(development.compressed(picture, quality), np.asarray(read))


def test_a_stored_picture_is_the_one_before_it_through_the_same_file():
    plain, stored = (
        drawn(replace(AURORAMAX_2018, equipment=Equipment(framing=Framing(upscaling="nearest"), jpeg=quality)), AURORA)
        for quality in (0, 60)
    )
    inside = (plain.pictures[0].sum(0) > 0).numpy()
    expected = development.compressed(plain.pictures[0].permute(1, 2, 0).numpy(), 60)
    difference = np.abs(stored.pictures[0].permute(1, 2, 0).numpy().astype(int) - expected)[inside]
    assert difference.mean() < 1  # what lies outside the circle is cut off after the loss
    assert stored.seen.visibility == pytest.approx(plain.seen.visibility)


def test_the_cameras_of_the_sample_have_no_equipment():
    for camera in (AURORAMAX_2018, AURORAMAX_2024):
        assert camera.equipment == NONE and camera.look.band is None and not camera.look.highlights
        assert development.make_room(camera, 240, 120) is None


def test_equipment_that_does_nothing_changes_no_byte():
    idle = replace(AURORAMAX_2018, equipment=Equipment(framing=Framing(upscaling="nearest")))
    assert development.make_room(idle, 240, 120) is not None
    cloud = (CloudLayer("cumulus", 0.4, 4.0),)
    with_it, without = drawn(idle, AURORA, clouds=cloud), drawn(AURORAMAX_2018, AURORA, clouds=cloud)
    assert torch.equal(with_it.pictures, without.pictures)
    for column in fields(with_it.seen):
        assert torch.equal(getattr(with_it.seen, column.name), getattr(without.seen, column.name))


def test_faults_do_not_enter_the_truth():
    faulty = replace(AURORAMAX_2018, equipment=Equipment(faults=Faults(1, hot=0.01, rows=4.0, columns=4.0, glow=90.0)))
    assert not drawn(faulty).seen.visibility.any()
    assert torch.equal(drawn(faulty, AURORA).seen.mask, drawn(AURORAMAX_2018, AURORA).seen.mask)


@pytest.mark.parametrize("seed", range(25))
def test_without_aurora_no_camera_counts_any(seed):
    generator = np.random.default_rng(seed)
    camera = cameras.random_camera(generator)
    frames = drawn(camera, clouds=(CloudLayer("altocumulus", 0.5, 2.0),))
    assert not frames.seen.mask.any() and not frames.seen.visibility.any()
    assert frames.pictures.dtype == torch.uint8 and frames.pictures.shape == (2, 3, 240, 240)


def test_equipment_is_drawn_at_its_shares_within_its_ranges():
    generator = np.random.default_rng(2)
    several = [equip.random_equipment(generator) for _ in range(2000)]

    def share(part: str) -> float:
        return float(np.mean([getattr(one, part) != getattr(NONE, part) for one in several]))

    assert share("optics") == pytest.approx(equip.BLOOM, abs=0.04)
    assert share("stretch") == pytest.approx(equip.STRETCHED, abs=0.04)
    # few faulty sensors have none of the faults
    assert equip.FAULTY - 0.06 < share("faults") < equip.FAULTY + 0.04
    assert share("markings") == pytest.approx(equip.MARKED, abs=0.04)
    assert share("transients") == pytest.approx(equip.VISITED, abs=0.04)
    assert share("jpeg") == pytest.approx(equip.STORED, abs=0.04)
    assert np.mean([min(one.framing.reach) < 1 for one in several]) == pytest.approx(equip.CUT, abs=0.04)
    assert np.mean([one.framing.original > 0 for one in several]) == pytest.approx(equip.SMALL, abs=0.04)
    assert np.mean([bool(one.framing.chords) for one in several]) == pytest.approx(equip.CHORDS, abs=0.03)
    low, high = equip.QUALITIES
    qualities = [one.jpeg for one in several if one.jpeg]
    assert min(qualities) == low and max(qualities) == high
    sides = [one.framing.original for one in several if one.framing.original]
    assert equip.ORIGINALS[0] <= min(sides) and max(sides) <= equip.ORIGINALS[1]
    assert {kind for one in several for kind in one.markings.kinds} == set(markings.KINDS)
    assert {kind for one in several for kind in one.transients.kinds} == set(transients.KINDS)
    assert sum(markings.SHARES) == pytest.approx(1) and sum(transients.SHARES) == pytest.approx(1)
    rarer = [equip.random_equipment(generator, 0.3) for _ in range(1000)]
    assert np.mean([one.jpeg > 0 for one in rarer]) == pytest.approx(0.3 * equip.STORED, abs=0.05)


def test_other_processes_draw_the_same_bytes():
    numbers = [range(0, 8), range(8, 16)]
    draw = partial(skies.batch, seed=11)
    torch.set_num_threads(1)
    alone = torch.cat([draw(part).pictures for part in numbers])
    # as in training: spawned workers that compute on one thread each
    with ProcessPoolExecutor(2, get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)) as pool:
        shared = torch.cat([torch.from_numpy(part) for part in pool.map(_pictures, numbers)])
    assert torch.equal(alone, shared)


def _pictures(numbers: range) -> np.ndarray:
    return skies.batch(numbers, seed=11).pictures.numpy()
