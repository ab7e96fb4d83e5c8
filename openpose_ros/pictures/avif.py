"""AVIF: size and orientation of its primary picture."""

from __future__ import annotations

from typing import NamedTuple

from openpose_ros.pictures.av1 import read_largest_size
from openpose_ros.pictures.boxes import Box, brands, find_box, full_box, walk_boxes
from openpose_ros.pictures.header import (
    CutOffError,
    DamagedError,
    Data,
    Format,
    Header,
    Still,
    UndecodableError,
    unpack,
)
from openpose_ros.pictures.orientation import read_orientation

_MOST_ITEMS = 4096
# EXIF's orientation for (quarter turns against the clock, then mirrored: no, top with bottom,
# left with right); ISO/IEC 23008-12, 6.5.10 and 6.5.12.
_ORIENTATIONS: dict[tuple[int, int | None], int] = {
    **{(0, None): 1, (1, None): 8, (2, None): 3, (3, None): 6},
    **{(0, 0): 4, (1, 0): 5, (2, 0): 2, (3, 0): 7},
    **{(0, 1): 2, (1, 1): 7, (2, 1): 4, (3, 1): 5},
}


class _Meta(NamedTuple):
    """What the meta box says, as far as it matters."""

    primary: int
    properties: tuple[Box, ...]  # numbered from 1
    belonging: dict[int, tuple[int, ...]]  # item: its properties' numbers
    tiles: dict[int, tuple[int, ...]]  # item: those that it is put together from
    exif: int | None
    places: dict[int, tuple[int, int]]  # item: where in the file its first bytes lie


def read_header(data: Data) -> Header:
    meta = _read_meta(data)
    size = _declared_size(data, meta, meta.primary)
    if size is None:
        raise DamagedError('is damaged: its picture has no size')
    decoded = 0
    for item in meta.tiles.get(meta.primary, (meta.primary,)):
        width, height = _declared_size(data, meta, item) or (0, 0)
        start, end = meta.places.get(item, (0, 0))
        largest = read_largest_size(data[start:end]) or (0, 0)
        decoded += max(width * height, largest[0] * largest[1])
    return Header(*size, max(decoded, _grid_pixels(data, meta)))


def first_picture(data: Data) -> Still:
    meta = _read_meta(data)
    turns, mirror = 0, None
    for number in meta.belonging.get(meta.primary, ()):
        box = _property(meta, number)
        if box.kind == b'irot':
            turns = unpack('B', data, box.start)[0] & 3
        elif box.kind == b'imir':
            mirror = unpack('B', data, box.start)[0] & 1
    orientation = _ORIENTATIONS[turns, mirror]
    if orientation == 1 and meta.exif is not None and meta.exif in meta.places:
        start, end = meta.places[meta.exif]
        skipped = unpack('>I', data, start)[0] + 4 if end - start > 4 else 0
        orientation = read_orientation(data[start + skipped : end])
    if bytes(data[8:12]) != b'avis':
        return Still(data, orientation)
    # Under this name the decoder takes the primary picture, and leaves the sequence alone.
    single = bytearray(data)
    single[8:12] = b'avif'
    return Still(bytes(single), orientation, note='is an animation; its first picture is used')


def _read_meta(data: Data) -> _Meta:
    if b'avif' not in brands(data) and b'avis' in brands(data):
        raise UndecodableError(
            'is a sequence of AVIF pictures; convert it to a video or to pictures'
        )
    box = find_box(data, 0, len(data), b'meta')
    parts = {inner.kind: inner for inner in walk_boxes(data, full_box(data, box)[2], box.end)}
    if b'pitm' not in parts or b'iprp' not in parts:
        raise DamagedError('is damaged: it has no primary picture')
    version, _, place = full_box(data, parts[b'pitm'])
    (primary,) = unpack('>I' if version else '>H', data, place)
    iprp = parts[b'iprp']
    ipco = find_box(data, iprp.start, iprp.end, b'ipco')
    properties = tuple(walk_boxes(data, ipco.start, ipco.end))
    belonging: dict[int, tuple[int, ...]] = {}
    for inner in walk_boxes(data, iprp.start, iprp.end):
        if inner.kind == b'ipma':
            belonging.update(_read_ipma(data, inner))
    return _Meta(
        primary,
        properties,
        belonging,
        _read_tiles(data, parts[b'iref']) if b'iref' in parts else {},
        _find_exif(data, parts[b'iinf']) if b'iinf' in parts else None,
        _read_iloc(data, parts[b'iloc'], parts.get(b'idat')) if b'iloc' in parts else {},
    )


