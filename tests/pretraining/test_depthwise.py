from __future__ import annotations

import pytest
import torch
from torch import nn

from aurora_gradcam.pretraining import depthwise
from aurora_gradcam.training import network


@pytest.mark.parametrize("side", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (7, 7), (12, 9)])
def test_outputs_and_gradients_are_those_of_torch(side, stride, size):
    plain = nn.Conv2d(6, 6, side, stride, side // 2, groups=6, bias=False).double()
    own = depthwise.Depthwise.like(plain)
    inputs = torch.randn(2, 6, *size, dtype=torch.double, requires_grad=True)
    expected, given = plain(inputs), own(inputs)
    assert torch.equal(given, expected)
    gradient = torch.randn_like(expected)
    pairs = zip(
        torch.autograd.grad(given, (inputs, own.weight), gradient),
        torch.autograd.grad(expected, (inputs, plain.weight), gradient),
        strict=True,
    )
    assert all(torch.allclose(*pair, rtol=0, atol=1e-12) for pair in pairs)


def test_in_bfloat16_gradients_are_those_of_float32_rounded():
    plain = nn.Conv2d(8, 8, 5, 2, 2, groups=8, bias=False)
    own = depthwise.Depthwise.like(plain)
    inputs = torch.randn(4, 8, 12, 12, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        given = own(inputs)
    assert given.dtype == torch.bfloat16
    exact = torch.autograd.grad(plain(inputs).sum(), (inputs, plain.weight))
    for rounded, gradient in zip(torch.autograd.grad(given.sum(), (inputs, own.weight)), exact, strict=True):
        assert rounded.dtype == torch.float32
        assert (rounded - gradient).abs().max() < 0.02 * gradient.abs().max()


def test_every_depthwise_convolution_of_the_network_is_replaced_and_nothing_else():
    changed, same = (network.build("efficientnet_b0", seed=3) for _ in range(2))
    depthwise.replace(changed)
    convolutions = [part for part in same.modules() if isinstance(part, nn.Conv2d) and part.groups > 1]
    assert sum(isinstance(part, depthwise.Depthwise) for part in changed.modules()) == len(convolutions)
    assert list(changed.state_dict()) == list(same.state_dict())
    inputs = torch.randn(2, 3, 64, 64)
    assert torch.equal(changed.eval()(inputs), same.eval()(inputs))
