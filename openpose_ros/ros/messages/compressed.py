"""CompressedImage messages to pictures, and back."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from openpose_ros.errors import FrameError
from openpose_ros.frames import FrameArray
from openpose_ros.io.pictures import decode_picture
from openpose_ros.ros.messages.frame_size import check_size

_JPEG_QUALITY, _JPEG_LONGEST_SIDE = 80, 65_500  # pixels, libjpeg's own limit
_JPEG_START, _PNG_START = b'\xff\xd8', b'\x89PNG\r\n\x1a\n'
# A JPEG says its size in its start of frame, c0 to cf without these three.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def decode_compressed(message: Any) -> FrameArray:
    """
    Return the picture of a CompressedImage.

    As the camera took it: an orientation in EXIF is not applied, since camera_info and depth
    know nothing of it. `format` is not read; OpenCV tells the format by the bytes.

    Raises
    ------
    FrameError
        If there is none, it is cut off, too large, or of a format that OpenCV cannot decode.

    """
    data = bytes(memoryview(message.data))
    size = _declared_size(data)
    if size is not None:
        check_size(*size)
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    frame = decode_picture(data, 'the compressed image', flags=flags)
    check_size(frame.shape[1], frame.shape[0])
    return frame


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


def _declared_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height before anything is allocated for them, where they are found."""
    if data.startswith(_PNG_START):
        return int.from_bytes(data[16:20], 'big'), int.from_bytes(data[20:24], 'big')
    place = 2
    while data.startswith(_JPEG_START) and place + 9 <= len(data):
        if data[place + 1] in _JPEG_FRAMES:
            height, width = data[place + 5 : place + 7], data[place + 7 : place + 9]
            return int.from_bytes(width, 'big'), int.from_bytes(height, 'big')
        filling = data[place + 1] == 0xFF
        place += 1 if filling else 2 + int.from_bytes(data[place + 2 : place + 4], 'big')
    return None
