"""Annotated videos: an mp4 of what is drawn, in the best codec that this machine writes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from pathlib import Path
import shlex
import tempfile
from typing import Any

import cv2
import numpy as np

from openpose_ros.errors import OutputError
from openpose_ros.files import whole_path
from openpose_ros.frames import FrameArray
from openpose_ros.pictures.stderr import caught_stderr
from openpose_ros.placement import Size

# H.264, which everything plays, but not every FFmpeg writes; MPEG-4 part 2, which all write.
_BEST, _SURE = 'avc1', 'mp4v'
# What MPEG-4 can hold; OpenCV 4.5 crashes above it.
_SIDE = (2, 8191)
_SLOWEST_FPS = 0.01  # OpenCV has a time base for; of one frame in many a thousand there is less


class VideoFile:
    """
    An mp4 file of the size of its first frame; it gets its name when it is finished.

    Codecs halve the colours, so that sides are even: at the right and at the bottom a row of
    pixels is repeated where they are not.

    Parameters
    ----------
    path : Path
    fps : float
        Frames a second; 0.01 at least.
    first : uint8 (H, W, 3)
        The first frame, which is not written yet.
    note : callable, optional
        Gets a line if browsers will not play it, with what makes another one.

    Attributes
    ----------
    written : int
        Frames so far.

    Raises
    ------
    OutputError
        If it cannot be written, or not of that size.

    """

    def __init__(
        self,
        path: Path,
        fps: float,
        first: FrameArray,
        *,
        note: Callable[[str], object] = lambda _: None,
    ) -> None:
        height, width = first.shape[:2]
        self._path, self.written = path, 0
        fps = max(fps, _SLOWEST_FPS)
        self._source_size = width, height
        self._size = width + width % 2, height + height % 2
        low, high = _SIDE
        if min(width, height) < low or max(self._size) > high:
            raise OutputError(
                f'cannot write {path}: frames of {width}x{height} pixels; an mp4 takes from '
                f'{low} to {high} a side'
            )
        best = can_write(_BEST, self._size, fps)
        with ExitStack() as stack:
            self._part = stack.enter_context(whole_path(path))
            self._writer = _opened(self._part, _BEST if best else _SURE, fps, self._size)
            if not self._writer.isOpened():
                raise OutputError(
                    f'OpenCV cannot write {path}: is there room on the disk, and does its build '
                    'have FFmpeg?'
                )
            self._file = stack.pop_all()
        if not best:
            playable = path.with_name(f'{path.stem}_h264.mp4')
            convert = ['ffmpeg', '-i', str(path), '-c:v', 'libx264', '-pix_fmt', 'yuv420p']
            note(
                'this OpenCV writes no H.264, and browsers do not play what it writes; for one '
                f'that they play: {shlex.join([*convert, str(playable)])}'
            )

    def write(self, image: FrameArray) -> None:
        """Write one more frame; one of another size is made to fit."""
        if image.shape[1::-1] != self._source_size:  # OpenCV would drop it without a word
            image = np.asarray(cv2.resize(image, self._source_size), np.uint8)
        right, bottom = self._size[0] - image.shape[1], self._size[1] - image.shape[0]
        if right or bottom:
            image = np.pad(image, ((0, bottom), (0, right), (0, 0)), 'edge')
        self._writer.write(image)
        self.written += 1

    def finish(self) -> None:
        """
        Write the index without which nothing plays it, and see that it is there.

        Raises
        ------
        OutputError
            If frames are missing.

        """
        with self._file:
            self._writer.release()
            written = cv2.VideoCapture(str(self._part))
            found = max(0, int(written.get(cv2.CAP_PROP_FRAME_COUNT)))
            written.release()
            if found < self.written:
                raise OutputError(
                    f'{self._path} is not whole: {found} of {self.written} frames; is the disk '
                    'full?'
                )


@cache
def can_write(codec: str, size: Size, fps: float) -> bool:
    """
    Write two frames in a codec, and tell whether two can be read.

    To open a writer is no proof: the encoders of a graphics card or of a board open, and then
    write nothing.

    Parameters
    ----------
    codec : str
        Four letters: 'avc1', say.
    size : (int, int)
        Width and height, pixels.
    fps : float
        Frames a second.

    """
    try:
        with (
            tempfile.TemporaryDirectory(prefix='openpose_ros_') as folder,
            caught_stderr(lambda _: True),  # why not is of no use to anybody
        ):
            path = Path(folder, 'two.mp4')
            writer = _opened(path, codec, fps, size)
            for grey in (64, 192):
                writer.write(np.full((size[1], size[0], 3), grey, np.uint8))
            writer.release()
            reader = cv2.VideoCapture(str(path))
            found = [reader.read() for _ in range(2)]
            reader.release()
    except (OSError, cv2.error):  # no folder for it; a size that it does not have
        return False
    return all(read and image.shape[1::-1] == size for read, image in found)


def _opened(path: Path, codec: str, fps: float, size: Size) -> Any:
    return cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, size)
