"""
Damage pictures of every format in thousands of ways, and see that none kills, hangs or swallows.

`python -m benchmarks.fuzz_pictures [--count 5000] [--seed 0] [FORMAT…]`. Each format runs in a
process of its own with little memory: what ends it is named by its number, and `--write FOLDER`
writes it there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
import struct
import sys
import zlib

import cv2
import numpy as np

from benchmarks.damaging import Outcome, limit_memory, tell
from openpose_ros.errors import FrameError
from openpose_ros.pictures.decoding import decode_picture
from openpose_ros.pictures.formats import MESSAGE_FORMATS

MODULE = 'benchmarks.fuzz_pictures'
MOST_PIXELS = 1_000_000  # of what is decoded here
ROOM = 512 << 20  # bytes that the process may have beyond what it has when it begins
SLOW_S = 2.0  # of CPU; a whole picture takes milliseconds
_EXTREMES = (b'\0', b'\xff', b'\x7f', b'\x80', b'\x01')


def scene(width: int = 61, height: int = 47, channels: int = 3) -> np.ndarray:
    """Return a picture with edges and gradients; uint8 (H, W, channels)."""
    y, x = np.mgrid[:height, :width]
    layers = [4 * x, 255 - 5 * y, (x // 8 + y // 8) % 2 * 200, 255 - 2 * x][:channels]
    return np.dstack([np.clip(layer, 0, 255) for layer in layers]).astype(np.uint8)


def encoded(suffix: str, image: np.ndarray | None = None, *options: int) -> bytes:
    return cv2.imencode(suffix, scene() if image is None else image, options)[1].tobytes()


def png_chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack('>I', len(content)) + checked + struct.pack('>I', zlib.crc32(checked))


def animated_png(frames: int = 3, *, dispose: int = 1) -> bytes:
    """Return a grey one that clears to the background after each frame."""
    width, height = 40, 30
    rows = zlib.compress((b'\0' + bytes(range(width))) * height)
    parts = [
        b'\x89PNG\r\n\x1a\n',
        png_chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)),
        png_chunk(b'acTL', struct.pack('>II', frames, 0)),
    ]
    number = 0
    for frame in range(frames):
        control = struct.pack('>5I2H2B', number, width, height, 0, 0, 1, 10, dispose, 0)
        parts.append(png_chunk(b'fcTL', control))
        number += 1
        if frame:
            parts.append(png_chunk(b'fdAT', struct.pack('>I', number) + rows))
            number += 1
        else:
            parts.append(png_chunk(b'IDAT', rows))
    return b''.join([*parts, png_chunk(b'IEND', b'')])


def animated_webp() -> bytes:
    """Return one whose first frame is smaller than its canvas."""
    bitmap = encoded('.webp', scene(20, 16), cv2.IMWRITE_WEBP_QUALITY, 101)[12:]

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack('<4sI', kind, len(content)) + content + b'\0' * (len(content) % 2)

    def unsigned24(number: int) -> bytes:
        return struct.pack('<I', number)[:3]

    frame = b''.join(map(unsigned24, (4, 3, 19, 15, 100))) + b'\0' + bitmap
    head = b'\x02\0\0\0' + unsigned24(59) + unsigned24(43)
    body = b'WEBP' + chunk(b'VP8X', head) + chunk(b'ANIM', b'\0\0\0\0\0\0') + chunk(b'ANMF', frame)
    body += chunk(b'ANMF', frame)
    return b'RIFF' + struct.pack('<I', len(body)) + body


def animated_gif() -> bytes:
    """Return one of two frames, by repeating what OpenCV writes."""
    one = encoded('.gif')
    start = one.index(b'\x21\xf9') if b'\x21\xf9' in one else one.index(b'\x2c')
    return one[:-1] + one[start:]


def big_tiff() -> bytes:
    """Return a BigTIFF of 8 by 8 grey pixels."""
    pixels = bytes(range(64))
    tags = [(256, 4, 8), (257, 4, 8), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 16, 16)]
    tags += [(277, 3, 1), (278, 4, 8), (279, 16, 64)]
    directory = struct.pack('<Q', len(tags))
    for tag, kind, number in tags:
        directory += struct.pack('<HHQQ', tag, kind, 1, number)
    head = struct.pack('<2sHHHQ', b'II', 43, 8, 0, 16 + len(pixels))
    return head + pixels + directory + struct.pack('<Q', 0)


def pages_tiff() -> bytes:
    return cv2.imencodemulti('.tiff', [scene(), scene(31, 23)])[1].tobytes()


def animated_avif() -> bytes:
    animation = cv2.Animation()
    animation.frames = [scene(), scene()]
    animation.durations = np.array([50, 50], np.int32)
    return cv2.imencodeanimation('.avif', animation)[1].tobytes()


def rle_bmp() -> bytes:
    """Return 8 bits a pixel, in runs."""
    width, height = 40, 30
    runs = bytes((width, 7, 0, 0)) * height + b'\0\1'
    palette = bytes(range(256)) * 4
    start = 54 + len(palette)
    info = struct.pack('<IiiHHIIiiII', 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return struct.pack('<2sIHHI', b'BM', start + len(runs), 0, 0, start) + info + palette + runs


_TIFF_OF_JPEG = (cv2.IMWRITE_TIFF_COMPRESSION, 7, 278, 16)  # the tag of rows a strip
# What a format's pictures are made from; those that this OpenCV cannot make are left out.
SEEDS: dict[str, tuple[Callable[[], bytes], ...]] = {
    'jpeg': (
        lambda: encoded('.jpg'),
        lambda: encoded('.jpg', None, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        lambda: encoded('.jpg', scene(channels=1), cv2.IMWRITE_JPEG_RST_INTERVAL, 2),
    ),
    'png': (
        lambda: encoded('.png'),
        lambda: encoded('.png', scene(channels=4)),
        lambda: encoded('.png', scene(channels=1).astype(np.uint16) * 257),
        lambda: encoded('.png', scene(channels=1), cv2.IMWRITE_PNG_BILEVEL, 1),
        animated_png,
    ),
    'tiff': (
        lambda: encoded('.tiff'),
        lambda: encoded('.tiff', None, cv2.IMWRITE_TIFF_COMPRESSION, 1),
        lambda: encoded('.tiff', scene(channels=1).astype(np.uint16) * 257),
        lambda: encoded('.tiff', None, *_TIFF_OF_JPEG),
        pages_tiff,
        big_tiff,
    ),
    'webp': (
        lambda: encoded('.webp', None, cv2.IMWRITE_WEBP_QUALITY, 80),
        lambda: encoded('.webp', scene(channels=4), cv2.IMWRITE_WEBP_QUALITY, 80),
        lambda: encoded('.webp', None, cv2.IMWRITE_WEBP_QUALITY, 101),
        animated_webp,
    ),
    'bmp': (
        lambda: encoded('.bmp'),
        lambda: encoded('.bmp', scene(channels=1)),
        rle_bmp,
    ),
    'pnm': (
        lambda: encoded('.ppm'),
        lambda: encoded('.ppm', None, cv2.IMWRITE_PXM_BINARY, 0),
        lambda: encoded('.pgm', scene(channels=1).astype(np.uint16) * 257),
        lambda: encoded('.pbm', scene(channels=1) // 128 * 255),
    ),
    'gif': (lambda: encoded('.gif'), animated_gif),
    'jp2': (
        lambda: encoded('.jp2'),
        lambda: encoded('.jp2', scene(channels=1)),
        lambda: encoded('.jp2')[encoded('.jp2').index(b'\xff\x4f\xff\x51') :],
    ),
    'avif': (lambda: encoded('.avif'), animated_avif),
}


def seeds(name: str) -> list[bytes]:
    """Return pictures of a format, as far as this OpenCV makes them."""
    made = []
    for make in SEEDS[name]:
        try:
            made.append(make())
        except (AttributeError, cv2.error, ValueError):
            continue
    return made


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Return a picture with one to four damages; headers are hit as often as all the rest."""
    changed = bytearray(data)
    for _ in range(rng.integers(1, 5)):
        reach = len(changed) if rng.random() < 0.5 else min(len(changed), 200)
        at = int(rng.integers(0, max(1, reach)))
        length = int(rng.integers(1, 9))
        kind = rng.integers(0, 7)
        if kind == 0:
            changed[at : at + 1] = rng.bytes(1)
        elif kind == 1:
            changed[at : at + length] = rng.choice(_EXTREMES) * length
        elif kind == 2:
            changed[at : at + 4] = struct.pack('>I', int(rng.integers(0, 1 << 32)))
        elif kind == 3:
            changed[at : at + 4] = struct.pack('<I', 1 << int(rng.integers(0, 32)))
        elif kind == 4:
            del changed[at : at + length * 8]
        elif kind == 5:
            changed[at:at] = changed[at : at + length * 16]
        elif rng.random() < 0.3:
            del changed[at:]
    return bytes(changed)


