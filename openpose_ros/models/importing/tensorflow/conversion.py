"""What the parts of the conversion from a TensorFlow graph share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.models.importing.graph import Node
from openpose_ros.models.importing.operations import Operation, Pads, Pair
from openpose_ros.models.importing.tensorflow.nodes import TensorFlowNode

Array = npt.NDArray[Any]
HEIGHT, WIDTH, CHANNELS = 1, 2, 3  # axes of (N, height, width, channels)
RANK = 4


@dataclass(frozen=True)
class Extent:
    """
    What a graph computes of the size of a picture while it runs.

    Attributes
    ----------
    tensor : str
        Whose size it is.
    factor : int
        What that is multiplied by.
    is_whole : bool
        Whether it is (N, height, width, channels), or height and width alone.

    """

    tensor: str
    factor: int = 1
    is_whole: bool = True


@dataclass(frozen=True)
class Spread:
    """
    A picture that was dealt out to several, for a convolution with dilation.

    Attributes
    ----------
    tensor : str
        That picture.
    dilation : (int, int)
    pads : array (2, 2) or None
        Zeros before and after, in height and width; None where the graph computes them.

    """

    tensor: str
    dilation: Pair
    pads: Array | None


@dataclass(frozen=True)
class Deferred:
    """A convolution of a `Spread`, and what follows it, until the picture is one again."""

    spread: Spread
    steps: tuple[tuple[str, Operation], ...]


Value = str | Array | Extent | Spread | Deferred


@dataclass
class Conversion:
    """
    A conversion in progress.

    Attributes
    ----------
    picture : str
        Name of the input.
    nodes : list of Node
        What is made so far.
    strides : dict of str to Fraction
        Pixels of the picture a cell of each tensor.
    size : (int, int) or None
        Height and width of the picture, where the file fixes them.
    deepest : int
        The stride of what was enlarged: pictures must be a multiple of it.

    """

    picture: str = ''
    nodes: list[Node] = field(default_factory=list)
    strides: dict[str, Fraction] = field(default_factory=dict)
    size: Pair | None = None
    deepest: int = 1

    def add(self, name: str, operation: Operation, *inputs: str) -> str:
        """Add an operation and return the name of what it makes."""
        self.nodes.append(Node(name, operation, inputs))
        strides = getattr(operation, 'strides', (1, 1))
        if strides[0] != strides[1]:
            raise ValueError(f'its strides {strides} differ in height and width')
        self.strides[name] = self.strides[inputs[0]] * strides[0]
        return name


def take(inputs: Sequence[Value], count: int) -> list[Value]:
    """Return the inputs of an operation if there are as many as it must have."""
    if len(inputs) != count:
        raise ValueError(f'it has {len(inputs)} inputs, expected {count}')
    return [*inputs]


def tensor(value: Value) -> str:
    """Return what depends on the picture."""
    if not isinstance(value, str):
        found = 'a constant' if isinstance(value, np.ndarray) else 'a size'
        raise ValueError(f'it has {found} where what depends on the picture is expected')
    return value


def known(value: Value, what: str) -> Array:
    """Return what does not depend on the picture."""
    if not isinstance(value, np.ndarray):
        raise ValueError(f'its {what} depends on the picture, expected a constant')
    return value


def floats(value: Value, what: str) -> npt.NDArray[np.float32]:
    """Return a constant as float32."""
    return known(value, what).astype(np.float32)


def vector(value: Value, what: str) -> npt.NDArray[np.float32]:
    """Return a constant that differs between channels only, the last axis, as float32 (n,)."""
    array = floats(value, what)
    if array.size != (array.shape[-1] if array.ndim else 1):
        raise ValueError(f'its {what} has the shape {array.shape}, expected one value a channel')
    return array.reshape(-1)


def check_layout(node: TensorFlowNode) -> None:
    """See that channels are the last axis."""
    layout = node.attributes.get('data_format', 'NHWC')
    if layout != 'NHWC':
        raise ValueError(f"its data_format is '{str(layout)[:20]}', expected NHWC")


def flag(node: TensorFlowNode, attribute: str, default: bool) -> bool:
    """Return an attribute that is true or false."""
    value = node.attributes.get(attribute, default)
    if not isinstance(value, bool):
        raise ValueError(f'its {attribute} is {str(value)[:40]}, expected true or false')
    return value


def number(node: TensorFlowNode, attribute: str, default: float) -> float:
    """Return an attribute that is a finite number."""
    value = node.attributes.get(attribute, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
        raise ValueError(f'its {attribute} is {str(value)[:40]}, expected a number')
    return float(value)


def words(node: TensorFlowNode, attribute: str) -> list[str]:
    """Return an attribute that is a list of text."""
    value = node.attributes.get(attribute) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f'its {attribute} is {str(value)[:40]}, expected a list of words')
    return value


def window(node: TensorFlowNode, attribute: str, *, needed: bool = True) -> Pair:
    """Return height and width of an attribute (N, height, width, channels)."""
    value = node.attributes.get(attribute)
    if not value and not needed:
        return 1, 1
    if (
        not isinstance(value, list)
        or len(value) != RANK
        or not all(isinstance(size, int) for size in value)
        or (value[0], value[CHANNELS]) != (1, 1)
    ):
        raise ValueError(f'its {attribute} is {str(value)[:60]}, expected [1, height, width, 1]')
    return value[HEIGHT], value[WIDTH]


def padding(node: TensorFlowNode) -> Pads:
    """Return the zeros beside a picture."""
    value = node.attributes.get('padding')
    if value == 'SAME':
        return 'same'
    if value == 'VALID':
        return (0, 0, 0, 0)
    sizes = node.attributes.get('explicit_paddings')
    if value == 'EXPLICIT' and isinstance(sizes, list) and len(sizes) == 2 * RANK:
        edges = np.array(sizes, np.int64).reshape(RANK, 2)
        if not edges[[0, CHANNELS]].any():
            (top, bottom), (left, right) = edges[[HEIGHT, WIDTH]].tolist()
            return top, left, bottom, right
    raise ValueError(f"its padding is '{str(value)[:20]}', expected SAME, VALID or EXPLICIT")
