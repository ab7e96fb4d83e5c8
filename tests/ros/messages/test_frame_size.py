"""How small and how large an image may be."""

from __future__ import annotations

import pytest

from openpose_ros.errors import FrameError
from openpose_ros.ros.messages.frame_size import check_size

MOST = 100_000


@pytest.mark.parametrize('size', [(8, 8), (1000, 100), (8, 12_500)])
def test_size_that_fits(size: tuple[int, int]) -> None:
    check_size(*size, MOST)


@pytest.mark.parametrize('size', [(0, 0), (7, 480), (640, 1), (1000, 101)])
def test_size_that_does_not(size: tuple[int, int]) -> None:
    with pytest.raises(FrameError, match=f'{size[0]}x{size[1]} pixels'):
        check_size(*size, MOST)
