"""
What an ONNX file says about itself, read without an inference engine or the onnx package.

An ONNX file is one protobuf message, and the few fields that matter here are found by walking
its top levels (field numbers are those of onnx.proto, https://github.com/onnx/onnx). Weights are
skipped, not read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from openpose_ros.errors import ModelError
from openpose_ros.models.wire import fields, message

_MODEL_GRAPH, _MODEL_METADATA = 7, 14
_ENTRY_KEY, _ENTRY_VALUE = 1, 2
_GRAPH_NODE, _GRAPH_INITIALIZER = 1, 5
_NODE_OPERATOR = 4
_TENSOR_TYPE = 2
_TYPE_NAMES = {1: 'fp32', 2: 'int8', 3: 'int8', 10: 'fp16', 11: 'fp64', 16: 'bf16'}
_INTEGER_OPERATORS = {  # where one of these is, int8 weights meet int8 activations
    'QuantizeLinear',
    'DynamicQuantizeLinear',
    'QLinearConv',
    'QLinearMatMul',
    'ConvInteger',
    'MatMulInteger',
}


@dataclass(frozen=True)
class OnnxFacts:
    """
    What an ONNX file says about itself.

    Attributes
    ----------
    metadata : dict of str to str
        The file's own entries, `metadata_props`.
    weights : str
        Type of the most bytes of weights: 'fp32', 'fp16', 'bf16', 'fp64', 'int8', or 'unknown'.
    precision : str
        What the graph computes in: `weights`, but 'fp32' where int8 weights are only storage and
        are turned back into floats before they are used.

    """

    metadata: dict[str, str]
    weights: str
    precision: str


def read_onnx_facts(path: Path) -> OnnxFacts:
    """
    Read what an ONNX file says about itself.

    Raises
    ------
    ModelError
        If the file cannot be read or is no ONNX model.

    """
    try:
        data = memoryview(path.read_bytes())
    except OSError as exc:
        raise ModelError(f'cannot read the model {path}: {exc.strerror}') from exc
    try:
        return _facts(data)
    except ValueError as exc:
        found = f'is not an ONNX model ({exc})' if len(data) else 'is empty'
        raise ModelError(f'{path} {found}; expected a file that an ONNX exporter wrote') from exc


def _facts(data: memoryview) -> OnnxFacts:
    metadata: dict[str, str] = {}
    sizes: Counter[str] = Counter()
    operators = set()
    graph_found = False
    for number, value in fields(data):
        if number == _MODEL_METADATA:
            entry = dict(fields(message(value)))
            key, text = (
                message(entry.get(n, memoryview(b''))) for n in (_ENTRY_KEY, _ENTRY_VALUE)
            )
            metadata[str(key, 'utf-8')] = str(text, 'utf-8')
        elif number == _MODEL_GRAPH:
            graph_found = True
            for part, content in fields(message(value)):
                if part == _GRAPH_NODE:
                    name = dict(fields(message(content))).get(_NODE_OPERATOR, memoryview(b''))
                    operators.add(str(message(name), 'utf-8'))
                elif part == _GRAPH_INITIALIZER:
                    tensor = message(content)
                    kind = dict(fields(tensor)).get(_TENSOR_TYPE)
                    if kind in _TYPE_NAMES:
                        sizes[_TYPE_NAMES[kind]] += len(tensor)
    if not graph_found:
        raise ValueError('it holds no graph')
    weights = sizes.most_common(1)[0][0] if sizes else 'unknown'
    only_stored = weights == 'int8' and not operators & _INTEGER_OPERATORS
    return OnnxFacts(metadata, weights, 'fp32' if only_stored else weights)
