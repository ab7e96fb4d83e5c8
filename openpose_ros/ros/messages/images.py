"""
Image messages to pictures, and back.

Pixels are the same as those of cv_bridge wherever that converts to bgr8; what it does not know
(uyvy, yuyv, nv12, nv21, nv24 by these names, 8UC1 and its like) is read as sensor_msgs and
Linux's V4L2 define it. A message is told by its fields alone, so that any class of messages will
do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from openpose_ros.errors import FrameError
from openpose_ros.frames import FrameArray
from openpose_ros.pictures import MAX_IMAGE_PIXELS
from openpose_ros.ros.messages.compressed import decode_compressed
from openpose_ros.ros.messages.compressed_format import shortened
from openpose_ros.ros.messages.frame_size import check_size

Pixels = npt.NDArray[Any]


@dataclass(frozen=True)
class _Encoding:
    """
    How a picture of H rows and W columns lies in the bytes of a message.

    `channels` numbers of `depth` bytes a pixel make a row, padded to `step` bytes. Where there
    are two `chroma` factors (rows, columns), so many times H rows of so many times `step` bytes
    follow, each pixel's two numbers side by side. `convert` takes the picture, and the chroma.
    """

    convert: Callable[..., Pixels]
    channels: int = 1
    depth: int = 1
    chroma: tuple[float, int] = (0, 0)
    even: tuple[str, ...] = ()  # the sides that must be even


def _as_it_is(pixels: Pixels) -> Pixels:
    return pixels


def _changed(code: int, pixels: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(pixels, code))


def _upper_byte(convert: Callable[[Pixels], Pixels], pixels: Pixels) -> Pixels:
    # As cv_bridge: colours first, then 0 to 65535 becomes 0 to 255, rounded.
    return np.asarray(cv2.convertScaleAbs(convert(pixels), alpha=255 / 65535))


def _nv21(luma: Pixels, chroma: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColorTwoPlane(luma, chroma, cv2.COLOR_YUV2BGR_NV21))


def _nv12(luma: Pixels, chroma: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColorTwoPlane(luma, chroma, cv2.COLOR_YUV2BGR_NV12))


def _nv24(luma: Pixels, chroma: Pixels) -> Pixels:
    """Convert as uyvy, in which chroma is for two pixels: each pixel is there twice."""
    height, width = luma.shape
    packed = np.empty((height, width, 4), np.uint8)
    packed[..., 0], packed[..., 2] = chroma[..., 0], chroma[..., 1]
    packed[..., 1] = packed[..., 3] = luma
    doubled = _changed(cv2.COLOR_YUV2BGR_UYVY, packed.reshape(height, 2 * width, 2))
    return np.ascontiguousarray(doubled[:, ::2])


_GREY, _RGB = partial(_changed, cv2.COLOR_GRAY2BGR), partial(_changed, cv2.COLOR_RGB2BGR)
_RGBA, _BGRA = partial(_changed, cv2.COLOR_RGBA2BGR), partial(_changed, cv2.COLOR_BGRA2BGR)
_UYVY = _Encoding(partial(_changed, cv2.COLOR_YUV2BGR_UYVY), 2, even=('width',))
_YUYV = _Encoding(partial(_changed, cv2.COLOR_YUV2BGR_YUY2), 2, even=('width',))
_BAYER = {  # ROS names a mosaic by its first two rows and columns, OpenCV by those after the first
    'rggb': partial(_changed, cv2.COLOR_BayerBG2BGR),
    'bggr': partial(_changed, cv2.COLOR_BayerRG2BGR),
    'gbrg': partial(_changed, cv2.COLOR_BayerGR2BGR),
    'grbg': partial(_changed, cv2.COLOR_BayerGB2BGR),
}
_ENCODINGS = {
    'bgr8': _Encoding(_as_it_is, 3),
    'rgb8': _Encoding(_RGB, 3),
    'bgra8': _Encoding(_BGRA, 4),
    'rgba8': _Encoding(_RGBA, 4),
    'mono8': _Encoding(_GREY),
    '8UC1': _Encoding(_GREY),
    '8UC3': _Encoding(_as_it_is, 3),
    '8UC4': _Encoding(_BGRA, 4),
    'mono16': _Encoding(partial(_upper_byte, _GREY), depth=2),
    'bgr16': _Encoding(partial(_upper_byte, _as_it_is), 3, depth=2),
    'rgb16': _Encoding(partial(_upper_byte, _RGB), 3, depth=2),
    'bgra16': _Encoding(partial(_upper_byte, _BGRA), 4, depth=2),
    'rgba16': _Encoding(partial(_upper_byte, _RGBA), 4, depth=2),
    'uyvy': _UYVY,
    'yuv422': _UYVY,
    'yuyv': _YUYV,
    'yuv422_yuy2': _YUYV,
    'nv21': _Encoding(_nv21, chroma=(0.5, 1), even=('width', 'height')),
    'nv12': _Encoding(_nv12, chroma=(0.5, 1), even=('width', 'height')),
    'nv24': _Encoding(_nv24, chroma=(1, 2)),
    **{f'bayer_{name}8': _Encoding(change) for name, change in _BAYER.items()},
    **{
        f'bayer_{name}16': _Encoding(partial(_upper_byte, change), depth=2)
        for name, change in _BAYER.items()
    },
}
ENCODINGS = tuple(_ENCODINGS)


def decode_image(message: Any, max_pixels: int = MAX_IMAGE_PIXELS) -> FrameArray:
    """
    Return the picture of an Image or CompressedImage.

    Parameters
    ----------
    message : sensor_msgs/Image or sensor_msgs/CompressedImage
        Of any class with these fields; `data` is bytes-like.
    max_pixels : int
        Of more, nothing is decoded.

    Returns
    -------
    uint8 (H, W, 3)
        Blue, green, red. For bgr8 a view of the message's own memory, not to be written to;
        padded rows stay apart in it.

    Raises
    ------
    FrameError
        If the message contradicts itself, its encoding is not one of ENCODINGS, or it holds too
        many pixels.

    """
    if not hasattr(message, 'encoding'):
        pixels, stored = decode_compressed(message, max_pixels)
        return np.asarray(_ENCODINGS[stored].convert(pixels), np.uint8)
    check_image(message, max_pixels)
    encoding = _ENCODINGS[message.encoding]
    return np.asarray(encoding.convert(*_planes(message, encoding)), np.uint8)


def check_image(message: Any, max_pixels: int) -> None:
    """
    Check that an Image holds as many bytes as it says, in a known encoding, and not too many.

    Raises
    ------
    FrameError
        If not.

    """
    encoding = _ENCODINGS.get(message.encoding)
    if encoding is None:
        raise FrameError(
            f"the image's encoding is {shortened(message.encoding)}, which is not a picture to "
            f'look for people in; expected one of {", ".join(_ENCODINGS)}'
        )
    width, height, step = message.width, message.height, message.step
    check_size(width, height, max_pixels)
    for side in encoding.even:
        if getattr(message, side) % 2:
            raise FrameError(
                f'the image is {width}x{height}, but {message.encoding} has one colour for two '
                f'pixels: its {" and ".join(encoding.even)} must be even'
            )
    row = width * encoding.channels * encoding.depth
    if step < row:
        raise FrameError(
            f"the image's step is {step}, but a row of {width} pixels in {message.encoding} has "
            f'{row} bytes; the driver must set step to that or more'
        )
    rows, columns = encoding.chroma
    needed = step * height + round(height * rows) * step * columns
    if len(message.data) < needed:
        raise FrameError(
            f'the image has {len(message.data)} bytes, but {height} rows of {step} bytes in '
            f'{message.encoding} are {needed}; it was cut off on its way, or step is wrong'
        )


def image_message(types: Any, frame: FrameArray, header: Any) -> Any:
    """
    Return a picture as an Image in bgr8.

    Parameters
    ----------
    types : namespace
        As `Transport.types`.
    frame : uint8 (H, W, 3)
        Blue, green, red; the message may share its memory.
    header : std_msgs/Header
        Becomes part of the message.

    """
    height, width = frame.shape[:2]
    return types.Image(
        header=header,
        height=height,
        width=width,
        encoding='bgr8',
        is_bigendian=0,
        step=3 * width,
        data=types.sequence(np.ascontiguousarray(frame).reshape(-1)),
    )


def _planes(message: Any, encoding: _Encoding) -> list[Pixels]:
    """Return views (H, W) or (H, W, channels) of the message's bytes, and of its chroma."""
    data = np.frombuffer(message.data, np.uint8)
    width, height, step = message.width, message.height, message.step
    depth, channels = encoding.depth, encoding.channels
    native = np.dtype(f'u{depth}')
    stored = native.newbyteorder('>' if message.is_bigendian else '<')
    picture = np.ndarray(
        (height, width, channels), stored, data, strides=(step, depth * channels, depth)
    )
    planes = [picture[..., 0] if channels == 1 else picture]
    rows, columns = encoding.chroma
    if rows:
        planes.append(
            np.ndarray(
                (round(height * rows), width * columns // 2, 2),
                np.uint8,
                data,
                offset=step * height,
                strides=(step * columns, 2, 1),
            )
        )
    # A step may be odd where numbers are of 16 bits; OpenCV refuses what is not aligned.
    return [np.require(plane, native, 'A') for plane in planes]
