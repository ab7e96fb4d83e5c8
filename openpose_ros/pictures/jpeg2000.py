"""JPEG 2000: a codestream, alone or in a JP2 file."""

from __future__ import annotations

import re

from openpose_ros.pictures.boxes import find_box, walk_boxes
from openpose_ros.pictures.header import (
    DamagedError,
    Data,
    Format,
    Header,
    Still,
    UndecodableError,
    unpack,
)
from openpose_ros.pictures.orientation import read_orientation

CODESTREAM_START = b'\xff\x4f\xff\x51'
FILE_START = b'\0\0\0\x0cjP  \r\n\x87\n'
_EXIF = bytes.fromhex('4a7067546966664578 69662d3e4a5032')  # JpgTiffExif->JP2
_XMP = bytes.fromhex('be7acfcb97a942e89c71999491e3afac')
_XMP_ORIENTATION = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')
_MOST_COMPONENTS = 4
_LEAST_PER_TILE = 4096  # pixels on average: each tile takes kilobytes to decode


def read_header(data: Data) -> Header:
    codestream = _codestream(data)
    # ISO/IEC 15444-1, A.5.1: from the size of the reference grid to the number of components.
    right, bottom, left, top, tile_width, tile_height, tile_left, tile_top, components = unpack(
        '>8IH', data, codestream + 8
    )
    if right <= left or bottom <= top or not tile_width * tile_height:
        raise DamagedError(f'is damaged: its header says {right - left}x{bottom - top} pixels')
    header = Header(right - left, bottom - top)
    if components > _MOST_COMPONENTS:
        raise UndecodableError(f'has {components} components, but a picture has 1 to 4')
    for component in range(components):
        _, across, down = unpack('>3B', data, codestream + 42 + 3 * component)
        if (across, down) != (1, 1):
            raise UndecodableError(
                'has colours in less detail, which OpenCV cannot decode; convert it'
            )
    tiles = -(-(right - tile_left) // tile_width) * -(-(bottom - tile_top) // tile_height)
    if tiles > 1 + header.width * header.height // _LEAST_PER_TILE:
        raise DamagedError(
            f'is damaged: it has {tiles} tiles for {header.width}x{header.height} pixels'
        )
    return header


def first_picture(data: Data) -> Still:
    orientation = 1
    if data[: len(FILE_START)] == FILE_START:
        for box in walk_boxes(data, 0, len(data)):
            kind, content = bytes(data[box.start : box.start + 16]), data[box.start + 16 : box.end]
            if box.kind == b'uuid' and kind == _EXIF:
                orientation = read_orientation(content)
            elif box.kind == b'uuid' and kind == _XMP and orientation == 1:
                found = _XMP_ORIENTATION.search(content[: 1 << 16])
                orientation = int(found[1]) if found else 1
    return Still(data, orientation)


def _codestream(data: Data) -> int:
    """Return where the codestream begins; check what the file around it says."""
    if data[: len(CODESTREAM_START)] == CODESTREAM_START:
        return 0
    for box in walk_boxes(data, 0, len(data)):
        if box.kind == b'jp2h':
            for inner in walk_boxes(data, box.start, box.end):
                if inner.kind == b'pclr' and unpack('>HB', data, inner.start)[1] > 4:
                    raise DamagedError('is damaged: its palette has more than 4 columns')
        elif box.kind == b'jp2c':
            if data[box.start : box.start + 4] != CODESTREAM_START:
                raise DamagedError('is damaged: its codestream does not begin as one')
            return box.start
    return find_box(data, 0, len(data), b'jp2c').start


JPEG2000 = Format('JPEG 2000', read_header, first_picture)
