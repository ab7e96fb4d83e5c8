"""What an HDF5 file holds, read by a process of its own; see `child`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
import json
import os
from pathlib import Path
import selectors
import signal
import subprocess
import sys
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.children import ends_with_us
from openpose_ros.errors import LibraryError, ModelError
from openpose_ros.models.importing.keras.child import TEXT
from openpose_ros.models.importing.limits import (
    MOST_BYTES,
    MOST_NESTING,
    MOST_TENSORS,
    check_shape,
    check_tensors,
)

_PATIENCE_S = 120.0  # for all of it; the child itself may compute for half as long
_MOST_TEXT = 1 << 26  # bytes of JSON
_ENVIRONMENT = {
    'HDF5_PLUGIN_PRELOAD': '::',  # load no plugins: HDF5's H5PLpublic.h, H5PL_NO_PLUGIN
    'HDF5_USE_FILE_LOCKING': 'FALSE',  # the file may lie where nothing can be written
    'OPENBLAS_NUM_THREADS': '1',  # each thread would take of the little memory
    'OMP_NUM_THREADS': '1',
}


@dataclass(frozen=True, eq=False)
class Hdf5:
    """
    Arrays and texts, by their paths: '/model_weights/conv1_1'; the root is ''.

    Attributes
    ----------
    texts : mapping of str to mapping of str to str or list of str
        Attributes of each group that are Keras' and texts.
    arrays : mapping of str to array
        float16, float32 or float64.

    """

    texts: Mapping[str, Mapping[str, str | list[str]]]
    arrays: Mapping[str, npt.NDArray[Any]]


def read_hdf5(path: Path) -> Hdf5:
    """
    Read a file in a process of its own.

    Raises
    ------
    LibraryError
        If h5py is not installed.
    ModelError
        If the file cannot be read.
    ValueError
        If it is no HDF5 file, a damaged one, or one that leads out of itself.

    """
    if find_spec('h5py') is None:
        raise LibraryError('Keras', 'h5py', "pip install 'openpose_ros[importers]'")
    try:
        size = path.stat().st_size
        if not path.is_file() or size > MOST_BYTES:
            raise ModelError(f'{path} is no file of at most {MOST_BYTES >> 20} MB')
        path.open('rb').close()  # not of a pipe, which would wait
    except OSError as exc:
        raise ModelError(f'cannot read {path}: {exc.strerror}') from exc
    return _unpacked(_run(path))


def _run(path: Path) -> memoryview:
    arguments = (os.path.abspath(path), MOST_BYTES, MOST_TENSORS, MOST_NESTING)
    program = (
        f'import sys; sys.path[:] = {sys.path!r}\n'
        f'from {__package__}.child import main; main(*{arguments!r})'
    )
    with subprocess.Popen(
        [sys.executable, '-I', '-c', program],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_ENVIRONMENT},
        start_new_session=True,
        preexec_fn=ends_with_us(signal.SIGKILL),
    ) as process:
        try:
            assert process.stdout is not None
            content = _received(process.stdout.fileno())
            status = process.wait(5)
        finally:
            process.kill()
    _check_status(status)
    return memoryview(content)


def _check_status(status: int) -> None:
    if status:
        reason = signal.Signals(-status).name if status < 0 else f'exit status {status}'
        raise ValueError(f'HDF5 cannot read it ({reason}): it is damaged, or too large')


def _received(descriptor: int) -> bytearray:
    """Return all that comes, within a time and a size."""
    content, end = bytearray(), monotonic() + _PATIENCE_S
    with selectors.DefaultSelector() as waiting:
        waiting.register(descriptor, selectors.EVENT_READ)
        while True:
            if not waiting.select(max(end - monotonic(), 0.0)):
                raise ValueError(f'HDF5 has not read it within {_PATIENCE_S:g} s')
            part = os.read(descriptor, 1 << 20)
            if not part:
                return content
            content += part
            if len(content) > MOST_BYTES + _MOST_TEXT:
                raise ValueError('it holds too much')


def _messages(content: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the kind and the content of what a child has sent; what it could not do is raised."""
    at = 0
    while at < len(content):
        kind, size = bytes(content[at : at + 1]), int.from_bytes(content[at + 1 : at + 9], 'big')
        at += 9
        part = content[at : at + size]
        if len(part) != size or (kind == TEXT and size > _MOST_TEXT):
            raise ValueError('HDF5 has not read all of it')
        told = json.loads(bytes(part)) if kind == TEXT else {}
        if 'error' in told:
            raise ValueError(str(told['error']))
        yield kind, part
        at += size
    raise ValueError('HDF5 has not read all of it')


def _unpacked(content: memoryview) -> Hdf5:
    messages = _messages(content)
    try:  # nothing of what a child says is believed: HDF5 may have been led astray in it
        told = json.loads(bytes(next(messages)[1]))
        check_tensors(len(told['arrays']))
        texts = {str(name): _texts(held) for name, held in told['texts'].items()}
        arrays = {str(entry['name']): _array(entry, next(messages)[1]) for entry in told['arrays']}
    except (KeyError, TypeError, AttributeError) as exc:
        raise ValueError(f'HDF5 has not read it ({type(exc).__name__})') from exc
    return Hdf5(texts, arrays)


def _texts(held: Mapping[str, Any]) -> dict[str, str | list[str]]:
    return {
        name: [*map(str, value)] if isinstance(value, list) else str(value)
        for name, value in held.items()
    }


def _array(entry: Mapping[str, Any], part: memoryview) -> npt.NDArray[Any]:
    dtype, what = np.dtype(str(entry['dtype'])), str(entry['name'])[:80]
    if dtype.kind != 'f' or dtype.itemsize > 8:
        raise ValueError(f"'{what}' is of type {dtype}, expected floats")
    shape = check_shape([int(size) for size in entry['shape']], len(part), dtype.itemsize, what)
    return np.frombuffer(part, dtype).reshape(shape)
