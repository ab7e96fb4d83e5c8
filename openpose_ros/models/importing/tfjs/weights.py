"""
The weights of a TensorFlow.js model: which files hold them, and how they are packed.

The format is what tfjs-core/src/io/io_utils.ts:105-292 of tfjs at 0fc04d9 reads: the files of a
group are one after the other the bytes of its weights, as float32, or in 8 or 16 bits, each weight
with a scale and a smallest value of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite, prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.errors import ModelError
from openpose_ros.models.importing.limits import (
    MOST_AXES,
    MOST_BYTES,
    check_shape,
    check_tensors,
    read_bytes,
)

_DTYPES: dict[str, Any] = {'float32': np.float32, 'int32': np.int32, 'bool': np.uint8}
_PACKED: dict[str, Any] = {'uint8': np.uint8, 'uint16': np.uint16, 'float16': np.float16}


def weight_files(document: Mapping[str, Any], folder: Path) -> list[Path]:
    """
    Return every file of weights.

    Raises
    ------
    ValueError
        If the list of weights is none, or names what is not a file in this folder.

    """
    return [path for _, paths in _groups(document, folder) for path in paths]


def read_weights(document: Mapping[str, Any], folder: Path) -> dict[str, npt.NDArray[Any]]:
    """
    Read all weights.

    Parameters
    ----------
    document : mapping
        What model.json holds.
    folder : Path
        Where that lies, and the files of weights with it.

    Returns
    -------
    dict of str to array
        float32, int32 or uint8 (of bool), by name.

    Raises
    ------
    ModelError
        If a file cannot be read.
    ValueError
        If they are not as the list says.

    """
    made: dict[str, npt.NDArray[Any]] = {}
    left = MOST_BYTES
    for entries, paths in _groups(document, folder):
        parts = []
        for path in paths:
            if not path.is_file():  # a pipe would never end
                raise ModelError(f'cannot read {path}: there is no such file; get the whole model')
            parts.append(read_bytes(path, left))
            left -= len(parts[-1])
        content = memoryview(parts[0] if len(parts) == 1 else b''.join(parts))
        at = 0
        for entry in entries:
            check_tensors(len(made) + 1)
            name = _text(entry, 'name')
            if name in made:
                raise ValueError(f"two of its weights are called '{name[:80]}'")
            made[name], at = _weight(entry, f"the weight '{name[:80]}'", content, at)
        if at != len(content):
            raise ValueError(f'its files of weights have {len(content)} bytes, its list {at}')
    return made


def _groups(
    document: Mapping[str, Any], folder: Path
) -> Iterator[tuple[list[Mapping[str, Any]], list[Path]]]:
    manifest = document.get('weightsManifest')
    if not isinstance(manifest, list):
        raise ValueError('it has no weightsManifest')
    for group in manifest:
        paths, entries = (
            group.get(key) if isinstance(group, dict) else None for key in ('paths', 'weights')
        )
        if not isinstance(paths, list) or not isinstance(entries, list) or not paths:
            raise ValueError('a group of its weightsManifest has no paths or no weights')
        check_tensors(max(len(paths), len(entries)))
        if not all(isinstance(entry, dict) for entry in entries):
            raise ValueError('a weight of its weightsManifest is no object')
        yield entries, [folder / _plain(name) for name in paths]


def _plain(name: Any) -> str:
    """Return a name that leads neither out of the folder nor to another machine."""
    if (
        not isinstance(name, str)
        or name in ('', '.', '..')
        or not name.isprintable()
        or set(name) & set('/\\:')
        or len(name.encode()) > 255
    ):
        raise ValueError(
            f'it wants weights from {str(name)[:80]!r}, expected the name of a file beside it'
        )
    return name


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str):
        raise ValueError(f'the {key} of a weight is {str(value)[:40]}, expected text')
    return value


def _weight(
    entry: Mapping[str, Any], what: str, content: memoryview, at: int
) -> tuple[npt.NDArray[Any], int]:
    shape = entry.get('shape')
    if (
        not isinstance(shape, list)
        or len(shape) > MOST_AXES
        or not all(type(size) is int and size >= 0 for size in shape)
    ):
        raise ValueError(f'{what} has the shape {str(shape)[:80]}, expected whole numbers')
    kind = _text(entry, 'dtype')
    packing = entry.get('quantization')
    stored = packing.get('dtype') if isinstance(packing, dict) else packing or kind
    found = (_DTYPES if packing is None else _PACKED).get(str(stored))
    if kind not in _DTYPES or found is None:
        raise ValueError(
            f"{what} is of type '{kind[:20]}', kept as '{str(stored)[:20]}'; expected "
            f'{", ".join(_DTYPES)}, perhaps kept as {", ".join(_PACKED)}'
        )
    dtype = np.dtype(found).newbyteorder('<')
    part = content[at : at + prod(shape) * dtype.itemsize]
    sizes = check_shape(shape, len(part), dtype.itemsize, what)
    values = np.frombuffer(part, dtype)
    if packing is not None:
        values = _unpacked(values, packing, kind, what)
    return values.reshape(sizes), at + len(part)


def _unpacked(
    values: npt.NDArray[Any], packing: Mapping[str, Any], kind: str, what: str
) -> npt.NDArray[Any]:
    if values.dtype.kind == 'f':
        if kind != 'float32':
            raise ValueError(f'{what} is of type {kind}, kept as float16: expected float32')
        return values.astype(np.float32)
    scale, least = (_number(packing.get(key), f'the {key} of {what}') for key in ('scale', 'min'))
    with np.errstate(all='ignore'):  # what is not finite is refused where it is written
        result = values.astype(np.float64) * scale + least
        return result.astype(np.float32) if kind == 'float32' else np.rint(result).astype(np.int32)


def _number(value: Any, what: str) -> float:
    if not isinstance(value, bool) and isinstance(value, (int, float)):
        try:
            number = float(value)
        except OverflowError:
            number = np.inf
        if isfinite(number):
            return number
    raise ValueError(f'{what} is {str(value)[:40]}, expected a number')
