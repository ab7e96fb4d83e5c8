"""Each layer of Keras that is known, and the operations of a `Graph` that it becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.models.importing.keras.config import KerasLayer
from openpose_ros.models.importing.operations import (
    Add,
    Affine,
    Concat,
    Convolution,
    Operation,
    Pad,
    Pads,
    Pair,
    Pool,
    PRelu,
    Relu,
    Resize,
    Sigmoid,
    batch_normalisation,
)

Weights = Mapping[str, npt.NDArray[Any]]
"""Of one layer, by what Keras calls them: kernel, bias, gamma."""
Converter = Callable[[KerasLayer, Weights], list[Operation]]
_CHANNELS = (-1, 3)  # the last axis of (N, height, width, channels)


def convolution(layer: KerasLayer, weights: Weights) -> list[Operation]:
    """Convert Conv2D."""
    kernel = _array(weights, 'kernel', 4).transpose(3, 2, 0, 1)
    groups = layer.config.get('groups', 1)
    if type(groups) is not int:
        raise ValueError(f'its groups are {str(groups)[:20]}, expected a number')
    made = _convolved(layer, np.ascontiguousarray(kernel), groups, weights)
    return [made, *_activated(layer)]


def depthwise(layer: KerasLayer, weights: Weights) -> list[Operation]:
    """Convert DepthwiseConv2D."""
    name = 'depthwise_kernel' if 'depthwise_kernel' in weights else 'kernel'  # of Keras 2 or 3
    given = _array(weights, name, 4)
    made = _convolved(layer, _by_channel(given), given.shape[2], weights)
    return [made, *_activated(layer)]


def separable(layer: KerasLayer, weights: Weights) -> list[Operation]:
    """Convert SeparableConv2D."""
    given = _array(weights, 'depthwise_kernel', 4)
    first = Convolution(
        _by_channel(given),
        strides=_pair(layer, 'strides'),
        pads=_pads(layer),
        dilations=_pair(layer, 'dilation_rate'),
        groups=given.shape[2],
    )
    second = Convolution(
        np.ascontiguousarray(_array(weights, 'pointwise_kernel', 4).transpose(3, 2, 0, 1)),
        _bias(layer, weights),
    )
    _check_layout(layer)
    return [first, second, *_activated(layer)]


def normalisation(layer: KerasLayer, weights: Weights) -> list[Operation]:
    """Convert BatchNormalization."""
    axis = layer.config.get('axis', -1)
    if (axis[0] if isinstance(axis, list) and len(axis) == 1 else axis) not in _CHANNELS:
        raise ValueError(f'its axis is {str(axis)[:20]}, expected the last')
    mean, variance = (_array(weights, f'moving_{name}', 1) for name in ('mean', 'variance'))
    gamma = _array(weights, 'gamma', 1) if _flag(layer, 'scale') else np.ones_like(mean)
    beta = _array(weights, 'beta', 1) if _flag(layer, 'center') else np.zeros_like(mean)
    return [batch_normalisation(gamma, beta, mean, variance, _number(layer, 'epsilon', 1e-3))]


def activation(layer: KerasLayer, _: Weights) -> list[Operation]:
    """Convert Activation."""
    return _activated(layer)


def relu(layer: KerasLayer, _: Weights) -> list[Operation]:
    """Convert ReLU."""
    limit = layer.config.get('max_value')
    for name in ('threshold', 'negative_slope'):
        if _number(layer, name, 0.0):
            raise ValueError(f'its {name} is not 0')
    return [Relu(None if limit is None else _number(layer, 'max_value', 0.0))]


def leaky(layer: KerasLayer, _: Weights) -> list[Operation]:
    """Convert LeakyReLU; Keras 3 calls its slope otherwise than Keras 2."""
    name = 'negative_slope' if 'negative_slope' in layer.config else 'alpha'
    return [PRelu(np.array([_number(layer, name, 0.3)], np.float32))]


def prelu(_: KerasLayer, weights: Weights) -> list[Operation]:
    """Convert PReLU with a slope a channel."""
    slope = _array(weights, 'alpha', 3)
    if slope.shape[:2] != (1, 1):
        raise ValueError(f'its slopes have the shape {slope.shape}, expected one a channel')
    return [PRelu(slope.reshape(-1))]


def pool(layer: KerasLayer, _: Weights) -> list[Operation]:
    """Convert MaxPooling2D and AveragePooling2D."""
    _check_layout(layer)
    size = _pair(layer, 'pool_size', 2)
    strides = size if layer.config.get('strides') is None else _pair(layer, 'strides')
    return [Pool('max' if layer.kind.startswith('Max') else 'mean', size, strides, _pads(layer))]


def padding(layer: KerasLayer, _: Weights) -> list[Operation]:
    """Convert ZeroPadding2D."""
    _check_layout(layer)
    sizes = np.array(layer.config.get('padding', 1))
    if sizes.dtype.kind != 'i' or sizes.shape not in ((), (2,), (2, 2)):
        raise ValueError(f'its padding is {str(sizes)[:40]}, expected whole numbers')
    if sizes.shape == (2,):
        sizes = sizes[:, None]
    (top, bottom), (left, right) = np.broadcast_to(sizes, (2, 2)).tolist()
    return [Pad((top, left, bottom, right))]


def enlargement(layer: KerasLayer, _: Weights) -> list[Operation]:
    """Convert UpSampling2D of nearest pixels; where linear ones lie depends on the version."""
    _check_layout(layer)
    size = _pair(layer, 'size', 2)
    if size[0] != size[1] or layer.config.get('interpolation', 'nearest') != 'nearest':
        raise ValueError('it enlarges other than to squares of one value')
    return [Resize(size[0], 'nearest', 'asymmetric')]


def concatenation(layer: KerasLayer, _: Weights) -> list[Operation]:
    """Convert Concatenate."""
    if layer.config.get('axis', -1) not in _CHANNELS:
        raise ValueError(f'its axis is {str(layer.config.get("axis"))[:20]}, expected the last')
    return [Concat()]


def addition(_: KerasLayer, __: Weights) -> list[Operation]:
    """Convert Add."""
    return [Add()]


def rescaling(layer: KerasLayer, _: Weights) -> list[Operation]:
    """Convert Rescaling."""
    scale, shift = _number(layer, 'scale', 1.0), _number(layer, 'offset', 0.0)
    return [Affine(np.array([scale], np.float32), np.array([shift], np.float32))]


def nothing(_: KerasLayer, __: Weights) -> list[Operation]:
    """Convert what does something in training only."""
    return []


def _by_channel(kernel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return weights (height, width, channels, as many of each) as those of a grouped one."""
    height, width, channels, count = kernel.shape
    made = kernel.transpose(2, 3, 0, 1).reshape(channels * count, 1, height, width)
    return np.ascontiguousarray(made)


