"""The filling of removed places against the grad-cam library's, which is slower."""

import numpy as np
import pytest
import torch

from aurora_gradcam.gradcam.filling import filled
from aurora_gradcam.training import vision  # noqa: F401  it must precede pytorch_grad_cam, which imports torchvision

# isort: split
from pytorch_grad_cam.metrics.road import NoisyLinearImputer


def frame_and_places(share: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A random frame of 21 x 30 pixels, and places that stay; both reach the edges."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(3, 21, 30, generator=generator), (torch.rand(21, 30, generator=generator) > share).float()


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.95])
def test_filled_places_have_the_values_of_the_library(share):
    frame, stays = frame_and_places(share, seed=2)
    torch.manual_seed(5)
    expected = NoisyLinearImputer()(frame, stays)
    torch.manual_seed(5)
    result = filled(frame, stays)
    torch.testing.assert_close(result, expected, atol=1e-6, rtol=1e-6)
    assert (result == frame)[:, stays > 0.5].all()
    assert not (result == frame)[:, stays < 0.5].any()


def test_a_slope_is_filled_with_the_slope(monkeypatch):
    monkeypatch.setattr("aurora_gradcam.gradcam.filling.NOISE", 0.0)
    slope = torch.from_numpy(np.linspace(0, 1, 40, dtype=np.float32)).expand(3, 40, 40)
    stays = torch.ones(40, 40)
    stays[10:30, 5:35] = 0
    torch.testing.assert_close(filled(slope, stays), slope, atol=1e-6, rtol=0)
