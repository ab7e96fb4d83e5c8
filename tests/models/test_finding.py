"""Where models are found, and how a file is recognised."""

from __future__ import annotations

import json
import logging
import os
import shutil

import onnx
import pytest

from openpose_ros.errors import ModelError
from openpose_ros.models import finding, list_models, load_model
from openpose_ros.models.finding import cache_folder, known_models
from tests.models.known import RAW_BGR, sha256
from tests.models.test_onnx_file import FLOATS, make_model

OWN = tuple(f'openpose-ros-{size}{form}' for size in ('base', 'small') for form in ('', '-int8'))

ONNX = make_model([FLOATS]).SerializeToString()


@pytest.fixture
def own(tmp_path, cache):
    """Return a folder with an ONNX file that nothing describes."""
    folder = tmp_path / 'my models ä'
    folder.mkdir()
    (folder / 'mine.onnx').write_bytes(ONNX)
    return folder


def describe(folder, name='mine', **fields):
    manifest = {'skeleton': 'body_25', 'input': RAW_BGR, **fields}
    (folder / f'{name}.json').write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ('variables', 'expected'),
    [
        ({'OPENPOSE_ROS_CACHE': '/a', 'XDG_CACHE_HOME': '/b', 'HOME': '/c'}, '/a'),
        ({'XDG_CACHE_HOME': '/b', 'HOME': '/c'}, '/b/openpose_ros'),
        ({'HOME': '/c'}, '/c/.cache/openpose_ros'),
        ({'OPENPOSE_ROS_CACHE': '', 'HOME': '/c'}, '/c/.cache/openpose_ros'),
    ],
)
def test_the_cache_is_where_the_environment_says(monkeypatch, variables, expected):
    for name in ('OPENPOSE_ROS_CACHE', 'XDG_CACHE_HOME', 'HOME'):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert str(cache_folder()) == expected


def test_a_name_is_looked_for_in_order(know, tmp_path, cache, monkeypatch):
    know('a', ONNX)
    folders = [tmp_path / 'first', tmp_path / 'second', cache, tmp_path / 'data']
    monkeypatch.setenv('OPENPOSE_ROS_MODEL_PATH', os.pathsep.join(map(str, folders[:2])))
    for folder in reversed(folders):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / 'a.onnx').write_bytes(ONNX)
        assert load_model('a').path == folder / 'a.onnx'


def test_a_file_is_found_before_a_name(know, tmp_path, monkeypatch):
    know('a', ONNX)
    (tmp_path / 'data' / 'a.onnx').write_bytes(ONNX)
    (tmp_path / 'a').write_bytes(ONNX)
    monkeypatch.chdir(tmp_path)
    assert load_model('a').path.resolve() == tmp_path / 'a'


def test_a_folder_does_not_hide_a_name(know, tmp_path, monkeypatch):
    know('a', ONNX)
    (tmp_path / 'data' / 'a.onnx').write_bytes(ONNX)
    (tmp_path / 'a').mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_model('a').path == tmp_path / 'data' / 'a.onnx'


def test_a_known_file_is_recognised_under_another_name(know, own):
    know('a', ONNX)
    spec = load_model(own / 'mine.onnx')
    assert (spec.name, spec.path) == ('a', own / 'mine.onnx')


def test_a_changed_file_is_refused_with_both_hashes(know, tmp_path):
    know('a', ONNX)
    (tmp_path / 'data' / 'a.onnx').write_bytes(ONNX[:-1])
    with pytest.raises(ModelError) as caught:
        load_model('a')
    assert sha256(ONNX) in str(caught.value)
    assert sha256(ONNX[:-1]) in str(caught.value)
    assert str(tmp_path / 'data' / 'a.onnx') in str(caught.value)


def test_another_known_file_is_refused_under_the_name_of_one(know, tmp_path):
    know('a', ONNX)
    know('b', ONNX + b'b')
    (tmp_path / 'data' / 'a.onnx').write_bytes(ONNX + b'b')
    with pytest.raises(ModelError, match=f'sha256 {sha256(ONNX + b"b")}, expected'):
        load_model('a')
    assert load_model(tmp_path / 'data' / 'a.onnx').name == 'b'


def test_a_published_model_needs_all_its_files(know, tmp_path):
    names = {'a/net.xml': b'<net/>', 'a/net.bin': b'weights'}
    origin = [
        {'file': name, 'sha256': sha256(content), 'urls': ['http://127.0.0.1/']}
        for name, content in names.items()
    ]
    know('a', b'<net/>', file='a/net.xml', origin=origin)
    (tmp_path / 'data' / 'a').mkdir()
    for name, content in names.items():
        (tmp_path / 'data' / name).write_bytes(content)
    assert load_model('a').format == 'xml'
    (tmp_path / 'data' / 'a' / 'net.bin').write_bytes(b'others')
    with pytest.raises(ModelError, match=r'net\.bin is not of a as its manifest knows it'):
        load_model('a')
    (tmp_path / 'data' / 'a' / 'net.bin').unlink()
    with pytest.raises(ModelError, match=r'cannot read the model .*net\.bin'):
        load_model('a')


def test_a_file_that_a_known_model_is_converted_from_is_no_model(know, own):
    origin = [{'file': 'a.xml', 'sha256': sha256(ONNX), 'urls': ['http://127.0.0.1/']}]
    know('a', b'converted', origin=origin)
    with pytest.raises(
        ModelError, match=r'is a published file of a, but its model file is a\.onnx'
    ):
        load_model(own / 'mine.onnx')


def test_ones_own_model_is_described_beside_it(own):
    describe(own, stride=4)
    spec = load_model(own / 'mine.onnx')
    assert (spec.name, spec.skeleton.name, spec.stride) == ('mine', 'body_25', 4)
    assert spec.sha256 == sha256(ONNX)


