"""The nodes of a TensorFlow graph, whatever they were read from, each after what it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openpose_ros.models.importing.limits import check_nodes

# By number, of tensorflow/core/framework/types.proto
TYPES = {
    1: 'DT_FLOAT',
    2: 'DT_DOUBLE',
    3: 'DT_INT32',
    4: 'DT_UINT8',
    6: 'DT_INT8',
    7: 'DT_STRING',
    9: 'DT_INT64',
    10: 'DT_BOOL',
    19: 'DT_HALF',
}


@dataclass(frozen=True, eq=False)
class TensorFlowNode:
    """
    One operation.

    Attributes
    ----------
    name, kind : str
        `kind` is TensorFlow's name of the operation, say 'Conv2D'.
    inputs : tuple of str
        Names of tensors: a node's own name is its first output, 'name:1' the second. Those that
        only say what comes before (`^name`) are left out.
    attributes : mapping of str to str, int, float, bool, tuple, list or array
        A type is its name, 'DT_FLOAT'; a shape a tuple of int, -1 where it is open; the values of
        a Const are an array.

    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, Any]

    @classmethod
    def of(
        cls, name: str, kind: str, inputs: Iterable[str], attributes: Mapping[str, Any]
    ) -> TensorFlowNode:
        """Return a node whose inputs are written as in a file."""
        tensors = [text.removesuffix(':0') for text in inputs if not text.startswith('^')]
        return cls(name, kind, tuple(tensors), attributes)


def maker_of(tensor: str) -> str:
    """Return the name of the node that makes a tensor."""
    return tensor.partition(':')[0]


def ordered(nodes: Iterable[TensorFlowNode], outputs: Sequence[str]) -> list[TensorFlowNode]:
    """
    Return the nodes that outputs depend on, each after those that it takes from.

    Raises
    ------
    ValueError
        If one is missing, there twice, or depends on itself.

    """
    known: dict[str, TensorFlowNode] = {}
    for node in nodes:
        if node.name in known:
            raise ValueError(f"two of its operations are called '{node.name[:80]}'")
        known[node.name] = node
    check_nodes(len(known))
    done: dict[str, TensorFlowNode] = {}
    opened: set[str] = set()
    waiting = [maker_of(name) for name in outputs][::-1]
    while waiting:
        name = waiting[-1]
        if name not in known:
            raise ValueError(f"it needs the operation '{name[:80]}', which it does not have")
        node = known[name]
        missing = [maker for maker in map(maker_of, node.inputs) if maker not in done]
        if name in done or not missing:
            done.setdefault(name, node)
            waiting.pop()
        elif name in opened:
            raise ValueError(f"its operation '{name[:80]}' depends on itself")
        else:
            opened.add(name)
            waiting += missing[::-1]
    return [*done.values()]


def unused(nodes: Sequence[TensorFlowNode]) -> list[str]:
    """Return the names of the nodes that no other takes from."""
    used = {maker_of(tensor) for node in nodes for tensor in node.inputs}
    return [node.name for node in nodes if node.name not in used]
