"""
Depthwise convolutions whose gradients are not slow on a CPU.

PyTorch's own gradient of such a weight in bfloat16 took a quarter of a training step (9 ms a layer
of 96 channels at 32x16x16 cells, 2 cores; that of a 3x3 weight 0.3 ms). A 5x5 weight is covered by
four 3x3 weights of shifted inputs, so four of the quick gradients make the slow one. That of a
dilated weight took 348 ms where one that is not dilated took 16 (eight views, 512 channels, 32x48
cells, one core with AMX); the cells that a dilation of 2 brings together are four pictures of half
the size, and with those it is 58.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
import torch.nn.functional as F  # noqa: N812

KERNEL = 5
_HALF = 3


class _Depthwise5x5(torch.autograd.Function):
    @staticmethod
    def forward(ctx, features: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(features, weight)
        return F.conv2d(features, weight, padding=KERNEL // 2, groups=len(weight))

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor]:
        features, weight = ctx.saved_tensors
        channels, (height, width) = len(weight), gradient.shape[2:]
        to_features = F.conv2d(gradient, weight.flip(2, 3), padding=KERNEL // 2, groups=channels)
        padded = F.pad(features, (KERNEL // 2,) * 4)
        to_weight = torch.empty_like(weight)
        for top in (0, KERNEL - _HALF):
            for left in (0, KERNEL - _HALF):
                shifted = padded[:, :, top : top + height + 2, left : left + width + 2]
                to_weight[:, :, top : top + _HALF, left : left + _HALF] = _quick_gradient(
                    gradient, shifted.contiguous(memory_format=torch.channels_last), weight
                )
        return to_features, to_weight


def _quick_gradient(gradient: Tensor, features: Tensor, weight: Tensor) -> Tensor:
    kernel = weight[:, :, :_HALF, :_HALF].contiguous()
    once, none = [1, 1], [0, 0]
    wanted = [False, True, False]  # of features, weight, bias
    return torch.ops.aten.convolution_backward(
        gradient, features, kernel, None, once, none, once, False, none, len(weight), wanted
    )[1]


class Depthwise5x5(nn.Conv2d):
    """
    `nn.Conv2d(channels, channels, 5, padding=2, groups=channels, bias=False)`, quicker to train.

    Parameters
    ----------
    channels : int

    """

    def __init__(self, channels: int) -> None:
        super().__init__(
            channels, channels, KERNEL, padding=KERNEL // 2, groups=channels, bias=False
        )

    def forward(self, features: Tensor) -> Tensor:
        """Convolve float (N, C, h, w), in bfloat16 under autocast."""
        if not (self.training and features.device.type == 'cpu'):
            return super().forward(features)
        if not torch.is_autocast_enabled('cpu'):  # in float32 PyTorch's own is the quicker one
            return super().forward(features)
        return _Depthwise5x5.apply(features.bfloat16(), self.weight.bfloat16())


def dilated(features: Tensor, weight: Tensor, bias: Tensor | None, dilation: int) -> Tensor:
    """
    Compute a dilated depthwise convolution of unchanged size by ones that are not dilated.

    Parameters
    ----------
    features : float (N, C, h, w)
        What goes in.
    weight : float (C, 1, k, k)
        k is odd.
    bias : float (C,) or None
        Added to what comes out.
    dilation : int
        At least 1.

    Returns
    -------
    float (N, C, h, w)

    """
    count, channels, height, width = features.shape
    rows, columns = (-(-side // dilation) for side in (height, width))
    whole = F.pad(features, (0, columns * dilation - width, 0, rows * dilation - height))
    parts = whole.view(count, channels, rows, dilation, columns, dilation)
    parts = parts.permute(3, 5, 0, 1, 2, 4).reshape(-1, channels, rows, columns)
    parts = parts.contiguous(memory_format=torch.channels_last)
    parts = F.conv2d(parts, weight, bias, padding=weight.shape[-1] // 2, groups=channels)
    parts = parts.view(dilation, dilation, count, channels, rows, columns)
    whole = parts.permute(2, 3, 4, 0, 5, 1).reshape(
        count, channels, rows * dilation, columns * dilation
    )
    return whole[:, :, :height, :width].contiguous(memory_format=torch.channels_last)
