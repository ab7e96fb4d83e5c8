"""
The tensors of a checkpoint by their names.

torch/serialization.py has written two forms: until version 1.5 a stream of pickles (a number that
marks it, a version, what the machine was, the checkpoint, the keys of the storages) and then the
storages, each after the count of its numbers; since then a zip
that holds the pickle and a member a storage, none compressed.
"""

from __future__ import annotations

from collections.abc import Callable
import io
from math import prod
import struct
from typing import Any, Literal
import zipfile

import numpy as np
import numpy.typing as npt

from openpose_ros.models.importing.limits import MOST_AXES, MOST_TENSORS, check_tensors
from openpose_ros.models.importing.torch.pickles import DTYPES, Storage, Tensor, unpickle

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_ZIP = b'PK\x03\x04'
_MOST_MEMBERS = MOST_TENSORS + 64  # beside the storages: the pickle, a version, the byte order
# What zipfile raises of a file that is none: KeyError of a member that is not there.
_OF_ZIP = (zipfile.BadZipFile, NotImplementedError, EOFError, KeyError, RuntimeError, struct.error)
_COUNT = 8  # bytes of the count before a storage
Bytes = Callable[[Storage], memoryview]
Order = Literal['<', '>']  # of the bytes of a number


def read_tensors(content: bytes) -> dict[str, npt.NDArray[Any]]:
    """
    Read the tensors of a checkpoint, or of the `state_dict` in it.

    Parameters
    ----------
    content : bytes
        Of the file.

    Returns
    -------
    dict of str to array
        Those of floats are float32. The prefix `module.`, which DataParallel puts before all
        names, is left out.

    Raises
    ------
    ValueError
        If it is no checkpoint, holds anything but tensors, or claims more than it has.

    """
    try:
        return _tensors(content)
    except _OF_ZIP as exc:
        raise ValueError(f'its zip archive is damaged ({exc})') from exc


def _tensors(content: bytes) -> dict[str, npt.NDArray[Any]]:
    found, bytes_of, order = (_archive if content.startswith(_ZIP) else _stream)(content)
    inner = found.get('state_dict', found) if isinstance(found, dict) else found
    if not isinstance(inner, dict):
        raise ValueError('it holds no dict of tensors')
    tensors = {
        name: value
        for name, value in inner.items()
        if isinstance(name, str) and isinstance(value, Tensor)
    }
    if not tensors:
        raise ValueError('it holds no dict of tensors')
    check_tensors(len(tensors))
    size = sum(
        prod(tensor.shape) * _dtype(tensor.storage, '<').itemsize for tensor in tensors.values()
    )
    if size > len(content):
        raise ValueError(f'its tensors have {size} bytes, but the file has {len(content)}')
    prefix = 'module.' if all(name.startswith('module.') for name in tensors) else ''
    return {
        name.removeprefix(prefix): _array(tensor, bytes_of, order, name)
        for name, tensor in tensors.items()
    }


def _dtype(storage: Storage, order: Order) -> np.dtype[Any]:
    return np.dtype(DTYPES[storage.kind]).newbyteorder(order)


def _array(tensor: Tensor, bytes_of: Bytes, order: Order, name: str) -> npt.NDArray[Any]:
    dtype = _dtype(tensor.storage, order)
    data = bytes_of(tensor.storage)
    if len(data) != tensor.storage.count * dtype.itemsize:
        raise ValueError(
            f"the numbers of '{name[:80]}' are {len(data)} bytes, expected {tensor.storage.count} "
            f'of {dtype.itemsize}'
        )
    last = tensor.offset
    last += sum((size - 1) * step for size, step in zip(tensor.shape, tensor.stride))
    count = prod(tensor.shape)
    if len(tensor.shape) > MOST_AXES or (count and last >= tensor.storage.count):
        raise ValueError(f"'{name[:80]}' of shape {tensor.shape[:9]} ends beyond its numbers")
    if count > tensor.storage.count:
        raise ValueError(f"'{name[:80]}' of shape {tensor.shape[:9]} repeats its numbers")
    values = np.frombuffer(data, dtype)
    steps = [step * dtype.itemsize for step in tensor.stride]
    start = values[tensor.offset :] if count else values[:0]
    view = np.lib.stride_tricks.as_strided(start, tensor.shape, steps, writeable=False)
    if tensor.storage.kind == 'BFloat16Storage':
        return (view.astype(np.uint32) << 16).view(np.float32)
    with np.errstate(over='ignore'):  # what float32 cannot hold is refused where it is written
        return view.astype(np.float32) if dtype.kind == 'f' else view


def _stream(content: bytes) -> tuple[Any, Bytes, Order]:
    file = io.BytesIO(content)
    if unpickle(file) != MAGIC:
        raise ValueError("it is no checkpoint of PyTorch's")
    if unpickle(file) != PROTOCOL:
        raise ValueError('it is in a version of the older form that is not known here')
    system = unpickle(file)
    if isinstance(system, dict) and system.get('little_endian') is False:
        raise ValueError('it was written on a machine that has the highest byte first')
    storages: dict[str, Storage] = {}
    found = unpickle(file, storages)
    keys = unpickle(file)
    if not isinstance(keys, list) or len(keys) > _MOST_MEMBERS * 4:  # an optimiser has its own
        raise ValueError('it has no list of its storages')
    parts: dict[Storage, memoryview] = {}
    data, at = memoryview(content), file.tell()
    for key in keys:
        storage = storages.get(key) if isinstance(key, str) else None
        if storage is None:
            raise ValueError('it has numbers that no tensor refers to')
        start = at + _COUNT
        at = start + storage.count * _dtype(storage, '<').itemsize
        if int.from_bytes(data[start - _COUNT : start], 'little') != storage.count:
            raise ValueError(f'a storage has not the {storage.count} numbers that it should')
        parts[storage] = data[start:at]
    if at > len(content):
        raise ValueError('it ends too early')
    return found, parts.__getitem__, '<'


def _archive(content: bytes) -> tuple[Any, Bytes, Order]:
    archive = zipfile.ZipFile(io.BytesIO(content))
    members = {info.filename: info for info in archive.infolist()}
    if len(members) > _MOST_MEMBERS * 4:
        raise ValueError(f'it has {len(members)} members, at most {_MOST_MEMBERS * 4} are read')
    for info in members.values():
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise ValueError(f"its member '{info.filename[:80]}' is compressed, which none should")
    if sum(info.file_size for info in members.values()) > len(content):
        raise ValueError('its members have more bytes than the file')
    pickles = [name for name in members if name.rpartition('/')[2] == 'data.pkl']
    if len(pickles) != 1:
        raise ValueError(f'it has {len(pickles)} members data.pkl, expected one')
    folder = pickles[0].removesuffix('data.pkl')
    order = archive.read(f'{folder}byteorder') if f'{folder}byteorder' in members else b'little'

    def bytes_of(storage: Storage) -> memoryview:
        return memoryview(archive.read(f'{folder}data/{storage.key}'))

    found = unpickle(io.BytesIO(archive.read(pickles[0])))
    return found, bytes_of, '>' if order.strip() == b'big' else '<'
