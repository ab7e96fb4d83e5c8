"""Keras' files against what Keras itself makes of them, and files that lead elsewhere."""

from __future__ import annotations

from pathlib import Path
import subprocess
import sys

import pytest

pytest.importorskip('h5py', reason='needs the extra importers')

import h5py
import numpy as np

from openpose_ros.errors import LibraryError, ModelError
from openpose_ros.models import import_model, load_model
from openpose_ros.models.importing.detect import kind_of
from openpose_ros.models.importing.graph import stride_of
from openpose_ros.models.importing.keras import child, hdf5
from openpose_ros.models.importing.keras.hdf5 import read_hdf5
from openpose_ros.models.importing.keras.reading import read
from tests.models.importing.judged import ALLOWED, difference, maps_of
from tests.models.importing.keras import networks

RECORDED = np.load(Path(__file__).with_name('keras.npz'))


@pytest.fixture(scope='module')
def network():
    return networks.reproduction(networks.EIGHTH)


@pytest.fixture
def small(tmp_path):
    """Return a file of the smallest size that Keras would write."""
    path = tmp_path / 'small.h5'
    with h5py.File(path, 'w') as file:
        file.attrs['layer_names'] = [b'one']
        group = file.create_group('one')
        group.attrs['weight_names'] = [b'one/kernel:0', b'one/bias:0']
        group['one/kernel:0'] = np.ones((1, 1, 3, 2), np.float32)
        group['one/bias:0'] = np.ones(2, np.float32)
    return path


@pytest.mark.parametrize('whole', [True, False], ids=['whole model', 'weights alone'])
@pytest.mark.parametrize('more', [{}, {'compression': 'gzip', 'shuffle': True}], ids=['', 'gzip'])
def test_the_reproduction_gives_what_keras_does(whole, more, network, tmp_path):
    path = networks.write(tmp_path / 'net.h5', *network, whole=whole, **more)
    assert kind_of(path) == 'keras'
    graph = read(path)
    found = maps_of(graph, networks.picture() / 256 - 0.5)
    assert list(found) == ['heatmaps', 'pafs']
    for name, maps in found.items():
        assert difference(maps, RECORDED[name]) <= ALLOWED, name
    assert (graph.family, stride_of(graph, graph.outputs['pafs'])) == ('keras-openpose', 8)


def test_the_file_says_what_its_picture_must_be(network, tmp_path):
    path = networks.write(tmp_path / 'net.h5', *network, whole=True)
    spec = load_model(import_model(path, tmp_path / 'net.onnx'))
    assert (spec.skeleton.name, spec.stride, spec.input.colour) == ('coco_18', 8, 'BGR')
    assert (spec.input.mean, spec.input.scale) == ((128,) * 3, (1 / 256,) * 3)
    assert 'noncommercial' in spec.licence


def test_fewer_stages_are_kept_if_asked_for(network, tmp_path):
    path = networks.write(tmp_path / 'net.h5', *network, whole=True)
    graph = read(path, stages=2)
    assert graph.outputs == {'heatmaps': 'Mconv7_stage2_L2', 'pafs': 'Mconv7_stage2_L1'}


def test_the_model_for_training_is_its_network(network, tmp_path):
    """It takes two masks more, and its outputs are masked; its layers are the same."""
    config, held = network
    inputs = [*config['config']['input_layers'], ['mask', 0, 0]]
    config = {**config, 'config': {**config['config'], 'input_layers': inputs}}
    graph = read(networks.write(tmp_path / 'net.h5', config, held, whole=True))
    assert (graph.family, list(graph.outputs)) == ('keras-openpose', ['heatmaps', 'pafs'])


def test_long_lists_of_layers_are_cut_into_several(network, tmp_path):
    """As Keras does it where an attribute would be larger than 64 KB."""
    path = networks.write(tmp_path / 'net.h5', *network, whole=False)
    with h5py.File(path, 'r+') as file:
        names = file.attrs['layer_names']
        del file.attrs['layer_names']
        for number in range(3):
            file.attrs[f'layer_names{number}'] = names[number::3]
    assert read(path).family == 'keras-openpose'


def test_code_in_a_file_is_not_run(network, tmp_path):
    """A Lambda elsewhere than before the first layer cannot be known."""
    config, held = network
    layers = [
        {**layer, 'class_name': 'Lambda'} if layer['name'] == 'pool1_1' else layer
        for layer in config['config']['layers']
    ]
    config = {**config, 'config': {**config['config'], 'layers': layers}}
    path = networks.write(tmp_path / 'net.h5', config, held, whole=True)
    with pytest.raises(ValueError, match="the Lambda 'pool1_1': its code is not run here"):
        read(path)


