"""A stream of frames and of what is found in them, whatever the source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from openpose_ros import PoseEstimator, stream
from openpose_ros.errors import FrameError, OpenPoseError, ParameterError, SourceError
from openpose_ros.io.sources import find_sources

MakeFile = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, size in (('a.png', (32, 48)), ('b.png', (48, 32)), ('c.png', (32, 32))):
        cv2.imwrite(str(tmp_path / name), np.full((*size, 3), 90, np.uint8))
    return tmp_path


@pytest.fixture
def estimator() -> PoseEstimator:
    return PoseEstimator.from_model(backend='fake')


def test_a_folder_is_its_pictures(folder: Path, estimator: PoseEstimator) -> None:
    seen = list(stream(estimator, folder))
    assert [Path(frame.source).name for frame, _ in seen] == ['a.png', 'b.png', 'c.png']
    for frame, found in seen:
        assert found.placement.source_size == frame.image.shape[1::-1]
        assert found.frame is frame.image
        assert len(found.people) == len(estimator(frame.image)) > 0


@pytest.mark.parametrize('source', [None, np.zeros((4, 4, 3), np.uint8), b'photo.jpg'])
def test_what_is_no_source_is_told_at_once(source: Any, estimator: PoseEstimator) -> None:
    with pytest.raises(SourceError, match=r'the source is a .*, but must be a name'):
        stream(estimator, source)


def test_the_number_of_a_camera_may_be_numpys(estimator: PoseEstimator) -> None:
    with pytest.raises(SourceError, match='cannot open camera 99'):
        list(stream(estimator, np.int64(99)))  # type: ignore[arg-type]


@pytest.mark.parametrize('estimator', [None, 'openpose-ros-small', PoseEstimator])
def test_what_is_no_estimator_is_told_at_once(estimator: Any, folder: Path) -> None:
    with pytest.raises(ParameterError, match=r'the estimator is a \w+, but must be a Pose'):
        stream(estimator, folder)


def test_a_video_is_its_frames(make_video: MakeFile, estimator: PoseEstimator) -> None:
    path = make_video()
    frames = [frame.index for frame, _ in stream(estimator, str(path))]
    assert frames == list(range(len(frames)))
    assert len(frames) > 1
    (source,) = find_sources(str(path))
    assert len(list(stream(estimator, source))) == len(frames)


def test_what_is_not_there_is_said_at_once(estimator: PoseEstimator, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r'cannot read .*nothing'):
        stream(estimator, tmp_path / 'nothing')
    with pytest.raises(SourceError, match='camera 98'):
        next(stream(estimator, 98))


def test_a_damaged_picture_is_an_error_or_left_out(folder: Path, estimator: PoseEstimator) -> None:
    (folder / 'b.png').write_bytes(b'no picture')
    frames = stream(estimator, folder)
    assert next(frames)[0].source.endswith('a.png')
    with pytest.raises(FrameError, match=r'b\.png'):
        next(frames)
    troubles: list[OpenPoseError] = []
    seen = [frame.source[-5:] for frame, _ in stream(estimator, folder, on_error=troubles.append)]
    assert seen == ['a.png', 'c.png']
    assert len(troubles) == 1
    assert 'b.png' in str(troubles[0])


def test_a_video_that_cannot_be_opened_is_left_out_like_a_picture(
    folder: Path, estimator: PoseEstimator
) -> None:
    (folder / 'b.mp4').write_bytes(b'\0\0\0\x18ftypisom\0\0\2\0isomiso2avc1mp41')
    troubles: list[OpenPoseError] = []
    seen = [frame.source[-5:] for frame, _ in stream(estimator, folder, on_error=troubles.append)]
    assert 'a.png' in seen
    assert 'c.png' in seen
    assert any('b.mp4 is an MP4 that was cut off' in str(trouble) for trouble in troubles)
