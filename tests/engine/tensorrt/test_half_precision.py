"""The graph that TensorRT gets, run by ONNX Runtime."""

from __future__ import annotations

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
import onnxruntime
import pytest

from openpose_ros.engine.tensorrt.half_precision import prepare_graph
from openpose_ros.errors import EngineError, ModelError
from openpose_ros.models import load_model
from tests.engine.graphs import write_network

PAIR = {'heatmaps': 19, 'pafs': 38}
BATCH = np.random.default_rng(0).uniform(-1, 1, (1, 3, 32, 48)).astype(np.float32)


def run(graph: bytes, batch=BATCH):
    onnx.checker.check_model(onnx.load_from_string(graph))
    session = onnxruntime.InferenceSession(graph, providers=['CPUExecutionProvider'])
    [taken] = session.get_inputs()
    assert taken.type == 'tensor(float)'
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {taken.name: batch})))


def kinds(graph: bytes) -> set[int]:
    return {tensor.data_type for tensor in onnx.load_from_string(graph).graph.initializer}


def quantise_weights(path, *, per_channel: bool, zero: bool, constants: bool = False):
    """Store the weights of a tiny network as int8, and return those that it stands for."""
    model = onnx.load(path)
    graph = model.graph
    restored = {}
    for tensor in list(graph.initializer):
        weights = numpy_helper.to_array(tensor)
        count = len(weights) if per_channel else 1
        scale = np.linspace(0.0005, 0.001, count).astype(np.float32)
        zeros = np.arange(count, dtype=np.int8) % 5 if zero else np.zeros(count, np.int8)
        shape = (-1, 1, 1, 1)
        stored = np.clip(np.round(weights / scale.reshape(shape)), -100, 100).astype(np.int8)
        restored[tensor.name] = (
            stored.astype(np.float32) - zeros.astype(np.float32).reshape(shape)
        ) * scale.reshape(shape)
        if not per_channel:
            scale, zeros = scale[0], zeros[0]
        graph.initializer.remove(tensor)
        name = tensor.name
        for end, array in (('_q', stored), ('_s', scale), ('_z', zeros)):
            made = numpy_helper.from_array(np.asarray(array), f'{name}{end}')
            if constants:
                graph.node.insert(0, helper.make_node('Constant', [], [made.name], value=made))
            else:
                graph.initializer.append(made)
        inputs = [f'{name}_q', f'{name}_s', f'{name}_z'][: 3 if zero else 2]
        axis = {'axis': 0} if per_channel else {}
        at = 3 if constants else 0  # behind what it needs
        graph.node.insert(at, helper.make_node('DequantizeLinear', inputs, [name], **axis))
    onnx.save(model, path)
    return restored


@pytest.mark.parametrize('options', [{}, {'layout': 'NHWC', 'output_layout': 'NHWC'}])
def test_half_graph_has_half_weights_and_returns_about_the_same(tmp_path, options):
    network = write_network(tmp_path / 'pose.onnx', PAIR, **options)
    graph = prepare_graph(network.path, 'fp16')
    assert kinds(graph) == {TensorProto.FLOAT16}
    nhwc = bool(options)
    found = run(graph, BATCH.transpose(0, 2, 3, 1) if nhwc else BATCH)
    for name in PAIR:
        maps = found[name].transpose(0, 3, 1, 2) if nhwc else found[name]
        assert maps.dtype == np.float32
        np.testing.assert_allclose(maps, network.expected(name, BATCH), atol=2e-3)


def test_float_graph_returns_the_same(tmp_path):
    network = write_network(tmp_path / 'pose.onnx', PAIR)
    graph = prepare_graph(network.path, 'fp32')
    assert kinds(graph) == {TensorProto.FLOAT}
    before = run(network.path.read_bytes())
    for name, maps in run(graph).items():
        np.testing.assert_array_equal(maps, before[name])


