"""Squares of a frame as the input of a network, and what it finds back on the frame."""

from __future__ import annotations

from math import ceil

import cv2
import numpy as np
import numpy.typing as npt

from openpose_ros.frames import FrameArray
from openpose_ros.placement import Size

FloatArray = npt.NDArray[np.float32]


def cut(frame: FrameArray, square: FloatArray, size: Size, *, mirrored: bool) -> FrameArray:
    """
    Return a square of a frame in the size of a network's input.

    Parameters
    ----------
    frame : uint8 (H, W, 3)
        Only read. Beside it is black, as OpenPose has it (handExtractorCaffe.cpp:62).
    square : floats (3,)
        x, y, side: pixels of the frame.
    size : (int, int)
        Width and height of the input, pixels.
    mirrored : bool
        Whether left and right are swapped.

    Returns
    -------
    uint8 (height, width, 3)

    """
    # A bilinear sample is of 2x2 pixels: what is shrunk more is sampled finer, then averaged.
    finer = max(1, ceil(float(square[2]) / min(size) / 2))
    fine = size[0] * finer, size[1] * finer
    crop = cv2.warpAffine(
        frame,
        to_frame(square, fine, mirrored=mirrored),
        fine,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
    )
    if finer > 1:
        crop = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    return np.asarray(crop, np.uint8)


def to_frame(square: FloatArray, size: Size, *, mirrored: bool) -> npt.NDArray[np.float64]:
    """
    Return the transform from the pixels of a crop to those of the frame.

    Parameters
    ----------
    square, size, mirrored
        As `cut` takes them.

    Returns
    -------
    float64 (2, 3)
        For x, y, 1; (0, 0) is the centre of a top-left pixel, in both.

    """
    x, y, side = (float(value) for value in square)
    across, down = side / size[0], side / size[1]
    begin = x + side - across / 2 if mirrored else x + across / 2
    rows = [[-across if mirrored else across, 0, begin - 0.5], [0, down, y + down / 2 - 0.5]]
    return np.array(rows, np.float64)
