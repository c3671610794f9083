"""Pictures of other things and simulated skies, judged by the bundled sky weights."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from safetensors.torch import load
from scipy.stats import binom
from sklearn.datasets import load_sample_images

from aurora_gradcam.pretraining import no_sky, sky_weights
from aurora_gradcam.pretraining.no_sky import Reason
from aurora_gradcam.simulation import skies
from aurora_gradcam.training import network, weights
from aurora_gradcam.training.transforms import resized
from bundle import stored

SEED = 20_261_124
FRESH = 64


def in_circle(pictures: list[np.ndarray]) -> torch.Tensor:
    """uint8 RGB pictures -> uint8 (n, 3, 240, 240), black outside the circle, as `aurora predict` meets them."""
    step = (np.arange(240) + 0.5) / 120 - 1
    inside = (step[:, None] ** 2 + step**2 <= 1)[..., None]
    small = [resized(picture, 240) * inside for picture in pictures]
    return torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).contiguous()


def squares(picture: np.ndarray, side: int, step: int) -> list[np.ndarray]:
    height, width = picture.shape[:2]
    corners = [(y, x) for y in range(0, height - side + 1, step) for x in range(0, width - side + 1, step)]
    return [picture[y : y + side, x : x + side] for y, x in corners]


def page(seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    image = Image.new("RGB", (480, 480), (250, 250, 250))
    canvas = ImageDraw.Draw(image)
    canvas.rectangle([0, 0, 480, 60], fill=(30, 90, 160))
    for line in range(18):
        canvas.text((60, 80 + 20 * line), "aurora over Yellowknife " * int(generator.integers(1, 5)), fill=(20, 20, 20))
    canvas.rectangle([250, 150, 420, 300], fill=tuple(int(level) for level in generator.integers(0, 256, 3)))
    return np.asarray(image)


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    built = network.build("efficientnet_b1")
    weights.fill(built, load(stored("data/weights/sky.safetensors")))
    return built.eval()


@pytest.fixture(scope="module")
def limits() -> no_sky.Limits:
    bundled = no_sky.from_tensors(load(stored("data/weights/sky.safetensors")))
    if bundled is None:
        pytest.skip("the bundled sky weights were learnt before pretraining told skies from other pictures")
    return bundled


def reasons(model: torch.nn.Module, limits: no_sky.Limits, pictures: torch.Tensor) -> list[Reason | None]:
    return no_sky.reasons(pictures, sky_weights.features_of(model, pictures, 16), limits)


def test_skies_drawn_anew_are_hardly_ever_refused(model, limits):
    fresh = skies.batch(range(10_000, 10_000 + FRESH), seed=SEED).pictures
    refused = sum(reason is not None for reason in reasons(model, limits, fresh))
    # frames of a night are alike: PER_NIGHT of them count as one
    assert refused <= skies.PER_NIGHT * binom.ppf(0.999, FRESH // skies.PER_NIGHT, no_sky.REFUSED)


def test_a_lens_cap_and_a_white_picture_are_named(model, limits):
    dark = np.random.default_rng(0).poisson(4, (480, 480, 3)).astype(np.uint8)
    pictures = in_circle([dark, np.full((480, 480, 3), 250, np.uint8)])
    assert reasons(model, limits, pictures) == [Reason.UNIFORM, Reason.UNIFORM]


def test_photographs_by_day_faces_and_pages_are_mostly_refused(model, limits):
    temple, flower = load_sample_images().images
    face = np.asarray(Image.open(Path(matplotlib.get_data_path()) / "sample_data/grace_hopper.jpg").convert("RGB"))
    kinds = {
        "photographs": [*squares(temple, 420, 100), *squares(flower, 420, 100)],
        "faces": squares(face, 400, 50),
        "pages": [page(seed) for seed in range(6)],
    }
    for kind, pictures in kinds.items():
        refused = [reason is not None for reason in reasons(model, limits, in_circle(pictures))]
        assert np.mean(refused) >= 0.5, f"{kind}: {refused}"
