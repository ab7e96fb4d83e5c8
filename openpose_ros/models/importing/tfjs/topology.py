"""
The nodes of a TensorFlow.js graph model: a GraphDef as JSON.

Files of 2019 and older have another JSON: texts are lists of codes, types are numbers, and a list
has each kind, all but one of them empty. TensorFlow.js reads both
(tfjs-converter/src/operations/operation_mapper.ts:450 of tfjs at 0fc04d9), and so do we.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import numpy.typing as npt

from openpose_ros.models.importing.limits import MOST_AXES, check_nodes
from openpose_ros.models.importing.tensorflow.nodes import TYPES, TensorFlowNode


def read_nodes(
    topology: Mapping[str, Any], weights: Mapping[str, npt.NDArray[Any]]
) -> list[TensorFlowNode]:
    """
    Return the nodes of a graph.

    Parameters
    ----------
    topology : mapping
        'modelTopology' of model.json.
    weights : mapping of str to array
        The values of each Const, by its name.

    Raises
    ------
    ValueError
        If it is no graph.

    """
    entries = topology.get('node')
    if not isinstance(entries, list):
        raise ValueError('its topology has no list of nodes')
    check_nodes(len(entries))
    return [_node(entry, weights) for entry in entries]


def _node(entry: Any, weights: Mapping[str, npt.NDArray[Any]]) -> TensorFlowNode:
    name, kind, inputs, attributes = (
        entry.get(key, default) if isinstance(entry, dict) else None
        for key, default in (('name', None), ('op', None), ('input', []), ('attr', {}))
    )
    if not isinstance(name, str) or not isinstance(kind, str):
        raise ValueError('one of its nodes has no name or no op')
    if not isinstance(inputs, list) or not all(isinstance(text, str) for text in inputs):
        raise ValueError(f"the inputs of '{name[:80]}' are no list of names")
    if not isinstance(attributes, dict):
        raise ValueError(f"the attributes of '{name[:80]}' are no object")
    try:
        found = {key: _attribute(value) for key, value in attributes.items()}
    except ValueError as exc:
        raise ValueError(f"the {kind[:40]} '{name[:80]}': {exc}") from exc
    if kind == 'Const':
        found['value'] = weights.get(name)
    return TensorFlowNode.of(name, kind, inputs, found)


def _attribute(value: Any) -> Any:
    """Return the value of an attribute; None for what no operation here asks for."""
    if not isinstance(value, dict):
        raise ValueError(f'an attribute is {str(value)[:40]}, expected an object')
    if isinstance(value.get('list'), dict):
        for key, read in _READERS.items():
            items = value['list'].get(key)
            if isinstance(items, list) and items:
                return [read(item) for item in items]
        return []
    for key, read in _READERS.items():
        if key in value:
            return read(value[key])
    return None


def _text(value: Any) -> str:
    if isinstance(value, list) and all(type(code) is int and 0 <= code < 256 for code in value):
        return str(bytes(value), 'utf-8', 'replace')
    if not isinstance(value, str):
        raise ValueError(f'a text is {str(value)[:40]}, expected base64')
    return str(base64.b64decode(value, validate=True), 'utf-8', 'replace')


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError(f'a number is {str(value)[:40]}, expected a whole one')
    number = int(value)
    if abs(number) >= 1 << 63:
        raise ValueError('a number is longer than 64 bits')
    return number


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f'a number is {str(value)[:40]}')
    try:
        return float(value)
    except OverflowError:
        raise ValueError('a number is too large') from None


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f'a flag is {str(value)[:40]}, expected true or false')
    return value


def _type(value: Any) -> str:
    return TYPES.get(value, str(value)) if isinstance(value, int) else str(value)[:40]


def _shape(value: Any) -> tuple[int, ...]:
    dims = value.get('dim', []) if isinstance(value, dict) else None
    if not isinstance(dims, list) or len(dims) > MOST_AXES:
        raise ValueError(f'a shape is {str(value)[:60]}')
    return tuple(_whole(dim.get('size', -1) if isinstance(dim, dict) else None) for dim in dims)


_READERS: dict[str, Callable[[Any], Any]] = {
    's': _text,
    'i': _whole,
    'f': _float,
    'b': _flag,
    'type': _type,
    'shape': _shape,
}
