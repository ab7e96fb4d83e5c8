"""CompressedImage messages to pictures, and back."""

from __future__ import annotations

import array
import struct
from typing import Any
import zlib

import cv2
import numpy as np
import pytest

from openpose_ros.errors import FrameError
from openpose_ros.ros.messages.compressed import compressed_message, decode_compressed
from tests.ros.fakes import TYPES, header


def ramp() -> np.ndarray[Any, Any]:
    """Return a smooth picture, which a JPEG hardly changes, wider than high."""
    x, y = np.meshgrid(np.linspace(40, 200, 64), np.linspace(40, 200, 48))
    return np.dstack([x, y, 240 - x]).astype(np.uint8)


def compressed(suffix: str, picture: Any = None) -> Any:
    return message(cv2.imencode(suffix, ramp() if picture is None else picture)[1].tobytes())


def message(data: bytes) -> Any:
    return TYPES.CompressedImage(
        header=header(), format='', data=np.frombuffer(bytearray(data), np.uint8)
    )


@pytest.mark.parametrize('suffix', ['.png', '.bmp', '.webp', '.jpg'])
def test_picture_comes_out_as_it_went_in(suffix: str) -> None:
    tolerance = {'.jpg': 6, '.webp': 6}.get(suffix, 0)
    np.testing.assert_allclose(decode_compressed(compressed(suffix)), ramp(), atol=tolerance)


@pytest.mark.parametrize('hold', [bytes, lambda data: array.array('B', data)])
def test_any_buffer_will_do(hold: Any) -> None:
    picture = compressed('.png')
    picture.data = hold(bytes(picture.data))
    np.testing.assert_array_equal(decode_compressed(picture), ramp())


@pytest.mark.parametrize(
    'picture',
    [
        ramp()[..., 0],  # grey
        np.dstack([ramp(), ramp()[..., 0]]),  # with alpha
        ramp().astype(np.uint16) * 257,  # 16 bits
    ],
    ids=['grey', 'alpha', '16 bits'],
)
def test_other_pixels_become_bgr8(picture: Any) -> None:
    frame = decode_compressed(compressed('.png', picture))
    assert frame.shape == (48, 64, 3)
    np.testing.assert_array_equal(frame[..., 0], ramp()[..., 0])


def test_orientation_is_not_applied() -> None:
    """camera_info and depth know nothing of EXIF."""
    data = bytes(compressed('.jpg').data)
    tags = struct.pack('>2sHIHHHIHHI', b'MM', 42, 8, 1, 0x0112, 3, 1, 6, 0, 0)
    exif = b'Exif\0\0' + tags
    turned = data[:2] + b'\xff\xe1' + struct.pack('>H', len(exif) + 2) + exif + data[2:]
    upright = cv2.imdecode(np.frombuffer(turned, np.uint8), cv2.IMREAD_COLOR)
    assert upright.shape == (64, 48, 3), 'the test needs a picture that OpenCV turns'
    assert decode_compressed(message(turned)).shape == (48, 64, 3)


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of so many pixels and hardly a byte."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack('>I', len(content)) + checked + struct.pack('>I', zlib.crc32(checked))

    head = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    parts = chunk(b'IHDR', head) + chunk(b'IDAT', zlib.compress(b'')) + chunk(b'IEND', b'')
    return b'\x89PNG\r\n\x1a\n' + parts


def jpeg_of_size(width: int, height: int) -> bytes:
    """Return a JPEG whose header claims another size."""
    data = bytearray(compressed('.jpg').data)
    place = data.index(b'\xff\xc0')
    data[place + 5 : place + 9] = struct.pack('>HH', height, width)
    return bytes(data)


@pytest.mark.parametrize(
    ('data', 'says'),
    [
        (b'', 'is empty'),
        (b'not a picture at all', 'damaged or no picture'),
        (bytes(compressed('.jpg').data)[:500], 'cut off'),
        (bytes(compressed('.png').data)[:500], 'cut off'),
        (b'\xff\xd8', 'cut off|damaged'),
        (b'\xff\xd8' + b'\xff' * 50, 'cut off|damaged'),
        (b'\x89PNG\r\n\x1a\n', '0x0 pixels|cut off'),
        (bytes(compressed('.png', ramp()[:1, :1]).data), '1x1 pixels'),
        (bomb(60_000, 60_000), '60000x60000 pixels, but at most'),
        (jpeg_of_size(65_000, 65_000), '65000x65000 pixels, but at most'),
        (bytes(12) + bytes(compressed('.png').data), 'damaged or no picture'),  # compressedDepth
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else '',
)
def test_data_that_is_no_picture(data: bytes, says: str) -> None:
    with pytest.raises(FrameError, match=says) as raised:
        decode_compressed(message(data))
    assert '\n' not in str(raised.value)


def test_compressed_message_is_read_back() -> None:
    stamped = header()
    made = compressed_message(TYPES, ramp(), stamped)
    assert made.header is stamped
    assert made.format == 'bgr8; jpeg compressed bgr8'  # as image_transport's plugin writes it
    assert bytes(made.data[:3]) == b'\xff\xd8\xff'
    np.testing.assert_allclose(decode_compressed(made), ramp(), atol=8)


def test_picture_that_is_too_large_for_a_jpeg() -> None:
    with pytest.raises(FrameError, match='70000x1 cannot be a JPEG'):
        compressed_message(TYPES, np.zeros((1, 70_000, 3), np.uint8), header())