def _convolved(
    layer: KerasLayer, kernel: npt.NDArray[np.float32], groups: int, weights: Weights
) -> Convolution:
    _check_layout(layer)
    return Convolution(
        kernel,
        _bias(layer, weights),
        strides=_pair(layer, 'strides'),
        pads=_pads(layer),
        dilations=_pair(layer, 'dilation_rate'),
        groups=groups,
    )


def _activated(layer: KerasLayer) -> list[Operation]:
    name = layer.config.get('activation', 'linear')
    if name is None or name == 'linear':
        return []
    if not isinstance(name, str) or name not in _ACTIVATIONS:
        raise ValueError(
            f"its activation is '{str(name)[:40]}', expected one of {', '.join(_ACTIVATIONS)}"
        )
    return [_ACTIVATIONS[name]]


def _array(weights: Weights, name: str, axes: int) -> npt.NDArray[np.float32]:
    if name not in weights:
        raise ValueError(f'it has no {name}')
    array = weights[name]
    if array.ndim != axes:
        raise ValueError(f'its {name} has the shape {array.shape}, expected {axes} axes')
    with np.errstate(over='ignore'):  # what float32 cannot hold is refused where it is written
        return array.astype(np.float32)


def _bias(layer: KerasLayer, weights: Weights) -> npt.NDArray[np.float32] | None:
    return _array(weights, 'bias', 1) if _flag(layer, 'use_bias') else None


def _flag(layer: KerasLayer, name: str) -> bool:
    value = layer.config.get(name, True)
    if not isinstance(value, bool):
        raise ValueError(f'its {name} is {str(value)[:20]}, expected true or false')
    return value


def _number(layer: KerasLayer, name: str, default: float) -> float:
    value = layer.config.get(name, default)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e9:
        raise ValueError(f'its {name} is {str(value)[:40]}, expected a number')
    return float(value)


def _pair(layer: KerasLayer, name: str, default: int = 1) -> Pair:
    value = layer.config.get(name, default)
    sizes = value if isinstance(value, list) else [value, value]
    if len(sizes) != 2 or not all(type(size) is int for size in sizes):
        raise ValueError(f'its {name} is {str(value)[:40]}, expected two whole numbers')
    return sizes[0], sizes[1]


def _pads(layer: KerasLayer) -> Pads:
    name = layer.config.get('padding', 'valid')
    if name == 'same':
        return 'same'
    if name == 'valid':
        return (0, 0, 0, 0)
    raise ValueError(f"its padding is '{str(name)[:20]}', expected same or valid")


def _check_layout(layer: KerasLayer) -> None:
    layout = layer.config.get('data_format') or 'channels_last'
    if layout != 'channels_last':
        raise ValueError(f"its data_format is '{str(layout)[:20]}', expected channels_last")


_ACTIVATIONS: dict[str, Operation] = {
    'relu': Relu(),
    'relu6': Relu(6.0),
    'sigmoid': Sigmoid(),
}
LAYERS: dict[str, Converter] = {
    'Conv2D': convolution,
    'DepthwiseConv2D': depthwise,
    'SeparableConv2D': separable,
    'BatchNormalization': normalisation,
    'Activation': activation,
    'ReLU': relu,
    'LeakyReLU': leaky,
    'PReLU': prelu,
    'MaxPooling2D': pool,
    'AveragePooling2D': pool,
    'ZeroPadding2D': padding,
    'UpSampling2D': enlargement,
    'Concatenate': concatenation,
    'Add': addition,
    'Rescaling': rescaling,
    'Dropout': nothing,
    'SpatialDropout2D': nothing,
}
