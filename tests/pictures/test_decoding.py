"""The door: pixels come out as they went in, or one line says why not."""

from __future__ import annotations

from collections.abc import Callable
import struct
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks.fuzz_pictures import (
    animated_gif,
    animated_png,
    animated_webp,
    big_tiff,
    encoded,
    pages_tiff,
    png_chunk,
    rle_bmp,
    scene,
)
from openpose_ros.errors import FrameError
from openpose_ros.pictures import MAX_IMAGE_PIXELS, decode_picture
from openpose_ros.pictures.formats import MESSAGE_FORMATS

SUFFIXES = ['.jpg', '.png', '.tiff', '.webp', '.bmp', '.ppm', '.gif', '.jp2', '.avif']


def made(make: Callable[[], bytes]) -> bytes:
    """Return a picture; skip where this OpenCV makes none of its kind."""
    try:
        return make()
    except (AttributeError, cv2.error):
        pytest.skip('this OpenCV does not write this format')


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_pixels_are_those_of_opencv(suffix: str) -> None:
    data = made(lambda: encoded(suffix))
    picture = decode_picture(data, 'it')
    theirs = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(picture.image, theirs)
    assert picture.image.flags.writeable
    assert (picture.note, picture.damage) == ('', '')


@pytest.mark.parametrize('hold', [bytes, bytearray, memoryview, np.frombuffer])
def test_any_buffer_will_do_and_stays_as_it_is(hold: Any) -> None:
    data = encoded('.png')
    held = np.frombuffer(data, np.uint8) if hold is np.frombuffer else hold(data)
    np.testing.assert_array_equal(decode_picture(held, 'it').image, scene())
    assert bytes(held) == data


def grey_png(width: int, height: int) -> np.ndarray[Any, Any]:
    return np.tile(np.arange(width, dtype=np.uint8)[None, :, None], (height, 1, 3))


FIRST = [  # file, what its first picture is, what is said of it
    (animated_png, lambda: grey_png(40, 30), 'is an animation'),
    (lambda: animated_png(dispose=2), lambda: grey_png(40, 30), 'is an animation'),
    (pages_tiff, scene, 'has several pages'),
    (big_tiff, lambda: np.repeat(np.arange(64, dtype=np.uint8).reshape(8, 8, 1), 3, 2), ''),
    (rle_bmp, lambda: np.broadcast_to(np.uint8([28, 29, 30]), (30, 40, 3)), ''),
]


@pytest.mark.parametrize(('make', 'expected', 'note'), FIRST)
def test_first_picture_is_taken(
    make: Callable[[], bytes], expected: Callable[[], Any], note: str
) -> None:
    picture = decode_picture(made(make), 'it')
    np.testing.assert_array_equal(picture.image, expected())
    assert picture.note.startswith(note)


def test_first_picture_of_a_gif_is_the_single_one() -> None:
    alone, several = made(lambda: encoded('.gif')), made(animated_gif)
    picture = decode_picture(several, 'it')
    assert picture.note == 'is an animation; its first picture is used'
    np.testing.assert_array_equal(picture.image, decode_picture(alone, 'it').image)


def test_first_picture_of_a_webp_lies_where_it_belongs_on_its_canvas() -> None:
    picture = decode_picture(made(animated_webp), 'it')
    assert picture.note == 'is an animation; its first picture is used'
    expected = np.zeros((44, 60, 3), np.uint8)
    expected[6:22, 8:28] = scene(20, 16)
    np.testing.assert_array_equal(picture.image, expected)


def test_sequence_of_avif_pictures_gives_its_first() -> None:
    from benchmarks.fuzz_pictures import animated_avif

    data = made(animated_avif)
    assert data[8:12] == b'avis', 'the test needs a sequence'
    picture = decode_picture(data, 'it')
    assert picture.image.shape == scene().shape
    assert np.abs(picture.image.astype(int) - scene()).mean() < 12
    assert picture.note == 'is an animation; its first picture is used'


def test_text_and_profiles_of_a_png_are_left_out() -> None:
    """Damaged profiles make libpng talk, and compressed text may be long."""
    data = encoded('.png')
    at = data.index(b'IDAT') - 4
    with_more = data[:at] + png_chunk(b'iCCP', b'x\0\0junk') + png_chunk(b'zTXt', b'') + data[at:]
    np.testing.assert_array_equal(decode_picture(with_more, 'it').image, scene())


