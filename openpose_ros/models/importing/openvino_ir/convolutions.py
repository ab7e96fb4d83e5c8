"""Convolutions, their biases and pooling, from OpenVINO IR to ONNX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from openpose_ros.models.importing.onnx_graph import Attribute
from openpose_ros.models.importing.openvino_ir.constants import (
    Array,
    Constant,
    Quantized,
    floats,
    reshape,
    shape_of,
)
from openpose_ros.models.importing.openvino_ir.conversion import (
    RANK,
    Conversion,
    Convolution,
    Value,
    choice,
    is_per_channel,
    known,
    take,
    tensor,
    whole,
)
from openpose_ros.models.importing.openvino_ir.quantization import share_scale
from openpose_ros.models.importing.openvino_ir.reading import Layer

_AUTO_PAD = {
    'explicit': 'NOTSET',
    'notset': 'NOTSET',
    'same_upper': 'SAME_UPPER',
    'same_lower': 'SAME_LOWER',
    'valid': 'VALID',
}
_MOST_INT32 = 2**31 - 1


def convolution(work: Conversion, layer: Layer, inputs: list[Value]) -> Value:
    """Convert Convolution and GroupConvolution."""
    picture, given = take(inputs, 2)
    kernel, groups = _kernel(given, grouped=layer.kind.startswith('Group'))
    name, weights_scale = _weights(work, layer, kernel)
    attributes = _window(layer, shape_of(kernel)[2:], dilations=True)
    node = work.graph.node('Conv', [tensor(picture), name], layer.name, group=groups, **attributes)
    channels, filtered = shape_of(kernel)[:2]
    is_depthwise = channels == groups and filtered == 1
    if weights_scale is not None and is_depthwise and work.users[layer.inputs[0]] == 1:
        weights_scale = share_scale(work, tensor(picture), name, weights_scale)
    input_scale = work.scales.get(tensor(picture))
    scale = None
    if weights_scale is not None and input_scale is not None:
        scale = weights_scale * float(input_scale)
    work.convolutions[node] = Convolution(channels, name, weights_scale, scale)
    return node


def transposed_convolution(work: Conversion, layer: Layer, inputs: list[Value]) -> Value:
    """Convert ConvolutionBackpropData and GroupConvolutionBackpropData."""
    picture, given = take(inputs, 2)
    kernel, groups = _kernel(given, grouped=layer.kind.startswith('Group'))
    attributes = _window(layer, shape_of(kernel)[2:], dilations=True)
    if attributes.get('auto_pad', 'VALID') != 'VALID':
        raise ValueError(f'its auto_pad is {attributes["auto_pad"]}, expected explicit or valid')
    attributes['output_padding'] = whole(layer, 'output_padding', 2, '0,0')
    name = work.graph.constant(floats(kernel), f'{layer.name}_weights')
    return work.graph.node(
        'ConvTranspose', [tensor(picture), name], layer.name, group=groups, **attributes
    )


def _kernel(given: Value, *, grouped: bool) -> tuple[Constant, int]:
    """Return weights as ONNX has them, the groups in the first axis, and how many groups."""
    kernel = known(given, 'kernel')
    shape = shape_of(kernel)
    if len(shape) != RANK + grouped or 0 in shape:
        raise ValueError(f'its kernel has the shape {shape}, expected {RANK + grouped} axes')
    if not grouped:
        return kernel, 1
    return reshape(kernel, (shape[0] * shape[1], *shape[2:]), False), shape[0]


def _weights(work: Conversion, layer: Layer, kernel: Constant) -> tuple[str, Array | None]:
    """Add weights to the graph; return their name, and their scales if they are in 8 bits."""
    name = f'{layer.name}_weights'
    channels = kernel.per_channel() if isinstance(kernel, Quantized) and work.quantized else None
    if channels is None or not isinstance(kernel, Quantized):
        return work.graph.constant(floats(kernel), name), None
    scale, zero_point = channels
    parts = [
        work.graph.constant(kernel.stored, f'{name}_stored'),
        work.graph.constant(scale, f'{name}_scale'),
        work.graph.constant(zero_point, f'{name}_zero_point'),
    ]
    return work.graph.node_of_constants('DequantizeLinear', parts, name, axis=0), scale.astype(
        np.float64
    )


def _same_pads(
    layer: Layer, auto_pad: str, window: Mapping[str, tuple[int, ...]]
) -> tuple[int, ...]:
    """Return the pads that keep the size; with dilations ONNX Runtime does not find them."""
    if window['strides'] != (1, 1):
        raise ValueError(f'its auto_pad is {auto_pad} with dilations and strides, expected one')
    sizes = zip(window['kernel_shape'], window['dilations'])
    whole_pads = [dilation * (size - 1) for size, dilation in sizes]
    less = [pad // 2 for pad in whole_pads]
    more = [pad - half for pad, half in zip(whole_pads, less)]
    return (*less, *more) if auto_pad == 'SAME_UPPER' else (*more, *less)


def _window(layer: Layer, kernel: tuple[int, ...], *, dilations: bool) -> dict[str, Attribute]:
    """Return the attributes of what moves over the picture."""
    attributes = {'strides': whole(layer, 'strides', 2)}
    if dilations:
        attributes['dilations'] = whole(layer, 'dilations', 2, '1,1')
    if any(0 in sizes for sizes in attributes.values()):
        raise ValueError(f'one of its strides and dilations is 0: {attributes}')
    attributes['kernel_shape'] = kernel
    auto_pad = choice(layer, 'auto_pad', 'explicit', _AUTO_PAD)
    if auto_pad.startswith('SAME') and attributes.get('dilations', (1, 1)) != (1, 1):
        return {**attributes, 'pads': _same_pads(layer, auto_pad, attributes)}
    if auto_pad != 'NOTSET':
        return {**attributes, 'auto_pad': auto_pad}
    begin, end = (whole(layer, name, 2) for name in ('pads_begin', 'pads_end'))
    return {**attributes, 'pads': (*begin, *end)}


def _check_windows(layer: Layer, pads: Any) -> None:
    """See that none begins beside the picture, which OpenVINO computes and ONNX leaves out."""
    kernel, strides = (whole(layer, name, 2) for name in ('kernel', 'strides'))
    sizes = zip(kernel, whole(layer, 'dilations', 2, '1,1'), pads[2:])
    most = tuple(dilation * (size - 1) + 1 - end for size, dilation, end in sizes)
    if any(stride > limit for stride, limit in zip(strides, most)):
        raise ValueError(
            f'its strides are {strides}, expected at most {most}: as it rounds up, windows would '
            'begin beside the picture'
        )


def pooling(work: Conversion, layer: Layer, inputs: list[Value]) -> Value:
    """Convert MaxPool and AvgPool."""
    [picture] = take(inputs, 1)
    maximum = layer.kind == 'MaxPool'
    attributes = _window(layer, whole(layer, 'kernel', 2), dilations=maximum)
    rounding = choice(layer, 'rounding_type', 'floor', {'floor': '', 'ceil': 'ceil'})
    pads = attributes.get('pads', (0, 0, 0, 0))
    if rounding or str(attributes.get('auto_pad')).startswith('SAME'):
        _check_windows(layer, pads)
    attributes['ceil_mode'] = int(bool(rounding))
    if not maximum:
        excluded = choice(layer, 'exclude-pad', 'true', {'true': 'yes', 'false': ''})
        if rounding and not excluded and pads != (0, 0, 0, 0):
            raise ValueError(f'it rounds up and counts its pads {pads}, expected either')
        attributes['count_include_pad'] = int(not excluded)
    operator = 'MaxPool' if maximum else 'AveragePool'
    return work.graph.node(operator, [tensor(picture)], layer.name, **attributes)


def fold_bias(work: Conversion, layer: Layer, node: Value, added: Value) -> bool:
    """
    Give a constant to the convolution that it is added to, if nothing else uses that one.

    ONNX Runtime computes in 8 bits only where the bias, too, is quantised.
    """
    if not isinstance(node, str) or isinstance(added, str):
        return False
    found, bias = work.convolutions.get(node), floats(added)
    if found is None or found.bias != '' or work.users[layer.inputs[0]] != 1:
        return False
    if bias.size != found.channels or not is_per_channel(bias):
        return False
    name, kept, scale = f'{layer.name}_bias', None, found.scale
    stored = np.zeros(0) if scale is None else np.rint(bias.ravel() / scale)
    if scale is not None and (np.abs(stored) <= _MOST_INT32).all():
        parts = [
            work.graph.constant(stored.astype(np.int32), f'{name}_stored'),
            work.graph.constant(scale, f'{name}_scale'),
        ]
        kept = work.graph.node_of_constants('DequantizeLinear', parts, name, axis=0)
    work.graph.add_input(node, kept or work.graph.constant(bias.ravel(), name))
    work.convolutions[node] = replace(found, bias=kept)
    return True
