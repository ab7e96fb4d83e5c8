"""From a `Graph` to an ONNX file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from openpose_ros.models.importing.folding import fold
from openpose_ros.models.importing.graph import Graph, Node
from openpose_ros.models.importing.onnx_graph import Attribute, OnnxGraph
from openpose_ros.models.importing.operations import (
    Add,
    Affine,
    Concat,
    Convolution,
    Elu,
    InstanceNormalisation,
    Pad,
    Pads,
    Pair,
    Pool,
    PRelu,
    Relu,
    Resize,
    Sigmoid,
    Slice,
)

CHANNELS = 1  # the axis of (N, C, H, W)


def write_graph(graph: Graph, *, name: str, precision: str, metadata: Mapping[str, str]) -> bytes:
    """
    Write a network as ONNX.

    Parameters
    ----------
    graph : Graph
        Any.
    name : str
        Of the ONNX graph.
    precision : str
        'fp32'; or 'fp16', with float32 input and outputs.
    metadata : mapping of str to str
        Entries of the file.

    Returns
    -------
    bytes
        The ONNX file; number of pictures, height and width are open.

    Raises
    ------
    ValueError
        If its weights are not finite, or do not fit float16, or ONNX has no such operation.

    """
    folded = fold(graph)
    dtype = np.float16 if precision == 'fp16' else np.float32
    target = OnnxGraph(name, dtype, [*folded.outputs])
    made = {folded.picture: target.input(folded.picture, ['batch', 3, 'height', 'width'])}
    for node in folded.nodes:
        tensors = [made[tensor] for tensor in node.inputs]
        try:
            made[node.name] = _add(target, node, tensors)
        except ValueError as exc:
            raise ValueError(f"'{node.name}': {exc}") from exc
    for output, tensor in folded.outputs.items():
        shape: list[int | str] = [
            'batch',
            folded.channels[tensor],
            f'{output}_height',
            f'{output}_width',
        ]
        target.output(output, made[tensor], shape)
    return target.finish(metadata)


def _add(target: OnnxGraph, node: Node, tensors: Sequence[str]) -> str:
    operation, name = node.operation, node.name
    if isinstance(operation, Convolution):
        return _convolution(target, operation, tensors, name)
    if isinstance(operation, Relu):
        if operation.limit is None:
            return target.node('Relu', tensors, name)
        low, high = (
            target.constant(np.float32(limit), f'{name}_{end}')
            for end, limit in (('low', 0), ('high', operation.limit))
        )
        return target.node('Clip', [*tensors, low, high], name)
    if isinstance(operation, PRelu):
        slope = target.constant(operation.slope.reshape(-1, 1, 1), f'{name}_slope')
        return target.node('PRelu', [*tensors, slope], name)
    if isinstance(operation, Elu):
        return target.node('Elu', tensors, name, alpha=1.0)
    if isinstance(operation, Sigmoid):
        return target.node('Sigmoid', tensors, name)
    if isinstance(operation, Pool):
        return _pool(target, operation, tensors, name)
    if isinstance(operation, Pad):
        top, left, bottom, right = operation.pads
        pads = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
        return target.node('Pad', [*tensors, target.constant(pads, f'{name}_pads')], name)
    if isinstance(operation, Concat):
        return target.node('Concat', tensors, name, axis=CHANNELS)
    if isinstance(operation, Add):
        total = tensors[0]
        for tensor in tensors[1:]:
            total = target.node('Add', [total, tensor], name)
        return total
    if isinstance(operation, Slice):
        parts = {'start': operation.start, 'stop': operation.stop, 'axis': CHANNELS}
        names = [
            target.constant(np.array([value], np.int64), f'{name}_{part}')
            for part, value in parts.items()
        ]
        return target.node('Slice', [*tensors, *names], name)
    if isinstance(operation, Affine):
        scale, shift = (
            target.constant(values.reshape(-1, 1, 1), f'{name}_{part}')
            for part, values in (('scale', operation.scale), ('shift', operation.shift))
        )
        scaled = target.node('Mul', [*tensors, scale], f'{name}_scaled')
        return target.node('Add', [scaled, shift], name)
    if isinstance(operation, InstanceNormalisation):
        names = [
            target.constant(values, f'{name}_{part}')
            for part, values in (('gamma', operation.gamma), ('beta', operation.beta))
        ]
        return target.node(
            'InstanceNormalization', [*tensors, *names], name, epsilon=operation.epsilon
        )
    return _resize(target, operation, tensors, name)


def _convolution(
    target: OnnxGraph, operation: Convolution, tensors: Sequence[str], name: str
) -> str:
    constants = [target.constant(operation.weights, f'{name}_weights')]
    if operation.bias is not None:
        constants.append(target.constant(operation.bias, f'{name}_bias'))
    kernel: Pair = operation.weights.shape[2], operation.weights.shape[3]
    return target.node(
        'Conv',
        [*tensors, *constants],
        name,
        kernel_shape=kernel,
        strides=operation.strides,
        dilations=operation.dilations,
        group=operation.groups,
        **_pads(operation.pads, kernel, operation.strides, operation.dilations),
    )


def _pads(pads: Pads, kernel: Pair, strides: Pair, dilations: Pair) -> dict[str, Attribute]:
    """Return ONNX's attributes; what must follow the size of the picture stays open in them."""
    if pads != 'same':
        return {'pads': pads}
    if dilations == (1, 1) and strides != (1, 1):
        return {'auto_pad': 'SAME_UPPER'}
    if strides != (1, 1):
        raise ValueError(f'it has dilations {dilations} and strides {strides}, expected either')
    beside = [dilation * (size - 1) for size, dilation in zip(kernel, dilations)]
    less = [total // 2 for total in beside]
    return {'pads': (*less, *(total - part for total, part in zip(beside, less)))}


def _pool(target: OnnxGraph, operation: Pool, tensors: Sequence[str], name: str) -> str:
    attributes = _pads(operation.pads, operation.kernel, operation.strides, (1, 1))
    if operation.ceil and operation.pads != 'same':
        _check_last_windows(operation, operation.pads)
    attributes |= {'kernel_shape': operation.kernel, 'strides': operation.strides}
    attributes['ceil_mode'] = int(operation.ceil)
    if operation.kind == 'max':
        return target.node('MaxPool', tensors, name, **attributes)
    return target.node('AveragePool', tensors, name, **attributes, count_include_pad=0)


def _check_last_windows(operation: Pool, pads: tuple[int, int, int, int]) -> None:
    """See that none begins beside the picture: what it holds there, each program says anew."""
    sizes = zip(operation.kernel, operation.strides, pads[2:])
    if any(stride > kernel - end for kernel, stride, end in sizes):
        raise ValueError(
            f'it rounds up, its strides are {operation.strides} and its windows '
            f'{operation.kernel} with pads {pads}: some would lie beside the picture'
        )


def _resize(target: OnnxGraph, operation: Resize, tensors: Sequence[str], name: str) -> str:
    factors = np.array([1, 1, operation.factor, operation.factor], np.float32)
    attributes: dict[str, Attribute] = {
        'mode': operation.kind,
        'coordinate_transformation_mode': operation.coordinates,
    }
    if operation.kind == 'nearest':
        attributes['nearest_mode'] = 'floor'
    scales = target.constant_as_it_is(factors, f'{name}_factors')
    return target.node('Resize', [*tensors, '', scales], name, **attributes)
