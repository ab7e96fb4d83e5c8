"""
Depth images as messages hold them: raw, and as compressed_depth_image_transport packs them.

A message is told by its fields alone. Raw ones are 16UC1 or mono16 in millimetres and 32FC1 in
metres (REP 118). Packed ones are a header of 12 bytes (an int32, the floats A and B) and a PNG of
16 bits: of 16UC1 as it was, of 32FC1 an inverse depth d for which metres are A / (d - B), 0 for
nothing (codec.cpp of image_transport_plugins, BSD).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from openpose_ros.errors import FrameError
from openpose_ros.pictures.decoding import SEND, decode_picture
from openpose_ros.pictures.limits import check_pixels
from openpose_ros.pictures.png import PNG
from openpose_ros.ros.messages.compressed_format import shortened
from openpose_ros.spatial.depth import DepthImage

_RAW = {'16UC1': np.uint16, 'mono16': np.uint16, '32FC1': np.float32}
_HEADER = np.dtype([('format', '<i4'), ('a', '<f4'), ('b', '<f4')])
_NAME = 'the compressed depth image'


def decode_depth(message: Any, max_pixels: int) -> DepthImage:
    """
    Return the depth of an Image or a CompressedImage.

    Parameters
    ----------
    message : sensor_msgs/Image or sensor_msgs/CompressedImage
        Of any class with these fields; `data` is bytes-like.
    max_pixels : int
        Of more, nothing is decoded.

    Returns
    -------
    DepthImage
        Of a raw image a view of the message's memory, where its rows are not padded.

    Raises
    ------
    FrameError
        If the message contradicts itself, is damaged or too large, or holds no depth.

    """
    return (
        _raw(message, max_pixels) if hasattr(message, 'encoding') else _packed(message, max_pixels)
    )


def _raw(message: Any, max_pixels: int) -> DepthImage:
    kind = _RAW.get(message.encoding)
    if kind is None:
        raise FrameError(
            f"the depth image's encoding is {shortened(message.encoding)}, but must be one of "
            f'{", ".join(_RAW)}; remap depth_image to a depth camera'
        )
    width, height, step = int(message.width), int(message.height), int(message.step)
    item = np.dtype(kind).itemsize
    check_pixels('the depth image', width, height, most=max_pixels)
    if min(width, height) < 1 or step < width * item:
        raise FrameError(
            f'the depth image is {width}x{height} with a step of {step} bytes, but a row in '
            f'{message.encoding} has {width * item}; its driver must set step to that or more'
        )
    if len(message.data) < step * height:
        raise FrameError(
            f'the depth image has {len(message.data)} bytes, but {height} rows of {step} bytes '
            f'are {step * height}; it was cut off on its way, or step is wrong'
        )
    stored = np.dtype(kind).newbyteorder('>' if message.is_bigendian else '<')
    data = np.frombuffer(message.data, np.uint8)
    pixels = np.ndarray((height, width), stored, data, strides=(step, item))
    return DepthImage(np.require(pixels, kind, ['A', 'C']))


def _packed(message: Any, max_pixels: int) -> DepthImage:
    encoding, _, codec = (part.strip() for part in message.format.partition(';'))
    if encoding not in _RAW or codec.split() not in (
        [],
        ['compressedDepth'],
        ['compressedDepth', 'png'],
    ):
        raise FrameError(
            f"{_NAME}'s format is {shortened(message.format)}, but must be that of "
            f"compressedDepth of {' or '.join(_RAW)} as PNG; set the publisher's "
            'parameter compressedDepth.format to png, or take depth_transport:=raw'
        )
    data = memoryview(message.data).cast('B')
    if len(data) <= _HEADER.itemsize:
        raise FrameError(
            f'{_NAME} has {len(data)} bytes, but its header alone has {_HEADER.itemsize}; it was '
            'cut off on its way'
        )
    picture = decode_picture(
        data[_HEADER.itemsize :],
        _NAME,
        max_pixels=max_pixels,
        formats=(PNG,),
        upright=False,
        flags=cv2.IMREAD_UNCHANGED,
        cut_off=SEND,
    )
    pixels = picture.image
    if picture.damage:
        raise FrameError(f'{_NAME} {picture.damage}')
    if pixels.ndim != 2 or pixels.dtype != np.uint16:
        raise FrameError(
            f'{_NAME} is a PNG of {pixels.dtype} {pixels.shape}, but must be grey, of 16 bits'
        )
    if _RAW[encoding] is np.uint16:
        return DepthImage(np.asarray(pixels, np.uint16))
    a, b = (float(np.frombuffer(data[: _HEADER.itemsize], _HEADER)[0][name]) for name in 'ab')
    if not (a > 0 and np.isfinite(b)):
        raise FrameError(
            f'{_NAME} says that metres are {a:g} / (d - {b:g}), but the first must be above 0; '
            'its publisher packed it wrongly'
        )
    with np.errstate(divide='ignore'):
        depth = np.float32(a) / (pixels.astype(np.float32) - np.float32(b))
    depth[pixels == 0] = np.nan
    return DepthImage(np.asarray(depth, np.float32))
