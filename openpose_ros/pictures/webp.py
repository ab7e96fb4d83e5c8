"""WebP: the bitmap alone, and of an animation its first one."""

from __future__ import annotations

from collections.abc import Iterator
import struct

from openpose_ros.pictures.header import (
    Canvas,
    CutOffError,
    DamagedError,
    Data,
    Format,
    Header,
    Still,
    take,
    unpack,
)
from openpose_ros.pictures.orientation import read_orientation

_FILE_HEADER, _CHUNK_HEADER, _FRAME_HEADER = 12, 8, 16
_MOST_CHUNKS = 4096
_BITMAPS = frozenset({b'VP8 ', b'VP8L'})


def read_header(data: Data) -> Header:
    """Read the canvas and the first bitmap: each may claim a size of its own."""
    width = height = 0
    for kind, start, end in _chunks(data, _FILE_HEADER, len(data)):
        if kind == b'VP8X':
            width, height = _unsigned24(data, start + 4) + 1, _unsigned24(data, start + 7) + 1
        elif kind == b'ANMF':
            _, bitmap, _ = _bitmap(data, start + _FRAME_HEADER, end)
            return Header(width, height, _area(data, bitmap))
        elif kind in _BITMAPS:
            own = _size(data, kind, start)
            return Header(width or own[0], height or own[1], own[0] * own[1])
    raise CutOffError


def first_picture(data: Data) -> Still:
    width = height = 0
    still: Still | None = None
    orientation = 1
    for kind, start, end in _chunks(data, _FILE_HEADER, len(data)):
        if kind == b'VP8X':
            width, height = _unsigned24(data, start + 4) + 1, _unsigned24(data, start + 7) + 1
        elif kind == b'EXIF':
            orientation = read_orientation(data[start:end])
        elif still is not None:
            continue
        elif kind in _BITMAPS:
            still = Still(_alone(kind, data[start:end]))
        elif kind == b'ANMF':
            left, top = 2 * _unsigned24(data, start), 2 * _unsigned24(data, start + 3)
            inner, begin, stop = _bitmap(data, start + _FRAME_HEADER, end)
            still = Still(
                _alone(inner, data[begin:stop]),
                canvas=Canvas(width, height, left, top),
                note='is an animation; its first picture is used',
            )
    if still is None:
        raise CutOffError
    return Still(still.data, orientation, still.canvas, still.note)


def _chunks(data: Data, place: int, limit: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield each chunk's name, and where its content begins and ends."""
    for _ in range(_MOST_CHUNKS):
        if place + _CHUNK_HEADER > limit:
            return
        kind, length = unpack('<4sI', data, place)
        start, end = place + _CHUNK_HEADER, place + _CHUNK_HEADER + length
        if kind in _BITMAPS or kind == b'ANMF':
            take(data, start, _FRAME_HEADER if kind == b'ANMF' else 5)
        yield kind, start, min(end, limit)
        if end > limit:
            raise CutOffError(
                f'is damaged or cut off: a chunk of {length} bytes begins at byte {place} of '
                f'{limit}'
            )
        place = end + length % 2
    raise DamagedError(f'is damaged: it has more than {_MOST_CHUNKS} chunks')


def _bitmap(data: Data, place: int, limit: int) -> tuple[bytes, int, int]:
    for kind, start, end in _chunks(data, place, limit):
        if kind in _BITMAPS:
            return kind, start, end
    raise DamagedError('is damaged: its first frame has no picture')


def _area(data: Data, start: int) -> int:
    kind = take(data, start - _CHUNK_HEADER, 4)
    width, height = _size(data, kind, start)
    return width * height


def _size(data: Data, kind: bytes, start: int) -> tuple[int, int]:
    """Return width and height as the bitmap says (RFC 6386, 9.1; RFC 9649, 3.4)."""
    if kind == b'VP8L':
        signature, bits = unpack('<BI', data, start)
        if signature != 0x2F:
            raise DamagedError('is damaged: its bitmap does not begin as one')
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    code, width, height = unpack('<3sHH', data, start + 3)
    if code != b'\x9d\x01\x2a':
        raise DamagedError('is damaged: its bitmap does not begin as one')
    return width & 0x3FFF, height & 0x3FFF


def _alone(kind: bytes, content: Data) -> bytes:
    """Return a file of one bitmap; its transparency is left behind."""
    padding = b'\0' * (len(content) % 2)
    chunk = struct.pack('<4sI', kind, len(content)) + bytes(content) + padding
    return struct.pack('<4sI4s', b'RIFF', 4 + len(chunk), b'WEBP') + chunk


def _unsigned24(data: Data, place: int) -> int:
    return int.from_bytes(take(data, place, 3), 'little')


WEBP = Format('WebP', read_header, first_picture)
