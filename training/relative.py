"""
Weights trained relative to their own size.

Adam's steps, and SOAP's, are of the same size for all weights. In a network made of a teacher's
layers a channel's weights are 200 in one layer and 0.001 in another: a rate that moves the ones
not at all ruins the others. What is trained here is each output channel's weights divided by their
root mean square at the beginning, and each layer's biases by theirs, so that a rate is the share
of itself by which a weight changes in a step.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from training.depthwise import dilated

_LEAST = 0.05  # of the median channel of a layer: one of noughts has no size of its own
_NOUGHT = 1e-8


class RelativeWeights:
    """
    Makes a network's convolutions hold relative weights, which compute the same.

    Parameters
    ----------
    network : nn.Module
        Changed: its parameters are relative from now on.

    """

    def __init__(self, network: nn.Module) -> None:
        self._sizes: dict[str, Tensor] = {}
        for name, layer in network.named_modules():
            if isinstance(layer, nn.Conv2d):
                self._divide(name, layer)

    @torch.no_grad()
    def _divide(self, name: str, layer: nn.Conv2d) -> None:
        size = layer.weight.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        size = size.clamp(min=_LEAST * float(size.median()) + _NOUGHT)
        layer.weight.div_(size)
        self._sizes[f'{name}.weight'] = size
        shift = None
        if layer.bias is not None:
            shift = layer.bias.square().mean().sqrt().clamp(min=_NOUGHT)
            layer.bias.div_(shift)
            self._sizes[f'{name}.bias'] = shift
        layer.forward = partial(_convolve, layer, size, shift)

    def absolute(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return a state of the network with weights as they were before, for a checkpoint."""
        return {
            name: value * self._sizes[name] if name in self._sizes else value
            for name, value in weights.items()
        }


def _convolve(layer: nn.Conv2d, size: Tensor, shift: Tensor | None, values: Tensor) -> Tensor:
    weight, bias = layer.weight * size, None if layer.bias is None else layer.bias * shift
    if layer.groups > 1 and layer.dilation[0] > 1 and torch.is_autocast_enabled('cpu'):
        # Its gradient is six times as quick.
        return dilated(values, weight, bias, layer.dilation[0])
    return layer._conv_forward(values, weight, bias)
