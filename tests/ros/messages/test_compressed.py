"""CompressedImage messages to pictures, and back."""

from __future__ import annotations

import array
import struct
from typing import Any

import cv2
import numpy as np
import pytest

from openpose_ros.errors import FrameError
from openpose_ros.ros.messages.compressed import compressed_message
from openpose_ros.ros.messages.images import decode_image
from tests.ros.fakes import TYPES, header, image


def ramp() -> np.ndarray[Any, Any]:
    """Return a smooth picture, which a JPEG hardly changes, wider than high."""
    x, y = np.meshgrid(np.linspace(40, 200, 64), np.linspace(40, 200, 48))
    return np.dstack([x, y, 240 - x]).astype(np.uint8)


def compressed(suffix: str, picture: Any = None, text: str = '') -> Any:
    data = cv2.imencode(suffix, ramp() if picture is None else picture)[1].tobytes()
    return message(data, text)


def message(data: bytes, text: str = '') -> Any:
    return TYPES.CompressedImage(
        header=header(), format=text, data=np.frombuffer(bytearray(data), np.uint8)
    )


@pytest.mark.parametrize('suffix', ['.png', '.tiff', '.webp', '.jpg'])
def test_picture_comes_out_as_it_went_in(suffix: str) -> None:
    tolerance = {'.jpg': 6, '.webp': 6}.get(suffix, 0)
    np.testing.assert_allclose(decode_image(compressed(suffix)), ramp(), atol=tolerance)


@pytest.mark.parametrize('hold', [bytes, lambda data: array.array('B', data)])
def test_any_buffer_will_do(hold: Any) -> None:
    picture = compressed('.png')
    picture.data = hold(bytes(picture.data))
    np.testing.assert_array_equal(decode_image(picture), ramp())


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
    frame = decode_image(compressed('.png', picture))
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
    assert decode_image(message(turned)).shape == (48, 64, 3)


def cut_in_half() -> bytes:
    data = bytes(compressed('.jpg').data)
    return data[: data.index(b'\xff\xda') + 60]


