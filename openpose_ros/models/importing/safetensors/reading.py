"""
From a .safetensors file to a `Graph`.

The format is said in https://github.com/huggingface/safetensors#format: eight bytes with the size
of a header, the header in JSON, the numbers. That is less to read than the library is to install,
and what a file claims is checked here as everywhere else.
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from openpose_ros.documents import parse_json
from openpose_ros.models.importing.graph import Graph
from openpose_ros.models.importing.limits import check_shape, check_tensors, read_bytes
from openpose_ros.models.importing.torch.networks import build

_SIZE = 8
_MOST_HEADER = 1 << 24  # bytes; a tensor takes 100 of them
_DTYPES = {
    'F64': '<f8',
    'F32': '<f4',
    'F16': '<f2',
    'BF16': '<u2',  # the upper half of a float32
    'I64': '<i8',
    'I32': '<i4',
    'I16': '<i2',
    'I8': '<i1',
    'U8': '<u1',
    'BOOL': '<u1',
}


def read(path: Path, *, stages: int | None = None) -> Graph:
    """
    Read a network, whose tensors have the names of a `state_dict` of PyTorch's.

    Parameters
    ----------
    path : Path
        The .safetensors.
    stages : int, optional
        How many to keep; by default all.

    Raises
    ------
    ValueError
        If it cannot be converted.
    ModelError
        If the file cannot be read.

    """
    return build(read_tensors(read_bytes(path)), stages)


def read_tensors(content: bytes) -> dict[str, npt.NDArray[Any]]:
    """
    Read the tensors of a file by their names; those of floats are float32.

    Raises
    ------
    ValueError
        If it is no such file, or claims more than it has.

    """
    size = int.from_bytes(content[:_SIZE], 'little')
    if len(content) < _SIZE or size > min(len(content) - _SIZE, _MOST_HEADER):
        raise ValueError('its header does not fit into the file')
    header = parse_json(content[_SIZE : _SIZE + size])
    if not isinstance(header, dict):
        raise ValueError('its header is no object of JSON')
    header.pop('__metadata__', None)
    check_tensors(len(header))
    data = memoryview(content)[_SIZE + size :]
    total = 0
    tensors = {}
    for name, entry in header.items():
        tensors[name] = _tensor(name[:80], entry, data)
        total += tensors[name].nbytes
    if total > 2 * len(data):  # of float16 a float32 is made
        raise ValueError('its tensors lie over each other')
    return tensors


def _tensor(name: str, entry: Any, data: memoryview) -> npt.NDArray[Any]:
    if not isinstance(entry, dict) or entry.get('dtype') not in _DTYPES:
        kind = entry.get('dtype') if isinstance(entry, dict) else entry
        raise ValueError(f"'{name}' is {str(kind)[:40]!r}, expected one of {', '.join(_DTYPES)}")
    shape, offsets = entry.get('shape'), entry.get('data_offsets')
    if not _are_counts(shape) or not _are_counts(offsets) or len(offsets) != 2:
        raise ValueError(f"'{name}' has no shape and no two offsets")
    start, end = offsets
    if not start <= end <= len(data):
        raise ValueError(f"'{name}' ends at byte {end}, after which there are none")
    dtype = np.dtype(_DTYPES[entry['dtype']])
    sizes = check_shape(shape, end - start, dtype.itemsize, f"'{name}'")
    values = np.frombuffer(data[start:end], dtype) if prod(sizes) else np.empty(0, dtype)
    if entry['dtype'] == 'BF16':
        values = (values.astype(np.uint32) << 16).view(np.float32)
    elif dtype.kind == 'f':
        with np.errstate(over='ignore'):  # what float32 cannot hold is refused where it is written
            values = values.astype(np.float32)
    return values.reshape(sizes)


def _are_counts(values: Any) -> TypeGuard[list[int]]:
    return isinstance(values, list) and all(type(size) is int and size >= 0 for size in values)
