"""BMP and PNM: pixels behind a header, hardly compressed or not at all."""

from __future__ import annotations

import re

from openpose_ros.pictures.header import (
    CutOffError,
    DamagedError,
    Data,
    Format,
    Header,
    Still,
    unpack,
)

_CORE_HEADER = 12  # bytes; OS/2's
_UNCOMPRESSED = frozenset({0, 3})  # BI_RGB, BI_BITFIELDS
_BLANK = rb'(?:\s|#[^\n]*\n)+'
_PNM = re.compile(rb'P([1-6])' + _BLANK + rb'(\d{1,10})' + _BLANK + rb'(\d{1,10})')
_MAXVAL = re.compile(_BLANK + rb'(\d{1,5})\s')
_LONGEST_HEADER = 1 << 16


def read_bmp_header(data: Data) -> Header:
    (start,) = unpack('<I', data, 10)
    (size,) = unpack('<I', data, 14)
    if size == _CORE_HEADER:
        width, height, _, bits = unpack('<HHHH', data, 18)
        compression = 0
    else:
        width, height, _, bits, compression = unpack('<iiHHI', data, 18)
    least = 0
    if compression in _UNCOMPRESSED:
        row = (width * bits + 31) // 32 * 4
        # The padding of the last row may be missing.
        least = start + row * (abs(height) - 1) + (width * bits + 7) // 8
    return Header(width, abs(height), least_bytes=least)


def read_pnm_header(data: Data) -> Header:
    found = _PNM.match(data[:_LONGEST_HEADER])
    if found is None:
        raise (
            CutOffError
            if len(data) < _LONGEST_HEADER
            else DamagedError('is damaged: it has no size')
        )
    kind, width, height = map(int, found.groups())
    most, place = 1, found.end()
    if kind not in (1, 4):
        maxval = _MAXVAL.match(data[place : place + _LONGEST_HEADER])
        if maxval is None:
            raise CutOffError
        most, place = int(maxval[1]), place + maxval.end()
    samples = width * (3 if kind in (3, 6) else 1)
    row = (width + 7) // 8 if kind == 4 else samples * (2 if most > 255 and kind > 3 else 1)
    # Of those in words a sample has a digit at least; all but bits have a blank between.
    least = place + (2 * row * height - 1 if kind in (2, 3) else row * height)
    return Header(width, height, least_bytes=least)


def _as_it_is(data: Data) -> Still:
    return Still(data)


BMP = Format('BMP', read_bmp_header, _as_it_is)
PNM = Format('PNM', read_pnm_header, _as_it_is)
