"""Cameras on their side: the network sees the picture upright, results stay where they were."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from openpose_ros.frames import FrameArray
from openpose_ros.people import People
from openpose_ros.placement import Size

_TURNS = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


def rotate_upright(frame: FrameArray, degrees: int) -> FrameArray:
    """
    Turn a picture clockwise.

    Parameters
    ----------
    frame : uint8 (H, W, 3)
        Blue, green, red.
    degrees : int
        0, which returns `frame` itself, 90, 180 or 270.

    """
    return frame if degrees == 0 else np.asarray(cv2.rotate(frame, _TURNS[degrees]), np.uint8)


def unrotate_people(people: People, degrees: int, source_size: Size) -> People:
    """
    Take people from the upright picture to the picture before it was turned.

    Parameters
    ----------
    people : People
        In pixels of the upright picture.
    degrees : int
        How far that was turned clockwise: 0, 90, 180 or 270.
    source_size : (int, int)
        Width and height of the picture before, pixels.

    """
    if degrees == 0:
        return people
    right, bottom = source_size[0] - 1, source_size[1] - 1

    def back(places: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        x, y = np.moveaxis(places, -1, 0)
        turned = {90: (y, bottom - x), 180: (right - x, bottom - y), 270: (right - y, x)}
        return np.stack(turned[degrees], axis=-1)

    return people.moved(back)
