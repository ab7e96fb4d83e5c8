"""What comes through a pipe: told by its bytes, read once, whatever made it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import threading

import cv2
import numpy as np
import pytest

from openpose_ros.errors import FrameError, SourceError
from openpose_ros.io import find_sources
from openpose_ros.io.pictures import Picture, read_picture
from openpose_ros.io.selection import Selection
from openpose_ros.io.sources import paths_of

MakeFile = Callable[..., Path]


@contextmanager
def standard_input(file: int) -> Iterator[None]:
    """Let a descriptor be this process's standard input."""
    before = os.dup(0)
    os.dup2(file, 0)
    os.close(file)
    try:
        yield
    finally:
        os.dup2(before, 0)
        os.close(before)


def piped(data: bytes) -> int:
    """Return the end of a pipe that a thread writes into."""
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, 'wb') as file:
            try:
                file.write(data)
            except BrokenPipeError:
                return

    threading.Thread(target=write, daemon=True).start()
    return reading


def test_picture_through_a_pipe(make_picture: MakeFile) -> None:
    path = make_picture('photo.jpg', (640, 480))
    with standard_input(piped(path.read_bytes())):
        (source,) = find_sources('-')
    assert isinstance(source, Picture)
    (frame,) = source.frames()
    assert (source.name, source.stem, source.total, frame.source) == ('-', 'stdin', 1, '-')
    assert (frame.image == read_picture(path)).all()


def test_picture_in_a_file(make_picture: MakeFile) -> None:
    path = make_picture()
    with standard_input(os.open(path, os.O_RDONLY)):
        (source,) = find_sources('-')
        assert [os.path.samefile(read, path) for read in paths_of(source)] == [True]
    assert next(source.frames()).image.shape == (48, 64, 3)


def test_damaged_picture_is_used_and_said(make_picture: MakeFile) -> None:
    data = make_picture('photo.jpg', (640, 480)).read_bytes()
    with standard_input(piped(data[:-400])):
        (source,) = find_sources('-')
    frames = source.frames()
    assert next(frames).image.shape == (480, 640, 3)
    with pytest.raises(FrameError, match='standard input is damaged or cut off'):
        next(frames)


@pytest.mark.parametrize('name', ['walk.mp4', 'walk.avi', 'walk.mkv'])
@pytest.mark.parametrize('through', ['pipe', 'file'])
def test_video_on_standard_input(make_video: MakeFile, name: str, through: str) -> None:
    """The index of an mp4 of OpenCV's stands at its end."""
    if name.endswith('mp4'):
        path = make_video(name, frames=12)
    else:
        path = _written(make_video('x.mp4').with_name(name))
    data = path.read_bytes()
    with standard_input(piped(data) if through == 'pipe' else os.open(path, os.O_RDONLY)):
        (source,) = find_sources('-')
        frames = list(source.frames())
    assert (source.name, source.stem) == ('-', 'stdin')
    assert [frame.index for frame in frames] == list(range(12))
    wanted = [frame.image for frame in find_sources(str(path))[0].frames()]
    assert all((frame.image == image).all() for frame, image in zip(frames, wanted))
    with pytest.raises(SourceError, match='was read to its end, and comes only once'):
        next(source.frames())


def _written(path: Path) -> Path:
    codec = cv2.VideoWriter.fourcc(*'MJPG')
    writer = cv2.VideoWriter(str(path), codec, 12.5, (64, 48))
    for image in np.random.default_rng(0).integers(0, 255, (12, 48, 64, 3), np.uint8):
        writer.write(image)
    writer.release()
    return path


def test_video_with_its_index_first_is_read_as_it_comes(make_video: MakeFile) -> None:
    """Frames come before the pipe ends: nobody waits for the end of what a camera sends."""
    path = _written(make_video('x.mp4').with_name('walk.mkv'))
    reading, writing = os.pipe()
    os.write(writing, path.read_bytes())  # fits into the pipe
    with standard_input(reading):
        (source,) = find_sources('-')
    frames = source.frames()
    assert next(frames).image.shape == (48, 64, 3)
    os.close(writing)
    assert len(list(frames)) == 11


def test_named_pipe(make_video: MakeFile, tmp_path: Path) -> None:
    path, pipe = make_video(), tmp_path / 'live'
    os.mkfifo(pipe)
    thread = threading.Thread(target=lambda: pipe.write_bytes(path.read_bytes()))
    thread.start()
    (source,) = find_sources(str(pipe))
    thread.join()
    assert (source.name, source.stem) == (str(pipe), 'live')
    assert [frame.index for frame in source.frames(Selection(2, 5))] == [2, 7]


NOTHING = [(b'', r'standard input is empty'), (b'hello' * 99, 'is neither a picture nor a video')]


@pytest.mark.parametrize(('data', 'says'), NOTHING)
def test_nothing_on_standard_input(data: bytes, says: str) -> None:
    with standard_input(piped(data)), pytest.raises(SourceError, match=says):
        find_sources('-')


def test_terminal_as_standard_input() -> None:
    ours, theirs = os.openpty()
    with standard_input(theirs), pytest.raises(SourceError, match='is the terminal: send a pict'):
        find_sources('-')
    os.close(ours)


def test_closed_standard_input() -> None:
    with standard_input(os.open(os.devnull, os.O_RDONLY)):
        os.close(0)
        try:
            with pytest.raises(SourceError, match='standard input is closed'):
                find_sources('-')
        finally:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
