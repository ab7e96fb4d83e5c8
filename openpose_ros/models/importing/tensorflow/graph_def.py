"""
Reading a frozen graph: TensorFlow's GraphDef, a protobuf message.

The numbers of its fields are those of tensorflow/core/framework: graph.proto, node_def.proto,
attr_value.proto, tensor.proto, tensor_shape.proto.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.models.importing.limits import (
    MOST_AXES,
    check_nodes,
    check_shape,
    check_tensors,
)
from openpose_ros.models.importing.protobuf import Message
from openpose_ros.models.importing.tensorflow.nodes import TYPES, TensorFlowNode

# TensorFlow leaves out the end of a list in which one value repeats: no file has more of them than
# a bias or two, and so none can fill the memory with a few bytes.
MOST_REPEATED = 1 << 14
_DTYPES: dict[str, Any] = {
    'DT_FLOAT': np.float32,
    'DT_DOUBLE': np.float64,
    'DT_INT32': np.int32,
    'DT_UINT8': np.uint8,
    'DT_INT8': np.int8,
    'DT_INT64': np.int64,
    'DT_BOOL': np.bool_,
    'DT_HALF': np.float16,
}
_FLOATS = {'DT_FLOAT': (5, '<f4'), 'DT_DOUBLE': (6, '<f8')}
_WHOLE = {'DT_INT32': 7, 'DT_UINT8': 7, 'DT_INT8': 7, 'DT_INT64': 10, 'DT_BOOL': 11}
_HALF = 13


def read_graph_def(content: bytes | memoryview) -> list[TensorFlowNode]:
    """
    Read the nodes of a GraphDef.

    Raises
    ------
    ValueError
        If it is none, or larger than the limits allow.

    """
    nodes: list[TensorFlowNode] = []
    tensors = 0
    for message in Message(content).messages(1):
        check_nodes(len(nodes) + 1)
        kind = message.text(2)
        tensors += kind == 'Const'
        check_tensors(tensors)
        name = message.text(1)
        try:
            attributes = {
                entry.text(1): _attribute(entry.message(2)) for entry in message.messages(5)
            }
        except ValueError as exc:
            raise ValueError(f"the {kind[:40]} '{name[:80]}': {exc}") from exc
        nodes.append(TensorFlowNode.of(name, kind, message.texts(3), attributes))
    if not nodes or not all(node.name and node.kind for node in nodes):
        raise ValueError('it is no graph of TensorFlow')
    return nodes


def _attribute(message: Message) -> Any:
    """Return the value of an AttrValue; None for what no operation here asks for."""
    if 8 in message:
        return _tensor(message.message(8))
    if 7 in message:
        return _shape(message.message(7))
    if 6 in message:
        return TYPES.get(message.whole(6), str(message.whole(6)))
    if 5 in message:
        return bool(message.whole(5))
    if 4 in message:
        return message.number(4)
    if 3 in message:
        return message.whole(3)
    if 2 in message:
        return _text(message.content(2))
    if 1 in message:
        values = message.message(1)
        if 2 in values:
            return [text for text in values.texts(2)]
        if 3 in values:
            return values.whole_numbers(3)
        return [*map(float, values.floats(4))]
    return None


def _text(content: memoryview) -> str:
    return str(content, 'utf-8', 'replace')


def _shape(message: Message) -> tuple[int, ...]:
    sizes = tuple(dim.whole(1) for dim in message.messages(2))
    if len(sizes) > MOST_AXES:
        raise ValueError(f'a shape has {len(sizes)} axes, at most {MOST_AXES} are read')
    return sizes


def _tensor(message: Message) -> npt.NDArray[Any] | str | None:
    kind = TYPES.get(message.whole(1), '')
    shape = _shape(message.message(2))
    if kind == 'DT_STRING':
        return None  # an assertion's words, say
    if kind not in _DTYPES:
        raise ValueError(f'a constant is of type {message.whole(1)}, expected one of numbers')
    dtype = np.dtype(_DTYPES[kind]).newbyteorder('<')
    content = message.content(4)
    if content:
        sizes = check_shape(shape, len(content), dtype.itemsize, 'a constant')
        return np.frombuffer(content, dtype).reshape(sizes)
    if kind in _FLOATS:
        listed: npt.NDArray[Any] = message.floats(*_FLOATS[kind])
    elif kind == 'DT_HALF':
        bits = np.array(message.whole_numbers(_HALF), np.int64)
        listed = bits.astype(np.uint16).view(np.float16)
    else:
        listed = np.array(message.whole_numbers(_WHOLE[kind]), np.int64)
    return _filled(listed.astype(dtype), shape)


def _filled(listed: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return a list in its shape; where it is shorter, its last value repeats, or zeros."""
    count = prod(shape)
    fits = min(shape, default=0) >= 0 and listed.size <= count
    if not fits or (listed.size != count and count > MOST_REPEATED):
        raise ValueError(
            f'a constant has the shape {str(shape)[:80]} and {listed.size} values: they do not fit'
        )
    if listed.size != count:
        last = listed[-1:] if listed.size else np.zeros(1, listed.dtype)
        listed = np.concatenate([listed, np.repeat(last, count - listed.size)])
    return listed.reshape(shape)
