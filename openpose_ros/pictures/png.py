"""PNG, and of an animated one its first picture."""

from __future__ import annotations

import struct

import numpy as np

from openpose_ros.pictures.header import (
    CutOffError,
    DamagedError,
    Data,
    Format,
    Header,
    Still,
    UndecodableError,
    take,
    unpack,
)
from openpose_ros.pictures.orientation import read_orientation

START = b'\x89PNG\r\n\x1a\n'
_CHUNK = struct.Struct('>I4s')
_CHUNK_FRAME = 12  # length, name and checksum around its content
# What makes the picture. Without the others there is no animation, no compressed text, and no
# warning about a colour profile.
_NEEDED = frozenset({b'IHDR', b'PLTE', b'tRNS', b'IDAT', b'IEND'})
# Encoders write chunks of one length, 8 kB say, which are leapt over together.
_MOST_CHUNKS, _MOST_LEAPS, _MOST_AT_ONCE = 1 << 13, 32, 1 << 16


def read_header(data: Data) -> Header:
    length, kind = unpack('>I4s', data, len(START))
    if kind == b'CgBI':
        raise UndecodableError("is a PNG in Apple's own form; convert it with Xcode's pngcrush")
    if kind != b'IHDR' or length != 13:
        raise DamagedError('is damaged: it does not begin with a header')
    take(data, len(START) + 8, length)
    return Header(*unpack('>II', data, len(START) + 8))


def first_picture(data: Data) -> Still:
    kept: list[Data] = [data[: len(START)]]
    orientation, animated, dropped = 1, False, False
    place = start = len(START)
    kind, leaps = b'', 0
    for _ in range(_MOST_CHUNKS):
        if kind == b'IEND':
            break
        if place + _CHUNK_FRAME > len(data):
            raise CutOffError
        length, kind = _CHUNK.unpack_from(data, place)
        if kind == b'IDAT' and leaps < _MOST_LEAPS:
            leaps += 1
            place += _equal_chunks(data, place, length) * (_CHUNK_FRAME + length)
        end = place + _CHUNK_FRAME + length
        if end > len(data):
            raise CutOffError(
                f'is damaged or cut off: a chunk of {length} bytes begins at byte {place} of '
                f'{len(data)}'
            )
        if kind not in _NEEDED:
            dropped = True
            animated |= kind == b'acTL'
            if kind == b'eXIf':
                orientation = read_orientation(data[place + 8 : end - 4])
            if start < place:
                kept.append(data[start:place])
            start = end
        place = end
    else:
        raise DamagedError(f'is damaged: it has more than {_MOST_CHUNKS} chunks')
    kept.append(data[start:place])
    return Still(
        b''.join(kept) if dropped else data,
        orientation,
        note='is an animation; its first picture is used' if animated else '',
    )


def _equal_chunks(data: Data, place: int, length: int) -> int:
    """Return how many chunks follow each other that begin alike, without the last of them."""
    stride = _CHUNK_FRAME + length
    count = min((len(data) - place) // stride, _MOST_AT_ONCE)
    if count < 2:
        return 0
    heads = np.ndarray((count,), 'u8', data, place, (stride,))
    different = np.flatnonzero(heads != heads[0])
    return int(different[0] if different.size else count) - 1


PNG = Format('PNG', read_header, first_picture)