def test_other_layers_are_no_network_of_openpose(small):
    with pytest.raises(ValueError, match='save the whole model, not its weights alone'):
        read(small)


def altered(small, alter):
    with h5py.File(small, 'r+') as file:
        alter(file)
    return small


def external_link(file):
    other = Path(file.filename).with_name('other.h5')
    with h5py.File(other, 'w') as secret:
        secret['kernel'] = np.ones((1, 1, 3, 2), np.float32)
    del file['one/one/kernel:0']
    file['one/one/kernel:0'] = h5py.ExternalLink(str(other), '/kernel')


def soft_link(file):
    del file['one/one/kernel:0']
    file['one/one/kernel:0'] = h5py.SoftLink('/one/one/bias:0')


def external_storage(file):
    raw = Path(file.filename).with_name('raw.bin')
    raw.write_bytes(bytes(24))
    del file['one/one/kernel:0']
    storage = [(str(raw), 0, 24)]
    file.create_dataset('one/one/kernel:0', (1, 1, 3, 2), np.float32, external=storage)


def virtual(file):
    other = Path(file.filename).with_name('other.h5')
    with h5py.File(other, 'w') as secret:
        secret['kernel'] = np.ones((1, 1, 3, 2), np.float32)
    layout = h5py.VirtualLayout((1, 1, 3, 2), np.float32)
    layout[:] = h5py.VirtualSource(str(other), 'kernel', (1, 1, 3, 2))
    del file['one/one/kernel:0']
    file.create_virtual_dataset('one/one/kernel:0', layout)


def plugin(file):
    """LZF is one: h5py brings it along, other programs do not."""
    del file['one/one/kernel:0']
    values = np.ones((1, 1, 3, 2), np.float32)
    file.create_dataset('one/one/kernel:0', data=values, compression='lzf')


def circle(file):
    file['one/again'] = file['/']


def deep(file):
    file.create_group('/'.join('a' * 40))


def promised(file):
    """Claim a terabyte that no byte was ever written of."""
    del file['one/one/kernel:0']
    file.create_dataset('one/one/kernel:0', (1 << 10, 1 << 10, 1 << 10, 256), np.float32)


def bomb(file):
    """Claim as much, in chunks that deflate to nothing."""
    del file['one/one/kernel:0']
    file.create_dataset(
        'one/one/kernel:0',
        (1 << 10, 1 << 10, 1 << 10, 256),
        np.float32,
        chunks=(1, 1, 1 << 10, 256),
        compression='gzip',
    )


@pytest.mark.parametrize(
    ('alter', 'message'),
    [
        (external_link, "'/one/one/kernel:0' is a link to elsewhere, which is not followed"),
        (soft_link, "'/one/one/kernel:0' is a link to elsewhere, which is not followed"),
        (external_storage, "the values of '/one/one/kernel:0' lie in another file"),
        (virtual, "the values of '/one/one/kernel:0' lie in another file"),
        (plugin, "'/one/one/kernel:0' needs a filter that is a plugin, which is not loaded"),
        (circle, "'/one/again' is another name of something else in it"),
        (deep, 'it is nested more than 32 deep'),
        (promised, r"'/one/one/kernel:0' has the shape \(1024, .* but fewer bytes"),
        (bomb, "it is too large at '/one/one/kernel:0'"),
    ],
)
def test_what_leads_elsewhere_is_refused(alter, message, small):
    path = altered(small, alter)
    with pytest.raises(ValueError, match=message):
        read_hdf5(path)
    with pytest.raises(ModelError, match=f'^cannot convert .*{message}'):
        import_model(path, path.with_name('net.onnx'))


@pytest.mark.parametrize(
    ('alter', 'message'),
    [
        (
            lambda file: file['one'].attrs.__setitem__('weight_names', np.ones(3)),
            "its attribute 'weight_names' is no text",
        ),
        (
            lambda file: file['one'].attrs.__setitem__('weight_names', [b'one/gamma:0']),
            "it names the weights '/one/one/gamma:0', which it does not have",
        ),
        (lambda file: file.attrs.__delitem__('layer_names'), 'it is no file of Keras'),
        (
            lambda file: file.attrs.__setitem__('model_config', ' ' * (17 << 20)),
            'its model_config is too large: 16 MB are the most',
        ),
        (
            lambda file: file.attrs.__setitem__('model_config', b'{'),
            'Expecting',
        ),
        (
            lambda file: file.attrs.__setitem__('model_config', b'[1]'),
            "it is a 'None' of Keras, expected a Functional model",
        ),
    ],
)
def test_what_is_wrong_is_named(alter, message, small):
    path = altered(small, alter)
    with pytest.raises(ValueError, match=message):
        read(path)


