"""
What it takes to refuse pictures that would kill or swallow: milliseconds, and memory.

`python -m benchmarks.refusals`. Each is small, or says nothing for megabytes, and would have a
decoder ask for gigabytes, or work for minutes. Time is the lowest of ten, memory the largest that
Python and the process (resident) had beyond what they had before.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import struct
from time import perf_counter
import tracemalloc
import zlib

import numpy as np

from benchmarks.fuzz_pictures import encoded, png_chunk, rle_bmp, scene
from openpose_ros.errors import FrameError
from openpose_ros.pictures.decoding import decode_picture

MOST_MS, MOST_BYTES = 10.0, 1 << 20
_LARGE = 60_000  # pixels a side
_PNG_START = b'\x89PNG\r\n\x1a\n'
_MEGABYTES = 8 << 20


def _png_header(width: int, height: int) -> bytes:
    return _PNG_START + png_chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0))


def png_with_long_chunk() -> bytes:
    """Return 18 kB whose second chunk says that it has 2 GB."""
    noise = np.random.default_rng(0).integers(0, 255, (77, 77, 3), np.uint8)
    data = bytearray(encoded('.png', noise))
    place = data.index(b'IDAT') - 4
    data[place : place + 4] = struct.pack('>I', 0x7FFFFFFF)
    return bytes(data)


def jpeg_of_size(width: int, height: int) -> bytes:
    data = bytearray(encoded('.jpg'))
    place = data.index(b'\xff\xc0') + 5
    data[place : place + 4] = struct.pack('>HH', height, width)
    return bytes(data)


def jpeg_of_scans(count: int) -> bytes:
    """Return a progressive one whose last scan comes again and again."""
    import cv2

    data = encoded('.jpg', None, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    return data[:-2] + data[data.rindex(b'\xff\xda') : -2] * count + b'\xff\xd9'


def gif_of_screen(width: int, height: int) -> bytes:
    """Return 41 bytes."""
    screen = b'GIF89a' + struct.pack('<HHBBB', width, height, 0x80, 0, 0) + bytes(6)
    image = b'\x2c' + struct.pack('<HHHHB', 0, 0, 1, 1, 0) + b'\x02\x02\x4c\x01\x00'
    return screen + image + bytes(6) + b'\x3b'


def gif_of_small_blocks() -> bytes:
    screen = b'GIF89a' + struct.pack('<HHBBB', 9, 9, 0, 0, 0)
    return screen + b'\x21\xfe' + b'\x01a' * (_MEGABYTES // 2)


def gif_of_clear_codes(side: int) -> bytes:
    """Return 300 kB that ask for a new table 800000 times."""
    eight = b'\x24\x49\x92'  # eight times code 4, in three bits each
    image = b'\x2c' + struct.pack('<HHHHB', 0, 0, side, side, 0) + b'\2'
    blocks = (b'\xff' + eight * 85) * 1200 + b'\0'
    return b'GIF89a' + struct.pack('<HHBBB', side, side, 0, 0, 0) + image + blocks + b'\x3b'


def bmp_of_size(width: int, height: int) -> bytes:
    data = bytearray(rle_bmp())
    data[18:26] = struct.pack('<ii', width, height)
    return bytes(data[:1100])


def tiff(*, order: str = '<', big: bool = False, **tags: int) -> bytes:
    """Return one of 8 by 8 grey pixels, with some tags changed: t256=60000 is the width."""
    values = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 0, 277: 1, 278: 8, 279: 64}
    values |= {int(name[1:]): number for name, number in tags.items()}
    number, count = ('Q', 'Q') if big else ('I', 'H')
    head = 16 if big else 8
    values[273] = head
    mark = b'II' if order == '<' else b'MM'
    start = mark + (
        struct.pack(f'{order}HHHQ', 43, 8, 0, head + 64)
        if big
        else struct.pack(f'{order}HI', 42, head + 64)
    )
    entries = struct.pack(order + count, len(values))
    for tag, value in sorted(values.items()):
        entries += struct.pack(f'{order}HH{number}{number}', tag, 16 if big else 4, 1, value)
    return start + bytes(range(64)) + entries + struct.pack(order + number, 0)


def jpeg2000(width: int, height: int, *, tile: int = 1 << 30, components: int = 3) -> bytes:
    """Return the header of a codestream."""
    siz = struct.pack('>H8IH', 0, width, height, 0, 0, tile, tile, 0, 0, components)
    siz += b'\x07\1\1' * components
    return b'\xff\x4f\xff\x51' + struct.pack('>H', len(siz) + 2) + siz + b'\xff\xd9'


def jp2(codestream: bytes, *, columns: int = 0) -> bytes:
    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack('>I4s', len(content) + 8, kind) + content

    header = box(b'ihdr', bytes(14)) + (
        box(b'pclr', struct.pack('>HB', 256, columns)) if columns else b''
    )
    start = b'\0\0\0\x0cjP  \r\n\x87\n' + box(b'ftyp', b'jp2 \0\0\0\0jp2 ')
    return start + box(b'jp2h', header) + box(b'jp2c', codestream)


def webp_of_canvas(side: int) -> bytes:
    data = encoded('.webp')
    wide = struct.pack('<I', side - 1)[:3]
    chunk = b'VP8X' + struct.pack('<I', 10) + bytes(4) + wide + wide
    body = b'WEBP' + chunk + data[12:]
    return b'RIFF' + struct.pack('<I', len(body)) + body


def webp_of_size(side: int) -> bytes:
    bits = (side - 1) | (side - 1) << 14
    content = struct.pack('<BI', 0x2F, bits) + bytes(20)
    chunk = b'VP8L' + struct.pack('<I', len(content)) + content + b'\0'
    return b'RIFF' + struct.pack('<I4s', 4 + len(chunk), b'WEBP') + chunk


def avif_of_size(width: int, height: int) -> bytes:
    data = bytearray(encoded('.avif'))
    place = data.index(b'ispe') + 8
    data[place : place + 8] = struct.pack('>II', width, height)
    return bytes(data)


REFUSED: dict[str, Callable[[], bytes]] = {
    'PNG of 60000x60000': lambda: (
        _png_header(_LARGE, _LARGE)
        + png_chunk(b'IDAT', zlib.compress(b''))
        + png_chunk(b'IEND', b'')
    ),
    'PNG with a chunk of 2 GB': png_with_long_chunk,
    'PNG with 8 MB of empty chunks': lambda: (
        _png_header(64, 64) + png_chunk(b'teXt', b'') * (_MEGABYTES // 12)
    ),
    'PNG with 8 MB of short chunks': lambda: (
        _png_header(64, 64)
        + (png_chunk(b'IDAT', b'') + png_chunk(b'IDAT', b'a')) * (_MEGABYTES // 25)
    ),
    'JPEG of 65000x65000': lambda: jpeg_of_size(65_000, 65_000),
    'JPEG with 8 MB of ff': lambda: b'\xff\xd8' + b'\xff' * _MEGABYTES,
    'JPEG with 8 MB of zeros': lambda: b'\xff\xd8\xff' + bytes(_MEGABYTES),
    'JPEG with 8 MB of empty segments': lambda: b'\xff\xd8' + b'\xff\xe0\0\2' * (_MEGABYTES // 4),
    'JPEG with 10000 scans': lambda: jpeg_of_scans(10_000),
    'GIF with a screen of 65535x65535': lambda: gif_of_screen(65_535, 65_535),
    'GIF with 8 MB of small blocks': gif_of_small_blocks,
    'GIF with 800000 tables': lambda: gif_of_clear_codes(64),
    'BMP in runs of 32000x61000': lambda: bmp_of_size(32_000, 61_000),
    'TIFF of 60000x60000': lambda: tiff(t256=_LARGE, t257=_LARGE),
    'TIFF of 60000x60000, big-endian': lambda: tiff(order='>', t256=_LARGE, t257=_LARGE),
    'BigTIFF of 60000x60000': lambda: tiff(big=True, t256=_LARGE, t257=_LARGE),
    'TIFF with a tile of 16384x65536': lambda: tiff(t322=1 << 14, t323=1 << 16, t324=8, t325=64),
    'TIFF with 9000000 strips': lambda: tiff(t256=1, t257=9_000_000, t278=1),
    'JPEG 2000 of 60000x60000': lambda: jpeg2000(_LARGE, _LARGE),
    'JP2 of 60000x60000': lambda: jp2(jpeg2000(_LARGE, _LARGE)),
    'JPEG 2000 with 65025 tiles': lambda: jpeg2000(255, 255, tile=1),
    'JPEG 2000 with 16384 components': lambda: jpeg2000(255, 255, components=16_384),
    'JP2 with a palette of 255 columns': lambda: jp2(jpeg2000(3000, 3000), columns=255),
    'WebP with a canvas of 16777216': lambda: webp_of_canvas(1 << 24),
    'WebP of 16384x16384': lambda: webp_of_size(1 << 14),
    'PNM of 60000x60000': lambda: b'P6 60000 60000 255\n' + bytes(1000),
}
try:
    encoded('.avif')
except Exception:  # noqa: BLE001  an OpenCV without it
    pass
else:
    REFUSED['AVIF of 60000x60000'] = lambda: avif_of_size(_LARGE, _LARGE)


def python_memory(data: bytes) -> int:
    """Return the most bytes that Python had while a picture was refused."""
    tracemalloc.start()
    try:
        refuse(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def refuse(data: bytes) -> str:
    """Return why a picture is refused; it must be."""
    try:
        decode_picture(data, 'it')
    except FrameError as exc:
        return str(exc)
    raise AssertionError('it was decoded')


def resident_memory(data: bytes) -> int:
    """Return by how many bytes the process grew at most while a picture was refused."""
    Path('/proc/self/clear_refs').write_text('5')  # resets the peak
    before = _status('VmRSS')
    refuse(data)
    return max(0, _status('VmHWM') - before)


def milliseconds(data: bytes) -> float:
    lowest = float('inf')
    for _ in range(10):
        started = perf_counter()
        refuse(data)
        lowest = min(lowest, perf_counter() - started)
    return 1000 * lowest


def _status(name: str) -> int:
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) << 10
    raise AssertionError(name)


def main() -> None:
    decode_picture(encoded('.png', scene()), 'it')  # what is loaded once is not counted
    print(f'{"":<36}{"bytes":>9}{"ms":>8}{"Python kB":>11}{"resident kB":>13}')
    for name, make in REFUSED.items():
        data = make()
        memory, resident = python_memory(data), resident_memory(data)
        print(
            f'{name:<36}{len(data):>9}{milliseconds(data):>8.2f}{memory / 1024:>11.0f}'
            f'{resident / 1024:>13.0f}   {refuse(data)[:90]}'
        )


if __name__ == '__main__':
    main()