@pytest.mark.parametrize(
    ('data', 'says'),
    [
        (b'', 'is empty'),
        (b'not a picture at all', 'damaged or no picture'),
        (bytes(compressed('.jpg').data)[:500], 'cut off .*; see whether its publisher sends all'),
        (cut_in_half(), 'damaged or cut off .*premature end of data'),
        (bytes(compressed('.png').data)[:500], 'cut off'),
        (bytes(compressed('.png', ramp()[:1, :1]).data), '1x1 pixels'),
        (bytes(compressed('.bmp').data), 'is BMP, but must be JPEG, PNG, TIFF or WebP'),
        (bytes(12) + bytes(compressed('.png').data), 'damaged or no picture'),
        (b'\0\0\0\1\x67\x42\0\x1e', 'a piece of H.264 or H.265 video'),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else '',
)
def test_data_that_is_no_picture(data: bytes, says: str) -> None:
    with pytest.raises(FrameError, match=says) as raised:
        decode_image(message(data))
    assert '\n' not in str(raised.value)


def test_pixels_are_limited() -> None:
    pixels = 48 * 64
    assert decode_image(compressed('.jpg'), pixels).shape == (48, 64, 3)
    with pytest.raises(FrameError, match=f'64x48 pixels, but at most {pixels - 1} are decoded'):
        decode_image(compressed('.jpg'), pixels - 1)


@pytest.mark.parametrize('tail', [b'', b'\xff\xd9' + bytes(500), b'\xff\xd9 and more'])
def test_jpeg_of_a_camera_that_ends_otherwise(
    tail: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without its end marker, or with bytes behind it, as UVC cameras send them."""
    whole = bytes(compressed('.jpg').data)
    frame = decode_image(message(whole[:-2] + tail))
    np.testing.assert_array_equal(frame, decode_image(message(whole)))
    assert capfd.readouterr() == ('', '')


DEPTH = ramp()[..., 0].astype(np.uint16) * 100


@pytest.mark.parametrize(
    'text',
    [
        '16UC1; png compressed ',  # compressed_image_transport
        '16UC1; tiff compressed ',
        '32FC1; tiff compressed ',
        '16UC1; compressedDepth png',  # compressed_depth_image_transport
        '32FC1; compressedDepth rvl',
        '16UC1; compressedDepth',  # an older one
        '16UC1',
    ],
)
def test_depth_is_refused_by_its_format(text: str) -> None:
    for data in (bytes(compressed('.png', DEPTH).data), bytes(12)):
        with pytest.raises(FrameError, match=r'depth \(REP 118\), no picture') as raised:
            decode_image(message(data, text))
        assert repr(text) in str(raised.value)


@pytest.mark.parametrize(
    'text', ['h264', 'H.264', 'x264', 'libx264', 'h264_nvenc', 'hevc', 'bgr8; hevc', 'av1', 'vp9']
)
def test_video_is_refused_by_its_format(text: str) -> None:
    with pytest.raises(FrameError, match=r'a piece of \S+ video.*let the camera publish JPEG'):
        decode_image(message(b'\x41\x9a\x24', text))


@pytest.mark.parametrize(
    'text',
    [
        '',
        'jpeg',
        'jpg',
        'png',
        'mjpeg',
        'bgr8; jpeg compressed bgr8',
        'rgb8; png compressed bgr8',
        'mono8; jpeg compressed mono8',
        'yuv422_yuy2; jpeg compressed bgr8',
        'whatever',
    ],
)
def test_other_formats_are_taken_at_their_bytes(text: str) -> None:
    np.testing.assert_array_equal(decode_image(compressed('.png', text=text)), ramp())


@pytest.mark.parametrize('suffix', ['.png', '.tiff'])
@pytest.mark.parametrize('text', ['mono16; {} compressed ', 'mono16; {} compressed mono16', ''])
def test_mono16_is_that_of_a_raw_image(suffix: str, text: str) -> None:
    grey = np.arange(64 * 48, dtype=np.uint16).reshape(48, 64) * 21
    raw = decode_image(image(grey, 'mono16'))
    found = decode_image(compressed(suffix, grey, text.format(suffix[1:])))
    np.testing.assert_array_equal(found, raw)


def test_bgr16_is_that_of_a_raw_image() -> None:
    colours = np.arange(64 * 48 * 3, dtype=np.uint16).reshape(48, 64, 3) * 7
    raw = decode_image(image(colours, 'bgr16'))
    found = decode_image(compressed('.png', colours, 'bgr16; png compressed bgr16'))
    np.testing.assert_array_equal(found, raw)


@pytest.mark.parametrize('bits', [8, 16])
@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
def test_mosaic_that_was_compressed_as_it_is(pattern: str, bits: int) -> None:
    """compressed_image_transport turns no mosaic into colours."""
    mosaic = np.random.default_rng(0).integers(0, 255, (48, 64)).astype(f'u{bits // 8}')
    encoding = f'bayer_{pattern}{bits}'
    raw = decode_image(image(mosaic, encoding))
    for text in (f'{encoding}; png compressed ', f'{encoding}; png compressed mono{bits}'):
        np.testing.assert_array_equal(decode_image(compressed('.png', mosaic, text)), raw)


def test_mosaic_that_came_as_colours() -> None:
    for text in ('bayer_rggb8; png compressed bgr8', 'bayer_rggb8; png compressed '):
        np.testing.assert_array_equal(decode_image(compressed('.png', text=text)), ramp())


def test_compressed_message_is_read_back() -> None:
    stamped = header()
    made = compressed_message(TYPES, ramp(), stamped)
    assert made.header is stamped
    assert made.format == 'bgr8; jpeg compressed bgr8'  # as image_transport's plugin writes it
    assert bytes(made.data[:3]) == b'\xff\xd8\xff'
    np.testing.assert_allclose(decode_image(made), ramp(), atol=8)


def test_picture_that_is_too_large_for_a_jpeg() -> None:
    with pytest.raises(FrameError, match='70000x1 cannot be a JPEG'):
        compressed_message(TYPES, np.zeros((1, 70_000, 3), np.uint8), header())
