"""CompressedImage messages to pixels, and pictures to CompressedImage messages."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from openpose_ros.errors import FrameError
from openpose_ros.frames import FrameArray
from openpose_ros.pictures.decoding import SEND, decode_picture
from openpose_ros.pictures.formats import MESSAGE_FORMATS, find_format, is_video_stream
from openpose_ros.ros.messages.compressed_format import stored_encoding, video_error
from openpose_ros.ros.messages.frame_size import check_size

_JPEG_QUALITY, _JPEG_LONGEST_SIDE = 80, 65_500  # pixels, libjpeg's own limit
_NAME = 'the compressed image'
_ENCODINGS = {  # channels, bytes of each: the encoding
    (3, 1): 'bgr8',
    (3, 2): 'bgr16',
    (4, 1): 'bgra8',
    (4, 2): 'bgra16',
}


def decode_compressed(message: Any, max_pixels: int) -> tuple[npt.NDArray[Any], str]:
    """
    Return the pixels of a CompressedImage, and their encoding.

    As the camera took it: an orientation in EXIF is not applied, since camera_info and depth
    know nothing of it. The bytes say the format; `format` says what the pixels mean.

    Parameters
    ----------
    message : sensor_msgs/CompressedImage
        Of any class with these fields; `data` is bytes-like.
    max_pixels : int
        Of more, nothing is decoded.

    Returns
    -------
    pixels : uint8 or uint16 (H, W) or (H, W, channels)
    encoding : str
        As a raw image's.

    Raises
    ------
    FrameError
        If there is none, it is damaged, too large, depth or video, or of another format.

    """
    encoding = stored_encoding(message.format)
    data = memoryview(message.data).cast('B')
    if find_format(data) is None and is_video_stream(data):
        raise video_error('H.264 or H.265')
    is_mosaic = encoding.startswith('bayer_')
    picture = decode_picture(
        data,
        _NAME,
        max_pixels=max_pixels,
        formats=MESSAGE_FORMATS,
        upright=False,
        flags=cv2.IMREAD_UNCHANGED if is_mosaic else cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH,
        cut_off=SEND,
    )
    if picture.damage:
        raise FrameError(f'{_NAME} {picture.damage}')
    pixels = picture.image
    check_size(pixels.shape[1], pixels.shape[0], max_pixels)
    if pixels.ndim == 2:
        pattern = encoding.rstrip('0123456789')
        return pixels, f'{pattern}{8 * pixels.itemsize}'
    return pixels, _ENCODINGS[pixels.shape[2], pixels.itemsize]


def compressed_message(types: Any, frame: FrameArray, header: Any) -> Any:
    """
    Return a picture as a CompressedImage, a JPEG.

    Parameters
    ----------
    types : namespace
        As `Transport.types`.
    frame : uint8 (H, W, 3)
        Blue, green, red.
    header : std_msgs/Header
        Becomes part of the message.

    Raises
    ------
    FrameError
        If a JPEG cannot hold so large a picture.

    """
    if max(frame.shape) > _JPEG_LONGEST_SIDE:
        raise FrameError(
            f'a picture of {frame.shape[1]}x{frame.shape[0]} cannot be a JPEG, whose sides are at '
            f'most {_JPEG_LONGEST_SIDE}; lower annotated_scale'
        )
    data = cv2.imencode('.jpg', frame, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1]
    return types.CompressedImage(
        header=header, format='bgr8; jpeg compressed bgr8', data=types.sequence(np.ravel(data))
    )
