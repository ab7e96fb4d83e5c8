"""Walking through sources, back too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from openpose_ros.errors import SourceError
from openpose_ros.io import find_sources
from openpose_ros.io.seeking import Reel, open_reel

FRAMES = 18


@pytest.fixture
def numbered(tmp_path: Path) -> Path:
    """Return a video whose frames have their number as a brightness, with few key frames."""
    path = tmp_path / 'numbered.mp4'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'mp4v'), 10.0, (64, 48))
    for number in range(FRAMES):
        writer.write(np.full((48, 64, 3), 16 + 12 * number, np.uint8))
    writer.release()
    return path


def reel_of(path: Path, every: int = 1) -> Reel:
    (source,) = find_sources(str(path))
    return open_reel(source, every=every)


def number_in(image: np.ndarray) -> int:  # type: ignore[type-arg]
    return round((float(image.mean()) - 16) / 12)


def test_frames_come_in_order_with_their_true_numbers(numbered: Path) -> None:
    reel = reel_of(numbered)
    frames = list(iter(reel.next, None))
    reel.close()
    assert (
        [frame.index for frame in frames]
        == list(range(FRAMES))
        == [number_in(frame.image) for frame in frames]
    )
    assert frames[7].stamp_s == pytest.approx(0.7)
    assert (reel.total, reel.seeks, frames[0].fps) == (FRAMES, True, 10.0)


@pytest.mark.parametrize('asked', [0, 1, 13, 17, 12, 3])
def test_a_sought_frame_has_the_number_that_it_has(numbered: Path, asked: int) -> None:
    reel = reel_of(numbered)
    reel.next()
    reel.seek(asked)
    frame = reel.next()
    following = reel.next()
    reel.close()
    assert frame is not None
    assert number_in(frame.image) == frame.index == asked
    if asked < FRAMES - 1:
        assert following is not None
        assert number_in(following.image) == following.index == asked + 1
    else:
        assert following is None


def test_frames_are_left_out(numbered: Path) -> None:
    reel = reel_of(numbered)
    found = []
    while (frame := reel.next()) is not None:
        found.append((frame.index, number_in(frame.image)))
        reel.skip(4)
    reel.close()
    assert found == [(0, 0), (5, 5), (10, 10), (15, 15)]


def test_what_is_read_once_has_no_way_back(make_picture: Callable[..., Path]) -> None:
    reel = reel_of(make_picture())
    frame = reel.next()
    assert frame is not None
    assert frame.fps is None
    assert not reel.seeks
    assert reel.next() is None
    with pytest.raises(SourceError, match='no way back'):
        reel.seek(0)
    reel.close()


def test_a_video_that_is_gone_is_told(numbered: Path) -> None:
    (source,) = find_sources(str(numbered))
    numbered.unlink()
    with pytest.raises(SourceError):  # no file: read as it comes
        open_reel(source).next()
