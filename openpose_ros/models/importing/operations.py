"""
The operations of a `Graph`, and what each makes of the channels that it is given.

Pictures are (N, channels, height, width), whatever the file has; height and width are open. There
are only the operations that the networks of the OpenPose family and PoseNet are made of; a reader
names the others that it meets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Pair = tuple[int, int]  # height, width
Pads = tuple[int, int, int, int] | Literal['same']
"""
Zeros beside the picture: top, left, bottom, right; or as many as make the result as large as the
picture divided by the stride, rounded up, the odd one at the bottom and right (TensorFlow's SAME).
"""
NO_PADS = (0, 0, 0, 0)
_MOST_PIXELS = 1 << 12  # of a window, a stride, a pad


@dataclass(frozen=True, eq=False)
class Convolution:
    """
    A convolution, perhaps grouped, dilated or depthwise.

    Attributes
    ----------
    weights : float32 (channels out, channels in / groups, height, width)
    bias : float32 (channels out,) or None
    strides, dilations : (int, int)
    pads : Pads
    groups : int

    """

    weights: Floats
    bias: Floats | None = None
    strides: Pair = (1, 1)
    pads: Pads = NO_PADS
    dilations: Pair = (1, 1)
    groups: int = 1


@dataclass(frozen=True)
class Relu:
    """What is below 0 becomes 0, and what is above `limit` the limit: 6 for ReLU6."""

    limit: float | None = None


@dataclass(frozen=True, eq=False)
class PRelu:
    """What is below 0 is multiplied by a slope, float32 (channels,) or (1,)."""

    slope: Floats


@dataclass(frozen=True)
class Elu:
    """What is below 0 becomes exp(x) - 1."""


@dataclass(frozen=True)
class Sigmoid:
    """1 / (1 + exp(-x))."""


@dataclass(frozen=True)
class Pool:
    """
    The largest or the mean value of each window, of what lies in the picture.

    Attributes
    ----------
    kind : 'max' or 'mean'
    kernel, strides : (int, int)
    pads : Pads
    ceil : bool
        Whether the last window may reach beyond the picture, as Caffe's does.

    """

    kind: Literal['max', 'mean']
    kernel: Pair
    strides: Pair
    pads: Pads = NO_PADS
    ceil: bool = False


@dataclass(frozen=True)
class Pad:
    """Zeros beside the picture: top, left, bottom, right."""

    pads: tuple[int, int, int, int]


@dataclass(frozen=True)
class Concat:
    """The channels of all inputs, one after the other."""


@dataclass(frozen=True)
class Add:
    """The sum of all inputs."""


@dataclass(frozen=True)
class Slice:
    """The channels from `start` until before `stop`."""

    start: int
    stop: int


@dataclass(frozen=True, eq=False)
class Affine:
    """
    x * scale + shift, each float32 (channels,) or (1,).

    A batch normalisation is one (`batch_normalisation`), and so is what a graph does to a picture.
    """

    scale: Floats
    shift: Floats


@dataclass(frozen=True, eq=False)
class InstanceNormalisation:
    """
    Each channel of each picture brought to mean 0 and deviation 1, times `gamma`, plus `beta`.

    This is what becomes of a batch normalisation that was frozen while it still learned, as those
    of tf-pose-estimation's published MobileNet v2 were: it takes the picture's own statistics.

    Attributes
    ----------
    gamma, beta : float32 (channels,)
    epsilon : float

    """

    gamma: Floats
    beta: Floats
    epsilon: float


@dataclass(frozen=True)
class Resize:
    """
    An enlargement by a whole factor.

    Attributes
    ----------
    factor : int
    kind : 'nearest' or 'linear'
    coordinates : str
        As ONNX calls it: 'asymmetric' has the first pixels on top of each other, 'half_pixel'
        the corners, 'align_corners' the first and the last pixels.

    """

    factor: int
    kind: Literal['nearest', 'linear']
    coordinates: Literal['asymmetric', 'half_pixel', 'align_corners']


Operation = (
    Convolution
    | Elu
    | Relu
    | PRelu
    | Sigmoid
    | Pool
    | Pad
    | Concat
    | Add
    | Slice
    | Affine
    | InstanceNormalisation
    | Resize
)


def batch_normalisation(gamma: Any, beta: Any, mean: Any, variance: Any, epsilon: float) -> Affine:
    """
    Return a batch normalisation that no longer learns.

    Parameters
    ----------
    gamma, beta, mean, variance : arrays (channels,)
        Any may have more axes of 1.
    epsilon : float
        What is added to the variance.

    Raises
    ------
    ValueError
        If they are not of one size, or a variance is negative.

    """
    arrays = [np.asarray(values, np.float64).ravel() for values in (gamma, beta, mean, variance)]
    if len({array.size for array in arrays}) != 1:
        sizes = ', '.join(str(array.size) for array in arrays)
        raise ValueError(f'has a batch normalisation of {sizes} channels')
    if not (arrays[3] + epsilon > 0).all():
        raise ValueError('has a batch normalisation with a variance that is not above 0')
    scale = arrays[0] / np.sqrt(arrays[3] + epsilon)
    return Affine(_single(scale), _single(arrays[1] - arrays[2] * scale))


def _single(values: npt.NDArray[np.float64]) -> Floats:
    with np.errstate(over='ignore'):  # what float32 cannot hold is refused where it is written
        return values.astype(np.float32)


def channels_of(operation: Operation, given: Sequence[int]) -> int:
    """Return how many channels come out, after all checks of one operation."""
    if isinstance(operation, Concat):
        return sum(given)
    if isinstance(operation, Add):
        if len(set(given)) != 1:
            raise ValueError(f'adds tensors of {", ".join(map(str, given))} channels')
        return given[0]
    if len(given) != 1:
        raise ValueError(f'takes {len(given)} tensors, expected one')
    [count] = given
    if isinstance(operation, Convolution):
        return _convolved(operation, count)
    if isinstance(operation, Pool):
        _check_window(operation.kernel, operation.strides, operation.pads)
    elif isinstance(operation, Pad):
        _check_window((1, 1), (1, 1), operation.pads)
    elif isinstance(operation, Slice):
        if not 0 <= operation.start < operation.stop <= count:
            raise ValueError(
                f'takes channels {operation.start} to {operation.stop} of {count} channels'
            )
        return operation.stop - operation.start
    elif isinstance(operation, PRelu):
        _check_sizes([operation.slope], count)
    elif isinstance(operation, Affine):
        _check_sizes([operation.scale, operation.shift], count)
    elif isinstance(operation, InstanceNormalisation):
        _check_normalisation(operation, count)
    elif isinstance(operation, Resize) and not 1 <= operation.factor <= 64:
        raise ValueError(f'enlarges {operation.factor} times, expected 1 to 64')
    return count


def _convolved(operation: Convolution, count: int) -> int:
    shape, groups = operation.weights.shape, operation.groups
    if len(shape) != 4 or 0 in shape:
        raise ValueError(f'has weights of shape {shape}, expected four axes')
    if groups < 1 or shape[0] % groups or shape[1] * groups != count:
        raise ValueError(
            f'takes {count} channels in {groups} groups, which weights of shape {shape} do not fit'
        )
    if operation.bias is not None and operation.bias.shape != shape[:1]:
        raise ValueError(f'has a bias of shape {operation.bias.shape}, expected {shape[:1]}')
    kernel = shape[2], shape[3]
    _check_window(kernel, operation.strides, operation.pads)
    _check_window(operation.dilations, (1, 1), NO_PADS)
    return int(shape[0])


def _check_window(kernel: Sequence[int], strides: Sequence[int], pads: Pads) -> None:
    sizes = (*kernel, *strides)
    beside = () if pads == 'same' else pads
    if not all(1 <= size <= _MOST_PIXELS for size in sizes) or not all(
        0 <= size <= _MOST_PIXELS for size in beside
    ):
        raise ValueError(
            f'has a window of {tuple(kernel)}, strides {tuple(strides)} and pads {pads}: '
            f'expected sizes from 1 and pads from 0, at most {_MOST_PIXELS}'
        )


def _check_normalisation(operation: InstanceNormalisation, count: int) -> None:
    shapes = operation.gamma.shape, operation.beta.shape
    if shapes != ((count,), (count,)) or not 0 < operation.epsilon < 1:
        raise ValueError(
            f'has numbers of shapes {shapes} and an epsilon of {operation.epsilon} for {count} '
            'channels'
        )


def _check_sizes(arrays: Sequence[Floats], count: int) -> None:
    for array in arrays:
        if array.shape not in ((count,), (1,)):
            raise ValueError(f'has {array.shape} numbers for {count} channels')
