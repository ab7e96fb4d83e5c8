"""Image messages to pictures: every encoding against colours that were put in by hand."""

from __future__ import annotations

import array
from collections.abc import Callable
from typing import Any

import cv2
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import numpy.typing as npt
import pytest

from openpose_ros.errors import FrameError
from openpose_ros.ros.messages.images import ENCODINGS, decode_image, image_message
from tests.ros.fakes import TYPES, header, image

Pixels = npt.NDArray[Any]
SIZE = (24, 16)  # width, height

# Blue, green, red and a grey; each with BT.601's studio-swing Y, U, V, computed by hand from
# Y = 16 + 65.48 r + 128.55 g + 24.97 b and so on, with r, g, b in [0, 1].
COLOURS = {
    'red': ((0, 0, 255), (81, 90, 240)),
    'green': ((0, 255, 0), (145, 54, 34)),
    'blue': ((255, 0, 0), (41, 240, 110)),
    'grey': ((128, 128, 128), (126, 128, 128)),
}


def plain(colour: str) -> Pixels:
    """Return a picture of one colour, uint8 (H, W, 3), blue, green, red."""
    return np.full((SIZE[1], SIZE[0], 3), COLOURS[colour][0], np.uint8)


def yuv(colour: str) -> tuple[int, int, int]:
    return COLOURS[colour][1]


