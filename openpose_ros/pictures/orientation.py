"""How a camera was held: read from EXIF, and turned back."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from openpose_ros.frames import FrameArray
from openpose_ros.pictures.header import DamagedError, Data
from openpose_ros.pictures.tiff_directory import read_directory

ORIENTATION = 0x0112
_EXIF_START = b'Exif\0\0'
# JEITA CP-3451 (EXIF), 4.6.4 A: what must be done to the stored rows so that they are upright.
_TURNS: dict[int, Callable[[FrameArray], object]] = {
    2: lambda image: cv2.flip(image, 1),
    3: lambda image: cv2.rotate(image, cv2.ROTATE_180),
    4: lambda image: cv2.flip(image, 0),
    5: lambda image: cv2.transpose(image),
    6: lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE),
    7: lambda image: cv2.flip(cv2.transpose(image), -1),
    8: lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE),
}


def read_orientation(exif: Data) -> int:
    """
    Return the orientation that EXIF gives, 1 to 8; 1 where it gives none or is damaged.

    Parameters
    ----------
    exif : memoryview
        TIFF, with or without `Exif` and two zeros before it.

    """
    if exif[: len(_EXIF_START)] == _EXIF_START:
        exif = exif[len(_EXIF_START) :]
    try:
        found = read_directory(exif, {ORIENTATION}).first(ORIENTATION, 1)
    except DamagedError:
        return 1
    return found if 1 <= found <= 8 else 1


def turned_upright(image: FrameArray, orientation: int) -> FrameArray:
    """
    Return a picture as its photographer saw it.

    Parameters
    ----------
    image : uint8 (H, W, 3)
        As it is stored.
    orientation : int
        As EXIF counts it, 1 to 8.

    Returns
    -------
    uint8 (H, W, 3) or (W, H, 3)
        The same array where nothing is to be done.

    """
    turn = _TURNS.get(orientation)
    return image if turn is None else np.asarray(turn(image), np.uint8)