def cases(name: str, seed: int, first: int, count: int) -> Iterator[bytes]:
    """Yield damaged pictures; each depends on its number alone."""
    whole = seeds(name)
    for number in range(first, first + count):
        rng = np.random.default_rng((seed, number))
        data = mutated(whole[number % len(whole)], rng)
        # Half of the damaged PNGs have their checksums right, or libpng would look no further.
        yield with_checksums(data) if name == 'png' and number % 2 else data


def with_checksums(data: bytes) -> bytes:
    """Return a PNG with the checksum of each chunk that can be found made right."""
    fixed, place = bytearray(data), 8
    while place + 12 <= len(fixed):
        end = place + 8 + int.from_bytes(fixed[place : place + 4], 'big')
        if end + 4 > len(fixed):
            break
        fixed[end : end + 4] = struct.pack('>I', zlib.crc32(fixed[place + 4 : end]))
        place = end + 4
    return bytes(fixed)


def run_here(name: str, seed: int, first: int, count: int) -> Outcome:
    """Decode damaged pictures; print each one's number before it."""
    limit_memory(ROOM)
    outcome = Outcome()
    flags = (cv2.IMREAD_COLOR, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH, cv2.IMREAD_UNCHANGED)
    for number, data in enumerate(cases(name, seed, first, count), first):
        print(number, flush=True)
        with outcome.trying(f'{name} {number}', SLOW_S):
            try:
                decode_picture(data, 'it', max_pixels=MOST_PIXELS)
                for wanted in flags[1:] if name in _IN_MESSAGES else ():
                    decode_picture(
                        data,
                        'it',
                        max_pixels=MOST_PIXELS,
                        formats=MESSAGE_FORMATS,
                        upright=False,
                        flags=wanted,
                    )
                outcome.done += 1
            except FrameError as exc:
                outcome.refused += 1
                text = str(exc)
                if '\n' in text or 'nsufficient memory' in text or 'no memory' in text:
                    outcome.findings.append(f'{name} {number}: {text}')
    return outcome


_IN_MESSAGES = frozenset({'jpeg', 'png', 'tiff', 'webp'})


def write(folder: Path, name: str, seed: int, first: int, count: int) -> None:
    """Write damaged pictures."""
    for number, data in enumerate(cases(name, seed, first, count), first):
        (folder / f'{name}_{number}').write_bytes(data)


def main() -> int:
    print(f'OpenCV {cv2.__version__}', file=sys.stderr)
    made = [name for name in SEEDS if seeds(name)]  # an OpenCV need not write all
    return tell(MODULE, made, about='pictures', count=5000, run_here=run_here, write=write)


if __name__ == '__main__':
    sys.exit(main())
