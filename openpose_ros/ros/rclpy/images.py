"""Image messages to pictures by cv_bridge where it can, by our own converter for the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from openpose_ros.errors import FrameError
from openpose_ros.frames import FrameArray
from openpose_ros.ros.messages.images import check_image, decode_image

# What cv_bridge turns into bgr8, and the bytes of a pixel; the YUV of cameras is ours.
_PIXEL_BYTES = {
    'bgr8': 3,
    'rgb8': 3,
    'bgra8': 4,
    'rgba8': 4,
    'mono8': 1,
    'mono16': 2,
    'bgr16': 6,
    'rgb16': 6,
    'bgra16': 8,
    'rgba16': 8,
    **{
        f'bayer_{order}{bits}': bits // 8
        for order in ('rggb', 'bggr', 'gbrg', 'grbg')
        for bits in (8, 16)
    },
}


def open_decoder(log: Callable[[str, str], None]) -> Callable[[Any, int], FrameArray]:
    """
    Return what turns an Image or CompressedImage into a picture, as `decode_image` does.

    cv_bridge is compiled for one NumPy and cannot be imported with another; then one line says
    so, and our own converter does everything. Both give the same pixels.

    Parameters
    ----------
    log : callable
        Gets a level and a line.

    """
    try:
        from cv_bridge import CvBridge, CvBridgeError
    except (ImportError, AttributeError) as exc:
        reason = str(exc).splitlines()[0] if str(exc) else type(exc).__name__
        log('info', f'cv_bridge cannot be used ({reason}); images are converted without it')
        return decode_image
    bridge = CvBridge()

    def decode(message: Any, max_pixels: int) -> FrameArray:
        if not hasattr(message, 'encoding') or not _is_for_cv_bridge(message):
            return decode_image(message, max_pixels)
        check_image(message, max_pixels)
        try:
            return np.asarray(bridge.imgmsg_to_cv2(message, 'bgr8'), np.uint8)
        except (CvBridgeError, TypeError, ValueError) as exc:
            raise FrameError(
                f'cv_bridge cannot convert the image from {message.encoding}: {exc}'
            ) from exc

    return decode


def _is_for_cv_bridge(message: Any) -> bool:
    """Return whether cv_bridge's Python half gets the message right."""
    pixel = _PIXEL_BYTES.get(message.encoding)
    # It garbles rows that are padded by anything but whole pixels, and swaps the bytes of
    # big-endian images with a method that NumPy 2 lacks.
    return pixel is not None and message.step % pixel == 0 and not message.is_bigendian
