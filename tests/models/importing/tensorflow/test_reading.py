"""Frozen graphs against what TensorFlow itself makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openpose_ros.errors import ModelError
from openpose_ros.models import import_model, load_model
from openpose_ros.models.importing.graph import stride_of
from openpose_ros.models.importing.limits import MOST_NODES, MOST_TENSORS
from openpose_ros.models.importing.tensorflow.reading import read
from tests.models.importing.judged import ALLOWED, difference, maps_of
from tests.models.importing.tensorflow import networks, various

RECORDED = np.load(Path(__file__).with_name('tensorflow.npz'))
HEATMAPS = 19


def written(folder, graph):
    path = folder / 'graph.pb'
    path.write_bytes(graph.SerializeToString())
    return path


@pytest.mark.parametrize('name', networks.NETWORKS)
def test_a_network_gives_what_tensorflow_does(name, tmp_path):
    graph = read(written(tmp_path, networks.NETWORKS[name](networks.EIGHTH)))
    found = maps_of(graph, networks.picture())
    assert list(found) == ['heatmaps', 'pafs']
    joined = np.concatenate([found['heatmaps'], found['pafs']], axis=2)
    assert difference(joined, RECORDED[name]) <= ALLOWED
    assert stride_of(graph, graph.outputs['heatmaps']) == 8
    assert graph.family == ('tf-openpose-cmu' if name == 'cmu' else 'tf-openpose')


@pytest.mark.parametrize('name', various.CASES)
def test_an_operation_is_tensorflows(name, tmp_path):
    graph = read(written(tmp_path, various.CASES[name]()))
    found = maps_of(graph, various.picture())
    joined = np.concatenate([found['heatmaps'], found['pafs']], axis=2)
    assert difference(joined[:, :, various.RECORDED], RECORDED[f'various/{name}']) <= ALLOWED


def test_two_outputs_need_no_concatenation(tmp_path):
    graph = read(written(tmp_path, networks.cmu(networks.EIGHTH, joined=False)))
    assert graph.outputs == {
        'heatmaps': 'Mconv7_stage6_L2/BiasAdd',
        'pafs': 'Mconv7_stage6_L1/BiasAdd',
    }
    found = maps_of(graph, networks.picture())
    assert difference(found['heatmaps'], RECORDED['cmu'][:, :, :HEATMAPS]) <= ALLOWED


def test_what_is_not_an_output_is_left_out(tmp_path):
    """An optimiser leaves a switch of dropout behind, and what it has merged."""
    made = networks.cmu(networks.EIGHTH)
    made.node.add(name='use_dropout', op='PlaceholderWithDefault', input=['use_dropout/input'])
    made.node.add(name='init', op='NoOp', input=['^image'])
    graph = read(written(tmp_path, made))
    assert list(graph.outputs) == ['heatmaps', 'pafs']


def test_a_fixed_size_becomes_open(tmp_path):
    net = networks.Net()
    placeholder = net.graph.node[0].attr['shape'].shape
    for dim, size in zip(placeholder.dim, (1, 32, 40, 3)):
        dim.size = size
    small = net.conv('two', 'image', 6, 2, 2)
    size = net.const('size', np.array([32, 40], np.int32))
    large = net.float_node('ResizeBilinear', 'large', small, size)
    net.channels[large] = 6
    graph = read(written(tmp_path, various._ended(net, large)))
    found = maps_of(graph, networks.picture(64, 48))
    assert found['heatmaps'].shape == (64, 48, HEATMAPS)


def node(graph, name):
    return next(node for node in graph.node if node.name == name)


def altered(change):
    graph = various.CASES['unfused']()
    change(graph)
    return graph


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (
            lambda graph: setattr(node(graph, 'leaky'), 'op', 'Einsum'),
            r'has operations that are not known here: Einsum; known are Add, AddN',
        ),
        (
            lambda graph: setattr(node(graph, 'gamma'), 'op', 'VariableV2'),
            r'its weights are in other files, as VariableV2 says: freeze it first',
        ),
        (
            lambda graph: node(graph, 'leaky').input.__setitem__(0, 'nowhere'),
            r"needs the operation 'nowhere', which it does not have",
        ),
        (
            lambda graph: node(graph, 'leaky').input.__setitem__(0, 'both'),
            r"its operation '\w+' depends on itself",
        ),
        (
            lambda graph: graph.node.add(name='leaky', op='Relu'),
            r"two of its operations are called 'leaky'",
        ),
        (
            lambda graph: node(graph, 'end').attr['data_format'].__setattr__('s', b'NCHW'),
            r"the Conv2D 'end': its data_format is 'NCHW', expected NHWC",
        ),
        (
            lambda graph: node(graph, 'end').attr['padding'].__setattr__('s', b'FULL'),
            r"the Conv2D 'end': its padding is 'FULL', expected SAME",
        ),
        (
            lambda graph: node(graph, 'end').attr['strides'].list.i.append(1),
            r"the Conv2D 'end': its strides is \[1, 1, 1, 1, 1\], expected \[1, height",
        ),
        (
            lambda graph: (
                node(graph, 'end/weights')
                .attr['value']
                .tensor.tensor_shape.dim[3]
                .__setattr__('size', 56)
            ),
            r"the Const 'end/weights': a constant has the shape .* bytes, which do not fit",
        ),
        (
            lambda graph: node(graph, 'rsqrt').input.__setitem__(0, 'image'),
            r"the Rsqrt 'rsqrt': it is known of constants only",
        ),
        (
            lambda graph: graph.node.pop(),
            r"its outputs are 'joined' of 12 channels; expected heatmaps and PAFs of 19 and 38",
        ),
        (
            lambda graph: (
                graph.node.add(name='second', op='Placeholder')
                and node(graph, 'both').input.__setitem__(0, 'second')
            ),
            r"the Placeholder '\w+': it is a second input",
        ),
        (lambda graph: graph.Clear(), 'it is no graph of TensorFlow'),
    ],
)
def test_what_is_wrong_is_named(change, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read(written(tmp_path, altered(change)))


def test_a_few_bytes_cannot_become_a_large_constant(tmp_path):
    """TensorFlow lets one value stand for all of a tensor."""

    def change(graph):
        tensor = node(graph, 'gamma').attr['value'].tensor
        tensor.ClearField('tensor_content')
        tensor.float_val.append(1.0)
        tensor.tensor_shape.dim[0].size = 1 << 40

    with pytest.raises(
        ValueError, match=r"the Const 'gamma': a constant has the shape .* 1 values"
    ):
        read(written(tmp_path, altered(change)))


def test_one_value_can_stand_for_a_short_constant(tmp_path):
    def change(graph):
        tensor = node(graph, 'gamma').attr['value'].tensor
        tensor.ClearField('tensor_content')
        tensor.float_val.extend([1.0, 2.0])

    def spelled_out(graph):
        tensor = node(graph, 'gamma').attr['value'].tensor
        tensor.tensor_content = np.array([1, 2, 2, 2, 2, 2], np.float32).tobytes()

    short, long = (
        maps_of(read(written(tmp_path, altered(how))), various.picture())
        for how in (change, spelled_out)
    )
    assert (short['pafs'] == long['pafs']).all()


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ModelError, match=r'cannot read .*graph\.pb: No such file'):
        read(tmp_path / 'graph.pb')


def test_messages_in_messages_end(tmp_path):
    """An attribute of a message in a message, a thousand deep: nothing here goes down there."""
    deep = networks.TF.AttrValue()
    for _ in range(90):  # as deep as protobuf itself writes
        outer = networks.TF.AttrValue()
        outer.list.tensor.add().string_val.append(deep.SerializeToString())
        deep = outer
    made = various.CASES['unfused']()
    node(made, 'leaky').attr['deep'].CopyFrom(deep)
    assert list(read(written(tmp_path, made)).outputs) == ['heatmaps', 'pafs']


def test_more_operations_than_a_network_has_are_refused(tmp_path):
    made = various.CASES['unfused']()
    for number in range(MOST_NODES):
        made.node.add(name=f'n{number}', op='Relu', input=['image'])
    with pytest.raises(ValueError, match='it has 10001 operations, at most 10000 are read'):
        read(written(tmp_path, made))


def test_more_constants_than_a_network_has_are_refused(tmp_path):
    made = various.CASES['unfused']()
    for number in range(MOST_TENSORS):
        made.node.add(name=f'n{number}', op='Const')
    with pytest.raises(ValueError, match='it has 4097 tensors, at most 4096 are read'):
        read(written(tmp_path, made))


def test_the_file_says_what_its_picture_must_be(tmp_path):
    path = written(tmp_path, networks.mobilenet_v2(networks.EIGHTH))
    spec = load_model(import_model(path, tmp_path / 'net.onnx'))
    assert (spec.skeleton.name, spec.stride, spec.decoder) == ('coco_18', 8, 'paf')
    assert (spec.input.colour, spec.input.mean, spec.input.scale) == ('BGR', (0, 0, 0), (1, 1, 1))
    assert spec.input.multiple == 16, 'what is enlarged has a stride of 16'
    assert (spec.outputs.heatmaps, spec.outputs.pafs) == ('heatmaps', 'pafs')


def test_a_graph_that_cannot_be_converted_is_one_line(tmp_path):
    path = written(tmp_path, altered(lambda graph: graph.node.pop()))
    with pytest.raises(ModelError, match=r"^cannot convert .*graph\.pb: its outputs are 'joined'"):
        import_model(path, tmp_path / 'net.onnx')
    assert not (tmp_path / 'net.onnx').exists()
