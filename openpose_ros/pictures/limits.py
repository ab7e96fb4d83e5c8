"""How large a compressed picture may be, told before memory is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from openpose_ros.errors import FrameError
from openpose_ros.parameters import check, parameter

MAX_IMAGE_PIXELS = 100_000_000  # 0.3 GB as a picture
_MOST_IMAGE_PIXELS = 1 << 30  # OpenCV decodes no more, whatever we allow


def max_image_pixels() -> Any:
    """Return the parameter, for every dataclass that has it."""
    return parameter(
        MAX_IMAGE_PIXELS,
        'pictures of more pixels are refused, before memory is asked for',
        low=64,
        high=_MOST_IMAGE_PIXELS,
        section='images',
    )


@dataclass(frozen=True, kw_only=True)
class PictureParams:
    """What may be decoded; a value out of its range raises a ParameterError."""

    max_image_pixels: int = max_image_pixels()

    def __post_init__(self) -> None:
        check(self)


def check_pixels(
    name: str, width: int, height: int, *, most: int, decoded: int | None = None
) -> None:
    """
    Check the size that a header declares.

    Parameters
    ----------
    name : str
        What the error calls the picture.
    width, height : int
        Pixels.
    most : int
        So many pixels are allowed.
    decoded : int, optional
        Pixels that are decoded at once, where these are more than width times height.

    Raises
    ------
    FrameError
        If there are too many.

    """
    pixels = max(decoded or 0, width * height)
    if pixels > most:
        at_once = f' ({pixels} pixels decoded at once)' if pixels > width * height else ''
        raise FrameError(
            f'{name} is {width}x{height} pixels{at_once}, but at most {most} are decoded; scale '
            'it down, or raise max_image_pixels'
        )
