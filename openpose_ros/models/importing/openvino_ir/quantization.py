"""
FakeQuantize of OpenVINO IR as QuantizeLinear and DequantizeLinear.

Networks for OpenVINO quantise the input of depthwise convolutions with a scale a channel, for
which ONNX Runtime has no kernel: it computes in floats. Where the channels come from a
convolution through a ReLU, as they always do in a MobileNet, `share_scale` moves the differences
into the scales of the weights before and after, as in "Data-Free Quantization Through Weight
Equalization and Bias Correction" (arXiv 1906.04721), section 4.1; but here the results stay the
same. human-pose-estimation-0001 at 456x256 on 2 cores: 56 instead of 123 ms of CPU time.
"""

from __future__ import annotations

import numpy as np

from openpose_ros.models.importing.openvino_ir.constants import Array, Range, floats
from openpose_ros.models.importing.openvino_ir.conversion import (
    CHANNELS,
    Conversion,
    PerChannel,
    Value,
    is_per_channel,
    known,
    take,
    whole,
)
from openpose_ros.models.importing.openvino_ir.reading import Layer


def share_scale(work: Conversion, tensor: str, weights: str, scale: Array) -> Array:
    """
    Give one scale to all channels of the input of a depthwise convolution, if that can be.

    Parameters
    ----------
    work : Conversion
        The conversion.
    tensor, weights : str
        What the convolution takes; nothing else uses them.
    scale : float64 (channels,)
        Of the weights.

    Returns
    -------
    float64 (channels,)
        The new scale of the weights.

    """
    found = work.per_channel.get(tensor)
    before = None if found is None else work.convolutions[found.convolution]
    if found is None or before is None or before.weights_scale is None:
        return scale
    if before.scale is None or before.bias is None:
        return scale
    common = found.scale.max()
    factor = common / found.scale
    graph = work.graph
    graph.set_input(before.weights, 1, before.weights_scale * factor)
    if before.bias:
        graph.set_input(before.bias, 1, before.scale * factor)
    for node in (found.quantize, tensor):
        graph.set_input(node, 1, common)
        graph.set_input(node, 2, np.uint8(0))
    shared: Array = scale / factor
    graph.set_input(weights, 1, shared)
    work.scales[tensor] = common
    return shared


def fake_quantize(work: Conversion, layer: Layer, inputs: list[Value]) -> Value:
    """Convert FakeQuantize of the picture or of a constant."""
    value, *limits = take(inputs, 5)
    [levels] = whole(layer, 'levels', 1)
    arrays = [floats(known(limit, 'range')) for limit in limits]
    low, high, out_low, out_high = arrays
    reach = Range(low, high, out_low, out_high, levels)
    if not isinstance(value, str):
        return reach.apply(floats(value))
    if not all(map(is_per_channel, arrays)):
        raise ValueError('its range differs between places of the picture')
    if not work.quantized:
        return value
    parts = reach.as_uint8()
    if parts is None:
        return _in_floats(work, layer, value, reach)
    scale, zero_point = (part.reshape(-1) if part.size > 1 else part.reshape(()) for part in parts)
    constants = [
        work.graph.constant(scale, f'{layer.name}_scale'),
        work.graph.constant(zero_point, f'{layer.name}_zero_point'),
    ]
    axis = {'axis': CHANNELS} if scale.ndim else {}
    stored = work.graph.node('QuantizeLinear', [value, *constants], f'{layer.name}_stored', **axis)
    node = work.graph.node('DequantizeLinear', [stored, *constants], layer.name, **axis)
    if not scale.ndim:
        work.scales[node] = scale
    elif value in work.rectified and not zero_point.any() and work.users[layer.inputs[0]] == 1:
        work.per_channel[node] = PerChannel(stored, work.rectified[value], scale)
    return node


def _in_floats(work: Conversion, layer: Layer, value: str, reach: Range) -> str:
    """Write out what a FakeQuantize does where QuantizeLinear does something else."""
    steps = (
        ('Max', reach.low),
        ('Min', reach.high),
        ('Sub', reach.low),
        ('Div', reach.step),
        ('Round', None),
        ('Mul', reach.out_step),
        ('Add', reach.out_low),
    )
    for operator, given in steps:
        name = f'{layer.name}_{operator}'
        added = [] if given is None else [work.graph.constant(given, f'{name}_by')]
        value = work.graph.node(operator, [value, *added], name)
    return value