@pytest.mark.parametrize('precision', ['fp16', 'fp32'])
def test_model_that_is_half_throughout_gets_float_ends(tmp_path, precision):
    network = write_network(tmp_path / 'pose.onnx', PAIR, half=True)
    graph = prepare_graph(network.path, precision)
    assert kinds(graph) == {TensorProto.FLOAT16}
    for name, maps in run(graph).items():
        np.testing.assert_allclose(maps, network.expected(name, BATCH), atol=5e-3)


def test_end_that_is_also_used_inside_is_widened_too(tmp_path):
    network = write_network(tmp_path / 'pose.onnx', PAIR, half=True)
    model = onnx.load(network.path)
    model.graph.node.append(helper.make_node('Relu', ['heatmaps'], ['positive']))
    model.graph.output.append(
        helper.make_tensor_value_info('positive', TensorProto.FLOAT16, [1, 19, 'a', 'b'])
    )
    onnx.save(model, network.path)
    found = run(prepare_graph(network.path, 'fp16'))
    np.testing.assert_array_equal(found['positive'], np.maximum(found['heatmaps'], 0))


@pytest.mark.parametrize(
    'stored',
    [
        {'per_channel': False, 'zero': False},
        {'per_channel': False, 'zero': True},
        {'per_channel': True, 'zero': True},
        {'per_channel': True, 'zero': False, 'constants': True},
    ],
)
@pytest.mark.parametrize(
    ('precision', 'kind'), [('fp16', TensorProto.FLOAT16), ('fp32', TensorProto.FLOAT)]
)
def test_weights_that_are_only_stored_as_int8_become_floats(tmp_path, stored, precision, kind):
    network = write_network(tmp_path / 'pose.onnx', PAIR)
    restored = quantise_weights(network.path, **stored)
    before = run(network.path.read_bytes())
    graph = prepare_graph(network.path, precision)
    model = onnx.load_from_string(graph)
    assert not [node for node in model.graph.node if node.op_type == 'DequantizeLinear']
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    assert set(weights) == set(restored)
    for name, tensor in weights.items():
        assert tensor.data_type == kind
        np.testing.assert_allclose(numpy_helper.to_array(tensor), restored[name], rtol=1e-3)
    for name, maps in run(graph).items():
        np.testing.assert_allclose(maps, before[name], atol=2e-3)


def test_graph_that_quantises_its_activations_stays_as_it_is_or_is_refused(tmp_path):
    network = write_network(tmp_path / 'pose.onnx', PAIR)
    model = onnx.load(network.path)
    model.graph.initializer.append(numpy_helper.from_array(np.float32(0.01), 'step'))
    model.graph.initializer.append(numpy_helper.from_array(np.int8(0), 'zero'))
    for name, stored in (('bias', np.arange(38, dtype=np.int32)), ('w', np.ones(38, np.int8))):
        model.graph.initializer.append(numpy_helper.from_array(stored, f'{name}_stored'))
    for node in model.graph.node:
        node.input[0] = 'coarse'
    model.graph.node[-1].input.append('bias')  # of the PAFs
    for at, (kind, ends) in enumerate(
        [
            ('QuantizeLinear', (['image', 'step', 'zero'], ['whole'])),
            ('DequantizeLinear', (['whole', 'step', 'zero'], ['coarse'])),
            ('DequantizeLinear', (['bias_stored', 'step'], ['bias'])),
            ('DequantizeLinear', (['w_stored', 'step'], ['w'])),
        ]
    ):
        model.graph.node.insert(at, helper.make_node(kind, *ends))
    onnx.save(model, network.path)
    before = run(network.path.read_bytes())
    graph = prepare_graph(network.path, 'fp32')
    made = {name for node in onnx.load_from_string(graph).graph.node for name in node.output}
    assert made == {'whole', 'coarse', 'w', *PAIR}  # but TensorRT takes no bias in int32
    for name, maps in run(graph).items():
        np.testing.assert_allclose(maps, before[name], atol=1e-5)
    with pytest.raises(EngineError, match='build it with the precision fp32'):
        prepare_graph(network.path, 'fp16')


