"""
The process in which HDF5 reads a file: its C code has had many ways to be led astray by one.

It has little memory and time, cannot write files, and looks at nothing but plain arrays and a few
texts. What it finds it writes to its standard output, for `hdf5`, which alone starts it: messages,
each of one byte with its kind, eight with its length, and then JSON or the bytes of an array.
Nothing of that can make the reader do anything but take numbers.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any, BinaryIO

TEXT, ARRAY = b'{', b'['  # kinds of messages
MOST_MEMORY = 2 << 30  # bytes
MOST_SECONDS = 60  # of computing
# Each number is explained in HDF5's H5Zpublic.h: deflate, shuffle, fletcher32. Others are plugins:
# code that is looked for on the disk.
_FILTERS = (1, 2, 3)
_TEXTS = re.compile(r'(layer_names|weight_names)\d*|model_config|keras_version')


def main(path: str, most_bytes: int, most_arrays: int, most_depth: int) -> None:
    """Read a file and write what it holds."""
    _limit()
    output = sys.stdout.buffer
    try:
        import h5py

        with h5py.File(path, 'r') as file:
            found = _Found(most_bytes, most_arrays, most_depth)
            _look(file, '', found)
            arrays = [
                {'name': name, 'dtype': dataset.dtype.str, 'shape': dataset.shape}
                for name, dataset in found.arrays.items()
            ]
            _tell(output, {'texts': found.texts, 'arrays': arrays})
            for dataset in found.arrays.values():
                _send(output, ARRAY, dataset[()].tobytes())
    except (ValueError, OSError, RuntimeError, KeyError, TypeError, MemoryError) as exc:
        _tell(output, {'error': ' '.join(str(exc).split())[:200] or type(exc).__name__})
    output.flush()


class _Found:
    def __init__(self, most_bytes: int, most_arrays: int, most_depth: int) -> None:
        self.texts: dict[str, dict[str, Any]] = {}
        self.arrays: dict[str, Any] = {}
        self.addresses: set[int] = set()
        self.most_bytes, self.most_arrays, self.most_depth = most_bytes, most_arrays, most_depth

    def count(self, item: Any, name: str) -> None:
        """Note an object; more than one name for it could lead in a circle."""
        import h5py

        address = h5py.h5o.get_info(item.id).addr
        if address in self.addresses:
            raise ValueError(f"'{name[:80]}' is another name of something else in it")
        self.addresses.add(address)
        if len(self.addresses) > 4 * self.most_arrays:
            raise ValueError(f'it has more than {4 * self.most_arrays} objects')


def _limit() -> None:
    try:
        import resource
    except ImportError:  # where there are no such limits, on Windows
        return
    for which, most in (
        ('RLIMIT_AS', MOST_MEMORY),
        ('RLIMIT_CPU', MOST_SECONDS),
        ('RLIMIT_CORE', 0),
        ('RLIMIT_FSIZE', 0),  # a pipe is no file
    ):
        kind = getattr(resource, which)
        hard = resource.getrlimit(kind)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (value, value))


def _tell(output: BinaryIO, told: dict[str, Any]) -> None:
    _send(output, TEXT, json.dumps(told).encode())


def _send(output: BinaryIO, kind: bytes, content: bytes) -> None:
    output.write(kind + len(content).to_bytes(8, 'big'))
    output.write(content)


def _look(group: Any, path: str, found: _Found) -> None:
    import h5py

    found.count(group, path)
    if path.count('/') > found.most_depth:
        raise ValueError(f'it is nested more than {found.most_depth} deep')
    found.texts[path] = _texts(group)
    for name in group:
        inner = f'{path}/{name}'
        try:
            is_plain = isinstance(group.get(name, getlink=True), h5py.HardLink)
        except TypeError:  # of a kind that a program defines
            is_plain = False
        if not is_plain:
            raise ValueError(f"'{inner[:80]}' is a link to elsewhere, which is not followed")
        item = group[name]
        if isinstance(item, h5py.Group):
            if inner != '/optimizer_weights':
                _look(item, inner, found)
        elif isinstance(item, h5py.Dataset):
            found.count(item, inner)
            _note(item, inner, found)


def _note(dataset: Any, name: str, found: _Found) -> None:
    """Keep an array to be sent, if it is one of floats and lies in this file as it is."""
    if dataset.dtype.kind != 'f' or dataset.shape is None:
        return  # a step's number, or the state of a generator
    if dataset.is_virtual or dataset.external:
        raise ValueError(f"the values of '{name[:80]}' lie in another file, which is not read")
    plan = dataset.id.get_create_plist()
    filters = [plan.get_filter(number)[0] for number in range(plan.get_nfilters())]
    if set(filters) - {*_FILTERS}:
        raise ValueError(f"'{name[:80]}' needs a filter that is a plugin, which is not loaded")
    size = dataset.size * dataset.dtype.itemsize
    if not filters and size > dataset.id.get_storage_size():
        raise ValueError(f"'{name[:80]}' has the shape {dataset.shape}, but fewer bytes")
    found.most_bytes -= size
    if found.most_bytes < 0 or len(found.arrays) >= found.most_arrays:
        raise ValueError(f"it is too large at '{name[:80]}'")
    found.arrays[name] = dataset


def _texts(group: Any) -> dict[str, Any]:
    import h5py

    texts: dict[str, Any] = {}
    for name in group.attrs:
        if not _TEXTS.fullmatch(name):
            continue
        entry = group.attrs.get_id(name)
        if entry.shape == (0,):
            texts[name] = []  # for which Keras writes no texts but floats
            continue
        if h5py.check_string_dtype(entry.dtype) is None or len(entry.shape) > 1:
            raise ValueError(f"its attribute '{name}' is no text, nor a list of texts")
        value = group.attrs[name]
        texts[name] = [*map(_text, value)] if entry.shape else _text(value)
    return texts


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(bytes(value), 'utf-8')