REFUSED = [  # data, what the message says
    (b'', 'it is empty'),
    (b'Dear diary, this is no picture', r"begins with b'Dear diary, '; expected JPEG, PNG"),
    (b'\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'it is HEIC, but must be JPEG'),
    (b'\0\0\0\x18ftypmif1\0\0\0\0mif1heic', 'it is HEIC, but must be JPEG'),
    (b'\0\0\0\x0cJXL \r\n\x87\n', 'it is JPEG XL'),
    (b'%PDF-1.7', 'it is PDF'),
    (b'8BPS\0\1', 'it is Photoshop'),
    (b'P7\nWIDTH 1', 'it is PAM'),
    (encoded('.png')[:60], 'cut off: a chunk of|cut off after 60 bytes'),
    (encoded('.jpg')[:200], 'cut off after 200 bytes'),
    (encoded('.bmp')[:500], r'cut off: it has 500 of \d+ bytes'),
    (encoded('.ppm')[:500], r'cut off: it has 500 of \d+ bytes'),
    (encoded('.tiff')[:500], 'cut off after 500 bytes'),
    (encoded('.webp')[:40], 'cut off: a chunk of'),
    (b'\xff\xd8', 'cut off'),
    (b'\xff\xd8' + b'\xff' * 50, 'cut off'),
    (b'\x89PNG\r\n\x1a\n', 'cut off'),
    (encoded('.png').replace(b'IHDR', b'CgBI', 1), "Apple's own form"),
    (encoded('.jpg').replace(b'\xff\xc0', b'\xff\xc4', 1), 'no size|cut off|damaged'),
]


@pytest.mark.parametrize(('data', 'says'), REFUSED)
def test_what_is_refused_is_named(data: bytes, says: str) -> None:
    with pytest.raises(FrameError, match=says) as caught:
        decode_picture(data, 'it')
    assert '\n' not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize('suffix', ['.bmp', '.ppm', '.gif', '.jp2', '.avif'])
def test_message_takes_four_formats(suffix: str) -> None:
    data = made(lambda: encoded(suffix))
    with pytest.raises(FrameError, match='but must be JPEG, PNG, TIFF or WebP'):
        decode_picture(data, 'it', formats=MESSAGE_FORMATS)


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_pixels_are_counted_before_decoding(suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = made(lambda: encoded(suffix))
    pixels = scene().shape[0] * scene().shape[1]
    decode_picture(data, 'it', max_pixels=pixels)
    monkeypatch.setattr(cv2, 'imdecode', None)
    with pytest.raises(FrameError, match=f'it is 61x47 pixels, but at most {pixels - 1}'):
        decode_picture(data, 'it', max_pixels=pixels - 1)


def test_avif_whose_bitstream_is_larger_than_it_says_is_refused() -> None:
    data = bytearray(made(lambda: encoded('.avif')))
    place = data.index(b'ispe') + 8
    data[place : place + 8] = struct.pack('>II', 8, 8)
    with pytest.raises(FrameError, match=r'8x8 pixels \(2867 pixels decoded at once\)'):
        decode_picture(bytes(data), 'it', max_pixels=1000)


def test_thumbnail_of_a_camera_raw_file_is_no_picture() -> None:
    from benchmarks.refusals import tiff

    for raw in (tiff(t254=1), tiff(t50706=1)):
        with pytest.raises(FrameError, match='raw file of a camera'):
            decode_picture(raw, 'it')


def test_gif_of_more_codes_than_pixels_is_refused() -> None:
    """OpenCV makes a table of 4096 entries anew for each code that asks for one."""
    from benchmarks.refusals import gif_of_clear_codes

    with pytest.raises(FrameError, match=r'307201 bytes for a picture of 64x64 pixels'):
        decode_picture(gif_of_clear_codes(64), 'it')


def test_measurements_are_no_picture() -> None:
    data = encoded('.tiff', scene(channels=1).astype(np.float32))
    with pytest.raises(FrameError, match='32 bits a sample'):
        decode_picture(data, 'it')


def test_default_limit_lets_large_photographs_through() -> None:
    assert MAX_IMAGE_PIXELS == 100_000_000
