"""What a frame is: the form in which every picture goes through this package."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.errors import FrameError

FrameArray = npt.NDArray[np.uint8]


def check_frame(frame: Any, *, drawable: bool = False) -> None:
    """
    Check that something is uint8 (H, W, 3) with a pixel at least: blue, green, red.

    Parameters
    ----------
    frame : object
        What was given as a frame.
    drawable : bool
        Check too that OpenCV can draw into it.

    Raises
    ------
    FrameError
        If it is not.

    """
    if not isinstance(frame, np.ndarray):
        hint = '' if frame is not None else '; cv2.imread returns None for what it cannot read'
        raise FrameError(
            f'the frame is a {type(frame).__name__}, but must be a NumPy array of shape '
            f'(height, width, 3) and dtype uint8{hint}'
        )
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8 or frame.size == 0:
        raise FrameError(
            f'the frame has shape {frame.shape} and dtype {frame.dtype}, but must be '
            '(height, width, 3), not empty, and uint8; cv2.cvtColor converts grey and BGRA'
        )
    if drawable and not (
        frame.flags.writeable and frame.strides[0] > 0 and frame.strides[1:] == (3, 1)
    ):
        raise FrameError(
            'the frame is read-only, or its pixels do not follow each other in memory, so it '
            'cannot be drawn into; pass frame.copy()'
        )
