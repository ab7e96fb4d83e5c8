"""Convolutions of TensorFlow, plain, depthwise, fused with what follows, and dilated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from openpose_ros.models.importing.operations import (
    Affine,
    Convolution,
    InstanceNormalisation,
    Operation,
    Pads,
    Pair,
    PRelu,
    Relu,
    Sigmoid,
    batch_normalisation,
)
from openpose_ros.models.importing.tensorflow.conversion import (
    RANK,
    Array,
    Conversion,
    Deferred,
    Spread,
    Value,
    check_layout,
    flag,
    floats,
    known,
    number,
    padding,
    take,
    tensor,
    vector,
    window,
    words,
)
from openpose_ros.models.importing.tensorflow.nodes import TensorFlowNode


def convolution(work: Conversion, node: TensorFlowNode, inputs: Sequence[Value]) -> Value:
    """Convert Conv2D and DepthwiseConv2dNative."""
    picture, weights = take(inputs, 2)
    return apply(work, picture, [(node.name, _convolution(node, weights))])


def fused(work: Conversion, node: TensorFlowNode, inputs: Sequence[Value]) -> Value:
    """Convert a convolution that says in `fused_ops` what follows it."""
    if len(inputs) < 2:
        raise ValueError(f'it has {len(inputs)} inputs, expected a picture and weights')
    picture, weights, *others = inputs
    steps: list[tuple[str, Operation]] = [(f'{node.name}~0', _convolution(node, weights))]
    for index, kind in enumerate(words(node, 'fused_ops'), 1):
        name = f'{node.name}~{index}'
        if kind == 'BiasAdd':
            steps.append((name, _biased(others.pop(0) if others else '')))
        elif kind == 'FusedBatchNorm':
            steps.append((name, _normalised(others[:4], number(node, 'epsilon', 1e-4))))
            del others[:4]
        elif kind == 'Prelu':
            steps.append((name, PRelu(vector(others.pop(0) if others else '', 'slope'))))
        elif kind == 'LeakyRelu':
            slope = number(node, 'leakyrelu_alpha', number(node, 'alpha', 0.2))
            steps.append((name, PRelu(np.array([slope], np.float32))))
        elif kind in ACTIVATIONS:
            steps.append((name, ACTIVATIONS[kind]))
        else:
            raise ValueError(f"it is fused with '{kind[:40]}', which is not known here")
    steps[-1] = (node.name, steps[-1][1])
    return apply(work, picture, steps)


def bias(work: Conversion, node: TensorFlowNode, inputs: Sequence[Value]) -> Value:
    """Convert BiasAdd."""
    check_layout(node)
    picture, values = take(inputs, 2)
    return apply(work, picture, [(node.name, _biased(values))])


def batch_norm(work: Conversion, node: TensorFlowNode, inputs: Sequence[Value]) -> Value:
    """
    Convert FusedBatchNorm of all versions.

    Where `is_training` is left on, TensorFlow takes mean and variance of the picture, not those in
    the file: 39 of the 99 in tf-pose-estimation's published mobilenet_v2_small are like that.
    """
    check_layout(node)
    picture, *others = take(inputs, 5)
    epsilon = number(node, 'epsilon', 1e-4)
    made: Operation
    if flag(node, 'is_training', True):
        gamma, beta = (vector(value, 'normalisation') for value in others[:2])
        made = InstanceNormalisation(gamma, beta, epsilon)
    else:
        made = _normalised(others, epsilon)
    return apply(work, picture, [(node.name, made)])


def activation(work: Conversion, node: TensorFlowNode, inputs: Sequence[Value]) -> Value:
    """Convert what is applied to each value by itself."""
    [picture] = take(inputs, 1)
    return apply(work, picture, [(node.name, ACTIVATIONS[node.kind])])


def leaky(work: Conversion, node: TensorFlowNode, inputs: Sequence[Value]) -> Value:
    """Convert LeakyRelu."""
    [picture] = take(inputs, 1)
    slope = np.array([number(node, 'alpha', 0.2)], np.float32)
    return apply(work, picture, [(node.name, PRelu(slope))])


def prelu(work: Conversion, node: TensorFlowNode, inputs: Sequence[Value]) -> Value:
    """Convert Prelu, which only TensorFlow.js has."""
    picture, slope = take(inputs, 2)
    return apply(work, picture, [(node.name, PRelu(vector(slope, 'slope')))])


def spread(_: Conversion, node: TensorFlowNode, inputs: Sequence[Value]) -> Value:
    """Begin a dilated convolution: TensorFlow writes it as one of several smaller pictures."""
    picture, block, pads = take(inputs, 3)
    sizes = known(block, 'block_shape').ravel()
    if sizes.size != 2 or not ((sizes >= 1) & (sizes <= 64)).all():
        raise ValueError(f'its block_shape is {sizes[:4].tolist()}, expected two numbers to 64')
    edges = pads if isinstance(pads, np.ndarray) else None
    if edges is not None and (edges.shape != (2, 2) or edges.dtype.kind not in 'iu'):
        raise ValueError(f'its paddings have the shape {edges.shape}, expected whole (2, 2)')
    return Spread(tensor(picture), (int(sizes[0]), int(sizes[1])), edges)


def gather(work: Conversion, node: TensorFlowNode, inputs: Sequence[Value]) -> Value:
    """End a dilated convolution."""
    deferred, _, crops = take(inputs, 3)
    if not isinstance(deferred, Deferred):
        raise ValueError('it is not the end of a dilated convolution, which it is known as alone')
    base = deferred.steps[0][1]
    assert isinstance(base, Convolution)
    made = replace(base, dilations=deferred.spread.dilation)
    made = replace(made, pads=_pads_of(made, deferred.spread.pads, crops))
    steps = [(deferred.steps[0][0], made), *deferred.steps[1:]]
    result = deferred.spread.tensor
    for name, operation in steps:
        result = work.add(name, operation, result)
    return result


def apply(work: Conversion, picture: Value, steps: list[tuple[str, Operation]]) -> Value:
    """Add operations, each after the last; in a dilated convolution, keep them for its end."""
    if isinstance(picture, Spread):
        first = steps[0][1]
        if not isinstance(first, Convolution) or first.pads != (0, 0, 0, 0):
            raise ValueError('a convolution without padding is expected after SpaceToBatchND')
        return Deferred(picture, tuple(steps))
    if isinstance(picture, Deferred):
        if isinstance(steps[0][1], Convolution):
            raise ValueError('two convolutions lie between SpaceToBatchND and BatchToSpaceND')
        return Deferred(picture.spread, (*picture.steps, *steps))
    result = tensor(picture)
    for name, operation in steps:
        result = work.add(name, operation, result)
    return result


def _pads_of(made: Convolution, pads: Array | None, crops: Value) -> Pads:
    """
    Return the padding that SpaceToBatchND stands for.

    What it adds so that the dilation divides the picture depends on the picture's size, and
    BatchToSpaceND takes it away; so the zeros before say whether it was SAME, and those after,
    less what is taken away, that it was not something else.
    """
    kernel: Pair = made.weights.shape[2], made.weights.shape[3]
    total = [dilation * (size - 1) for size, dilation in zip(kernel, made.dilations)]
    if pads is None:
        return 'same'  # sizes that are computed come from tf.nn alone, which says VALID by 0
    taken = known(crops, 'crops')
    if taken.shape != (2, 2) or taken.dtype.kind not in 'iu':
        raise ValueError(f'its crops have the shape {taken.shape}, expected whole (2, 2)')
    (top, bottom), (left, right) = (pads - taken).tolist()
    if [top, left] == [size // 2 for size in total] and [top + bottom, left + right] == total:
        return 'same'
    return top, left, bottom, right


def _convolution(node: TensorFlowNode, weights: Value) -> Convolution:
    check_layout(node)
    kernel = floats(weights, 'weights')
    if kernel.ndim != RANK:
        raise ValueError(f'its weights have the shape {kernel.shape}, expected four axes')
    height, width, channels, count = kernel.shape
    if 'epthwise' in node.kind:
        groups = channels
        kernel = kernel.transpose(2, 3, 0, 1).reshape(channels * count, 1, height, width)
    else:
        groups = 1
        kernel = kernel.transpose(3, 2, 0, 1)
    return Convolution(
        np.ascontiguousarray(kernel),
        strides=window(node, 'strides'),
        pads=padding(node),
        dilations=window(node, 'dilations', needed=False),
        groups=groups,
    )


def _biased(value: Value) -> Affine:
    return Affine(np.ones(1, np.float32), vector(value, 'bias'))


def _normalised(values: Sequence[Value], epsilon: float) -> Affine:
    if len(values) != 4:
        raise ValueError('its batch normalisation lacks some of its four inputs')
    gamma, beta, mean, variance = (vector(value, 'normalisation') for value in values)
    return batch_normalisation(gamma, beta, mean, variance, epsilon)


ACTIVATIONS: dict[str, Operation] = {'Relu': Relu(), 'Relu6': Relu(6.0), 'Sigmoid': Sigmoid()}
