"""Both forms of PyTorch's checkpoints, as PyTorch 2.13 wrote them, and what is none."""

from __future__ import annotations

from collections import Counter, OrderedDict
import io
import os
from pathlib import Path
import pickle
import zipfile

import numpy as np
import pytest

from openpose_ros.errors import ModelError
from openpose_ros.models import import_model, load_model
from openpose_ros.models.importing.detect import kind_of
from openpose_ros.models.importing.torch import checkpoints, pickles
from openpose_ros.models.importing.torch.checkpoints import read_tensors
from tests.models.importing.caffe import networks as caffe
from tests.models.importing.onnx_maps import largest_difference, maps_of

HERE = Path(__file__).parent
FORMS = ['zip', 'stream']
LIGHTWEIGHT = HERE / 'lightweight.pth'
RECORDED = np.load(HERE / 'lightweight.npz')


def content(form):
    return (HERE / f'tensors-{form}.pth').read_bytes()


def state(form='stream', **changes):
    """Return a pickle of a dict in one of the forms, with no storages."""
    if form == 'zip':
        file = io.BytesIO()
        with zipfile.ZipFile(file, 'w') as archive:
            archive.writestr('net/data.pkl', pickle.dumps(changes, 2))
        return file.getvalue()
    parts = (checkpoints.MAGIC, checkpoints.PROTOCOL, {'little_endian': True}, changes, [])
    return b''.join(pickle.dumps(part, 2) for part in parts)


@pytest.mark.parametrize('form', FORMS)
def test_tensors_are_those_that_torch_saved(tmp_path, form):
    expected = np.load(HERE / 'tensors.npz')
    found = read_tensors(content(form))
    assert set(found) == set(expected)
    for name, values in expected.items():
        assert found[name].shape == values.shape
        assert (found[name] == values).all(), name
    path = tmp_path / 'net'
    path.write_bytes(content(form))
    assert kind_of(path) == 'torch'


def test_lightweight_openpose_finds_what_it_found_in_torch(tmp_path):
    """A sixteenth of the widths, two refinement stages, module. before all names."""
    assert kind_of(LIGHTWEIGHT) == 'torch'
    output = import_model(LIGHTWEIGHT, tmp_path / 'net.onnx')
    found = maps_of(output, RECORDED['picture'])
    assert {*found} == {'heatmaps', 'pafs'}
    for name, maps in found.items():
        assert largest_difference(maps, RECORDED[name]) <= 1e-4
    spec = load_model(output)
    assert (spec.skeleton.name, spec.stride, spec.licence) == ('coco_18', 8, 'Apache-2.0')
    assert spec.net_resolution == (-1, 256)
    one, two, three = (
        import_model(LIGHTWEIGHT, tmp_path / f'{stages}.onnx', stages=stages)
        for stages in (1, 2, 3)
    )
    assert three.read_bytes() == output.read_bytes()
    assert len(one.read_bytes()) < len(two.read_bytes()) < len(three.read_bytes())
    with pytest.raises(ModelError, match='it has 3 stages, not 4'):
        import_model(LIGHTWEIGHT, tmp_path / 'net.onnx', stages=4)


class Evil:
    """What a pickle of an attacker does when it is read."""

    def __init__(self, *called):
        self.called = called

    def __reduce__(self):
        return self.called[0], self.called[1:]


@pytest.mark.parametrize('form', FORMS)
@pytest.mark.parametrize(
    ('value', 'message'),
    [
        (Evil(os.system, 'touch touched'), f'it holds {os.name}.system; save the weights alone'),
        (Evil(eval, '1'), 'it holds __builtin__.eval; save the weights alone'),
        (Evil(OrderedDict, [('a', 1)]), 'it is no whole pickle'),
        (Counter('aa'), 'it holds collections.Counter; save the weights alone'),
        (np.float64(1), r'it holds numpy.*\.scalar; save the weights alone'),
        (Path('x'), 'it holds pathlib'),
        ({(1, 2): 3}, 'a key of a dict is neither text nor a number'),
        (1j, 'it holds __builtin__.complex'),
    ],
)
def test_what_is_no_tensor_is_never_called(tmp_path, monkeypatch, form, value, message):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / 'net.pth'
    path.write_bytes(state(form, value=value))
    with pytest.raises(ModelError, match=rf'^cannot convert .*net\.pth: {message}'):
        import_model(path, tmp_path / 'net.onnx', kind='torch')
    assert os.listdir(tmp_path) == ['net.pth']


