"""The walk through an ONNX file against the onnx package, and on files that are none."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
import pytest

from openpose_ros.errors import ModelError
from openpose_ros.models import read_onnx_facts
from openpose_ros.models.onnx_file import _facts


def make_model(weights, operators=('Conv',), metadata=None):
    """Build a graph that need not run: nodes of these operators, and these weights."""
    nodes = [helper.make_node(operator, ['x'], ['y']) for operator in operators]
    value = helper.make_tensor_value_info('x', TensorProto.FLOAT, [1])
    initializers = [
        numpy_helper.from_array(array, f'w{number}') for number, array in enumerate(weights)
    ]
    model = helper.make_model(helper.make_graph(nodes, 'graph', [value], [], initializers))
    helper.set_model_props(model, metadata or {})
    return model


FLOATS, HALVES, BYTES = (np.zeros(99, kind) for kind in (np.float32, np.float16, np.int8))


@pytest.mark.parametrize(
    ('weights', 'operators', 'stored', 'computed'),
    [
        ([FLOATS], ['Conv'], 'fp32', 'fp32'),
        ([HALVES], ['Cast', 'Conv', 'Cast'], 'fp16', 'fp16'),
        ([HALVES, FLOATS[:3]], ['Conv'], 'fp16', 'fp16'),  # a few constants in another type
        ([BYTES, FLOATS[:3]], ['DequantizeLinear', 'Conv'], 'int8', 'fp32'),  # only stored so
        ([BYTES, FLOATS[:3]], ['QuantizeLinear', 'DequantizeLinear', 'Conv'], 'int8', 'int8'),
        ([BYTES, FLOATS[:3]], ['QLinearConv'], 'int8', 'int8'),
        ([FLOATS, np.zeros(999, np.int64)], ['Reshape'], 'fp32', 'fp32'),  # shapes are no weights
        ([], ['Relu'], 'unknown', 'unknown'),
    ],
)
def test_precision_is_that_of_the_layers(tmp_path, weights, operators, stored, computed):
    path = tmp_path / 'model.onnx'
    onnx.save(make_model(weights, operators), path)
    facts = read_onnx_facts(path)
    assert (facts.weights, facts.precision) == (stored, computed)


@given(st.dictionaries(st.text(), st.text()))
def test_metadata_are_those_that_onnx_wrote(metadata):
    model = make_model([FLOATS], metadata=metadata)
    assert _facts(memoryview(model.SerializeToString())).metadata == metadata


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (b'', 'is empty'),
        (b'# a text file\n' * 40, 'is not an ONNX model'),
        (b'\x89PNG\r\n\x1a\n' + bytes(64), 'is not an ONNX model'),
        (b'\x08\x07', 'it holds no graph'),  # a version, and nothing else
        (b'\x38\x01', 'a number stands where a message is expected'),  # the graph is a number
        (b'<?xml version="1.0"?><net/>', 'is not an ONNX model'),
    ],
)
def test_a_file_that_is_no_onnx_model_is_named(tmp_path, content, reason):
    path = tmp_path / 'not a modél.onnx'
    path.write_bytes(content)
    with pytest.raises(ModelError, match=reason) as caught:
        read_onnx_facts(path)
    assert str(path) in str(caught.value)
    assert '\n' not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match=r'missing\.onnx: No such file'):
        read_onnx_facts(tmp_path / 'missing.onnx')


def test_a_truncated_model_is_no_model():
    content = make_model([FLOATS], metadata={'a': 'b'}).SerializeToString()
    with pytest.raises(ValueError, match='ends too early'):
        _facts(memoryview(content[:-1]))


WHOLE = make_model([FLOATS[:2]], metadata={'a': 'b'}).SerializeToString()


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.binary(max_size=2)), max_size=3))
@settings(max_examples=500)
def test_any_bytes_are_a_model_or_refused(changes):
    content = WHOLE
    for at, replacement in changes:
        content = content[:at] + replacement + content[at + 1 :]
    with suppress(ValueError):
        _facts(memoryview(content))
