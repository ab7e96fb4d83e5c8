"""What a `Graph` means, pixel by pixel, by loops that share nothing with the package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from openpose_ros.models.importing.graph import Graph
from openpose_ros.models.importing.operations import (
    Add,
    Affine,
    Concat,
    Convolution,
    Elu,
    InstanceNormalisation,
    Pad,
    Pool,
    PRelu,
    Relu,
    Sigmoid,
    Slice,
)


def run(graph: Graph, picture: Any) -> dict[str, Any]:
    """Return each output for a picture (3, height, width), float64."""
    tensors = {graph.picture: np.asarray(picture, np.float64)}
    for node in graph.nodes:
        given = [tensors[name] for name in node.inputs]
        tensors[node.name] = _apply(node.operation, given)
    return {name: tensors[tensor] for name, tensor in graph.outputs.items()}


def _apply(operation: Any, given: Sequence[Any]) -> Any:
    first = given[0]
    if isinstance(operation, Convolution):
        return _convolution(operation, first)
    if isinstance(operation, Pool):
        return _pool(operation, first)
    if isinstance(operation, Relu):
        return np.clip(first, 0, operation.limit)
    if isinstance(operation, PRelu):
        return np.where(first < 0, first * operation.slope.reshape(-1, 1, 1), first)
    if isinstance(operation, Elu):
        return np.where(first < 0, np.expm1(first), first)
    if isinstance(operation, Sigmoid):
        return 1 / (1 + np.exp(-first))
    if isinstance(operation, Pad):
        top, left, bottom, right = operation.pads
        return np.pad(first, ((0, 0), (top, bottom), (left, right)))
    if isinstance(operation, Concat):
        return np.concatenate(given)
    if isinstance(operation, Add):
        return np.sum(given, axis=0)
    if isinstance(operation, Slice):
        return first[operation.start : operation.stop]
    if isinstance(operation, InstanceNormalisation):
        return np.stack([_normalised(operation, *item) for item in enumerate(first)])
    assert isinstance(operation, Affine)
    return first * operation.scale.reshape(-1, 1, 1) + operation.shift.reshape(-1, 1, 1)


def _normalised(operation: InstanceNormalisation, channel: int, plane: Any) -> Any:
    mean = plane.sum() / plane.size
    variance = ((plane - mean) ** 2).sum() / plane.size
    plain = (plane - mean) / np.sqrt(variance + operation.epsilon)
    return plain * operation.gamma[channel] + operation.beta[channel]


def _same(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Return TensorFlow's SAME: zeros before and after (tensorflow.org, tf.nn, "padding")."""
    out = -(-size // stride)
    total = max((out - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def _pads(operation: Any, size: tuple[int, int], kernel: Any, dilations: Any) -> list[Any]:
    if operation.pads == 'same':
        return [
            _same(size[axis], kernel[axis], operation.strides[axis], dilations[axis])
            for axis in range(2)
        ]
    top, left, bottom, right = operation.pads
    return [(top, bottom), (left, right)]


def _windows(
    first: Any, kernel: Any, strides: Any, dilations: Any, count: tuple[int, int]
) -> Callable[[int, int], Any]:
    def window(row: int, column: int) -> Any:
        y, x = row * strides[0], column * strides[1]
        return first[
            :,
            y : y + dilations[0] * (kernel[0] - 1) + 1 : dilations[0],
            x : x + dilations[1] * (kernel[1] - 1) + 1 : dilations[1],
        ]

    return window


def _convolution(operation: Convolution, first: Any) -> Any:
    weights = operation.weights.astype(np.float64)
    out, each, *kernel = weights.shape
    pads = _pads(operation, first.shape[1:], kernel, operation.dilations)
    padded = np.pad(first, ((0, 0), *pads))
    sizes = [
        (padded.shape[1 + axis] - operation.dilations[axis] * (kernel[axis] - 1) - 1)
        // operation.strides[axis]
        + 1
        for axis in range(2)
    ]
    window = _windows(padded, kernel, operation.strides, operation.dilations, tuple(sizes))
    result = np.zeros((out, *sizes))
    for row in range(sizes[0]):
        for column in range(sizes[1]):
            seen = window(row, column)
            for channel in range(out):
                group = channel // (out // operation.groups)
                part = seen[group * each : (group + 1) * each]
                result[channel, row, column] = (part * weights[channel]).sum()
    if operation.bias is not None:
        result += operation.bias.reshape(-1, 1, 1)
    return result


def _pool(operation: Pool, first: Any) -> Any:
    kernel, strides = operation.kernel, operation.strides
    pads = _pads(operation, first.shape[1:], kernel, (1, 1))
    padded = np.pad(first, ((0, 0), *pads), constant_values=np.nan)
    sizes = []
    for axis in range(2):
        free = padded.shape[1 + axis] - kernel[axis]
        sizes.append((-(-free // strides[axis]) if operation.ceil else free // strides[axis]) + 1)
    window = _windows(padded, kernel, strides, (1, 1), (sizes[0], sizes[1]))
    result = np.zeros((len(first), *sizes))
    reduce = np.nanmax if operation.kind == 'max' else np.nanmean
    for row in range(sizes[0]):
        for column in range(sizes[1]):
            result[:, row, column] = reduce(window(row, column), axis=(1, 2))
    return result