def packed(colour: str, order: str) -> Pixels:
    y, u, v = yuv(colour)
    cell = [{'y': y, 'u': u, 'v': v}[letter] for letter in order]
    return np.tile(np.array(cell, np.uint8).reshape(1, 2, 2), (SIZE[1], SIZE[0] // 2, 1))


def planar(colour: str, order: str, rows: float, columns: int) -> bytes:
    y, u, v = yuv(colour)
    width, height = SIZE
    pair = [{'u': u, 'v': v}[letter] for letter in order]
    chroma = pair * (int(height * rows) * width * columns // 2)
    return bytes([y] * (width * height) + chroma)


def mosaic(picture: Pixels, pattern: str) -> Pixels:
    """Return what a sensor behind a Bayer filter sees, (H, W); pattern names its first 2x2."""
    raw = np.empty(picture.shape[:2], picture.dtype)
    for place, letter in enumerate(pattern):
        rows, columns = slice(place // 2, None, 2), slice(place % 2, None, 2)
        raw[rows, columns] = picture[rows, columns, 'bgr'.index(letter)]
    return raw


def stored_as(colour: str, encoding: str) -> Any:
    """Return a message that shows a plain colour, made from the encoding's definition."""
    bgr = plain(colour)
    if encoding.startswith('bayer'):
        raw = mosaic(bgr, encoding[6:10])
        return image(raw.astype(np.uint16) * 257 if encoding.endswith('16') else raw, encoding)
    if encoding in ('uyvy', 'yuv422'):
        return image(packed(colour, 'uyvy'), encoding)
    if encoding in ('yuyv', 'yuv422_yuy2'):
        return image(packed(colour, 'yuyv'), encoding)
    if encoding == 'nv21':
        return image(planar(colour, 'vu', 0.5, 1), encoding, SIZE, step=SIZE[0])
    if encoding == 'nv12':
        return image(planar(colour, 'uv', 0.5, 1), encoding, SIZE, step=SIZE[0])
    if encoding == 'nv24':
        return image(planar(colour, 'uv', 1, 2), encoding, SIZE, step=SIZE[0])
    order = {'8UC3': 'bgr', '8UC4': 'bgra'}.get(encoding, encoding.rstrip('0123456789'))
    with_alpha = np.dstack([bgr, np.full(bgr.shape[:2], 77, np.uint8)])
    pixels = with_alpha[..., ['bgra'.index(letter) for letter in order]]
    return image(pixels.astype(np.uint16) * 257 if encoding.endswith('16') else pixels, encoding)


COLOURED = [name for name in ENCODINGS if name not in ('mono8', 'mono16', '8UC1')]


@pytest.mark.parametrize('colour', COLOURS)
@pytest.mark.parametrize('encoding', COLOURED)
def test_colour_comes_out_as_it_went_in(encoding: str, colour: str) -> None:
    frame = decode_image(stored_as(colour, encoding))
    assert frame.shape == (SIZE[1], SIZE[0], 3)
    assert frame.dtype == np.uint8
    tolerance = 3 if encoding[:2] in ('uy', 'yu', 'nv') else 0
    np.testing.assert_allclose(frame, plain(colour), atol=tolerance)


@pytest.mark.parametrize('encoding', ['mono8', '8UC1'])
def test_grey_becomes_three_equal_channels(encoding: str) -> None:
    grey = np.arange(16 * 16, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(decode_image(image(grey, encoding)), np.dstack([grey] * 3))


@pytest.mark.parametrize('is_bigendian', [0, 1])
def test_sixteen_bits_become_eight_rounded(is_bigendian: int) -> None:
    grey = np.arange(1 << 16, dtype=np.uint16).reshape(256, 256)
    stored = grey.astype('>u2' if is_bigendian else '<u2')
    frame = decode_image(image(stored, 'mono16', is_bigendian=is_bigendian))
    np.testing.assert_array_equal(frame[..., 1], np.rint(grey / 257))


@pytest.mark.parametrize('encoding', ['nv12', 'nv21', 'nv24', 'uyvy', 'yuyv'])
def test_colours_stay_at_their_place(encoding: str) -> None:
    """The left half is red, the right half blue, and the lower half is dark."""
    width, height = SIZE
    left = np.arange(width) < width // 2
    y, u, v = (np.where(left, red, blue) for red, blue in zip(yuv('red'), yuv('blue')))
    luma = np.tile(y, (height, 1)).astype(np.uint8)
    luma[height // 2 :] = 16 + (luma[height // 2 :] - 16) // 4
    u, v = np.tile(u, (height, 1)).astype(np.uint8), np.tile(v, (height, 1)).astype(np.uint8)
    pairs = np.dstack([u, v])
    if encoding == 'nv21':
        data = luma.tobytes() + pairs[::2, ::2, ::-1].tobytes()
        message = image(data, encoding, SIZE, step=width)
    elif encoding == 'nv12':
        data = luma.tobytes() + pairs[::2, ::2].tobytes()
        message = image(data, encoding, SIZE, step=width)
    elif encoding == 'nv24':
        message = image(luma.tobytes() + pairs.tobytes(), encoding, SIZE, step=width)
    else:
        chroma = np.where(np.arange(width) % 2, v, u)
        order = [chroma, luma] if encoding == 'uyvy' else [luma, chroma]
        message = image(np.dstack(order), encoding)
    frame = decode_image(message).astype(int)
    reds, blues = frame[:4, :8, 2] - frame[:4, :8, 0], frame[:4, -8:, 0] - frame[:4, -8:, 2]
    assert reds.min() > 200
    assert blues.min() > 200
    assert (frame.sum(axis=2)[:4] > frame.sum(axis=2)[-4:] + 15).all()


def test_full_and_half_size_chroma_agree() -> None:
    """OpenCV does not know nv24; with the same chroma everywhere it must look as nv21 does."""
    luma = np.random.default_rng(0).integers(0, 256, SIZE[::-1], np.uint8)
    u, v = 90, 170
    pixels = SIZE[0] * SIZE[1]
    whole = image(luma.tobytes() + bytes([u, v] * pixels), 'nv24', SIZE, step=SIZE[0])
    half = image(luma.tobytes() + bytes([v, u] * (pixels // 4)), 'nv21', SIZE, step=SIZE[0])
    np.testing.assert_array_equal(decode_image(whole), decode_image(half))


@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
@pytest.mark.parametrize('bits', [8, 16])
def test_mosaic_keeps_shapes(pattern: str, bits: int) -> None:
    """A red square on blue: the wrong pattern would swap them, or leave a checkerboard."""
    picture = np.full((32, 40, 3), (200, 30, 20), np.uint8)
    picture[8:24, 10:30] = (20, 30, 200)
    raw = mosaic(picture, pattern)
    raw = raw.astype(np.uint16) * 257 if bits == 16 else raw
    frame = decode_image(image(raw, f'bayer_{pattern}{bits}'))
    for rows, columns in ((slice(11, 21), slice(13, 27)), (slice(2, 6), slice(2, 38))):
        np.testing.assert_array_equal(frame[rows, columns], picture[rows, columns])


@pytest.mark.parametrize('encoding', ENCODINGS)
@pytest.mark.parametrize('padding', [1, 2, 5, 64])
def test_row_padding_changes_nothing(encoding: str, padding: int) -> None:
    tight = noise(encoding)
    rows = np.asarray(tight.data).reshape(-1, tight.step)
    if encoding == 'nv24':  # a row of chroma is twice as long, and so is its padding
        luma, chroma = rows[: SIZE[1]], rows[SIZE[1] :].reshape(-1, 2 * tight.step)
        loose = with_padding(luma, padding) + with_padding(chroma, 2 * padding)
    else:
        loose = with_padding(rows, padding)
    message = image(loose, encoding, SIZE, step=tight.step + padding)
    np.testing.assert_array_equal(decode_image(message), decode_image(tight))


@pytest.mark.parametrize('encoding', [name for name in ENCODINGS if name.endswith('16')])
@pytest.mark.parametrize('padding', [0, 3])
def test_byte_order_changes_nothing(encoding: str, padding: int) -> None:
    little = noise(encoding)
    big = np.asarray(little.data).view('<u2').astype('>u2').view(np.uint8)
    rows = with_padding(big.reshape(-1, little.step), padding)
    message = image(rows, encoding, SIZE, step=little.step + padding, is_bigendian=1)
    np.testing.assert_array_equal(decode_image(message), decode_image(little))


def noise(encoding: str) -> Any:
    """Return a message of noise without padding."""
    grey = encoding in ('mono8', 'mono16', '8UC1')
    step = (
        SIZE[0] * (2 if encoding == 'mono16' else 1) if grey else stored_as('red', encoding).step
    )
    planes = {'nv12': 1.5, 'nv21': 1.5, 'nv24': 3}.get(encoding, 1)
    data = np.random.default_rng(1).integers(0, 256, int(step * SIZE[1] * planes), np.uint8)
    return image(data.tobytes(), encoding, SIZE, step=step)


def with_padding(rows: Pixels, padding: int) -> bytes:
    return np.pad(rows, ((0, 0), (0, padding)), constant_values=255).tobytes()


BY_CV_BRIDGE = [
    name for name in ENCODINGS if name[:2] not in ('8U', 'nv', 'uy') and name != 'yuyv'
]


@pytest.mark.parametrize('encoding', BY_CV_BRIDGE)
@pytest.mark.parametrize('padded_pixels', [0, 3])
def test_pixels_are_those_of_cv_bridge(encoding: str, padded_pixels: int) -> None:
    """Padding is of whole pixels: cv_bridge's Python half takes other rows apart wrongly."""
    bridge = pytest.importorskip('cv_bridge', reason='needs ROS 2 with cv_bridge').CvBridge()
    tight = noise(encoding)
    padding = padded_pixels * (tight.step // SIZE[0])
    rows = with_padding(np.asarray(tight.data).reshape(-1, tight.step), padding)
    # It swaps bytes with a method that NumPy 2 lacks.
    for is_bigendian in (0, 1) if hasattr(np.ndarray, 'newbyteorder') else (0,):
        message = image(rows, encoding, SIZE, step=tight.step + padding, is_bigendian=is_bigendian)
        theirs = bridge.imgmsg_to_cv2(message, 'bgr8')
        np.testing.assert_array_equal(decode_image(message), theirs)


@pytest.mark.parametrize(
    'hold',
    [bytes, bytearray, memoryview, lambda data: array.array('B', data)],
    ids=['bytes', 'bytearray', 'memoryview', 'array.array'],
)
def test_any_buffer_will_do(hold: Callable[[bytes], Any]) -> None:
    message = stored_as('green', 'rgb8')
    message.data = hold(bytes(message.data))
    np.testing.assert_array_equal(decode_image(message), plain('green'))


def test_bgr8_is_not_copied() -> None:
    message = image(np.zeros((16, 16, 3), np.uint8), 'bgr8')
    assert np.shares_memory(decode_image(message), message.data)
    padded = image(bytes(64 * 16), 'bgr8', (16, 16), step=64)
    assert np.shares_memory(decode_image(padded), padded.data)


def test_more_bytes_than_needed_are_left_alone() -> None:
    message = stored_as('red', 'bgr8')
    message.data = np.append(message.data, np.zeros(100, np.uint8))
    np.testing.assert_array_equal(decode_image(message), plain('red'))


@pytest.mark.parametrize('encoding', ['mono8', 'rgb8', 'bayer_rggb8', 'nv24', 'mono16'])
@pytest.mark.parametrize('size', [(9, 9), (33, 8), (8, 35)])
def test_odd_sizes(encoding: str, size: tuple[int, int]) -> None:
    step = size[0] * {'rgb8': 3, 'mono16': 2}.get(encoding, 1)
    message = image(bytes([120]) * (3 * step * size[1]), encoding, size, step=step)
    assert decode_image(message).shape == (size[1], size[0], 3)


HUGE = 1 << 31
GOOD = image(np.zeros((16, 16, 3), np.uint8), 'bgr8')


@pytest.mark.parametrize(
    ('changes', 'says'),
    [
        ({'encoding': 'nonsense'}, "encoding is 'nonsense'.*expected one of bgr8"),
        ({'encoding': ''}, "encoding is ''"),
        ({'encoding': '16UC1'}, "'16UC1', which is not a picture"),  # depth, REP 118
        ({'encoding': '32FC1'}, "'32FC1', which is not a picture"),
        ({'encoding': 'x\ny' * 10**6}, r"encoding is 'x\\ny.*\.\.\.'"),  # one short line
        ({'width': 0}, '0x16 pixels'),
        ({'height': 0}, '16x0 pixels'),
        ({'width': 1, 'height': 1, 'step': 3}, '1x1 pixels; nobody'),
        ({'width': 17}, 'step is 48, but a row of 17 pixels in bgr8 has 51 bytes'),
        ({'step': 47}, 'step is 47'),
        ({'step': 0}, 'step is 0'),
        ({'step': 49}, '768 bytes, but 16 rows of 49 bytes'),
        ({'height': 17}, '768 bytes, but 17 rows'),
        ({'data': np.zeros(767, np.uint8)}, '767 bytes'),
        ({'data': np.zeros(0, np.uint8)}, '0 bytes'),
        ({'width': HUGE, 'height': HUGE, 'step': 3 * HUGE}, 'at most 100000000'),
        ({'width': 30_000, 'height': 3_000, 'step': 90_000}, '768 bytes'),
        ({'encoding': 'uyvy', 'width': 15}, '15x16.*its width must be even'),
        ({'encoding': 'yuyv', 'width': 15}, 'width must be even'),
        ({'encoding': 'nv21', 'height': 15, 'step': 16}, 'width and height must be even'),
        ({'encoding': 'nv21', 'step': 33}, '768 bytes, but 16 rows of 33 bytes in nv21 are 792'),
        ({'encoding': 'nv24', 'step': 17}, 'are 816'),
        ({'encoding': 'bayer_rggb8', 'width': 2, 'height': 2}, '2x2 pixels'),
    ],
)
def test_message_that_contradicts_itself(changes: dict[str, Any], says: str) -> None:
    message = TYPES.Image(**{**vars(GOOD), **changes})
    with pytest.raises(FrameError, match=says) as raised:
        decode_image(message)
    assert '\n' not in str(raised.value)
    assert len(str(raised.value)) < 700


@given(
    encoding=st.sampled_from((*ENCODINGS, 'other')),
    width=st.integers(0, 40),
    height=st.integers(0, 40),
    step=st.integers(0, 200),
    size=st.integers(0, 9000),
    is_bigendian=st.integers(0, 255),
)
def test_any_message_is_a_picture_or_a_frame_error(
    encoding: str, width: int, height: int, step: int, size: int, is_bigendian: int
) -> None:
    message = image(bytes(size), encoding, (width, height), step=step, is_bigendian=is_bigendian)
    try:
        frame = decode_image(message)
    except FrameError as exc:
        assert '\n' not in str(exc)  # noqa: PT017  either is right
    else:
        assert frame.shape == (height, width, 3)
        assert frame.dtype == np.uint8


def test_image_message_is_read_back() -> None:
    frame = np.random.default_rng(2).integers(0, 256, (17, 13, 3), np.uint8)
    stamped = header()
    message = image_message(TYPES, frame, stamped)
    assert message.header is stamped
    assert (message.encoding, message.step, message.is_bigendian) == ('bgr8', 39, 0)
    np.testing.assert_array_equal(decode_image(message), frame)


def test_compressed_message_is_told_by_its_fields() -> None:
    grey = np.full((16, 16, 3), 100, np.uint8)
    data = cv2.imencode('.png', grey)[1].ravel()
    message = TYPES.CompressedImage(header=header(), format='png', data=data)
    np.testing.assert_array_equal(decode_image(message), grey)
