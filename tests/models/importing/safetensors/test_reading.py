"""Safetensors, as its library wrote them, and what is none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from openpose_ros.errors import ModelError
from openpose_ros.models import import_model, load_model
from openpose_ros.models.importing.detect import kind_of
from openpose_ros.models.importing.safetensors.reading import read_tensors
from tests.models.importing.caffe import networks as caffe
from tests.models.importing.onnx_maps import largest_difference, maps_of

HERE = Path(__file__).parent
OPENCV = HERE.parent / 'caffe/opencv.npz'


def file_of(tensors):
    """Return a file as the format's page says; tests of what the library would not write."""
    data, header = b'', {}
    for name, values in tensors.items():
        values = np.asarray(values)
        kind = {'float32': 'F32', 'uint16': 'BF16'}[values.dtype.name]
        ends = [len(data), len(data) + values.nbytes]
        header[name] = {'dtype': kind, 'shape': [*values.shape], 'data_offsets': ends}
        data += values.tobytes()
    return packed(header, data)


def packed(header, data=b''):
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, 'little') + text + data


def entry(**changes):
    return {'dtype': 'F32', 'shape': [2], 'data_offsets': [0, 8], **changes}


def test_tensors_are_those_that_the_library_saved():
    expected = np.load(HERE / 'tensors.npz')
    path = HERE / 'tensors.safetensors'
    found = read_tensors(path.read_bytes())
    assert set(found) == set(expected)
    for name, values in expected.items():
        assert found[name].shape == values.shape
        assert (found[name] == np.float32(values)).all(), name
    assert kind_of(path) == 'safetensors'


def test_bfloat16_is_the_upper_half_of_float32():
    values = np.float32([1.5, -2.25, 0.0078125])
    halves = (values.view(np.uint32) >> 16).astype(np.uint16)
    assert read_tensors(file_of({'a': halves}))['a'].tolist() == values.tolist()


def test_openposes_network_is_known_by_its_names(tmp_path):
    net = caffe.with_weights(caffe.NETWORKS['coco'](caffe.EIGHTH))
    tensors = {
        f'module.model0.{layer.name}.{role}': np.reshape(np.float32(blob.data), [*blob.shape.dim])
        for layer in net.layer
        for role, blob in zip(('weight', 'bias'), layer.blobs)
    }
    path = tmp_path / 'net.bin'
    path.write_bytes(file_of(tensors))
    output = import_model(path, tmp_path / 'net.onnx')
    maps = maps_of(output, caffe.picture())
    found = np.concatenate([maps['heatmaps'], maps['pafs']])
    assert largest_difference(found, np.load(OPENCV)['coco'][0]) <= 1e-4
    assert load_model(output).skeleton.name == 'coco_18'


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'its header does not fit into the file'),
        ((1 << 60).to_bytes(8, 'little') + b'{}', 'its header does not fit into the file'),
        (packed([1]), 'its header is no object of JSON'),
        (packed({'a': entry()})[:-1], 'Expecting|delimiter|does not fit'),
        (packed({'a': 1}), "'a' is '1', expected one of F64, F32"),
        (packed({'a': entry(dtype='Q4')}, bytes(8)), "'a' is 'Q4', expected one of"),
        (packed({'a': entry(data_offsets=[0, 9])}, bytes(8)), "'a' ends at byte 9, after which"),
        (packed({'a': entry(data_offsets=[8, 0])}, bytes(8)), "'a' ends at byte 0"),
        (packed({'a': entry(shape=[3])}, bytes(8)), "'a' has the shape .3,. and 8 bytes"),
        (packed({'a': entry(shape=[1 << 40, 1 << 40])}, bytes(8)), 'which do not fit'),
        (packed({'a': entry(shape=[-2])}, bytes(8)), "'a' has no shape and no two offsets"),
        (packed({'a': entry(shape=[True, 2])}, bytes(8)), "'a' has no shape and no two offsets"),
        (packed({str(at): entry() for at in range(4097)}, bytes(8)), 'it has 4097 tensors'),
        (packed({str(at): entry() for at in range(9)}, bytes(8)), 'its tensors lie over each oth'),
    ],
)
def test_what_claims_more_than_it_has_is_refused(content, message):
    with pytest.raises(ValueError, match=message):
        read_tensors(content)


def test_the_error_names_the_file(tmp_path):
    path = tmp_path / 'net.safetensors'
    path.write_bytes(packed({'a': entry(shape=[3])}, bytes(8)))
    with pytest.raises(ModelError, match=r"^cannot convert .*net\.safetensors: 'a' has the shape"):
        import_model(path, tmp_path / 'net.onnx')
