"""Caffe files, written by protobuf of Caffe's own schema, against what OpenCV 4 makes of them."""

from __future__ import annotations

from pathlib import Path

from google.protobuf import text_format
import numpy as np
import onnx
import pytest

from openpose_ros.errors import ModelError, ParameterError
from openpose_ros.models import import_model, load_model
from openpose_ros.models.importing.detect import kind_of
from openpose_ros.parts import PartFinder
from openpose_ros.skeletons import load_skeleton
from tests.models.importing.caffe import networks
from tests.models.importing.onnx_maps import largest_difference, maps_of

RECORDED = np.load(Path(__file__).with_name('opencv.npz'))
SKELETONS = {
    'coco': 'coco_18',
    'mpi': 'mpi_15',
    'mpi-4': 'mpi_15',
    'body_25': 'body_25',
    'hand': 'hand_21',
    'face': 'face_70',
}
BODIES = ['coco', 'mpi', 'mpi-4', 'body_25']


@pytest.fixture(scope='module')
def weights():
    """Return the bytes of the .caffemodel of a network, an eighth as wide."""
    made = {}

    def weights(name):
        name = {'mpi-4': 'mpi'}.get(name, name)
        if name not in made:
            net = networks.NETWORKS[name](networks.EIGHTH)
            made[name] = networks.with_weights(net)
        return made[name]

    return weights


def write(folder, net, name='net.caffemodel'):
    path = folder / name
    path.write_bytes(net.SerializeToString())
    return path


def write_text(folder, net):
    path = folder / 'net.prototxt'
    path.write_text(text_format.MessageToString(net), 'utf-8')
    return path


def joined(maps):
    return np.concatenate([maps[name] for name in ('heatmaps', 'pafs') if name in maps])


@pytest.mark.parametrize('name', networks.NETWORKS)
def test_layers_alone_tell_which_network_it_is(tmp_path, weights, name):
    path = write(tmp_path, weights(name))
    assert kind_of(path) == 'caffe'
    output = import_model(path, tmp_path / 'net.onnx', stages=4 if name == 'mpi-4' else None)
    maps = maps_of(output, networks.picture())
    assert largest_difference(joined(maps), RECORDED[name][0]) <= 1e-4
    assert joined(maps).std(axis=(1, 2)).min() > 0, 'no channel is flat, so none can hide'


@pytest.mark.parametrize('name', networks.NETWORKS)
def test_a_prototxt_is_the_graph(tmp_path, weights, name):
    path = write(tmp_path, weights(name))
    text = write_text(tmp_path, networks.NETWORKS[name](networks.EIGHTH))
    with pytest.raises(ModelError, match=r'net\.prototxt is the graph of a Caffe network: give'):
        kind_of(text)
    by_text = import_model(path, tmp_path / 'by-text.onnx', prototxt=text)
    maps = maps_of(by_text, networks.picture())
    assert largest_difference(joined(maps), RECORDED[name][0]) <= 1e-4
    if name in BODIES:
        by_names = import_model(path, tmp_path / 'n.onnx', stages=4 if name == 'mpi-4' else None)
        one, other = load_model(by_text), load_model(by_names)
        assert (one.input, one.outputs, one.stride) == (other.input, other.outputs, other.stride)
        assert one.skeleton.name == SKELETONS[name]


@pytest.mark.parametrize('name', ['coco', 'hand'])
def test_the_old_form_is_the_same_network(tmp_path, weights, name):
    """BODY_25 has no old form: PReLU came later."""
    old = networks.as_old_form(weights(name))
    path = write(tmp_path, old)
    assert kind_of(path) == 'caffe'
    by_names = import_model(path, tmp_path / 'net.onnx')
    text = write_text(tmp_path, networks.without_weights(old))
    by_text = import_model(path, tmp_path / 'by-text.onnx', prototxt=text)
    for output in (by_names, by_text):
        maps = maps_of(output, networks.picture())
        assert largest_difference(joined(maps), RECORDED[name][0]) <= 1e-4