@pytest.mark.parametrize(
    ('zero', 'said'),
    [(np.uint8(0), 'uint8 .* 0'), (np.int8(3), 'int8 .* 3'), (None, 'uint8 .* 0')],
)
@pytest.mark.parametrize('constant', [False, True])
def test_graph_that_tensorrt_would_take_for_another_is_refused(tmp_path, zero, said, constant):
    network = write_network(tmp_path / 'pose.onnx', PAIR)
    model = onnx.load(network.path)
    graph = model.graph
    graph.initializer.append(numpy_helper.from_array(np.float32(0.01), 'step'))
    ends = ['step'] if zero is None else ['step', 'zero']
    for node in graph.node:
        node.input[0] = 'coarse'
    graph.node.insert(0, helper.make_node('DequantizeLinear', ['whole', *ends], ['coarse']))
    graph.node.insert(0, helper.make_node('QuantizeLinear', ['image', *ends], ['whole']))
    if zero is not None:
        point = numpy_helper.from_array(zero, 'zero')
        if constant:
            graph.node.insert(0, helper.make_node('Constant', [], ['zero'], value=point))
        else:
            graph.initializer.append(point)
    onnx.save(model, network.path)
    with pytest.raises(
        EngineError, match=rf"quantises 'image' to {said}, but TensorRT takes int8"
    ):
        prepare_graph(network.path, 'fp32')


@pytest.mark.parametrize('value', [1e5, -1e5, np.inf, np.nan])
def test_weight_that_float16_cannot_hold_is_named(tmp_path, value):
    network = write_network(tmp_path / 'pose.onnx', PAIR)
    model = onnx.load(network.path)
    weights = numpy_helper.to_array(model.graph.initializer[1]).copy()
    weights[3, 1] = value
    model.graph.initializer[1].CopyFrom(numpy_helper.from_array(weights, 'pafs_w'))
    onnx.save(model, network.path)
    with pytest.raises(EngineError, match=r"in 'pafs_w', beyond the 65504 of float16"):
        prepare_graph(network.path, 'fp16')


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'\xff' * 100, 'is not a valid ONNX model'),
        (b'', 'holds no network'),
        (None, 'No such file'),
    ],
)
def test_file_that_is_no_model_is_told(tmp_path, content, message):
    path = tmp_path / 'ein Modell.onnx'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=message):
        prepare_graph(path, 'fp16')


def test_nodes_in_a_circle_are_told(tmp_path):
    network = write_network(tmp_path / 'pose.onnx', PAIR)
    model = onnx.load(network.path)
    model.graph.node.append(helper.make_node('Relu', ['b'], ['a']))
    model.graph.node.append(helper.make_node('Relu', ['a'], ['b']))
    onnx.save(model, network.path)
    with pytest.raises(ModelError, match=r"pose\.onnx has nodes in a circle, at 'a'"):
        prepare_graph(network.path, 'fp32')


def test_missing_onnx_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'onnx', None)
    with pytest.raises(EngineError, match='pip install onnx'):
        prepare_graph(tmp_path / 'pose.onnx', 'fp16')


@pytest.mark.parametrize(
    ('model', 'size', 'tolerance'),
    [
        ('human-pose-estimation-0001', (128, 128), 0.02),
        ('mobilenetv2-pose-dm14', (432, 368), 0.02),  # weights stored as int8, one size
        ('human-pose-estimation-0001-fp16', (128, 128), 1e-6),  # in float16 already
    ],
)
def test_real_network_in_half_precision_returns_about_the_same(
    shared, monkeypatch, model, size, tolerance
):
    monkeypatch.setenv('OPENPOSE_ROS_MODEL_PATH', str(shared / 'models'))
    spec = load_model(model)
    batch = np.random.default_rng(0).uniform(0, 255, (1, 3, *size[::-1])).astype(np.float32)
    before = run(spec.path.read_bytes(), batch)
    found = run(prepare_graph(spec.path, 'fp16'), batch)
    assert set(found) == set(before)
    for name, maps in found.items():
        np.testing.assert_allclose(maps, before[name], atol=tolerance)
