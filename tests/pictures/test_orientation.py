"""Orientation is applied to files, whichever format says it, and never by OpenCV."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest

from benchmarks.fuzz_pictures import encoded, png_chunk, scene
from benchmarks.refusals import tiff
from openpose_ros.pictures import decode_picture

UPRIGHT = {  # EXIF's orientation: what makes the stored rows upright
    1: lambda image: image,
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.transpose(1, 0, 2),
    6: lambda image: np.rot90(image, -1),
    7: lambda image: np.rot90(image.transpose(1, 0, 2), 2),
    8: np.rot90,
}


def exif(orientation: int, order: str = '<') -> bytes:
    mark = b'II' if order == '<' else b'MM'
    entry = struct.pack(f'{order}HHIHH', 0x0112, 3, 1, orientation, 0)
    return mark + struct.pack(f'{order}HIH', 42, 8, 1) + entry + bytes(4)


def jpeg(orientation: int) -> bytes:
    data, content = encoded('.jpg'), b'Exif\0\0' + exif(orientation)
    return data[:2] + b'\xff\xe1' + struct.pack('>H', len(content) + 2) + content + data[2:]


def big_endian_png(orientation: int) -> bytes:
    data = encoded('.png')
    return data[:33] + png_chunk(b'eXIf', exif(orientation, '>')) + data[33:]


def webp(orientation: int) -> bytes:
    bitmap = encoded('.webp', None, cv2.IMWRITE_WEBP_QUALITY, 101)[12:]
    size = struct.pack('<I', 60)[:3] + struct.pack('<I', 46)[:3]
    tags = exif(orientation)
    body = b'WEBPVP8X' + struct.pack('<I', 10) + b'\x08\0\0\0' + size + bitmap
    body += b'EXIF' + struct.pack('<I', len(tags)) + tags + b'\0' * (len(tags) % 2)
    return b'RIFF' + struct.pack('<I', len(body)) + body


def jp2(orientation: int) -> bytes:
    content = b'JpgTiffExif->JP2' + exif(orientation)
    return encoded('.jp2') + struct.pack('>I4s', 8 + len(content), b'uuid') + content


def jp2_with_xmp(orientation: int) -> bytes:
    content = bytes.fromhex('be7acfcb97a942e89c71999491e3afac')
    content += b'<rdf:Description tiff:Orientation="%d"/>' % orientation
    return encoded('.jp2') + struct.pack('>I4s', 8 + len(content), b'uuid') + content


def avif(orientation: int) -> bytes:
    """Return one with irot and imir, into which libavif turns EXIF."""
    tags = np.frombuffer(exif(orientation), np.uint8)
    return cv2.imencodeWithMetadata('.avif', scene(), [cv2.IMAGE_METADATA_EXIF], [tags])[
        1
    ].tobytes()


@pytest.mark.parametrize('orientation', UPRIGHT)
@pytest.mark.parametrize('make', [jpeg, big_endian_png, webp, jp2, jp2_with_xmp, avif])
def test_files_are_turned_upright(make: object, orientation: int) -> None:
    try:
        data, plain = make(orientation), make(1)  # type: ignore[operator]
    except (AttributeError, cv2.error):
        pytest.skip('this OpenCV does not write this format')
    stored = decode_picture(plain, 'it').image
    np.testing.assert_array_equal(decode_picture(data, 'it').image, UPRIGHT[orientation](stored))
    as_taken = decode_picture(data, 'it', upright=False).image
    np.testing.assert_array_equal(as_taken, stored)


@pytest.mark.parametrize('orientation', UPRIGHT)
@pytest.mark.parametrize('order', '<>')
def test_tiff_is_turned_upright_once(order: str, orientation: int) -> None:
    data = bytearray(tiff(order=order, t274=orientation))
    place = data.index(struct.pack(f'{order}HHI', 274, 4, 1))
    data[place : place + 12] = struct.pack(f'{order}HHIHH', 274, 3, 1, orientation, 0)
    stored = np.repeat(np.arange(64, dtype=np.uint8).reshape(8, 8, 1), 3, 2)
    np.testing.assert_array_equal(
        decode_picture(bytes(data), 'it').image, UPRIGHT[orientation](stored)
    )
    np.testing.assert_array_equal(decode_picture(bytes(data), 'it', upright=False).image, stored)


@pytest.mark.parametrize('orientation', [0, 9, 65535])
def test_orientation_that_does_not_exist_changes_nothing(orientation: int) -> None:
    plain = decode_picture(encoded('.jpg'), 'it').image
    np.testing.assert_array_equal(decode_picture(jpeg(orientation), 'it').image, plain)


def test_damaged_exif_changes_nothing() -> None:
    data = encoded('.jpg')
    content = b'Exif\0\0II*\0\xff\xff\xff\xff'
    spoiled = data[:2] + b'\xff\xe1' + struct.pack('>H', len(content) + 2) + content + data[2:]
    plain = decode_picture(data, 'it').image
    np.testing.assert_array_equal(decode_picture(spoiled, 'it').image, plain)