def test_every_layer_that_is_known_does_what_caffe_does(tmp_path):
    net = networks.with_weights(networks.various())
    path = write(tmp_path, net)
    text = write_text(tmp_path, networks.without_weights(net))
    output = import_model(path, tmp_path / 'net.onnx', prototxt=text)
    maps = maps_of(output, networks.picture())
    assert {*maps} == {'pool', 'end'}
    for end, found in maps.items():
        assert largest_difference(found, RECORDED[f'various/{end}'][0]) <= 1e-4
    with pytest.raises(ModelError, match='nothing describes the model'):
        load_model(output)  # nobody knows what this network finds


@pytest.mark.parametrize('name', BODIES)
def test_the_file_says_what_it_finds_and_whose_it_is(tmp_path, weights, name):
    path = write(tmp_path, weights(name))
    spec = load_model(import_model(path, tmp_path / 'net.onnx'))
    assert spec.skeleton.name == SKELETONS[name]
    assert (spec.stride, spec.input.multiple, spec.decoder) == (8, 8, 'paf')
    assert (spec.input.colour, spec.input.pad) == ('BGR', 0)
    assert 'noncommercial research' in spec.licence
    assert (spec.outputs.heatmaps, spec.outputs.pafs) == ('heatmaps', 'pafs')


@pytest.mark.parametrize('name', ['hand', 'face'])
def test_hands_and_faces_say_so_too(tmp_path, weights, name):
    output = import_model(write(tmp_path, weights(name)), tmp_path / 'net.onnx')
    spec = load_model(output)
    assert (spec.skeleton.name, spec.decoder) == (SKELETONS[name], 'heatmaps')
    assert spec.net_resolution == (368, 368)
    assert 'noncommercial research' in spec.licence


@pytest.mark.parametrize('name', ['hand', 'face'])
def test_hands_and_faces_are_looked_for_with_them(tmp_path, weights, name):
    """Without training, they see nothing in particular; but all of it runs."""
    output = import_model(write(tmp_path, weights(name)), tmp_path / 'net.onnx')
    frame = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    squares = np.array([[10, 20, 150], [200, 100, 250]], np.float32)
    with PartFinder.from_model(name, output, backend='onnxruntime') as finder:
        found = finder.find(frame, squares, [True, False])
    assert found.shape == (2, load_skeleton(SKELETONS[name]).num_keypoints, 3)
    inside = found[found[..., 2] > 0, :2]
    assert ((inside >= 0) & (inside <= (399, 299))).all()


def test_a_manifest_beside_the_file_counts_more(tmp_path, weights):
    path = write(tmp_path, weights('coco'))
    path.with_suffix('.json').write_text('{"licence": "mine", "input": {"pad": 7}}', 'utf-8')
    spec = load_model(import_model(path, tmp_path / 'other.onnx'))
    assert (spec.licence, spec.input.pad, spec.input.colour) == ('mine', 7, 'BGR')


def test_weights_may_be_doubles_and_layers_for_training_are_left_out(tmp_path, weights):
    net = networks.CAFFE.NetParameter()
    net.CopyFrom(weights('coco'))
    for layer in net.layer:
        for blob in layer.blobs:
            blob.double_data.extend(blob.data)
            blob.ClearField('data')
    net.layer.add(name='data', type='CPMData', top=['data', 'label'])
    net.layer.add(name='loss', type='EuclideanLoss', bottom=['net_output', 'label'], top=['loss'])
    maps = maps_of(import_model(write(tmp_path, net), tmp_path / 'net.onnx'), networks.picture())
    assert largest_difference(joined(maps), RECORDED['coco'][0]) <= 1e-4


def test_a_prototxt_leaves_out_what_is_for_training(tmp_path):
    net = networks.with_weights(networks.various())
    path = write(tmp_path, net)
    bare = networks.without_weights(net)
    layer = bare.layer.add(name='loss', type='EuclideanLoss', bottom=['end', 'x'], top=['loss'])
    layer.include.add(phase=0)
    layer = bare.layer.add(
        name='second', type='SoftmaxWithLoss', bottom=['end', 'x'], top=['loss']
    )
    layer.exclude.add(phase=1)
    output = import_model(path, tmp_path / 'n.onnx', prototxt=write_text(tmp_path, bare))
    assert [*maps_of(output, networks.picture())] == ['pool', 'end']


