"""JPEGs as cameras and broken copies leave them: whole, padded, without an end, damaged."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarks.fuzz_pictures import encoded
from openpose_ros.errors import FrameError
from openpose_ros.pictures import decode_picture

END = b'\xff\xd9'


def noise(*options: int) -> bytes:
    image = np.random.default_rng(0).integers(0, 255, (160, 200, 3), np.uint8)
    return encoded('.jpg', cv2.GaussianBlur(image, (0, 0), 2), *options)


PROGRESSIVE = (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)


@pytest.mark.parametrize('options', [(), PROGRESSIVE], ids=['baseline', 'progressive'])
def test_jpeg_without_its_end_marker_has_all_of_its_rows(
    options: tuple[int, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    whole = noise(*options)
    picture = decode_picture(whole[:-2], 'it')
    np.testing.assert_array_equal(picture.image, decode_picture(whole, 'it').image)
    assert picture.note == 'has no end marker; all of its rows are there'
    assert picture.damage == ''
    assert capfd.readouterr() == ('', '')


@pytest.mark.parametrize(
    'tail',
    [
        b'\0' * 9,
        b'motion\xff\xda\0\x04\0\0 photo',
        b'\0' * 1000 + END,  # a camera that fills up after its end, and ends again
        b'\xff' * 64,
    ],
)
@pytest.mark.parametrize('options', [(), PROGRESSIVE], ids=['baseline', 'progressive'])
def test_bytes_behind_the_end_are_allowed(options: tuple[int, ...], tail: bytes) -> None:
    picture = decode_picture(noise(*options) + tail, 'it')
    np.testing.assert_array_equal(picture.image, decode_picture(noise(*options), 'it').image)
    assert (picture.note, picture.damage) == ('', '')


@pytest.mark.parametrize('filling', [b'\0', b'\xaa'])
def test_filling_before_the_end_is_allowed(
    filling: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """UVC cameras do that."""
    picture = decode_picture(noise()[:-2] + filling * 1000 + END, 'it')
    assert (picture.note, picture.damage) == ('', '')
    assert capfd.readouterr() == ('', '')


def zeroed() -> bytes:
    data = noise()
    at = len(data) // 2
    return data[:at] + bytes(2000) + data[at + 2000 :]


def with_left_over_data() -> bytes:
    """Return one whose scan goes on after its last row, as when bytes in it were changed."""
    data = noise()
    return data[:-2] + data[len(data) // 2 : len(data) // 2 + 500].replace(b'\xff', b'') + END


DAMAGED = {
    'half': noise()[: len(noise()) // 2],
    'half with an end': noise()[: len(noise()) // 2] + END,
    'zeroed': zeroed(),
    'left over': with_left_over_data(),
    'half, progressive': noise(*PROGRESSIVE)[: len(noise(*PROGRESSIVE)) // 2],
}


@pytest.mark.parametrize('name', DAMAGED)
def test_damage_is_told_and_what_is_there_is_used(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    picture = decode_picture(DAMAGED[name], 'it')
    assert picture.damage.startswith('is damaged or cut off (Corrupt JPEG data: ')
    assert picture.note == ''
    whole = decode_picture(noise(), 'it').image
    assert picture.image.shape == whole.shape
    assert np.abs(picture.image[:16].astype(int) - whole[:16]).mean() < 16
    assert capfd.readouterr() == ('', ''), 'libjpeg names no file'


def test_jpeg_that_is_cut_off_between_scans_is_cut_off() -> None:
    data = noise(*PROGRESSIVE)
    at = data.index(b'\xff\xc4', data.index(b'\xff\xda'))  # the tables of the second scan
    picture = decode_picture(data[: at + 9], 'it')
    assert picture.damage == f'is cut off after {at + 9} bytes'
    assert picture.image.shape == (160, 200, 3)


def test_thumbnails_end_is_not_the_pictures() -> None:
    data = noise()
    spoiled = data[:2] + b'\xff\xe1\0\x09thumb' + END + data[2 : len(data) // 2]
    assert decode_picture(spoiled, 'it').damage


@pytest.mark.parametrize('garbage', [b'\0\0\0', b'\x12' * 300, b'\xff' * 200])
def test_garbage_between_segments_is_leapt_over(garbage: bytes) -> None:
    data = noise()
    at = data.index(b'\xff\xdb')
    picture = decode_picture(data[:at] + garbage + data[at:], 'it')
    np.testing.assert_array_equal(picture.image, decode_picture(data, 'it').image)


def test_endless_scans_are_refused() -> None:
    from benchmarks.refusals import jpeg_of_scans

    with pytest.raises(FrameError, match='more than 100 scans'):
        decode_picture(jpeg_of_scans(200), 'it')
    assert decode_picture(jpeg_of_scans(20), 'it').image.shape == (47, 61, 3)