def test_protocols_to_the_newest_are_read():
    """A STACK_GLOBAL is no way around the names that are known."""
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        data = pickle.dumps({'a': [1, (2.5, None, True), 'ä']}, protocol)
        assert pickles.unpickle(io.BytesIO(data)) == {'a': [1, (2.5, None, True), 'ä']}
        with pytest.raises(ValueError, match=r'it holds .*\.system'):
            pickles.unpickle(io.BytesIO(pickle.dumps(Evil(os.system, 'x'), protocol)))


@pytest.mark.parametrize(
    ('data', 'message'),
    [
        (b'', 'exhausted before seeing STOP'),
        (b'\x80\x02.', 'it is no whole pickle'),
        (b'\x80\x02}(.', 'it is no whole pickle'),  # a mark is no value
        (b'\x80\x02}K\x01a.', 'it is no whole pickle'),  # APPEND to a dict
        (b'\x80\x02]K\x01K\x02s.', 'it is no whole pickle'),  # SETITEM of a list
        (b'\x80\x02h\x07.', 'it is no whole pickle'),  # what nobody put
        (b'\x80\x02}r\xff\xff\xff\x7f.', ''),  # a memo of 2^31 - 1 takes no memory
        (b'\x80\x02ccollections\nOrderedDict\n}b.', 'it holds more than tensors'),
        (b'\x80\x02cos\nsystem\n.', r'it holds os\.system'),
        (b'\x80\x02K\x01\x82\x01.', r'it holds more than tensors \(the step EXT1\)'),
        (b'\x80\x02(ios\nsystem\n.', r'\(the step INST\)'),
        (b'\x80\x02X\xff\xff\xff\x7fa.', 'expected 2147483647 bytes'),
        (b'\x80\x02K\x01Q.', 'refers to something that is no storage'),
    ],
)
def test_what_is_no_pickle_of_tensors_is_a_value_error(data, message):
    if not message:
        assert pickles.unpickle(io.BytesIO(data)) == {}
        return
    with pytest.raises(ValueError, match=message):
        pickles.unpickle(io.BytesIO(data))


def test_steps_have_a_limit(monkeypatch):
    monkeypatch.setattr(pickles, 'MOST_STEPS', 100)
    with pytest.raises(ValueError, match='a pickle has more than 100 steps'):
        pickles.unpickle(io.BytesIO(pickle.dumps([None] * 101, 2)))


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda data: data[:-4], 'it ends too early'),
        (
            lambda data: data.replace(b'K\x03K\x04K\x05', b'K\x03K\x04K\x06'),
            'ends beyond its numb',
        ),
        (
            lambda data: data.replace(b'K\x14K\x05K\x01', b'K\x14K\x05K\x02'),
            'ends beyond its numb',
        ),
        (lambda data: data.replace(b'K\x14K\x05K\x01', b'K\x14K\x05N'), 'a tensor in it is none'),
        (
            lambda data: data.replace(b'FloatStorage', b'LongStorages'),
            'no storage of numbers|holds',
        ),
        (lambda data: data.replace(b'_v2', b'_v9'), r'it holds torch\._utils\._rebuild_tensor_v9'),
        (lambda _: b'', 'exhausted before'),
    ],
)
def test_a_stream_that_claims_more_than_it_has_is_refused(change, message):
    changed = change(content('stream'))
    assert changed != content('stream')
    with pytest.raises(ValueError, match=message):
        read_tensors(changed)


