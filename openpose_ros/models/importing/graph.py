"""
The one form in which the readers of this folder hand on a network.

What is inside a `Graph` fits together: it is checked as it is made, so that a damaged file ends
there in a line that names the operation.

OpenVINO IR has no part in this: it goes to ONNX operation by operation, as its 8 bits are to stay
8 bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from openpose_ros.models.importing.limits import check_nodes
from openpose_ros.models.importing.operations import (
    Convolution,
    Operation,
    Pool,
    Resize,
    channels_of,
)


@dataclass(frozen=True, eq=False)
class Node:
    """
    An operation and where it stands.

    Attributes
    ----------
    name : str
        Of the tensor that it makes; each node of a graph has another.
    operation : Operation
    inputs : tuple of str
        Names of the nodes, or of the picture, that it takes.

    """

    name: str
    operation: Operation
    inputs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Graph:
    """
    A network.

    Attributes
    ----------
    picture : str
        Name of the input, (N, 3, height, width).
    nodes : tuple of Node
        Each after those that it takes from.
    outputs : mapping of str to str
        The node of each output, by the output's name.
    family : str
        The one in `families.FAMILIES` that the reader has recognised, which says what the input
        must be; '' where it has not.
    channels : mapping of str to int
        Of each tensor; found here.

    Raises
    ------
    ValueError
        If it contradicts itself; the message names the operation.

    """

    picture: str
    nodes: tuple[Node, ...]
    outputs: Mapping[str, str]
    family: str = ''
    channels: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        check_nodes(len(self.nodes))
        channels = {self.picture: 3}
        for node in self.nodes:
            if not node.name or node.name in channels:
                raise ValueError(f"two of its operations are called '{node.name}'")
            if not node.inputs:
                raise ValueError(f"'{node.name}' takes nothing")
            for name in node.inputs:
                if name not in channels:
                    raise ValueError(f"'{node.name}' takes '{name}', which nothing makes before")
            try:
                channels[node.name] = channels_of(
                    node.operation, [channels[name] for name in node.inputs]
                )
            except ValueError as exc:
                raise ValueError(f"'{node.name}' {exc}") from exc
        if not self.outputs:
            raise ValueError('it has no outputs')
        for name in self.outputs.values():
            if name not in channels or name == self.picture:
                raise ValueError(f"its output '{name}' is made by nothing")
        object.__setattr__(self, 'channels', channels)


def stride_of(graph: Graph, tensor: str) -> int:
    """
    Return how many pixels of the picture a cell of a tensor is wide.

    Raises
    ------
    ValueError
        If it is no whole number of them, or not as many in height.

    """
    height, width = _strides(graph)[tensor]
    if height != width or height.denominator != 1:
        raise ValueError(f"a cell of '{tensor}' is {width} pixels wide and {height} high")
    return int(height)


def multiple_of(graph: Graph, tensor: str) -> int:
    """
    Return what height and width of the picture must be multiples of: a tensor's stride, or more.

    What is enlarged must be of whole cells before: it is joined with what was never so small.

    Raises
    ------
    ValueError
        If a stride is no whole number of pixels.

    """
    enlarged = [node.inputs[0] for node in graph.nodes if isinstance(node.operation, Resize)]
    return max(stride_of(graph, name) for name in (tensor, *enlarged))


def _strides(graph: Graph) -> dict[str, tuple[Fraction, Fraction]]:
    """Return height and width of a cell of each tensor, in pixels of the picture."""
    strides = {graph.picture: (Fraction(1), Fraction(1))}
    for node in graph.nodes:
        height, width = strides[node.inputs[0]]
        operation = node.operation
        if isinstance(operation, (Convolution, Pool)):
            height, width = height * operation.strides[0], width * operation.strides[1]
        elif isinstance(operation, Resize):
            height, width = height / operation.factor, width / operation.factor
        strides[node.name] = height, width
    return strides