def test_what_is_no_hdf5_is_named(tmp_path):
    path = tmp_path / 'net.h5'
    path.write_bytes(b'\x89HDF\r\n\x1a\n' + bytes(100))
    with pytest.raises(ModelError, match=r'cannot convert .*net\.h5: '):
        import_model(path, tmp_path / 'net.onnx')


def test_a_pipe_is_no_file(tmp_path):
    import os

    os.mkfifo(tmp_path / 'net.h5')
    with pytest.raises(ModelError, match=r'net\.h5 is no file'):
        read_hdf5(tmp_path / 'net.h5')


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ModelError, match=r'cannot read .*net\.h5: No such file'):
        read_hdf5(tmp_path / 'net.h5')


def test_without_h5py_the_extra_is_named(monkeypatch, small):
    monkeypatch.setattr(hdf5, 'find_spec', lambda _: None)
    with pytest.raises(LibraryError, match=r"h5py.*pip install 'openpose_ros\[importers\]'"):
        read_hdf5(small)


PROGRAM = """
import sys
from openpose_ros.models.importing.keras import child
child._limit()
print(end='', flush=True)
{}
"""


@pytest.mark.parametrize(
    ('code', 'told'),
    [
        ('bytearray(3 << 30)', 'MemoryError'),
        ("import os; os.write(os.open('left.txt', os.O_CREAT | os.O_WRONLY), b'x')", 'too large'),
    ],
)
def test_the_child_has_little_to_spend(code, told, tmp_path):
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM.format(code)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={'PYTHONPATH': ':'.join(sys.path)},
    )
    assert done.returncode != 0
    assert told in done.stderr
    assert not any(path.read_bytes() for path in tmp_path.iterdir())


@pytest.fixture
def child_does(monkeypatch, tmp_path):
    """Return a function that lets a program take the child's place."""

    def child_does(main):
        package = tmp_path / 'fake_keras'
        package.mkdir()
        (package / '__init__.py').touch()
        (package / 'child.py').write_text(
            f'import os, signal, sys, time\nmain = lambda *_: {main}'
        )
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(hdf5, '__package__', package.name)

    return child_does


def test_a_child_that_hangs_is_ended(child_does, monkeypatch, small):
    child_does('time.sleep(1e6)')
    monkeypatch.setattr(hdf5, '_PATIENCE_S', 0.2)
    with pytest.raises(ValueError, match=r'HDF5 has not read it within 0\.2 s'):
        read_hdf5(small)


@pytest.mark.parametrize(
    ('main', 'message'),
    [
        # As HDF5 would let it, whose C code has had many ways to.
        ('os.kill(os.getpid(), signal.SIGSEGV)', r'cannot read it \(SIGSEGV\): it is damaged'),
        ('sys.exit(3)', r'cannot read it \(exit status 3\)'),
        ('None', 'has not read all of it'),
        ("os.write(1, b'{' + bytes(8))", 'Expecting value'),
        ("os.write(1, b'{' + b'\\xff' * 8)", 'has not read all of it'),
        ("os.write(1, b'[' + bytes(8))", 'Expecting value'),
        ("os.write(1, b'{' + bytes(7) + b'\\x02' + b'{}')", r'has not read it \(KeyError\)'),
        ("os.write(1, b'{' + bytes(7) + b'\\x02' + b'[]')", r'has not read it \(TypeError\)'),
        ("os.write(1, b'{' + bytes(7) + b'\\x02' + b'12')", r'has not read it \(TypeError\)'),
    ],
)
def test_whatever_a_child_does_is_one_line(main, message, child_does, small):
    child_does(main)
    with pytest.raises(ValueError, match=message):
        read_hdf5(small)


def test_the_child_imports_nothing_of_ours_that_is_heavy():
    code = 'import sys; from openpose_ros.models.importing.keras import child; print(*sys.modules)'
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert not {'numpy', 'onnx', 'cv2'} & {*done.stdout.split()}
    assert child.MOST_MEMORY == 2 << 30
