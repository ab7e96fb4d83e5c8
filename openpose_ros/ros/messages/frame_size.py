"""How small and how large an image may be."""

from __future__ import annotations

from openpose_ros.errors import FrameError

_SMALLEST_SIDE = 8  # pixels; nobody is to be seen in less
_MOST_PIXELS = 1 << 27  # 0.4 GB as a picture


def check_size(width: int, height: int) -> None:
    """
    Check the size that a message declares, before memory is asked for.

    Raises
    ------
    FrameError
        If people cannot be looked for in such a picture.

    """
    if min(width, height) < _SMALLEST_SIDE:
        raise FrameError(
            f'the image is {width}x{height} pixels; nobody is to be seen in less than '
            f'{_SMALLEST_SIDE}x{_SMALLEST_SIDE}'
        )
    if width * height > _MOST_PIXELS:
        raise FrameError(
            f'the image is {width}x{height} pixels, but at most {_MOST_PIXELS} are decoded; let '
            'the camera scale it down'
        )
