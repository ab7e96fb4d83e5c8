"""The quick gradient is that of PyTorch's own convolution."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from training.depthwise import Depthwise5x5, dilated


@pytest.mark.parametrize('size', [(16, 16), (3, 7), (1, 1)])
def test_gradients_are_those_of_an_ordinary_convolution(size):
    torch.manual_seed(0)
    quick = Depthwise5x5(6).train()
    plain = nn.Conv2d(6, 6, 5, padding=2, groups=6, bias=False)
    plain.load_state_dict(quick.state_dict())
    values = torch.randn(2, 6, *size)
    pairs = []
    for layer, enabled in ((quick, True), (plain, False)):
        features = values.clone().requires_grad_()
        with torch.autocast('cpu', torch.bfloat16, enabled=enabled):
            output = layer(features)
        (output.float() * torch.linspace(-1, 1, output.numel()).view_as(output)).sum().backward()
        pairs.append((output.float(), features.grad, layer.weight.grad))
    for found, expected in zip(*pairs, strict=True):
        error = (found - expected).abs().max() / expected.abs().max()
        assert error < 0.02, 'more than bfloat16 explains'


def test_evaluation_is_the_ordinary_convolution():
    layer = Depthwise5x5(4).eval()
    values = torch.randn(1, 4, 9, 8)
    expected = nn.functional.conv2d(values, layer.weight, padding=2, groups=4)
    assert torch.equal(layer(values), expected)


@pytest.mark.parametrize('size', [(16, 12), (7, 9), (1, 3)])
@pytest.mark.parametrize('dilation', [1, 2, 3])
def test_a_dilated_convolution_is_the_ordinary_one(size, dilation):
    torch.manual_seed(0)
    layer = nn.Conv2d(6, 6, 3, padding=dilation, dilation=dilation, groups=6)
    values = torch.randn(2, 6, *size)
    pairs = []
    for quick in (False, True):
        layer.zero_grad()
        features = values.clone().requires_grad_()
        output = (
            dilated(features, layer.weight, layer.bias, dilation) if quick else layer(features)
        )
        (output * torch.linspace(-1, 1, output.numel()).view_as(output)).sum().backward()
        pairs.append((output, features.grad, layer.weight.grad.clone(), layer.bias.grad.clone()))
    for found, expected in zip(*pairs, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
