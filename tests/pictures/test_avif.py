"""Sizes of AVIF pictures, wherever they are said; each file here is boxes alone."""

from __future__ import annotations

import struct

import pytest

from openpose_ros.errors import FrameError
from openpose_ros.pictures import decode_picture


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack('>I4s', 8 + len(content), kind) + content


def full(kind: bytes, content: bytes, version: int = 0) -> bytes:
    return box(kind, bytes((version, 0, 0, 0)) + content)


def sequence_header(width: int, height: int) -> bytes:
    """Return an AV1 unit that says so large a frame, of a reduced still picture."""
    bits = f'000{1:b}{1:b}{0:05b}{15:04b}{15:04b}{width - 1:016b}{height - 1:016b}'
    content = int(bits.ljust(64, '0'), 2).to_bytes(8, 'big')
    return bytes((0x0A, len(content))) + content


def file(
    size: tuple[int, int],
    *,
    grid: tuple[int, int] | None = None,
    tiles: int = 0,
    tile: tuple[int, int] = (8, 8),
    bitstream: bytes = b'',
) -> bytes:
    """Return a file whose item 1 is the primary picture, put together from items 2 and on."""
    properties = full(b'ispe', struct.pack('>II', *size)) + full(
        b'ispe', struct.pack('>II', *tile)
    )
    links = b''.join(
        struct.pack('>HBB', item, 1, 1 if item == 1 else 2) for item in range(1, tiles + 2)
    )
    meta = full(b'pitm', struct.pack('>H', 1))
    ipma = full(b'ipma', struct.pack('>I', tiles + 1) + links)
    meta += box(b'iprp', box(b'ipco', properties) + ipma)
    if tiles:
        numbers = struct.pack(f'>HH{tiles}H', 1, tiles, *range(2, tiles + 2))
        meta += full(b'iref', box(b'dimg', numbers))
    if grid:
        meta += box(b'idat', b'\0\1\0\0' + struct.pack('>II', *grid))
        meta += full(b'iloc', struct.pack('>BBHHHHHII', 0x44, 0, 1, 1, 1, 0, 1, 0, 12), version=1)
    start = box(b'ftyp', b'avif\0\0\0\0avifmif1')
    if bitstream:
        at = len(start) + 8 + 4 + len(meta) + 12 + 18 + 8
        meta += full(b'iloc', struct.pack('>BBHHHHII', 0x44, 0, 1, 1, 0, 1, at, len(bitstream)))
    return start + full(b'meta', meta) + box(b'mdat', bitstream)


@pytest.mark.parametrize(
    ('data', 'says'),
    [
        (file((60_000, 50_000)), 'it is 60000x50000 pixels, but'),
        (file((8, 8), grid=(60_000, 50_000), tiles=2), r'8x8 pixels \(3000000000 pixels decoded'),
        (file((8, 8), tiles=200, tile=(1000, 1000)), r'8x8 pixels \(200000000 pixels decoded'),
        (
            file((8, 8), bitstream=sequence_header(60_000, 50_000)),
            r'8x8 pixels \(3000000000 pixel',
        ),
    ],
    ids=['declared', 'grid', 'tiles', 'bitstream'],
)
def test_every_size_counts(data: bytes, says: str) -> None:
    with pytest.raises(FrameError, match=says):
        decode_picture(data, 'it')


def test_pictures_of_sequences_alone_are_refused_by_name() -> None:
    data = box(b'ftyp', b'avis\0\0\0\0avismsf1') + box(b'moov', b'')
    with pytest.raises(FrameError, match='is a sequence of AVIF pictures'):
        decode_picture(data, 'it')


@pytest.mark.parametrize('missing', [b'pitm', b'iprp', b'ipco'])
def test_picture_without_what_it_needs_is_damaged(missing: bytes) -> None:
    with pytest.raises(FrameError, match='damaged'):
        decode_picture(file((8, 8)).replace(missing, b'free'), 'it')