def _read_ipma(data: Data, box: Box) -> dict[int, tuple[int, ...]]:
    version, flags, place = full_box(data, box)
    (count,) = unpack('>I', data, place)
    place += 4
    found = {}
    for _ in range(_checked(count)):
        item, links = unpack('>IB' if version else '>HB', data, place)
        place += 5 if version else 3
        wide = flags & 1
        numbers = unpack(f'>{links}{"H" if wide else "B"}', data, place)
        place += links * (2 if wide else 1)
        found[item] = tuple(number & (0x7FFF if wide else 0x7F) for number in numbers)
    return found


def _read_tiles(data: Data, box: Box) -> dict[int, tuple[int, ...]]:
    version, _, place = full_box(data, box)
    number = 'I' if version else 'H'
    found = {}
    for inner in walk_boxes(data, place, box.end):
        if inner.kind == b'dimg':
            item, count = unpack(f'>{number}H', data, inner.start)
            start = inner.start + (6 if version else 4)
            found[item] = unpack(f'>{_checked(count)}{number}', data, start)
    return found


def _find_exif(data: Data, box: Box) -> int | None:
    version, _, place = full_box(data, box)
    for inner in walk_boxes(data, place + (4 if version else 2), box.end):
        if inner.kind == b'infe':
            own, _, start = full_box(data, inner)
            item, _, kind = unpack('>IH4s' if own > 2 else '>HH4s', data, start)
            if kind == b'Exif':
                return int(item)
    return None


def _read_iloc(data: Data, box: Box, idat: Box | None) -> dict[int, tuple[int, int]]:
    version, _, place = full_box(data, box)
    sizes, other_sizes = unpack('>BB', data, place)
    offset_size, length_size = sizes >> 4, sizes & 15
    base_size, index_size = other_sizes >> 4, other_sizes & 15 if version else 0
    (count,) = unpack('>I' if version == 2 else '>H', data, place + 2)
    place += 6 if version == 2 else 4
    found = {}
    for _ in range(_checked(count)):
        (item,) = unpack('>I' if version == 2 else '>H', data, place)
        place += 4 if version == 2 else 2
        method = 0
        if version:
            method = unpack('>H', data, place)[0] & 15
            place += 2
        place += 2
        base = _number(data, place, base_size)
        (extents,) = unpack('>H', data, place + base_size)
        place += base_size + 2
        first = place + index_size
        if extents and (not method or (method == 1 and idat is not None)):
            start = base + _number(data, first, offset_size)
            start += idat.start if method and idat is not None else 0
            length = _number(data, first + offset_size, length_size)
            found[item] = (start, start + length if length else len(data))
        place += extents * (index_size + offset_size + length_size)
    return found


def _grid_pixels(data: Data, meta: _Meta) -> int:
    """Return of how many pixels a picture is that is put together (ISO/IEC 23008-12, 6.6.2.3)."""
    if meta.primary not in meta.tiles or meta.primary not in meta.places:
        return 0
    start, _ = meta.places[meta.primary]
    wide = unpack('>BBBB', data, start)[1] & 1
    width, height = unpack('>II' if wide else '>HH', data, start + 4)
    return int(width * height)


def _declared_size(data: Data, meta: _Meta, item: int) -> tuple[int, int] | None:
    for number in meta.belonging.get(item, ()):
        box = _property(meta, number)
        if box.kind == b'ispe':
            width, height = unpack('>II', data, full_box(data, box)[2])
            return width, height
    return None


def _property(meta: _Meta, number: int) -> Box:
    if not 0 < number <= len(meta.properties):
        raise DamagedError('is damaged: it lacks a property of its picture')
    return meta.properties[number - 1]


def _number(data: Data, place: int, size: int) -> int:
    if place + size > len(data):
        raise CutOffError
    return int.from_bytes(data[place : place + size], 'big')


def _checked(count: int) -> int:
    if count > _MOST_ITEMS:
        raise DamagedError(f'is damaged: it has {count} parts')
    return count


AVIF = Format('AVIF', read_header, first_picture)
