"""Each operation of TensorFlow that is known, and how it becomes a part of a `Graph`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import prod

import numpy as np

from openpose_ros.models.importing.operations import Add, Affine, Concat, Pad, Pool, Resize, Slice
from openpose_ros.models.importing.tensorflow.conversion import (
    CHANNELS,
    HEIGHT,
    RANK,
    Array,
    Conversion,
    Extent,
    Value,
    check_layout,
    flag,
    floats,
    known,
    padding,
    take,
    tensor,
    vector,
    window,
)
from openpose_ros.models.importing.tensorflow.convolutions import (
    activation,
    apply,
    batch_norm,
    bias,
    convolution,
    fused,
    gather,
    leaky,
    prelu,
    spread,
)
from openpose_ros.models.importing.tensorflow.nodes import TensorFlowNode

Converter = Callable[[Conversion, TensorFlowNode, Sequence[Value]], Value]


def _placeholder(work: Conversion, node: TensorFlowNode, _: Sequence[Value]) -> Value:
    if work.picture:
        raise ValueError(f"it is a second input, beside '{work.picture}'; expected one picture")
    shape = node.attributes.get('shape')
    if isinstance(shape, tuple) and len(shape) == RANK:
        if shape[CHANNELS] not in (3, -1):
            raise ValueError(f'its shape is {shape}, expected a picture of 3 channels at the end')
        height, width = shape[HEIGHT:CHANNELS]
        work.size = (height, width) if min(height, width) > 0 else None
    work.picture = node.name
    work.strides[node.name] = Fraction(1)
    return node.name


def _constant(_: Conversion, node: TensorFlowNode, inputs: Sequence[Value]) -> Value:
    value = node.attributes.get('value')
    if not isinstance(value, np.ndarray):
        raise ValueError('it has no values that are numbers')
    return value


def _same(_: Conversion, node: TensorFlowNode, inputs: Sequence[Value]) -> Value:
    if not inputs:
        raise ValueError('it has no inputs')
    return inputs[0]


def _arithmetic(work: Conversion, node: TensorFlowNode, inputs: Sequence[Value]) -> Value:
    left, right = take(inputs, 2)
    kind = node.kind.removesuffix('V2')
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return _combined(kind, left, right)
    if isinstance(left, Extent) or isinstance(right, Extent):
        return _scaled(kind, left, right)
    if isinstance(left, str) and isinstance(right, str):
        if kind != 'Add':
            raise ValueError(f'it is a {kind} of two pictures, of which only Add is known here')
        return work.add(node.name, Add(), left, right)
    picture, given = (right, left) if isinstance(left, np.ndarray) else (left, right)
    values = vector(given, 'constant')
    one = np.ones(1, np.float32)
    nothing = np.zeros(1, np.float32)
    if kind == 'Add':
        made = Affine(one, values)
    elif kind == 'Mul':
        made = Affine(values, nothing)
    elif kind == 'Sub':
        made = Affine(-one, values) if picture is right else Affine(one, -values)
    elif picture is left:
        made = Affine((1 / values.astype(np.float64)).astype(np.float32), nothing)
    else:
        raise ValueError('it divides by what depends on the picture, which is not known here')
    return apply(work, picture, [(node.name, made)])


def _combined(kind: str, left: Array, right: Array) -> Array:
    shape = np.broadcast_shapes(left.shape, right.shape)
    if prod(shape) > max(left.size, right.size):  # two vectors could fill the memory
        raise ValueError(f'its constants of shapes {left.shape} and {right.shape} do not fit')
    both = [value.astype(np.float64) for value in (left, right)]
    result: Array = _COMBINED[kind](*both).astype(np.promote_types(left.dtype, right.dtype))
    return result


def _scaled(kind: str, left: Value, right: Value) -> Value:
    extent, factor = (left, right) if isinstance(left, Extent) else (right, left)
    if kind == 'Mul' and isinstance(extent, Extent) and isinstance(factor, np.ndarray):
        values = {float(value) for value in factor.ravel()[:RANK]}
        whole = values & {2.0, 4.0, 8.0}
        if values == whole and len(whole) == 1 and not extent.is_whole:
            return Extent(extent.tensor, extent.factor * int(whole.pop()), is_whole=False)
    raise ValueError('it computes with the size of a picture in a way that is not known here')


def _of_one(_: Conversion, node: TensorFlowNode, inputs: Sequence[Value]) -> Value:
    [given] = take(inputs, 1)
    if isinstance(given, str):
        raise ValueError('it is known of constants only')
    return _OF_ONE[node.kind](floats(given, 'constant').astype(np.float64)).astype(np.float32)


def _sum(work: Conversion, node: TensorFlowNode, inputs: Sequence[Value]) -> Value:
    return work.add(node.name, Add(), *map(tensor, inputs))


def _pool(work: Conversion, node: TensorFlowNode, inputs: Sequence[Value]) -> Value:
    check_layout(node)
    [picture] = take(inputs, 1)
    made = Pool(
        'max' if node.kind == 'MaxPool' else 'mean',
        window(node, 'ksize'),
        window(node, 'strides'),
        padding(node),
    )
    return work.add(node.name, made, tensor(picture))


def _pad(work: Conversion, node: TensorFlowNode, inputs: Sequence[Value]) -> Value:
    if len(inputs) == 3 and known(inputs[2], 'value').any():
        raise ValueError('it pads with other values than 0')
    picture, sizes = take(inputs[:2], 2)
    edges = known(sizes, 'paddings')
    if edges.shape != (RANK, 2) or edges.dtype.kind not in 'iu' or edges[[0, CHANNELS]].any():
        raise ValueError('its paddings are not of height and width alone')
    (top, bottom), (left, right) = edges[HEIGHT:CHANNELS].tolist()
    return work.add(node.name, Pad((top, left, bottom, right)), tensor(picture))


def _concat(work: Conversion, node: TensorFlowNode, inputs: Sequence[Value]) -> Value:
    if len(inputs) < 2:
        raise ValueError(f'it has {len(inputs)} inputs, expected an axis and what to join')
    axis, *parts = inputs if node.kind == 'Concat' else [inputs[-1], *inputs[:-1]]
    _check_axis(axis)
    return work.add(node.name, Concat(), *map(tensor, parts))


def _check_axis(value: Value) -> None:
    axis = known(value, 'axis').ravel()
    if axis.size != 1 or int(axis[0]) not in (CHANNELS, CHANNELS - RANK):
        raise ValueError(f'its axis is {axis[:4].tolist()}, expected that of the channels')


def _shape(_: Conversion, node: TensorFlowNode, inputs: Sequence[Value]) -> Value:
    [picture] = take(inputs, 1)
    return Extent(tensor(picture))


def _part(work: Conversion, node: TensorFlowNode, inputs: Sequence[Value]) -> Value:
    """Convert StridedSlice: height and width out of a shape, or some channels."""
    whole, *bounds = take(inputs, 4)
    begin, end, step = (known(value, 'bounds').ravel().tolist() for value in bounds)
    masks = [
        node.attributes.get(f'{name}_mask', 0)
        for name in ('begin', 'end', 'ellipsis', 'new_axis', 'shrink_axis')
    ]
    if isinstance(whole, Extent) and whole.is_whole:
        if (begin, end, step) == ([HEIGHT], [CHANNELS], [1]) and not any(masks):
            return Extent(whole.tensor, whole.factor, is_whole=False)
    elif isinstance(whole, str) and len(begin) == len(end) == RANK and set(step) == {1}:
        inner = 0b0111  # batch, height, width
        if masks[0] & inner == inner == masks[1] & inner and not any(masks[2:]):
            start = 0 if masks[0] & 8 else begin[CHANNELS]
            stop = _MOST_CHANNELS if masks[1] & 8 else end[CHANNELS]
            return _channels(work, node, whole, start, stop)
    raise ValueError('it takes a part that is not known here')


_MOST_CHANNELS = 1 << 20


def _channels(
    work: Conversion, node: TensorFlowNode, picture: str, start: int, stop: int
) -> Value:
    if stop == _MOST_CHANNELS or start < 0 or stop < 0:
        raise ValueError('it takes channels counted from the end, which is not known here')
    return work.add(node.name, Slice(start, stop), picture)


def _resize(work: Conversion, node: TensorFlowNode, inputs: Sequence[Value]) -> Value:
    picture, size = take(inputs, 2)
    source = tensor(picture)
    stride = work.strides[source]
    if isinstance(size, Extent) and not size.is_whole:
        target = work.strides[size.tensor] / size.factor
    elif isinstance(size, np.ndarray) and size.shape == (2,) and work.size and (size > 0).all():
        targets = {Fraction(whole) / int(part) for whole, part in zip(work.size, size)}
        if len(targets) > 1:
            raise ValueError('it resizes height and width by different factors')
        target = targets.pop()
    else:
        raise ValueError('the size that it resizes to is not known')
    factor = stride / target
    if factor.denominator != 1 or stride.denominator != 1:
        raise ValueError(f'it enlarges {float(factor):.4g} times, expected a whole number')
    name = work.add(node.name, _enlargement(node, int(factor)), source)
    work.strides[name] = target
    work.deepest = max(work.deepest, int(stride))
    return name


def _enlargement(node: TensorFlowNode, factor: int) -> Resize:
    aligned = flag(node, 'align_corners', False)
    half = flag(node, 'half_pixel_centers', False)
    if node.kind == 'ResizeBilinear':
        if aligned:
            return Resize(factor, 'linear', 'align_corners')
        return Resize(factor, 'linear', 'half_pixel' if half else 'asymmetric')
    if aligned:
        raise ValueError('it takes the nearest pixel in a way that is not known here')
    return Resize(factor, 'nearest', 'asymmetric')  # for a whole factor, half pixels are the same


_COMBINED = {'Add': np.add, 'Sub': np.subtract, 'Mul': np.multiply, 'RealDiv': np.divide}
_OF_ONE: dict[str, Callable[[Array], Array]] = {
    'Rsqrt': lambda values: 1 / np.sqrt(values),
    'Sqrt': np.sqrt,
    'Square': np.square,
    'Neg': np.negative,
    'Reciprocal': lambda values: 1 / values,
}
OPERATIONS: dict[str, Converter] = {
    'Placeholder': _placeholder,
    'Const': _constant,
    'Identity': _same,
    'StopGradient': _same,
    'Snapshot': _same,
    'CheckNumerics': _same,
    'Conv2D': convolution,
    'DepthwiseConv2dNative': convolution,
    '_FusedConv2D': fused,
    'FusedConv2D': fused,
    'FusedDepthwiseConv2dNative': fused,
    'BiasAdd': bias,
    'FusedBatchNorm': batch_norm,
    'FusedBatchNormV2': batch_norm,
    'FusedBatchNormV3': batch_norm,
    'Relu': activation,
    'Relu6': activation,
    'Sigmoid': activation,
    'LeakyRelu': leaky,
    'Prelu': prelu,
    'SpaceToBatchND': spread,
    'BatchToSpaceND': gather,
    'Add': _arithmetic,
    'AddV2': _arithmetic,
    'Sub': _arithmetic,
    'Mul': _arithmetic,
    'RealDiv': _arithmetic,
    'AddN': _sum,
    'MaxPool': _pool,
    'AvgPool': _pool,
    'Pad': _pad,
    'PadV2': _pad,
    'Concat': _concat,
    'ConcatV2': _concat,
    'Shape': _shape,
    'StridedSlice': _part,
    'ResizeBilinear': _resize,
    'ResizeNearestNeighbor': _resize,
    'Rsqrt': _of_one,
    'Sqrt': _of_one,
    'Square': _of_one,
    'Neg': _of_one,
    'Reciprocal': _of_one,
}