def test_a_hash_beside_ones_own_model_is_checked(own):
    describe(own, sha256='0' * 64)
    with pytest.raises(ModelError, match=f'sha256 {sha256(ONNX)}, expected {"0" * 64}'):
        load_model(own / 'mine.onnx')


def test_ones_own_model_may_have_a_known_name_if_it_is_described(know, own):
    know('mine', b'another file')
    with pytest.raises(ModelError, match=r'describe one of your own in mine\.json'):
        load_model(own / 'mine.onnx')
    describe(own)
    assert load_model(own / 'mine.onnx').skeleton.name == 'body_25'


def test_ones_own_model_describes_itself(tmp_path, cache):
    metadata = {
        'openpose_ros.skeleton': 'mpi_15',
        'openpose_ros.name': 'trained by me',
        'openpose_ros.sha256': '0' * 64,  # of the file that it was made from, say
        **{f'openpose_ros.input.{key}': json.dumps(value) for key, value in RAW_BGR.items()},
    }
    path = tmp_path / 'mine.onnx'
    onnx.save(make_model([FLOATS], metadata=metadata), path)
    spec = load_model(path)
    assert (spec.name, spec.skeleton.name, spec.path) == ('trained by me', 'mpi_15', path)
    assert spec.sha256 == sha256(path.read_bytes())


def test_a_model_that_nothing_describes_is_refused_with_what_to_write(own):
    with pytest.raises(ModelError) as caught:
        load_model(own / 'mine.onnx')
    message = str(caught.value)
    assert str(own / 'mine.onnx') in message
    assert 'write skeleton, input.colour, input.mean, input.scale into mine.json' in message
    assert 'openpose_ros.skeleton' in message


def test_an_incomplete_description_is_refused_with_what_it_lacks(own):
    (own / 'mine.json').write_text('{"skeleton": "coco_18"}')
    with pytest.raises(ModelError, match=r'mine\.json lacks input\.colour, input\.mean'):
        load_model(own / 'mine.onnx')


@pytest.mark.parametrize('name', ['mine', 'mine.onnx'])
def test_ones_own_model_is_found_by_name(own, monkeypatch, name):
    monkeypatch.setenv('OPENPOSE_ROS_MODEL_PATH', str(own))
    describe(own)
    assert load_model(name).path == own / 'mine.onnx'


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('nowhere.onnx', "'nowhere.onnx' is neither a file nor a known name; give .* one of a$"),
        ('', r"'' is neither a file nor a known name; give the path"),
        ('.', r"'\.' is a folder; give the path of an ONNX file, or one of a$"),
        ('a', 'the model a is not on this machine; set OPENPOSE_ROS_MODEL_PATH to the folder'),
        ('~nobody/x.onnx', 'is neither a file nor a known name'),
        ('a\0b', 'is neither a file nor a known name'),
        (3, 'the model is 3, but must be the path of an ONNX file, or a name'),
        (b'x.onnx', r"the model is b'x\.onnx', but must be"),
        ('x' * 5000, 'is neither a file nor a known name'),
    ],
)
def test_a_model_that_is_not_here(know, tmp_path, monkeypatch, name, message):
    know('a', ONNX)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=message) as caught:
        load_model(name)
    assert '\n' not in str(caught.value)


def test_a_model_that_is_not_here_can_be_described_all_the_same(know):
    know('a', ONNX)
    spec = load_model('a', need_file=False)
    assert (spec.name, spec.path) == ('a', None)


def test_a_published_model_that_is_not_here_can_be_fetched(know):
    origin = [{'file': 'a.onnx', 'sha256': sha256(ONNX), 'urls': ['http://127.0.0.1/']}]
    know('a', ONNX, origin=origin)
    with pytest.raises(ModelError, match='get it with: openpose-ros models fetch a'):
        load_model('a')


def test_the_default_is_the_packages_own(cache, shared, monkeypatch):
    monkeypatch.setenv('OPENPOSE_ROS_MODEL_PATH', str(shared / 'models'))
    assert load_model() == load_model('openpose-ros-base')
    for name in OWN:
        spec = load_model(name)
        assert spec.path is not None
        assert spec.path.parent == finding._DATA
        assert (spec.skeleton.name, spec.licence) == ('coco_18', 'Apache-2.0')


def test_the_list_has_known_models_and_ones_own(know, own, monkeypatch, caplog):
    know('a', ONNX)
    know('b', b'elsewhere')
    monkeypatch.setenv('OPENPOSE_ROS_MODEL_PATH', str(own))
    shutil.move(own / 'mine.onnx', own / 'a.onnx')
    (own / 'mine.onnx').write_bytes(make_model([FLOATS[:5]]).SerializeToString())
    describe(own)
    (own / 'broken.onnx').write_text('no model')
    (own / 'folder.onnx').mkdir()
    with caplog.at_level(logging.WARNING):
        models = [(spec.name, spec.path) for spec in list_models()]
    assert models == [('a', own / 'a.onnx'), ('b', None), ('mine', own / 'mine.onnx')]
    assert 'broken.onnx is not an ONNX model' in caplog.text
    assert len(caplog.records) == 1


def test_the_shared_networks_are_those_of_the_manifests(shared, cache, monkeypatch):
    monkeypatch.setenv('OPENPOSE_ROS_MODEL_PATH', str(shared / 'models'))
    for spec in known_models():
        if spec.name.endswith('-qdq'):  # users convert it
            continue
        found = load_model(spec.name)
        assert found.path is not None
        if spec.name not in OWN:  # the package's own
            assert found.path.is_relative_to(shared / 'models')