def test_the_picture_may_be_a_layer(tmp_path, weights):
    """As in what Caffe's own tool made of older files."""
    bare = networks.NETWORKS['mpi'](networks.EIGHTH)
    del bare.input[:], bare.input_dim[:]
    layers = [*bare.layer]
    del bare.layer[:]
    made = bare.layer.add(name='image', type='Input', top=['image'])
    made.input_param.shape.add(dim=[1, 3, 9, 9])
    bare.layer.extend(layers)
    text = write_text(tmp_path, bare)
    output = import_model(write(tmp_path, weights('mpi')), tmp_path / 'n.onnx', prototxt=text)
    maps = maps_of(output, networks.picture())
    assert largest_difference(joined(maps), RECORDED['mpi'][0]) <= 1e-4
    made.top.append('label')
    with pytest.raises(ModelError, match='it has 2 inputs, expected one picture'):
        import_model(tmp_path / 'net.caffemodel', output, prototxt=write_text(tmp_path, bare))


def test_a_slope_for_all_channels_may_have_no_shape(tmp_path):
    """Caffe writes a shape without sizes; OpenCV cannot read that."""
    net = networks.with_weights(networks.various())
    output = import_model(
        write(tmp_path, net), tmp_path / '1.onnx', prototxt=write_text(tmp_path, net)
    )
    for layer in net.layer:
        if layer.type == 'PReLU':
            del layer.blobs[0].shape.dim[:]
            layer.blobs[0].shape.SetInParent()
    again = import_model(
        write(tmp_path, net), tmp_path / '2.onnx', prototxt=write_text(tmp_path, net)
    )
    assert again.read_bytes() == output.read_bytes()


@pytest.mark.parametrize(('stages', 'channels'), [(1, 44), (3, 44), (6, 44)])
def test_stages_may_be_fewer(tmp_path, weights, stages, channels):
    output = import_model(write(tmp_path, weights('mpi')), tmp_path / 'net.onnx', stages=stages)
    model = onnx.load(output)
    assert len(joined(maps_of(output, networks.picture()))) == channels
    assert sum(node.op_type == 'Conv' for node in model.graph.node) == 22 + 14 * (stages - 1)


def drop_a_layer(net):
    del next(layer for layer in net.layer if layer.name == 'conv4_2').blobs[:]


def add_a_layer(net):
    net.layer.add(name='fc6').blobs.add(data=[1]).shape.dim.extend([1])


def lose_a_bias(net):
    del net.layer[0].blobs[1]


def take_other_channels(net):
    conv = next(layer for layer in net.layer if layer.name == 'conv1_2').blobs[0]
    conv.shape.dim[1] //= 2
    conv.shape.dim[0] *= 2


def claim_more_than_there_is(net):
    net.layer[0].blobs[0].shape.dim[0] = 1 << 40


def name_nothing(net):
    net.layer[0].name = ''


