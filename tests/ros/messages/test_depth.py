"""Depth images from messages, raw and packed."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from openpose_ros.errors import FrameError
from openpose_ros.ros.messages.depth import decode_depth
from tests.ros.fakes import TYPES, header, image

MOST = 10**6


def millimetres(size: tuple[int, int] = (24, 16)) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).integers(0, 65536, size[::-1]).astype(np.uint16)


def metres(size: tuple[int, int] = (24, 16)) -> np.ndarray[Any, Any]:
    depth = np.random.default_rng(1).uniform(0.5, 9.0, size[::-1]).astype(np.float32)
    depth[0, :5] = np.nan
    return depth


def packed(
    depth: np.ndarray[Any, Any],
    text: str = '',
    *,
    most_m: float = 10.0,
    quantization: float = 100.0,
) -> Any:
    """Pack as codec.cpp of compressed_depth_image_transport does."""
    a = b = 0.0
    encoding = '16UC1'
    if depth.dtype == np.float32:
        encoding = '32FC1'
        a = quantization * (quantization + 1)
        b = 1 - a / most_m
        inverse = np.zeros(depth.shape, np.uint16)
        near = depth < most_m  # NaN is not
        inverse[near] = (a / depth[near] + b).astype(np.uint16)
        depth = inverse
    start = np.array([0], '<i4').tobytes() + np.array([a, b], '<f4').tobytes()
    data = start + cv2.imencode('.png', depth)[1].tobytes()
    return TYPES.CompressedImage(
        header=header(),
        format=text or f'{encoding}; compressedDepth png',
        data=np.frombuffer(data, np.uint8),
    )


@pytest.mark.parametrize('encoding', ['16UC1', 'mono16'])
def test_millimetres_come_as_they_are(encoding: str) -> None:
    depth = decode_depth(image(millimetres(), encoding), MOST)
    np.testing.assert_array_equal(depth.pixels, millimetres())
    assert depth.size == (24, 16)


def test_metres_come_as_they_are() -> None:
    np.testing.assert_array_equal(decode_depth(image(metres(), '32FC1'), MOST).pixels, metres())


@pytest.mark.parametrize('kind', ['uint16', 'float32'])
def test_rows_may_be_padded_and_bytes_swapped(kind: str) -> None:
    pixels = (millimetres() if kind == 'uint16' else metres())[:, :23]
    item, step = pixels.itemsize, 24 * pixels.itemsize + 1
    data = np.zeros((16, step), np.uint8)
    swapped = np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder('>')))
    data[:, : 23 * item] = swapped.view(np.uint8).reshape(16, 23 * item)
    encoding = '16UC1' if kind == 'uint16' else '32FC1'
    message = image(data.tobytes(), encoding, (23, 16), step=step, is_bigendian=1)
    found = decode_depth(message, MOST).pixels
    np.testing.assert_array_equal(found, pixels)
    assert found.dtype == kind
    assert found.flags.c_contiguous
    assert found.flags.aligned


@pytest.mark.parametrize(
    'text', ['', '16UC1; compressedDepth', '16UC1;compressedDepth png', '16UC1']
)
def test_packed_millimetres_come_back(text: str) -> None:
    found = decode_depth(packed(millimetres(), text), MOST).pixels
    np.testing.assert_array_equal(found, millimetres())


def test_packed_metres_come_back_as_far_as_they_were_kept() -> None:
    depth = metres()
    found = decode_depth(packed(depth), MOST).pixels
    assert found.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(found), np.isnan(depth))
    known = ~np.isnan(depth)
    # A step of the inverse depth is depth² / A metres.
    assert (np.abs(found - depth)[known] <= depth[known] ** 2 / 10_100 + 1e-4).all()
    assert np.abs(found - depth)[known].max() > 1e-4


def a_jpeg() -> Any:
    message = packed(millimetres())
    jpeg = cv2.imencode('.jpg', np.zeros((8, 8), np.uint8))[1]
    message.data = np.concatenate([message.data[:12], jpeg])
    return message


REFUSED = {
    'a colour image': (lambda: image(np.zeros((8, 8, 3), np.uint8), 'bgr8'), "'bgr8'.*16UC1"),
    'too short': (lambda: image(b'\0' * 100, '16UC1', (8, 8), step=16), '100 bytes.* 128'),
    'a step below a row': (lambda: image(b'\0' * 256, '32FC1', (8, 8), step=16), 'step of 16'),
    'too many pixels': (lambda: image(millimetres((1200, 1000)), '16UC1'), '1200x1000'),
    'another codec': (lambda: packed(millimetres(), '16UC1; compressedDepth rvl'), 'rvl.*png'),
    'a compressed picture': (lambda: packed(millimetres(), 'bgr8; jpeg compressed bgr8'), 'jpeg'),
    'a picture of 8 bits': (
        lambda: packed(millimetres().astype(np.uint8), '16UC1; compressedDepth png'),
        'uint8',
    ),
    'a JPEG': (a_jpeg, 'is JPEG, but must be PNG; '),
}


@pytest.mark.parametrize('case', REFUSED)
def test_what_is_no_depth_is_refused(case: str) -> None:
    make, match = REFUSED[case]
    with pytest.raises(FrameError, match=match) as caught:
        decode_depth(make(), MOST)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('length', [0, 5, 12, 13, 200])
def test_packed_depth_that_was_cut_is_refused(length: int) -> None:
    message = packed(millimetres())
    message.data = message.data[:length]
    with pytest.raises(FrameError, match=r'cut off|damaged|empty') as caught:
        decode_depth(message, MOST)
    assert 'copy it again' not in str(caught.value)  # which nobody can


def test_packed_metres_without_a_scale_are_refused() -> None:
    message = packed(metres())
    message.data = np.concatenate([np.zeros(12, np.uint8), message.data[12:]])
    with pytest.raises(FrameError, match='must be above 0'):
        decode_depth(message, MOST)
