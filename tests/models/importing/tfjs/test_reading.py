"""Models of TensorFlow.js against what TensorFlow.js itself makes of them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from openpose_ros.errors import ModelError, ParameterError
from openpose_ros.models import import_model, load_model
from openpose_ros.models.importing.detect import kind_of
from openpose_ros.models.importing.graph import stride_of
from openpose_ros.models.importing.operations import Sigmoid
from openpose_ros.models.importing.outputs import POSENET
from openpose_ros.models.importing.tfjs.reading import other_files, read
from tests.models.importing.judged import ALLOWED, difference, maps_of
from tests.models.importing.tfjs import cases

RECORDED = np.load(Path(__file__).with_name('tfjs.npz'))
WORDS = {
    'heatmaps': 'heatmap',
    'offsets': 'offset',
    'displacement_fwd': 'fwd',
    'displacement_bwd': 'bwd',
}


def recorded(case, output):
    """Return the maps of the one output of a case that TensorFlow.js calls so or so."""
    word = WORDS.get(output, output)
    [name] = [
        name for name in RECORDED.files if name.startswith(f'{case}/') and word in name.lower()
    ]
    return RECORDED[name]


@pytest.mark.parametrize('case', cases.GRAPHS)
def test_posenet_gives_what_tensorflow_js_does(case, tmp_path):
    path = cases.write(case, tmp_path)
    assert kind_of(path) == 'tfjs'
    assert len(other_files(path)) > 1, 'several files of weights'
    graph = read(path)
    found = maps_of(graph, cases.picture(case))
    assert tuple(found) == POSENET
    for output, maps in found.items():
        expected = recorded(case, output)
        if output == 'heatmaps':
            expected = 1 / (1 + np.exp(-expected))
        assert difference(maps, expected) <= ALLOWED, output
    network, stride = case.split('-')[:2]
    assert graph.family == f'posenet-{network}'
    assert stride_of(graph, graph.outputs['heatmaps']) == int(stride)


def test_layers_give_what_tensorflow_js_does(tmp_path):
    path = cases.write('layers', tmp_path)
    assert kind_of(path) == 'tfjs'
    found = maps_of(read(path), cases.picture('layers'))
    assert list(found) == ['heatmaps', 'pafs']
    for output, maps in found.items():
        assert difference(maps, recorded('layers', output)) <= ALLOWED, output


def change(path, alter):
    document = json.loads(path.read_text())
    alter(document)
    path.write_text(json.dumps(document))


@pytest.fixture
def model(tmp_path):
    return cases.write('mobilenet-16', tmp_path)


def with_sigmoid(document):
    nodes = document['modelTopology']['node']
    [end] = [node for node in nodes if node['name'].endswith('heatmap_2/BiasAdd')]
    nodes.append({'name': 'heatmap', 'op': 'Sigmoid', 'input': [end['name']], 'attr': {}})


def test_a_sigmoid_that_is_there_is_not_added_again(model):
    without = read(model)
    change(model, with_sigmoid)
    graph = read(model)
    kinds = [isinstance(node.operation, Sigmoid) for node in graph.nodes]
    assert sum(kinds) == 1
    picture = cases.picture('mobilenet-16')
    one, other = (maps_of(made, picture)['heatmaps'] for made in (without, graph))
    assert (one == other).all()


def test_outputs_without_telling_names_are_told_by_their_channels(model):
    """As MobileNet has them: posenet/src/mobilenet.ts:28."""
    order = ['offset', 'heatmap', 'fwd', 'bwd']

    def rename(document):
        nodes = document['modelTopology']['node']
        for number, word in enumerate(order):
            [node] = [
                node for node in nodes if f'{word}_2/' in node['name'] and node['op'][0] == '_'
            ]
            nodes.remove(node)
            nodes.append({**node, 'name': f'out_{number}'})

    before = maps_of(read(model), cases.picture('mobilenet-16'))
    change(model, rename)
    after = maps_of(read(model), cases.picture('mobilenet-16'))
    for name in POSENET:
        assert (before[name] == after[name]).all(), name


@pytest.mark.parametrize('case', ['mobilenet-16', 'resnet-32'])
def test_the_file_says_what_its_picture_must_be(case, tmp_path):
    spec = load_model(import_model(cases.write(case, tmp_path), tmp_path / 'net.onnx'))
    assert (spec.skeleton.name, spec.decoder, spec.input.colour) == ('coco_17', 'posenet', 'RGB')
    assert (spec.input.multiple, spec.input.offset) == (spec.stride, 1)
    assert spec.stride == int(case[-2:])
    means = {'mobilenet-16': (127.5, 127.5, 127.5), 'resnet-32': (123.15, 115.9, 103.06)}
    assert spec.input.mean == means[case]


def in_the_old_form(value):
    """Return JSON as protobuf.js wrote it: texts as codes, types as numbers, all kinds of list."""
    if isinstance(value, list):
        return [in_the_old_form(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: in_the_old_form(item) for key, item in value.items()}
    if isinstance(value.get('s'), str):
        made['s'] = [*base64.b64decode(value['s'])]
    if value.get('type') in ('DT_FLOAT', 'DT_INT32'):
        made['type'] = {'DT_FLOAT': 1, 'DT_INT32': 3}[value['type']]
    if 'list' in value:
        texts = [[*base64.b64decode(text)] for text in value['list'].get('s', [])]
        kinds = ('s', 'i', 'f', 'b', 'type', 'shape', 'tensor', 'func')
        made['list'] = {**{kind: [] for kind in kinds}, **made['list'], 's': texts}
    return made


@pytest.mark.parametrize('case', ['mobilenet-8', 'resnet-16'])
def test_the_json_of_older_converters_is_the_same_network(case, tmp_path):
    path = cases.write(case, tmp_path)
    before = maps_of(read(path), cases.picture(case))
    change(path, lambda d: d.update(modelTopology=in_the_old_form(d['modelTopology'])))
    assert '"s": [83, 65, 77, 69]' in path.read_text()
    after = maps_of(read(path), cases.picture(case))
    for name in POSENET:
        assert (before[name] == after[name]).all(), name


def group(document):
    return document['weightsManifest'][0]


@pytest.mark.parametrize(
    'name',
    [
        '../weights.bin',
        '/etc/hostname',
        'https://example.org/weights.bin',
        '\\\\server\\share\\weights.bin',
        'C:weights.bin',
        'folder/weights.bin',
        '..',
        '.',
        '',
        'a\nb',
        'a' * 300,
        7,
        None,
    ],
)
def test_weights_lie_in_the_folder(name, model):
    """Path traversal, addresses, and what is no name."""
    change(model, lambda document: group(document).update(paths=[name]))
    with pytest.raises(ValueError, match=r'it wants weights from .*expected the name of a file'):
        read(model)
    with pytest.raises(ModelError, match=r'^cannot convert .* it wants weights from .*$'):
        import_model(model, model.with_name('net.onnx'))


def test_files_of_weights_are_not_written_over(model):
    shard = other_files(model)[1]
    kept = shard.read_bytes()
    with pytest.raises(ParameterError, match='is what this command reads'):
        import_model(model, shard)
    assert shard.read_bytes() == kept


def test_a_shard_that_is_missing_is_named(model):
    other_files(model)[1].unlink()
    with pytest.raises(ModelError, match=r'cannot read .*shard2of\d+\.bin: there is no such file'):
        read(model)


def test_a_pipe_is_no_file_of_weights(model):
    """Which would be waited for."""
    import os

    shard = other_files(model)[0]
    shard.unlink()
    os.mkfifo(shard)
    with pytest.raises(ModelError, match='there is no such file'):
        read(model)


def weight(document, number=0):
    return group(document)['weights'][number]


@pytest.mark.parametrize(
    ('alter', 'message'),
    [
        (
            lambda d: weight(d).update(shape=[1 << 40, 1 << 40]),
            r"the weight '.*' has the shape \(1099511627776, .* which do not fit",
        ),
        (lambda d: weight(d).update(shape=[-1]), r'has the shape \[-1\], expected whole numbers'),
        (lambda d: weight(d).update(shape=[True]), r'has the shape \[True\]'),
        (lambda d: weight(d).update(dtype='string'), "is of type 'string'"),
        (lambda d: weight(d).update(quantization={'dtype': 'int4'}), "kept as 'int4'"),
        (
            lambda d: weight(d).update(quantization={'dtype': 'uint8', 'scale': 'x', 'min': 0}),
            "the scale of the weight '.*' is x, expected a number",
        ),
        (
            lambda d: weight(d).update(
                dtype='int32', quantization={'dtype': 'float16'}, shape=[1]
            ),
            'is of type int32, kept as float16',
        ),
        (lambda d: weight(d).update(name=weight(d, 1)['name']), 'two of its weights are called'),
        (lambda d: group(d)['weights'].pop(), r'files of weights have \d+ bytes, its list \d+'),
        (lambda d: group(d).update(weights=[{}] * 5000), 'it has 5000 tensors, at most 4096'),
        (lambda d: d.update(weightsManifest={}), 'it has no weightsManifest'),
        (lambda d: d.update(weightsManifest=[3]), 'a group of its weightsManifest has no paths'),
        (lambda d: d.update(modelTopology=None), 'it has no modelTopology'),
        (lambda d: d['modelTopology'].update(node=3), 'its topology has no list of nodes'),
        (lambda d: d['modelTopology']['node'].append(3), 'one of its nodes has no name'),
        (
            lambda d: d['modelTopology']['node'].extend([{'name': 'a', 'op': 'b'}] * 10000),
            r'it has \d+ operations, at most 10000 are read',
        ),
        (
            lambda d: d['modelTopology']['node'][-1].update(input='image'),
            r"the inputs of '.*' are no list",
        ),
        (
            lambda d: d['modelTopology']['node'][-1]['attr'].update(strides={'list': {'i': [{}]}}),
            r"the _FusedConv2D '.*': a number is \{\}, expected a whole one",
        ),
        (
            lambda d: d['modelTopology']['node'][-1]['attr'].pop('strides'),
            r"the _FusedConv2D '.*': its strides is None, expected \[1, height, width, 1\]",
        ),
        (
            lambda d: d['modelTopology']['node'][-1]['attr'].update(
                dilations={'list': {'i': ['2', '2', '1', '1']}}
            ),
            r"the _FusedConv2D '.*': its dilations is \[2, 2, 1, 1\], expected \[1, height",
        ),
        (
            lambda d: d['modelTopology']['node'][-1]['attr'].update(padding={'s': '%%'}),
            r"the _FusedConv2D '.*': ",
        ),
        (
            lambda d: d.update(
                signature={'outputs': {'a': {'name': 'MobilenetV1/heatmap_2/BiasAdd:0'}}}
            ),
            r'its outputs are .* channels; expected heatmaps and PAFs of 19 and 38',
        ),
    ],
)
def test_what_is_wrong_is_named(alter, message, model):
    change(model, alter)
    with pytest.raises(ValueError, match=message):
        read(model)


def test_lists_in_lists_are_no_model(model):
    model.write_text('{"modelTopology": ' + '[' * 100_000)
    with pytest.raises(ValueError, match='nested too deeply'):
        read(model)


@pytest.fixture
def layers(tmp_path):
    return cases.write('layers', tmp_path)


def layer(document, name):
    made = document['modelTopology']['model_config']['config']['layers']
    return next(entry for entry in made if entry['name'] == name)


@pytest.mark.parametrize(
    ('alter', 'message'),
    [
        (
            lambda d: layer(d, 'act').update(class_name='GRU'),
            'it has layers that are not known here: GRU; known are Activation',
        ),
        (
            lambda d: layer(d, 'act').update(class_name='Lambda'),
            'it has layers that are not known here: Lambda',
        ),
        (
            lambda d: layer(d, 'act')['config'].update(activation='swish'),
            r"the Activation 'act': its activation is 'swish', expected one of relu",
        ),
        (
            lambda d: layer(d, 'conv1')['config'].update(strides=[2, 2, 2]),
            r"the Conv2D 'conv1': its strides is \[2, 2, 2\]",
        ),
        (
            lambda d: layer(d, 'conv1')['config'].update(data_format='channels_first'),
            "the Conv2D 'conv1': its data_format is 'channels_first'",
        ),
        (
            lambda d: layer(d, 'conv1')['config'].update(use_bias=True),
            "the Conv2D 'conv1': it has no bias",
        ),
        (
            lambda d: layer(d, 'up')['config'].update(interpolation='bilinear'),
            "the UpSampling2D 'up': it enlarges other than",
        ),
        (
            lambda d: layer(d, 'act')['inbound_nodes'].append([]),
            "the Activation 'act' is used more than once",
        ),
        (
            lambda d: layer(d, 'act')['inbound_nodes'][0][0].__setitem__(0, 'heatmaps'),
            r"its layer '\w+' depends on itself",
        ),
        (
            lambda d: layer(d, 'act')['inbound_nodes'][0][0].__setitem__(0, 'none'),
            "it needs the layer 'none', which it does not have",
        ),
        (
            lambda d: d['modelTopology']['model_config'].update(class_name='Sequential'),
            "it is a 'Sequential' of Keras, expected a Functional model",
        ),
    ],
)
def test_a_layer_that_is_wrong_is_named(alter, message, layers):
    change(layers, alter)
    with pytest.raises(ValueError, match=message):
        read(layers)


def test_a_name_from_a_file_cannot_write_to_the_terminal(model):
    change(model, lambda d: d['modelTopology']['node'][-1].update(op='\x1b[2J\nit is fine'))
    with pytest.raises(ModelError) as refused:
        import_model(model, model.with_name('net.onnx'))
    assert str(refused.value).isprintable()
    assert '?[2J it is fine' in str(refused.value)
