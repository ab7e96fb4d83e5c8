"""Annotated videos: of even sides, in the best codec there is, and a line without H.264."""

from __future__ import annotations

from pathlib import Path
import shlex

import cv2
import numpy as np
import pytest

from openpose_ros.errors import OutputError
from openpose_ros.io import video_file
from openpose_ros.io.video_file import VideoFile, can_write
from openpose_ros.placement import Size


def ramp(size: Size) -> np.ndarray:
    """Return a picture that is dark at the left and at the top, bright at the other edges."""
    x, y = np.meshgrid(np.linspace(0, 120, size[0]), np.linspace(0, 120, size[1]))
    return np.repeat((x + y).astype(np.uint8)[..., np.newaxis], 3, axis=2)


def written(path: Path, *sizes: Size, fps: float = 25.0) -> list[np.ndarray]:
    """Write frames of these sizes, and return what can be read."""
    video = VideoFile(path, fps, ramp(sizes[0]))
    for size in sizes:
        video.write(ramp(size))
    video.finish()
    capture = cv2.VideoCapture(str(path))
    assert capture.get(cv2.CAP_PROP_FPS) == fps
    return [capture.read()[1] for _ in sizes]


def codec_of(path: Path) -> str:
    number = int(cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FOURCC))
    return number.to_bytes(4, 'little').decode()


@pytest.mark.parametrize('size', [(489, 383), (490, 383), (489, 384), (64, 48), (3, 3)])
def test_video_is_padded_at_right_and_bottom(tmp_path: Path, size: Size) -> None:
    (frame,) = written(tmp_path / 'odd.mp4', size)
    width, height = size
    assert frame.shape == (height + height % 2, width + width % 2, 3)
    # Where every pixel was it is still, and what was added is like its neighbour.
    difference = np.abs(frame[:height, :width].astype(int) - ramp(size))
    assert np.median(difference) <= 4
    assert np.abs(frame[-1].astype(int) - frame[height - 1]).max() <= 12


def test_frames_of_other_sizes_are_made_to_fit(tmp_path: Path) -> None:
    frames = written(tmp_path / 'odd.mp4', (63, 47), (64, 48), (30, 60))
    assert [frame.shape for frame in frames] == [(48, 64, 3)] * 3


def test_video_of_few_frames_a_day_can_be_written(tmp_path: Path) -> None:
    video = VideoFile(tmp_path / 'slow.mp4', 25 / 100_000, ramp((64, 48)))
    video.write(ramp((64, 48)))
    video.finish()
    assert cv2.VideoCapture(str(tmp_path / 'slow.mp4')).get(cv2.CAP_PROP_FPS) == 0.01


def test_video_of_frames_that_are_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r'8193x2 pixels; an mp4 takes from 2 to 8191'):
        VideoFile(tmp_path / 'wide.mp4', 25.0, np.zeros((2, 8193, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_best_codec_is_taken_where_two_frames_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    better = next((name for name in ('avc1', 'vp09') if can_write(name, (64, 48), 25.0)), None)
    if better is None:
        pytest.skip('this OpenCV writes MPEG-4 part 2 only')
    monkeypatch.setattr(video_file, '_BEST', better)
    notes: list[str] = []
    video = VideoFile(tmp_path / 'walk.mp4', 25.0, ramp((64, 48)), note=notes.append)
    video.write(ramp((64, 48)))
    video.finish()
    assert codec_of(tmp_path / 'walk.mp4') in {'avc1', 'h264', 'VP90'}
    assert notes == []


def test_video_without_h264_says_what_makes_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(video_file, '_BEST', 'none')
    notes: list[str] = []
    path = tmp_path / 'a walk.mp4'
    video = VideoFile(path, 25.0, ramp((64, 48)), note=notes.append)
    video.write(ramp((64, 48)))
    video.finish()
    assert codec_of(path) in {'mp4v', 'FMP4'}
    (line,) = notes
    assert 'browsers do not play' in line
    words = shlex.split(line[line.index('ffmpeg') :])
    assert (words[2], words[-1]) == (str(path), str(tmp_path / 'a walk_h264.mp4'))
    assert capfd.readouterr().err == '', 'what OpenCV says of it stays off the terminal'


def test_can_write_leaves_nothing_and_needs_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_file.tempfile, 'tempdir', str(tmp_path))
    assert can_write('mp4v', (66, 48), 25.0)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(video_file.tempfile, 'tempdir', str(tmp_path / 'gone'))
    assert not can_write('mp4v', (68, 48), 25.0)
