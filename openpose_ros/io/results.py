"""Annotated pictures and videos in a folder, with OpenPose's JSON beside them."""

from __future__ import annotations

from contextlib import ExitStack
import json
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2

from openpose_ros.errors import OutputError
from openpose_ros.files import Claims, whole_path, write_whole
from openpose_ros.frames import FrameArray
from openpose_ros.io.behind import WriteBehind
from openpose_ros.io.frame import Frame
from openpose_ros.io.people_json import to_openpose
from openpose_ros.io.result_names import KEYPOINTS, picture_suffix
from openpose_ros.people import People

# What MPEG-4 can hold; OpenCV 4.5 crashes above it.
_VIDEO_SIDE = (2, 8191)
# The muxer keeps the place of each frame in memory, 73 bytes: 190 MB a day of a camera's.
_MOST_FRAMES = 1_000_000


class Results:
    """
    The files of one source; use it as a context, which finishes the video.

    Parameters
    ----------
    folder : Path
        Where they go; it must exist.
    stem : str
        What they are called: STEM.jpg (.png, .tiff, as the source) and STEM_keypoints.json of a
        picture; STEM.mp4 and STEM_000000000012_keypoints.json of frame 12 of a video. One of more
        than a million frames, 9 hours of a camera's, goes on in STEM_000001000000.mp4.
    claims : Claims, optional
        What else the command reads and writes: no frame's JSON is written there.
    behind : WriteBehind, optional
        Writes the files; by default they are written before `write` returns.

    """

    def __init__(
        self,
        folder: Path,
        stem: str,
        *,
        claims: Claims | None = None,
        behind: WriteBehind | None = None,
    ) -> None:
        self._base = folder / stem
        self._claims = claims
        self._write = behind.write if behind else write_whole
        self._video: _VideoFile | None = None

    def __enter__(self) -> Results:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._video is not None:
            self._video.finish()

    def write(self, frame: Frame, drawn: FrameArray, people: People) -> None:
        """
        Write one frame's results.

        Parameters
        ----------
        frame : Frame
            What was looked at.
        drawn : uint8 (H, W, 3)
            What is to be seen.
        people : People
            Who was found, in pixels of the frame.

        Raises
        ------
        OutputError
            If a file cannot be written.
        ParameterError
            If the command reads it.

        """
        if frame.fps is None:
            keypoints = self._named(KEYPOINTS)
            path = self._named(picture_suffix(frame.source))
            self._write(path, _encoded(path, drawn))
        else:
            # OpenPose's own twelve digits.
            number = f'_{frame.index:012d}'
            keypoints = self._named(f'{number}{KEYPOINTS}')
            self._check(keypoints)
            if self._video is None:
                self._video = _VideoFile(self._named('.mp4'), frame.fps, drawn)
            elif self._video.written == _MOST_FRAMES:
                following = self._named(f'{number}.mp4')
                self._check(following)
                self._video.finish()
                self._video = _VideoFile(following, frame.fps, drawn)
            self._video.write(drawn)
        text = json.dumps(to_openpose(people), separators=(',', ':'), allow_nan=False)
        self._write(keypoints, text.encode())

    def _check(self, path: Path) -> None:
        """See that a file may be written; it is not claimed, as there is no end to them."""
        if self._claims is not None:
            self._claims.check(path)

    def _named(self, ending: str) -> Path:
        return self._base.with_name(self._base.name + ending)


class _VideoFile:
    """An MPEG-4 file of the size of its first frame; it gets its name when it is finished."""

    def __init__(self, path: Path, fps: float, first: FrameArray) -> None:
        height, width = first.shape[:2]
        self._path, self._size, self.written = path, (width, height), 0
        low, high = _VIDEO_SIDE
        if not (low <= min(self._size) and max(self._size) <= high):
            raise OutputError(
                f'cannot write {path}: frames of {width}x{height} pixels; an mp4 takes from '
                f'{low} to {high} a side'
            )
        with ExitStack() as stack:
            self._part = stack.enter_context(whole_path(path))
            fourcc = cv2.VideoWriter.fourcc(*'mp4v')
            self._writer: Any = cv2.VideoWriter(str(self._part), fourcc, fps, self._size)
            if not self._writer.isOpened():
                raise OutputError(
                    f'OpenCV cannot write {path}: is there room on the disk, and does its build '
                    'have FFmpeg?'
                )
            self._file = stack.pop_all()

    def write(self, image: FrameArray) -> None:
        if image.shape[1::-1] != self._size:  # OpenCV would drop it without a word
            image = cv2.resize(image, self._size)
        self._writer.write(image)
        self.written += 1

    def finish(self) -> None:
        """Write the index without which nothing plays it, and see that it is there."""
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


def _encoded(path: Path, image: FrameArray) -> bytes:
    try:
        done, encoded = cv2.imencode(path.suffix, image)
    except cv2.error as exc:
        raise OutputError(f'OpenCV cannot encode {path}: {exc.err}') from exc
    if not done:
        height, width = image.shape[:2]
        raise OutputError(f'OpenCV cannot encode {path} of {width}x{height} pixels')
    return encoded.tobytes()