def repack(form='zip', *, compression=zipfile.ZIP_STORED, drop='', add=(), cut=''):
    """Return the recorded zip with changes to its members."""
    old, new = zipfile.ZipFile(io.BytesIO(content(form))), io.BytesIO()
    with zipfile.ZipFile(new, 'w', compression) as archive:
        for info in old.infolist():
            if not drop or drop not in info.filename:
                data = old.read(info)
                archive.writestr(
                    info.filename, data[:-4] if cut and cut in info.filename else data
                )
        for name in add:
            archive.writestr(name, b'')
    return new.getvalue()


@pytest.mark.parametrize(
    ('changed', 'message'),
    [
        (repack(compression=zipfile.ZIP_DEFLATED), 'is compressed, which none should'),
        (repack(drop='data.pkl'), 'it has 0 members data.pkl, expected one'),
        (repack(add=['other/data.pkl']), 'it has 2 members data.pkl, expected one'),
        (repack(drop='/data/0'), 'its zip archive is damaged'),
        (repack(cut='/data/0'), "the numbers of 'plain' are 236 bytes, expected 60 of 4"),
        (content('zip')[:-30], 'its zip archive is damaged'),
        (content('zip')[:200] + b'X' + content('zip')[201:], 'damaged'),
    ],
)
def test_a_zip_that_is_not_whole_is_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        read_tensors(changed)


def test_members_have_a_limit():
    names = [f'net/{number}' for number in range(17_000)]
    with pytest.raises(ValueError, match='members, at most'):
        read_tensors(repack(add=names))


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({'a': 1}, 'it holds no dict of tensors'),
        ({'state_dict': 3}, 'it holds no dict of tensors'),
    ],
)
def test_a_checkpoint_without_tensors_is_named(values, message):
    with pytest.raises(ValueError, match=message):
        read_tensors(state(**values))


def test_tensors_that_are_left_over_or_missing_are_named(tmp_path, monkeypatch):
    from openpose_ros.models.importing.torch import networks

    tensors = read_tensors(LIGHTWEIGHT.read_bytes())
    tensors['stage_3d.weight'] = np.ones((1, 1, 1, 1), np.float32)
    with pytest.raises(ValueError, match=r'that Lightweight OpenPose has not: stage_3d\.weight'):
        networks.build(tensors, None)
    del tensors['stage_3d.weight']
    gone = tensors.pop('cpm.align.0.weight')
    with pytest.raises(ValueError, match=r"it lacks the tensor 'cpm\.align\.0\.weight'"):
        networks.build(tensors, None)
    tensors['cpm.align.0.weight'] = gone[:, :1]
    with pytest.raises(ValueError, match=r"'cpm\.align\.0' takes 32 channels in 1 groups"):
        networks.build(tensors, None)
    with pytest.raises(ValueError, match=r"'fc\.weights' is of no layer of OpenPose's; expected"):
        networks.build({'fc.weights': gone}, None)
    with pytest.raises(
        ValueError, match=r"no network of OpenPose's: .* expected those of OpenPose"
    ):
        networks.build({'fc.weight': gone, 'fc.bias': gone}, None)


@pytest.mark.parametrize('name', ['coco', 'body_25', 'hand'])
def test_openposes_layers_are_known_by_their_names_here_too(name):
    """As in what was converted from Caffe, with another word before each name."""
    from openpose_ros.models.importing.deploy import build_openpose
    from openpose_ros.models.importing.torch import networks

    net = caffe.with_weights(caffe.NETWORKS[name](caffe.EIGHTH))
    layers, tensors = {}, {}
    for layer in net.layer:
        for role, blob in zip(('weight', 'bias'), layer.blobs):
            values = np.reshape(np.float32(blob.data), [*blob.shape.dim])
            layers.setdefault(layer.name, []).append(values)
            tensors[f'model0.{layer.name}.{role}'] = values
    graph, expected = networks.build(tensors, None), build_openpose(layers, None, '')
    assert [node.name for node in graph.nodes] == [node.name for node in expected.nodes]
    assert (graph.family, graph.outputs) == (expected.family, expected.outputs)
