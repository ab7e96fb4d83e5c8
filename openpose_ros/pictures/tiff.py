"""TIFF and BigTIFF: the first page."""

from __future__ import annotations

from openpose_ros.pictures.header import (
    DamagedError,
    Data,
    Format,
    Header,
    Still,
    UndecodableError,
    unpack,
)
from openpose_ros.pictures.orientation import ORIENTATION
from openpose_ros.pictures.tiff_directory import Directory, patched, read_directory

_SUBFILE, _WIDTH, _HEIGHT, _BITS = 254, 256, 257, 258
_STRIPS, _SAMPLES, _ROWS, _STRIP_BYTES, _PLANES = 273, 277, 278, 279, 284
_TILE_WIDTH, _TILE_HEIGHT, _TILES = 322, 323, 324
_DNG = 50706
_WANTED = (
    *(_SUBFILE, _WIDTH, _HEIGHT, _BITS, _STRIPS, ORIENTATION, _SAMPLES, _ROWS, _STRIP_BYTES),
    *(_PLANES, _TILE_WIDTH, _TILE_HEIGHT, _TILES, _DNG),
)
_REDUCED = 1  # in _SUBFILE: a small version of another picture


def read_header(data: Data) -> Header:
    directory = read_directory(data, _WANTED, strict=True)
    if directory.counts.get(_DNG) or directory.first(_SUBFILE, 0) & _REDUCED:
        raise UndecodableError(
            'is the raw file of a camera, of which only a thumbnail can be read; convert it to '
            'JPEG or PNG'
        )
    width, height = directory.first(_WIDTH, 0), directory.first(_HEIGHT, 0)
    bits, samples = directory.first(_BITS, 1), directory.first(_SAMPLES, 1)
    if bits > 16:
        raise UndecodableError(
            f'has {bits} bits a sample: a measurement rather than a picture; convert it to 8 or 16'
        )
    if samples > 4:
        raise UndecodableError(f'has {samples} samples a pixel, but a picture has 1 to 4')
    return Header(width, height, _piece(directory, width, height))


def first_picture(data: Data) -> Still:
    directory = read_directory(data, _WANTED)
    _check_pieces(directory)
    orientation = directory.first(ORIENTATION, 1)
    changes = []
    # OpenCV counts all pages, and turns what it likes: it sees one page, upright.
    several = unpack(directory.next_form, data, directory.next_place) != (0,)
    if several:
        changes.append((directory.next_form, directory.next_place, 0))
    if orientation != 1 and directory.places.get(ORIENTATION):
        changes.append((f'{directory.order}H', directory.places[ORIENTATION], 1))
    return Still(
        patched(data, changes) if changes else data,
        orientation,
        note='has several pages; the first is used' if several else '',
    )


def _piece(directory: Directory, width: int, height: int) -> int:
    """Return how many pixels are decoded at once: a tile may be larger than the picture."""
    if _TILE_WIDTH not in directory.values:
        return width * height
    tile = directory.first(_TILE_WIDTH, 0) * directory.first(_TILE_HEIGHT, 0)
    return max(width * height, tile)


def _check_pieces(directory: Directory) -> None:
    """Check that the strips or tiles are as many as the size needs: libtiff makes room for all."""
    width, height = directory.first(_WIDTH, 0), directory.first(_HEIGHT, 0)
    across = down = 1
    found = directory.counts.get(_STRIPS, 0)
    if _TILE_WIDTH in directory.values:
        found = directory.counts.get(_TILES, found)
        across = -(-width // max(1, directory.first(_TILE_WIDTH, 0)))
        down = -(-height // max(1, directory.first(_TILE_HEIGHT, 0)))
    else:
        down = -(-height // max(1, directory.first(_ROWS, height)))
    separate = directory.first(_PLANES, 1) == 2
    needed = across * down * (directory.first(_SAMPLES, 1) if separate else 1)
    if found < needed:
        raise DamagedError(
            f'is damaged: it needs {needed} strips or tiles for {width}x{height} '
            f'pixels, and has {found}'
        )


TIFF = Format('TIFF', read_header, first_picture)
