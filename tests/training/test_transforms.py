from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import tiny
from aurora_gradcam.config import Augmentation, Train
from aurora_gradcam.training import transforms

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
STILL = Augmentation(crop_scale=(1, 1), flip=0, brightness=0, contrast=0, saturation=0)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def picture() -> np.ndarray:
    return tiny.draw("yes", np.random.default_rng(2), 180)


def changed(**augmentation):
    params = Train(image_size=60, augmentation=STILL.model_copy(update=augmentation))
    return transforms.for_training(params, MEAN, STD)


def shown(tensor):
    """Back to 0..255, shape (height, width, 3)."""
    return (tensor.permute(1, 2, 0).numpy() * STD + MEAN) * 255


def test_evaluation_is_pillow_s_bilinear_resizing_and_the_imagenet_norm(picture):
    tensor = transforms.for_evaluation(60, MEAN, STD)(picture)
    assert (tensor.shape, tensor.dtype) == ((3, 60, 60), torch.float32)
    pillow = np.asarray(Image.fromarray(picture).resize((60, 60), Image.Resampling.BILINEAR), dtype=float)
    np.testing.assert_allclose(shown(tensor), pillow, atol=1.01)


def disc(size):
    step = (np.arange(size) + 0.5) * 2 / size - 1
    return torch.from_numpy(step[:, None] ** 2 + step[None, :] ** 2 <= 1)


def test_a_frame_by_itself_has_mean_0_and_nearly_deviation_1_in_its_circle(picture):
    tensor = transforms.for_evaluation(60, None, None)(picture)
    within = tensor[:, disc(60)]
    assert not tensor[:, ~disc(60)].any()
    assert within.mean(1).tolist() == pytest.approx([0, 0, 0], abs=0.05)  # but for what is clamped
    levels = torch.from_numpy(transforms.resized(picture, 60)).permute(2, 0, 1)[:, disc(60)].double() / 255
    deviation = (levels - levels.mean(1, keepdim=True)).square().mean().sqrt()
    expected = (levels - levels.mean(1, keepdim=True)) / (deviation + transforms.LEAST_DEVIATION)
    np.testing.assert_allclose(within, expected.clamp(-transforms.CLAMP, transforms.CLAMP), atol=1e-4)


@given(gain=st.floats(0.3, 1.0), offset=st.floats(0, 0.05))
def test_a_frame_by_itself_hardly_depends_on_exposure_and_colour_of_the_sky(gain, offset):
    bright = torch.rand(3, 40, 40, generator=torch.Generator().manual_seed(1)) * 0.9
    tinted = gain * bright + torch.tensor([offset, 0.0, 0.03])[:, None, None]
    assert torch.allclose(transforms.by_frame(tinted), transforms.by_frame(bright), atol=0.25)
    assert torch.equal(transforms.by_frame(torch.stack([bright, tinted]))[1], transforms.by_frame(tinted))


def test_an_even_frame_by_itself_stays_even():
    even = torch.full((3, 40, 40), 0.1)
    assert transforms.by_frame(even + 0.001 * torch.randn(3, 40, 40)).abs().max() < 0.3


def test_a_frame_resized_beforehand_gives_the_same(picture):
    small = transforms.resized(picture, 60)
    assert (small.shape, small.dtype) == ((60, 60, 3), np.uint8)
    for transform in (transforms.for_evaluation(60, MEAN, STD), changed(flip=0.5, brightness=0.3)):
        assert torch.equal(transform(small, 1), transform(picture, 1))


def test_no_changes_leave_what_evaluation_sees(picture):
    assert torch.equal(changed()(picture, 5), transforms.for_evaluation(60, MEAN, STD)(picture))


def test_changes_depend_on_their_key_alone(picture):
    transform = transforms.for_training(Train(image_size=60), MEAN, STD)
    first = [transform(picture, 42, 1, name) for name in ("a", "b", "c")]
    torch.manual_seed(9)
    again = [transform(picture, 42, 1, name) for name in ("c", "b", "a")][::-1]
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))
    others = [transform(picture, 42, 2, "a"), transform(picture, 43, 1, "a"), first[1]]
    assert not any(torch.equal(first[0], other) for other in others)


def test_torch_s_own_generator_is_not_moved_by_a_key(picture):
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    changed(flip=0.5)(picture, 3)
    assert torch.rand(1) == expected


def test_without_a_key_torch_s_generator_draws(picture):
    transform = changed(brightness=0.3)
    torch.manual_seed(1)
    one, other = transform(picture), transform(picture)
    torch.manual_seed(1)
    assert torch.equal(transform(picture), one)
    assert not torch.equal(one, other)


def test_half_of_the_frames_are_mirrored_and_never_turned_over(picture):
    still = changed()(picture)
    mirrored = still.flip(2)
    results = [changed(flip=0.5)(picture, number) for number in range(200)]
    flips = [torch.equal(result, mirrored) for result in results]
    assert all(flip or torch.equal(result, still) for flip, result in zip(flips, results, strict=True))
    assert 70 <= sum(flips) <= 130  # 4 standard deviations of a binomial of 200 halves


def test_crops_cover_the_share_of_the_area_that_params_say():
    row, column = np.mgrid[:240, :240]
    ramps = np.dstack([row, column, row]).astype(np.uint8)
    shares = []
    for number in range(150):
        rows, columns, _ = shown(changed(crop_scale=(0.8, 1.0))(ramps, number)).transpose(2, 0, 1)
        # the ends of a ramp are half an output pixel inside the crop
        height, width = (np.ptp(ramp) * 60 / 59 for ramp in (rows, columns))
        shares.append(height * width / 240**2)
    assert 0.77 <= min(shares) < 0.84
    assert 0.96 < max(shares) <= 1.03


def test_brightness_stays_within_its_share():
    grey = np.full((60, 60, 3), 100, dtype=np.uint8)
    levels = [shown(changed(brightness=0.3)(grey, number)).mean() for number in range(100)]
    assert 69 <= min(levels) < 76
    assert 124 < max(levels) <= 131


def test_read_only_arrays_are_taken(picture):
    picture.setflags(write=False)
    changed()(picture)


@given(st.lists(st.one_of(st.integers(), st.text())))
def test_seeds_fit_torch(key):
    assert 0 <= transforms.seed_of(*key) < 2**63


def test_a_known_seed_keeps_its_value():
    # sha256("42\n1\n20240201-00010") begins with these 8 bytes; `printf '42\n1\n20240201-00010' | sha256sum`
    assert transforms.seed_of(42, 1, "20240201-00010") == 0x404818CAFBFD7C47 >> 1
