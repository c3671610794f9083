"""Depthwise convolutions whose gradients are quick on CPUs.

oneDNN, by which torch computes on CPUs, has no fast kernel for two gradients that EfficientNets need: that of the
kernels of 5x5 depthwise convolutions, and that of the input of those with a stride (measured with torch 2.13 on AVX512:
5 ms and 5 ms in float32, 30 ms and 35 ms in bfloat16, where the forward pass takes 0.3 ms). Both are put together here
from fast ones.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

_BLOCK = 3
"""Side of the kernels whose gradient is fast."""


class Depthwise(nn.Conv2d):
    """A depthwise convolution of odd kernel size, "same" padding and no bias: torch's own but for the gradients."""

    @classmethod
    def like(cls, convolution: nn.Conv2d) -> Depthwise:
        """The same convolution; the two share their kernels."""
        own = cls(
            convolution.in_channels,
            convolution.out_channels,
            cast(Any, convolution.kernel_size),
            cast(Any, convolution.stride),
            cast(Any, convolution.padding),
            groups=convolution.groups,
            bias=False,
            device="meta",
        )
        own.weight = convolution.weight
        return own

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, channels, height, width) -> (batch, channels, height / stride, width / stride), rounded up."""
        kernels = self.weight
        if torch.is_autocast_enabled(inputs.device.type):
            kind = torch.get_autocast_dtype(inputs.device.type)
            inputs, kernels = inputs.to(kind), kernels.to(kind)
        return _Convolution.apply(inputs, kernels, self.stride[0])


def replace(network: nn.Module) -> None:
    """Put `Depthwise` in the place of every convolution that it can stand for; names and parameters stay."""
    for parent in list(network.modules()):
        for name, part in list(parent.named_children()):
            if type(part) is nn.Conv2d and _fits(part):
                setattr(parent, name, Depthwise.like(part))


def _fits(part: nn.Conv2d) -> bool:
    side = part.kernel_size[0]
    return (
        part.groups == part.in_channels == part.out_channels > 1
        and part.bias is None
        and part.kernel_size in ((3, 3), (5, 5))
        and part.stride in ((1, 1), (2, 2))
        and part.padding == (side // 2, side // 2)
        and part.dilation == (1, 1)
    )


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, inputs: Tensor, kernels: Tensor, stride: int) -> Tensor:
        context.save_for_backward(inputs, kernels)
        context.stride = stride
        return functional.conv2d(inputs, kernels, None, stride, kernels.shape[-1] // 2, 1, len(kernels))

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        inputs, kernels = context.saved_tensors
        padding = kernels.shape[-1] // 2
        if context.stride > 1:  # as without a stride, where the outputs left out have no gradient
            spread = torch.zeros_like(inputs, dtype=gradient.dtype)
            spread[..., :: context.stride, :: context.stride] = gradient
            gradient = spread
        of_inputs = of_kernels = None
        if context.needs_input_grad[0]:
            of_inputs = functional.conv2d(gradient, kernels.flip(2, 3), None, 1, padding, 1, len(kernels))
        if context.needs_input_grad[1]:
            of_kernels = _of_kernels(gradient, inputs, kernels)
        return of_inputs, of_kernels, None


def _of_kernels(gradient: Tensor, inputs: Tensor, kernels: Tensor) -> Tensor:
    """The gradient of a kernel in blocks of 3x3, each as that of a smaller kernel on shifted inputs."""
    side = kernels.shape[-1]
    if side == _BLOCK:
        return _of_block(gradient, inputs, kernels, 1)
    total = torch.empty_like(kernels)
    padded = functional.pad(inputs, [side // 2] * 4)
    height, width = (length + _BLOCK - 1 for length in gradient.shape[-2:])
    for top in (0, side - _BLOCK):
        for left in (0, side - _BLOCK):
            block = kernels[..., top : top + _BLOCK, left : left + _BLOCK]
            shifted = padded[..., top : top + height, left : left + width]
            total[..., top : top + _BLOCK, left : left + _BLOCK] = _of_block(gradient, shifted, block, 0)
    return total


def _of_block(gradient: Tensor, inputs: Tensor, kernels: Tensor, padding: int) -> Tensor:
    wanted = [False, True, False]  # of inputs, kernels, bias
    return torch.ops.aten.convolution_backward(
        gradient, inputs, kernels, None, [1, 1], [padding] * 2, [1, 1], False, [0, 0], len(kernels), wanted
    )[1]