def name_two_the_same(net):
    net.layer.add().CopyFrom(net.layer[0])


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (drop_a_layer, r'no network of OpenPose.s: it lacks conv4_2; give its graph with --proto'),
        (add_a_layer, r'it has fc6; give its graph with --prototxt'),
        (lose_a_bias, r"'conv1_1' has 1 arrays, expected 2"),
        (take_other_channels, r"'conv1_2' takes 8 channels in 1 groups"),
        (claim_more_than_there_is, r"a blob of 'conv1_1' has the shape .* which do not fit"),
        (name_nothing, 'it lacks conv1_1 and it has ; give its graph'),
        (name_two_the_same, r"two of its layers are called 'conv1_1'"),
    ],
)
def test_what_is_wrong_with_the_weights_is_named(tmp_path, weights, change, message):
    net = networks.CAFFE.NetParameter()
    net.CopyFrom(weights('coco'))
    change(net)
    with pytest.raises(ModelError, match=rf'^cannot convert .*net\.caffemodel: .*{message}'):
        import_model(write(tmp_path, net), tmp_path / 'net.onnx')
    assert not (tmp_path / 'net.onnx').exists()


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('layer { name: "a" type: "LRN" } layer { type: "Eltwise" }', 'known here: Eltwise, LRN;'),
        ('layer { type: "a\x1b[2J" }', r'known here: a\?\[2J; known'),
        ('input: "a" input: "b"', 'it has 2 inputs, expected one picture'),
        ('layer { type: "ReLU" bottom: "x" top: "x" }', 'it has 0 inputs'),
        (
            'input: "x" layer { name: "a" type: "ReLU" bottom: "y" top: "y" }',
            "'a' takes 'y', which",
        ),
        ('input: "x"', 'it has no outputs'),
        (
            'input: "x" layer { name: "one" type: "Convolution" bottom: "x" top: "y" '
            'convolution_param { num_output: 9 kernel_size: 3 bias_term: false } }',
            r"'one' has weights of shape \(8, 3, 2, 5\), expected 9 outputs and windows of 3x3",
        ),
        (
            'input: "x" layer { name: "p" type: "Pooling" bottom: "x" top: "y" '
            'pooling_param { pool: AVE } }',
            "'p' pools AVE, expected MAX",
        ),
        (
            'input: "x" layer { name: "s" type: "Slice" bottom: "x" top: "y" top: "z" }',
            r"'s' cuts 3 channels at \[\] for 2 blobs",
        ),
        (
            'input: "x" layer { name: "s" type: "Slice" bottom: "x" top: "y" '
            'slice_param { axis: 2 } }',
            "'s' goes along axis 2, expected 1",
        ),
        ('layer {', "it ends before '}'"),
        ('layer }', "line 1 has '}' where ':' is expected"),
        ('\n\nname "x"', "line 3 has '\"x\"' where ':' is expected"),
        ('a: {' * 40, 'nested more than 32 deep'),
        ('a: [1, 2', "it ends before ']'"),
        ('%', "line 1 has '%', which is no text format"),
        (
            'input: "x" layer { name: "one" type: "Convolution" bottom: "x" top: "y" '
            'convolution_param { bias_term: false num_output: many } }',
            "its num_output is 'many', no whole number",
        ),
    ],
)
def test_what_is_wrong_with_a_prototxt_is_named(tmp_path, text, message):
    path = write(tmp_path, networks.with_weights(networks.various()))
    prototxt = tmp_path / 'net.prototxt'
    prototxt.write_text(text, 'utf-8')
    with pytest.raises(ModelError, match=rf'^cannot convert .* by .*net\.prototxt: .*{message}'):
        import_model(path, tmp_path / 'net.onnx', prototxt=prototxt)


@pytest.mark.parametrize(
    ('name', 'options', 'error', 'message'),
    [
        ('mpi', {'stages': 7}, ModelError, 'it has 6 stages, not 7'),
        ('mpi', {'stages': 0}, ModelError, 'it has 6 stages, not 0'),
        ('body_25', {'stages': 1}, ModelError, 'it goes without --stages'),
        ('mpi', {'precision': 'int8'}, ParameterError, 'is caffe, which is not in int8'),
        ('mpi', {'kind': 'onnx'}, ParameterError, "kind is 'onnx', but must be one of openvino"),
        ('mpi', {'kind': 'openvino-ir', 'stages': 4}, ParameterError, 'goes without stages'),
        ('mpi', {'name': 'a/b'}, ParameterError, 'must be a name without folders'),
    ],
)
def test_what_cannot_be_asked_for_is_named(tmp_path, weights, name, options, error, message):
    with pytest.raises(error, match=message):
        import_model(write(tmp_path, weights(name)), tmp_path / 'net.onnx', **options)


def test_what_is_read_is_not_written_over(tmp_path, weights):
    path = write(tmp_path, weights('mpi'))
    text = write_text(tmp_path, networks.NETWORKS['mpi'](networks.EIGHTH))
    before = path.read_bytes(), text.read_bytes()
    for output in (path, text):
        with pytest.raises(ParameterError, match='this command reads: it would be lost'):
            import_model(path, output, prototxt=text)
    assert (path.read_bytes(), text.read_bytes()) == before


def test_a_name_is_where_it_is_found(tmp_path, weights, cache):
    output = import_model(write(tmp_path, weights('mpi')), name='mine')
    assert output == cache / 'mine.onnx'
    assert load_model('mine').path == output
    with pytest.raises(ModelError, match='exists already; name another file with --output'):
        import_model(write(tmp_path, weights('mpi')), name='mine')
