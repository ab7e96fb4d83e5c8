"""Pictures are read as they are meant to be seen, or refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
import os
from pathlib import Path
import struct

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from openpose_ros.errors import FrameError
from openpose_ros.io.pictures import Picture, is_picture, read_picture


def scene() -> npt.NDArray[np.uint8]:
    """Return 48 x 64 pixels, each quarter of another colour."""
    image = np.zeros((48, 64, 3), np.uint8)
    image[:24, :32], image[:24, 32:] = (255, 0, 0), (0, 255, 0)
    image[24:, :32], image[24:, 32:] = (0, 0, 255), (200, 200, 200)
    return image


def save(path: Path, image: npt.NDArray[np.generic]) -> Path:
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return path


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """Put an EXIF segment that says how the camera was held behind the start of a JPEG."""
    entry = struct.pack('<HHIHH', 0x0112, 3, 1, orientation, 0)
    tiff = b'II*\0' + struct.pack('<IH', 8, 1) + entry + struct.pack('<I', 0)
    exif = b'Exif\0\0' + tiff
    return jpeg[:2] + b'\xff\xe1' + struct.pack('>H', len(exif) + 2) + exif + jpeg[2:]


@pytest.mark.parametrize('suffix', ['.png', '.bmp', '.tiff', '.ppm', '.webp'])
def test_read_picture_keeps_colours_and_size(tmp_path: Path, suffix: str) -> None:
    found = read_picture(save(tmp_path / f'scene{suffix}', scene()))
    assert found.dtype == np.uint8
    assert found.shape == (48, 64, 3)
    assert np.abs(found.astype(int) - scene()).mean() < 3  # WebP loses a little


CONVERSIONS = [  # file's pixels, expected pixels
    pytest.param(scene()[..., 1], np.repeat(scene()[..., 1:2], 3, axis=2), id='grey'),
    pytest.param(np.dstack([scene(), scene()[..., 0]]), scene(), id='alpha'),
    pytest.param(scene().astype(np.uint16) * 256 + 99, scene(), id='16 bit'),
    pytest.param(
        scene()[..., 1].astype(np.uint16) * 256, np.repeat(scene()[..., 1:2], 3, 2), id='grey 16'
    ),
]


@pytest.mark.parametrize(('stored', 'expected'), CONVERSIONS)
def test_read_picture_converts_other_pixels(
    tmp_path: Path, stored: npt.NDArray[np.generic], expected: npt.NDArray[np.uint8]
) -> None:
    found = read_picture(save(tmp_path / 'scene.png', stored))
    np.testing.assert_array_equal(found, expected)


def test_read_picture_turns_a_portrait_upright(tmp_path: Path) -> None:
    path = tmp_path / 'phone.jpg'
    path.write_bytes(with_orientation(cv2.imencode('.jpg', scene())[1].tobytes(), 6))
    found = read_picture(path)
    assert found.shape == (64, 48, 3)
    expected = cv2.rotate(scene(), cv2.ROTATE_90_CLOCKWISE)
    assert np.abs(found.astype(int) - expected).mean() < 6


def test_read_picture_takes_one_pixel_and_any_name(tmp_path: Path) -> None:
    path = save(tmp_path / 'ein Bild — 写真 é.png', np.full((1, 1, 3), 7, np.uint8))
    assert read_picture(path).tolist() == [[[7, 7, 7]]]


def test_picture_is_a_source_of_one_still_frame(make_picture: Callable[..., Path]) -> None:
    picture = Picture(make_picture('a.b.png'))
    (frame,) = picture.frames()
    assert (frame.source, frame.index, frame.stamp_s, frame.fps) == (
        picture.name,
        0,
        None,
        None,
    )
    assert (picture.stem, picture.total) == ('a.b', 1)


def jpeg(*, tail: bytes = b'') -> bytes:
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    return bytes(cv2.imencode('.jpg', noise)[1].tobytes()) + tail


def png() -> bytes:
    return bytes(cv2.imencode('.png', scene())[1].tobytes())


GIF_IMAGE = b'\x2c\0\0\0\0\1\0\1\0\0\2\2\x4c\1\0\x3b'  # of one pixel
BROKEN = [  # name, content, what the message says
    ('empty.jpg', b'', 'is empty'),
    ('text.jpg', b'Dear diary, this is no picture', 'no picture'),
    ('header.jpg', jpeg()[:300], 'cut off'),
    ('half.png', png()[:60], 'cut off'),
    # a thumbnail's end is not the picture's
    ('thumb.jpg', with_orientation(jpeg(), 1)[:2] + b'\xff\xe1\0\x06\xff\xd9\0\0', 'cut off'),
    ('photo.heic', b'\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'is HEIC, but must be'),
    ('photo.gif', b'GIF89a\xff\xff\xff\xff\0\0\0' + GIF_IMAGE, 'is 65535x65535 pixels, but'),
]


@pytest.mark.parametrize(('name', 'content', 'says'), BROKEN, ids=[case[0] for case in BROKEN])
def test_read_picture_refuses_what_is_none(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FrameError, match=says) as caught:
        read_picture(path)
    assert name in str(caught.value)
    assert '\n' not in str(caught.value)


def test_read_picture_refuses_too_many_pixels(tmp_path: Path) -> None:
    content = bytearray(png())
    content[16:24] = struct.pack('>II', 60_000, 60_000)
    path = tmp_path / 'bomb.png'
    path.write_bytes(content)
    with pytest.raises(FrameError, match=r'bomb\.png'):
        read_picture(path)


def test_read_picture_names_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FrameError, match=r'cannot read .*gone\.jpg: No such file'):
        read_picture(tmp_path / 'gone.jpg')


@pytest.mark.parametrize('tail', [b'\0' * 9, b'motion\xff\xda\0\x04\0\0 photo'])
def test_read_picture_allows_bytes_behind_the_end(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / 'phone.jpg'
    path.write_bytes(jpeg(tail=tail))
    assert read_picture(path).shape == (200, 200, 3)


def test_large_file_is_refused_by_its_beginning(tmp_path: Path) -> None:
    """The rest of it is not even read: nothing can read a hole of a terabyte."""
    path = tmp_path / 'hole.jpg'
    path.write_bytes(b'\xff\xd8' + b'\xff' * (1 << 18))
    os.truncate(path, 1 << 40)
    with pytest.raises(FrameError, match=r'hole\.jpg is damaged: it has 4096 bytes of filling'):
        read_picture(path)


def test_file_of_too_many_bytes_is_not_read(make_picture: Callable[..., Path]) -> None:
    path = make_picture('photo.png')
    os.truncate(path, 1 << 40)
    with pytest.raises(FrameError, match=r'photo\.png has 1099511627776 bytes, but a picture of'):
        read_picture(path)


def test_pixels_of_a_file_are_limited(make_picture: Callable[..., Path]) -> None:
    path = make_picture('photo.png', (64, 48))
    assert read_picture(path, max_pixels=64 * 48).shape == (48, 64, 3)
    with pytest.raises(FrameError, match=r'photo\.png is 64x48 pixels, but at most 3071'):
        next(Picture(path, 64 * 48 - 1).frames())


def test_jpeg_without_its_end_marker_is_used_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / 'camera.jpg'
    path.write_bytes(jpeg()[:-2])
    (frame,) = Picture(path).frames()
    assert frame.note == 'has no end marker; all of its rows are there'
    np.testing.assert_array_equal(frame.image, cv2.imdecode(np.frombuffer(jpeg(), np.uint8), 1))


def test_damaged_jpeg_is_used_and_then_complained_of(tmp_path: Path) -> None:
    path = tmp_path / 'half.jpg'
    path.write_bytes(jpeg()[:20_000])
    frames = Picture(path).frames()
    frame = next(frames)
    whole = cv2.imdecode(np.frombuffer(jpeg(), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(frame.image[:72], whole[:72])
    with pytest.raises(FrameError, match=r'half\.jpg is damaged or cut off .*could be read'):
        next(frames)


def test_picture_is_read_from_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / 'pipe.png'
    os.mkfifo(path)
    content = bytes(cv2.imencode('.png', scene())[1].tobytes())
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(path.write_bytes, content)
        np.testing.assert_array_equal(read_picture(path), scene())
        assert writing.result() == len(content)


NAMED = [  # name, content, whether it is a picture
    ('noext', jpeg(), True),
    ('photo.jfif', jpeg(), True),
    ('photo.mp4', jpeg(), True),
    ('photo.heic', b'\0\0\0\x18ftypheic\0\0\0\0mif1heic', True),
    ('photo.jpg', b'Dear diary', True),  # its error is a picture's
    ('walk.jpg', b'\0\0\0\x18ftypisom\0\0\2\0isom', False),
    ('walk.png', b'RIFF\0\0\0\0AVI LIST', False),
    ('walk.webp', b'\x1aE\xdf\xa3\1\0\0\0', False),
    ('notes', b'Dear diary', False),
    ('empty.mp4', b'', False),
    ('empty.png', b'', True),
]


@pytest.mark.parametrize(('name', 'content', 'expected'), NAMED)
def test_bytes_go_before_names(tmp_path: Path, name: str, content: bytes, expected: bool) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert is_picture(path) is expected
