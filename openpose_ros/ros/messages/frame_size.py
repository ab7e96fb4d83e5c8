"""How small and how large an image may be."""

from __future__ import annotations

from openpose_ros.errors import FrameError
from openpose_ros.pictures.limits import check_pixels

_SMALLEST_SIDE = 8  # pixels; nobody is to be seen in less


def check_size(width: int, height: int, max_pixels: int) -> None:
    """
    Check the size that a message declares, before memory is asked for.

    Parameters
    ----------
    width, height : int
        Pixels.
    max_pixels : int
        So many are allowed.

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
    check_pixels('the image', width, height, most=max_pixels)
