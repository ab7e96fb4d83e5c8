"""Fewer operations for the same maps: what no output needs, and what a convolution can do."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from openpose_ros.models.importing.graph import Graph, Node
from openpose_ros.models.importing.operations import Affine, Convolution, Pad


def fold(graph: Graph) -> Graph:
    """
    Leave out what no output depends on, and put into each convolution what can be put there.

    The latter are a batch normalisation, or any `Affine`, that alone uses what it returns, and a
    `Pad` that nothing else uses. Weights are multiplied in float64 and rounded once.
    """
    nodes = _needed(graph)
    users = Counter(name for node in nodes for name in node.inputs)
    users.update(graph.outputs.values())
    kept: dict[str, Node] = {}
    renamed: dict[str, str] = {}  # a convolution takes the place of the last that it takes along
    for given in nodes:
        inputs = tuple(renamed.get(name, name) for name in given.inputs)
        node = replace(given, inputs=inputs)
        before = kept.get(inputs[0])
        if before is None or users[inputs[0]] != 1:
            kept[node.name] = node
            continue
        operation = node.operation
        if isinstance(operation, Affine) and isinstance(before.operation, Convolution):
            kept[before.name] = replace(before, operation=_scaled(before.operation, operation))
            renamed[node.name] = before.name
            users[before.name] = users[node.name]
            continue
        if isinstance(operation, Convolution) and isinstance(before.operation, Pad):
            padded = _padded(operation, before.operation)
            if padded is not None:
                del kept[before.name]
                node = Node(node.name, padded, before.inputs)
        kept[node.name] = node
    outputs = {name: renamed.get(tensor, tensor) for name, tensor in graph.outputs.items()}
    return Graph(graph.picture, tuple(kept.values()), outputs, graph.family)


def _needed(graph: Graph) -> list[Node]:
    needed = set(graph.outputs.values())
    kept = []
    for node in reversed(graph.nodes):
        if node.name in needed:
            needed.update(node.inputs)
            kept.append(node)
    return kept[::-1]


def _padded(convolution: Convolution, pad: Pad) -> Convolution | None:
    """Return a convolution that does what comes before it, too, if it can."""
    if convolution.pads == 'same':
        return None
    top, left, bottom, right = (one + other for one, other in zip(convolution.pads, pad.pads))
    return replace(convolution, pads=(top, left, bottom, right))


def _scaled(convolution: Convolution, affine: Affine) -> Convolution:
    """Return a convolution that does what follows it, too."""
    count = convolution.weights.shape[0]
    scale, shift = (
        np.broadcast_to(values.astype(np.float64), (count,))
        for values in (affine.scale, affine.shift)
    )
    bias = np.zeros(count) if convolution.bias is None else convolution.bias.astype(np.float64)
    with np.errstate(over='ignore', invalid='ignore'):  # refused where it is written
        weights = convolution.weights * scale[:, None, None, None]
        return replace(
            convolution,
            weights=weights.astype(np.float32),
            bias=(bias * scale + shift).astype(np.float32),
        )
