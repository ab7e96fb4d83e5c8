"""Which format a file is in, told by what it holds: endings are often wrong, or say nothing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from os.path import isdir
from pathlib import Path

from openpose_ros.errors import ModelError
from openpose_ros.models import wire
from openpose_ros.models.importing.limits import read_bytes

KINDS = ('openvino-ir', 'caffe', 'keras', 'torch', 'safetensors', 'tensorflow', 'tfjs')
_HDF5 = b'\x89HDF\r\n\x1a\n'
_HDF5_STARTS = (0, *(512 << step for step in range(12)))  # where a file may begin, says its format
_ZIP = b'PK\x03\x04'
_TORCH_MAGIC = b'\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19'  # torch/serialization.py, MAGIC_NUMBER
_LEAST_SAFETENSORS = 8
# NetParameter of caffe.proto, and GraphDef of graph.proto of TensorFlow.
_CAFFE_LAYERS, _CAFFE_OTHERS = {2, 100}, {3, 4, 5, 6, 7, 8}
_NODE = 1
_MOST_FIELDS = 1 << 10  # that are looked at: both begin with what tells them


def kind_of(path: str | Path) -> str:
    """
    Tell the format of a file.

    Parameters
    ----------
    path : str or Path
        Of any file.

    Returns
    -------
    str
        One of `KINDS`.

    Raises
    ------
    ModelError
        If it cannot be read, or is none of them; the message says what it is, where that is known.

    """
    path = Path(path)
    if isdir(path):
        raise ModelError(
            f'cannot read {path}: Is a directory; give the file in it, say model.json'
        )
    content = read_bytes(path)
    for tell in _TELLERS:
        kind = tell(content)
        if kind in KINDS:
            return kind
        if kind:
            raise ModelError(f'{path} {kind}')
    raise ModelError(
        f'{path} is in no format that is known here; expected {", ".join(KINDS)}. '
        'If it is one of them, say which with --kind'
    )


def _hdf5(content: bytes) -> str:
    return 'keras' if any(content.startswith(_HDF5, at) for at in _HDF5_STARTS) else ''


def _zip(content: bytes) -> str:
    if not content.startswith(_ZIP):
        return ''
    # The end of a zip lists its members; their names also stand before them, in the clear.
    if b'data.pkl' in content:
        return 'torch'
    if b'model.weights.h5' in content:
        return "is a .keras file of Keras 3; save it as .h5: model.save('net.h5')"
    return 'is a zip archive, and none of PyTorch'


def _torch(content: bytes) -> str:
    return 'torch' if content[:1] == b'\x80' and _TORCH_MAGIC in content[:32] else ''


def _safetensors(content: bytes) -> str:
    size = int.from_bytes(content[:_LEAST_SAFETENSORS], 'little')
    fits = 2 <= size <= len(content) - _LEAST_SAFETENSORS
    return 'safetensors' if fits and content[_LEAST_SAFETENSORS:9] == b'{' else ''


def _text(content: bytes) -> str:
    start = content[:4096].removeprefix(b'\xef\xbb\xbf').lstrip()
    if start.startswith(b'<'):
        return 'openvino-ir'
    if start.startswith(b'{'):
        is_tfjs = b'"modelTopology"' in content or b'"weightsManifest"' in content
        return 'tfjs' if is_tfjs else 'is JSON, but no model.json of tfjs'
    words = start.replace(b'{', b' { ').split()
    if words[:2] == [b'node', b'{']:
        return 'is a graph of TensorFlow as text, without weights; expected a frozen graph (.pb)'
    if any(word in words for word in (b'layer', b'layers', b'input:', b'input_dim:')):
        return 'is the graph of a Caffe network: give its .caffemodel, and this with --prototxt'
    return ''


def _others(content: bytes) -> str:
    if content[4:8] == b'TFL3':
        return 'is a TensorFlow Lite file, which is not known here; expected a frozen graph'
    return ''


def _protobuf(content: bytes) -> str:
    try:
        for number, value in islice(wire.fields(memoryview(content)), _MOST_FIELDS):
            if number == _NODE and isinstance(value, int):
                return 'is ONNX already, or a SavedModel that is not frozen; ONNX needs no import'
            if isinstance(value, memoryview):
                if number == _NODE and _is_node(value):
                    return 'tensorflow'
                if number in _CAFFE_LAYERS and _is_message(value):
                    return 'caffe'
            if number != _NODE and number not in _CAFFE_OTHERS:
                return ''
    except ValueError:
        pass
    return ''


def _is_message(value: memoryview) -> bool:
    try:
        return next(wire.fields(value), None) is not None
    except ValueError:
        return False


def _is_node(value: memoryview) -> bool:
    """Whether bytes are a NodeDef, which has a name and an operation; a mere name is none."""
    try:
        found = dict(islice(wire.fields(value), _MOST_FIELDS))
        return all(str(wire.message(found.get(number, 0)), 'utf-8') for number in (1, 2))
    except ValueError:
        return False


_TELLERS: tuple[Callable[[bytes], str], ...] = (
    _hdf5,
    _zip,
    _torch,
    _safetensors,
    _others,
    _text,
    _protobuf,
)
