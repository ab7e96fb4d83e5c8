"""Frames: what is one, and what is said of what is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from openpose_ros.errors import FrameError
from openpose_ros.frames import check_frame

BLACK = np.zeros((4, 6, 3), np.uint8)


@pytest.mark.parametrize('frame', [BLACK, BLACK[:1, :1], BLACK[:, ::-1], BLACK[::2, 1:3]])
def test_check_frame_takes_any_colour_picture(frame: npt.NDArray[Any]) -> None:
    check_frame(frame)


@pytest.mark.parametrize(
    ('frame', 'message'),
    [
        (None, 'the frame is a NoneType, but must be a NumPy array.*cv2.imread returns None'),
        ([[0]], 'the frame is a list, but must be a NumPy array'),
        (BLACK[..., 0], r'shape \(4, 6\) and dtype uint8'),
        (np.zeros((4, 6, 4), np.uint8), r'shape \(4, 6, 4\) and dtype uint8.*cv2.cvtColor'),
        (BLACK[np.newaxis], r'shape \(1, 4, 6, 3\)'),
        (BLACK.astype(np.float32), r'shape \(4, 6, 3\) and dtype float32'),
        (BLACK.astype(np.uint16), 'dtype uint16'),
        (BLACK[:0], r'shape \(0, 6, 3\) .*not empty'),
        (BLACK[:, :0], r'shape \(4, 0, 3\) .*not empty'),
    ],
)
def test_check_frame_other_is_one_line_that_says_what(frame: Any, message: str) -> None:
    with pytest.raises(FrameError, match=message) as caught:
        check_frame(frame)
    assert '\n' not in str(caught.value)


def test_check_frame_drawable_takes_part_of_a_picture() -> None:
    check_frame(BLACK.copy()[1:3, 2:5], drawable=True)


def read_only() -> npt.NDArray[Any]:
    frame = BLACK.copy()
    frame.flags.writeable = False
    return frame


@pytest.mark.parametrize(
    'frame', [read_only(), BLACK[:, ::-1], BLACK[::-1], BLACK[..., ::-1], BLACK[:, ::2]]
)
def test_check_frame_drawable_names_the_way_out(frame: npt.NDArray[Any]) -> None:
    check_frame(frame)
    with pytest.raises(FrameError, match=r'cannot be drawn into; pass frame\.copy\(\)'):
        check_frame(frame, drawable=True)
    check_frame(frame.copy(), drawable=True)
