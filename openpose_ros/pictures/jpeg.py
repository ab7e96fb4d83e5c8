"""JPEG: its size, its end, and what of libjpeg's complaints is damage."""

from __future__ import annotations

from collections.abc import Iterator
import re
from typing import NamedTuple

from openpose_ros.pictures.header import (
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

START, _END_MARKER = b'\xff\xd8\xff', b'\xff\xd9'
_SCAN, _END, _EXIF = 0xDA, 0xD9, 0xE1
# A JPEG says its size in its start of frame, c0 to cf without these three.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SEQUENTIAL = frozenset({0xC0, 0xC1})
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # without a length
_FF, _NOT_FF = re.compile(rb'\xff'), re.compile(rb'[^\xff]')
# Within a scan ff is followed by 00 (a data byte) or d0 to d7 (a restart); ff ff is filling.
_AFTER_SCAN = re.compile(rb'\xff[^\x00\xff\xd0-\xd7]')
_MOST_SEGMENTS, _MOST_FILLING = 4096, 1 << 12
# Each is decoded at the full size, however few bytes it has; encoders write ten or so.
_MOST_SCANS, _MOST_SCANNED_PIXELS = 100, 1 << 32
# libjpeg tells only its first warning, in these words (jerror.h, JWRN_…).
_WARNING = re.compile(
    r'Corrupt JPEG data: .*|Premature end of JPEG file|Inconsistent progression sequence .*'
    r'|Invalid SOS parameters .*|Warning: unknown JFIF .*|Unknown Adobe color transform .*'
)
_HARMLESS = re.compile(r'Warning: unknown JFIF|Unknown Adobe color|.*bad ICC marker')
_PADDED = re.compile(r'Corrupt JPEG data: (\d+) extraneous bytes before marker 0xd9')
NO_END = 'has no end marker; all of its rows are there'


def read_header(data: Data) -> Header:
    for marker, place in _segments(data, 2):
        if marker in _FRAMES:
            height, width = unpack('>HH', data, place + 3)
            return Header(width, height)
        if marker in (_SCAN, _END):
            break
    raise DamagedError('is damaged: no size comes before its pixels')


def first_picture(data: Data) -> Still:
    orientation, frame, components, pixels, place = 0, 0, 0, 1, 0
    for marker, place in _segments(data, 2):
        if marker in _FRAMES:
            frame, components = marker, take(data, place + 7, 1)[0]
            height, width = unpack('>HH', data, place + 3)
            pixels = height * width
        elif (
            marker == _EXIF
            and not orientation
            and bytes(data[place + 2 : place + 8]) == b'Exif\0\0'
        ):
            (length,) = unpack('>H', data, place)
            orientation = read_orientation(data[place + 2 : place + length])
        elif marker in (_SCAN, _END):
            break
    if marker != _SCAN:
        raise DamagedError('is damaged: it has no pixels')
    one_scan = frame in _SEQUENTIAL and take(data, place + 2, 1)[0] == components
    if one_scan and bytes(data[-2:]) == _END_MARKER:
        return Still(data, orientation or 1)
    most_scans = min(_MOST_SCANS, _MOST_SCANNED_PIXELS // max(1, pixels))
    end = _end_of_scans(data, place, most_scans)
    if end.kind == 'marker':
        return Still(data[: end.place], orientation or 1)
    return Still(
        # libjpeg says now whether rows are missing; OpenCV would not let it.
        bytes(data[: end.place]) + _END_MARKER,
        orientation or 1,
        note=NO_END if end.kind == 'data' else '',
        damage='' if end.kind == 'data' else f'is cut off after {len(data)} bytes',
    )


def find_damage(picture: Data, said: str) -> str:
    """
    Return what libjpeg found wrong with the pixels; '' if nothing is.

    Parameters
    ----------
    picture : memoryview
        What was decoded.
    said : str
        The lines that were printed meanwhile.

    """
    for line in said.splitlines():
        if not _WARNING.fullmatch(line) or _HARMLESS.match(line):
            continue
        padded = _PADDED.fullmatch(line)
        # Cameras fill up what they send; what is left of a damaged scan is no filling.
        if padded and _is_filling(picture, int(padded[1])):
            continue
        return line
    return ''


def is_warning(line: str) -> bool:
    """Tell whether a line is one of libjpeg's."""
    return _WARNING.fullmatch(line) is not None


def _segments(data: Data, place: int) -> Iterator[tuple[int, int]]:
    """Yield each marker, and where its segment's length stands; raises CutOffError at the end."""
    for _ in range(_MOST_SEGMENTS):
        # libjpeg leaps over what is between segments, too.
        found = _FF.search(data, place, place + (1 << 16))
        if found is None:
            raise (
                CutOffError
                if place + (1 << 16) > len(data)
                else DamagedError('is damaged: no JPEG')
            )
        place = found.start()
        found = _NOT_FF.search(data, place, place + _MOST_FILLING)
        if found is None:
            if place + _MOST_FILLING > len(data):
                raise CutOffError
            raise DamagedError(f'is damaged: it has {_MOST_FILLING} bytes of filling in one place')
        marker, place = data[found.start()], found.end()
        if marker == 0 or marker in _ALONE:
            continue
        yield marker, place
        place += unpack('>H', data, place)[0]
    raise DamagedError(f'is damaged: it has more than {_MOST_SEGMENTS} segments')


class _End(NamedTuple):
    place: int  # behind the last byte that is of use
    kind: str  # 'marker', 'data', or 'segment': cut off within one


def _end_of_scans(data: Data, place: int, most_scans: int) -> _End:
    """Return where the picture ends, from its first scan."""
    scans = 1
    for _ in range(_MOST_SEGMENTS):
        if place + 2 > len(data) or place + unpack('>H', data, place)[0] > len(data):
            return _End(place - 2, 'segment')
        found = _AFTER_SCAN.search(data, place + unpack('>H', data, place)[0])
        if found is None:
            return _End(len(data), 'data')
        place, marker = found.end(), data[found.end() - 1]
        if marker == _END:
            return _End(place, 'marker')
        if marker == _SCAN:
            scans += 1
            if scans > most_scans:
                raise DamagedError(f'is damaged: it has more than {most_scans} scans')
    raise DamagedError(f'is damaged: it has more than {_MOST_SEGMENTS} segments')


def _is_filling(picture: Data, count: int) -> bool:
    end = len(picture) - len(_END_MARKER)
    filling = bytes(picture[max(0, end - count) : end])
    return not filling.strip(filling[:1])


JPEG = Format('JPEG', read_header, first_picture)
