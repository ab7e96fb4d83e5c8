"""Formats are told by content; what is none is named where it is known."""

from __future__ import annotations

import io
import json
import zipfile

import onnx
import pytest

from openpose_ros.errors import ModelError
from openpose_ros.models.importing.detect import kind_of
from tests.models.importing.caffe import networks


def zipped(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w') as archive:
        for name in names:
            archive.writestr(name, b'content')
    return file.getvalue()


def graph_def():
    """Return a GraphDef of one node: field 1 of it, with the fields 1 and 2 of NodeDef."""
    node = b'\x0a\x05image\x12\x0bPlaceholder'
    return b'\x0a' + bytes([len(node)]) + node


HEADER = json.dumps({'a': {'dtype': 'F32', 'shape': [1], 'data_offsets': [0, 4]}}).encode()
HDF5 = b'\x89HDF\r\n\x1a\n' + bytes(8)
MAGIC = b'\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.'
FILES = {
    'openvino-ir': [b'<?xml version="1.0"?>\n<net version="11">', b'\xef\xbb\xbf\n<net>'],
    'caffe': [
        networks.body_25(64).SerializeToString(),
        networks.as_old_form(networks.NETWORKS['coco'](64)).SerializeToString(),
        networks.CAFFE.NetParameter(
            name='a', input=['x'], layer=[{'name': 'y'}]
        ).SerializeToString(),
    ],
    'keras': [HDF5, bytes(512) + HDF5, bytes(2048) + HDF5],
    'torch': [zipped('archive/data.pkl', 'archive/data/0'), MAGIC],
    'safetensors': [len(HEADER).to_bytes(8, 'little') + HEADER + bytes(4)],
    'tensorflow': [graph_def()],
    'tfjs': [b' {"format": "graph-model", "modelTopology": {}}', b'{"weightsManifest": []}'],
}
OTHERS = {
    b'': 'is in no format that is known here; expected openvino-ir, caffe,',
    b'\xff\xd8\xff\xe0 a picture': 'is in no format that is known here',
    b'\x00' * 4096: 'is in no format that is known here',
    zipped('photo.jpg'): 'is a zip archive, and none of PyTorch',
    zipped('metadata.json', 'model.weights.h5'): 'is a .keras file of Keras 3; save it as .h5',
    b'\x1c\x00\x00\x00TFL3': 'is a TensorFlow Lite file',
    b'{"images": []}': 'is JSON, but no model.json of tfjs',
    b'node {\n  name: "image"\n  input: "a"\n}': 'is a graph of TensorFlow as text, without',
    b'# a comment\nlayer {\n name: "x" }': 'is the graph of a Caffe network: give its .caffemodel',
    b'name: "x"\ninput: "image"\n': 'is the graph of a Caffe network',
    onnx.ModelProto(ir_version=7).SerializeToString(): 'is ONNX already',
    (99).to_bytes(8, 'little') + b'{': 'is in no format that is known here',
}


@pytest.mark.parametrize(
    ('kind', 'content'), [(kind, content) for kind, files in FILES.items() for content in files]
)
def test_content_tells_the_format(tmp_path, kind, content):
    path = tmp_path / 'net.bin'  # an ending that says nothing
    path.write_bytes(content)
    assert kind_of(path) == kind_of(str(path)) == kind


@pytest.mark.parametrize(('content', 'message'), OTHERS.items(), ids=OTHERS.values())
def test_what_is_none_is_named(tmp_path, content, message):
    path = tmp_path / 'net.caffemodel'
    path.write_bytes(content)
    with pytest.raises(ModelError, match=rf'net\.caffemodel {message}'):
        kind_of(path)


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ModelError, match=r'cannot read .*nowhere: No such file'):
        kind_of(tmp_path / 'nowhere')
    with pytest.raises(ModelError, match='Is a directory; give the file in it'):
        kind_of(tmp_path)
