"""The operations of OpenVINO IR that can become ONNX, and how each does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from openpose_ros.models.importing.openvino_ir.constants import (
    combine,
    constant,
    convert,
    floats,
    reshape,
)
from openpose_ros.models.importing.openvino_ir.conversion import (
    CHANNELS,
    RANK,
    Conversion,
    Value,
    choice,
    is_per_channel,
    known,
    number,
    take,
    tensor,
)
from openpose_ros.models.importing.openvino_ir.convolutions import (
    convolution,
    fold_bias,
    pooling,
    transposed_convolution,
)
from openpose_ros.models.importing.openvino_ir.quantization import fake_quantize
from openpose_ros.models.importing.openvino_ir.reading import Layer

Operation = Callable[[Conversion, Layer, list[Value]], Value]


def _picture(work: Conversion, layer: Layer, inputs: list[Value]) -> Value:
    port = next(iter(layer.outputs.values()))
    kind = layer.attributes.get('element_type')
    if len(port.shape) != RANK or port.shape[CHANNELS] != 3 or kind not in ('f16', 'f32'):
        raise ValueError(f'it takes {kind} {port.shape}, expected floats (N, 3, height, width)')
    count = port.shape[0] if port.shape[0] > 0 else 'batch'
    return work.graph.input((port.names or (layer.name,))[0], [count, 3, 'height', 'width'])


def _const(work: Conversion, layer: Layer, inputs: list[Value]) -> Value:
    assert layer.values is not None  # read_ir has given a Const its values
    return constant(layer.values)


def _convert(work: Conversion, layer: Layer, inputs: list[Value]) -> Value:
    [value] = take(inputs, 1)
    destination = layer.attributes.get('destination_type', '')
    if not isinstance(value, str):
        return convert(value, destination)
    if destination not in ('f16', 'f32'):
        raise ValueError(f"it converts the picture to '{destination}', expected floats")
    return value


def _reshape(work: Conversion, layer: Layer, inputs: list[Value]) -> Value:
    value, shape = (known(value, 'input') for value in take(inputs, 2))
    sizes = [int(size) for size in floats(shape).ravel()]
    zeros = choice(layer, 'special_zero', 'false', {'true': 'yes', 'false': ''})
    return reshape(value, sizes, bool(zeros))


def _plain(operator: str) -> Operation:
    """Return what converts an operation of one input that ONNX has as well."""

    def convert_it(work: Conversion, layer: Layer, inputs: list[Value]) -> Value:
        [value] = take(inputs, 1)
        return work.graph.node(operator, [tensor(value)], layer.name)

    return convert_it


def _relu(work: Conversion, layer: Layer, inputs: list[Value]) -> Value:
    [value] = take(inputs, 1)
    node = work.graph.node('Relu', [tensor(value)], layer.name)
    if tensor(value) in work.convolutions and work.users[layer.inputs[0]] == 1:
        work.rectified[node] = tensor(value)
    return node


def _elu(work: Conversion, layer: Layer, inputs: list[Value]) -> Value:
    [value] = take(inputs, 1)
    return work.graph.node('Elu', [tensor(value)], layer.name, alpha=number(layer, 'alpha'))


def _clamp(work: Conversion, layer: Layer, inputs: list[Value]) -> Value:
    [value] = take(inputs, 1)
    limits = [
        work.graph.constant(np.float32(number(layer, end)), f'{layer.name}_{end}')
        for end in ('min', 'max')
    ]
    return work.graph.node('Clip', [tensor(value), *limits], layer.name)


def _prelu(work: Conversion, layer: Layer, inputs: list[Value]) -> Value:
    value, given = take(inputs, 2)
    slope = floats(known(given, 'slope'))
    if slope.ndim != 1 and not is_per_channel(slope):
        raise ValueError(f'its slope has the shape {slope.shape}, expected one a channel')
    name = work.graph.constant(slope.reshape(-1, 1, 1), f'{layer.name}_slope')
    return work.graph.node('PRelu', [tensor(value), name], layer.name)


def _swish(work: Conversion, layer: Layer, inputs: list[Value]) -> Value:
    value, *beta = take(inputs, 1, 2)
    given = scaled = tensor(value)
    if beta:
        factor = floats(known(beta[0], 'beta'))
        if factor.size != 1:
            raise ValueError(f'its beta has the shape {factor.shape}, expected one number')
        name = work.graph.constant(factor.reshape(()), f'{layer.name}_beta')
        scaled = work.graph.node('Mul', [given, name], f'{layer.name}_scaled')
    gate = work.graph.node('Sigmoid', [scaled], f'{layer.name}_gate')
    return work.graph.node('Mul', [given, gate], layer.name)


def _hswish(work: Conversion, layer: Layer, inputs: list[Value]) -> Value:
    [value] = take(inputs, 1)
    gate = work.graph.node(
        'HardSigmoid', [tensor(value)], f'{layer.name}_gate', alpha=1 / 6, beta=0.5
    )
    return work.graph.node('Mul', [tensor(value), gate], layer.name)


def _concat(work: Conversion, layer: Layer, inputs: list[Value]) -> Value:
    axis = number(layer, 'axis')
    if axis not in (CHANNELS, CHANNELS - RANK) or not inputs:
        raise ValueError(f'it joins along axis {axis:g}, expected {CHANNELS}, the channels')
    tensors = [tensor(value) for value in inputs]
    return work.graph.node('Concat', tensors, layer.name, axis=CHANNELS)


def _mean(work: Conversion, layer: Layer, inputs: list[Value]) -> Value:
    value, given = take(inputs, 2)
    axes = sorted(floats(known(given, 'axes')).ravel() % RANK)
    if axes != [2, 3] or layer.attributes.get('keep_dims') != 'true':
        raise ValueError('expected one over height and width that keeps its axes')
    return work.graph.node('GlobalAveragePool', [tensor(value)], layer.name)


_ONNX_NAMES = {
    'Add': 'Add',
    'Subtract': 'Sub',
    'Multiply': 'Mul',
    'Divide': 'Div',
    'Maximum': 'Max',
    'Minimum': 'Min',
}


def _elementwise(work: Conversion, layer: Layer, inputs: list[Value]) -> Value:
    left, right = take(inputs, 2)
    choice(layer, 'auto_broadcast', 'numpy', {'numpy': '', 'none': ''})
    if not isinstance(left, str) and not isinstance(right, str):
        return combine(layer.kind, left, right)
    if layer.kind == 'Add' and fold_bias(work, layer, left, right):
        return left
    names = []
    for value in (left, right):
        if not isinstance(value, str):
            array = floats(value)
            if not is_per_channel(array):
                raise ValueError(f'a constant of shape {array.shape} fixes the size of pictures')
            value = work.graph.constant(array, f'{layer.name}_constant')
        names.append(value)
    return work.graph.node(_ONNX_NAMES[layer.kind], names, layer.name)


OPERATIONS: dict[str, Operation] = {
    'Parameter': _picture,
    'Const': _const,
    'Convert': _convert,
    'Reshape': _reshape,
    'FakeQuantize': fake_quantize,
    'Convolution': convolution,
    'GroupConvolution': convolution,
    'ConvolutionBackpropData': transposed_convolution,
    'GroupConvolutionBackpropData': transposed_convolution,
    'MaxPool': pooling,
    'AvgPool': pooling,
    'ReduceMean': _mean,
    'Concat': _concat,
    'ReLU': _relu,
    'Sigmoid': _plain('Sigmoid'),
    'Tanh': _plain('Tanh'),
    'PReLU': _prelu,
    'Elu': _elu,
    'Clamp': _clamp,
    'Swish': _swish,
    'HSwish': _hswish,
    **dict.fromkeys(_ONNX_NAMES, _elementwise),
}
