"""Annotated pictures and videos in a folder, with OpenPose's JSON beside them."""

from __future__ import annotations

from collections.abc import Callable
import json
from pathlib import Path
from types import TracebackType

import cv2

from openpose_ros.errors import OutputError
from openpose_ros.files import Claims, write_whole
from openpose_ros.frames import FrameArray
from openpose_ros.io.behind import WriteBehind
from openpose_ros.io.frame import Frame
from openpose_ros.io.people_json import to_openpose
from openpose_ros.io.result_names import KEYPOINTS, picture_suffix
from openpose_ros.io.video_file import VideoFile
from openpose_ros.people import People

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
    keypoints : bool
        Whether to write OpenPose's JSON.
    every : int
        Of how many frames of a video one comes: the annotated one is as much slower.
    note : callable, optional
        Gets what is odd about a video, in one line.

    """

    def __init__(
        self,
        folder: Path,
        stem: str,
        *,
        claims: Claims | None = None,
        behind: WriteBehind | None = None,
        keypoints: bool = True,
        every: int = 1,
        note: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._base = folder / stem
        self._claims = claims
        self._write = behind.write if behind else write_whole
        self._keypoints = keypoints
        self._every = every
        self._note = note
        self._video: VideoFile | None = None

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
            if self._keypoints:
                self._check(keypoints)
            self._write_moving(drawn, frame.fps / self._every, number)
        if self._keypoints:
            text = json.dumps(to_openpose(people), separators=(',', ':'), allow_nan=False)
            self._write(keypoints, text.encode())

    def _write_moving(self, drawn: FrameArray, fps: float, number: str) -> None:
        if self._video is None:
            self._video = VideoFile(self._named('.mp4'), fps, drawn, note=self._note)
        elif self._video.written == _MOST_FRAMES:
            following = self._named(f'{number}.mp4')
            self._check(following)
            self._video.finish()
            self._video = VideoFile(following, fps, drawn)
        self._video.write(drawn)

    def _check(self, path: Path) -> None:
        """See that a file may be written; it is not claimed, as there is no end to them."""
        if self._claims is not None:
            self._claims.check(path)

    def _named(self, ending: str) -> Path:
        return self._base.with_name(self._base.name + ending)


def _encoded(path: Path, image: FrameArray) -> bytes:
    try:
        done, encoded = cv2.imencode(path.suffix, image)
    except cv2.error as exc:
        raise OutputError(f'OpenCV cannot encode {path}: {exc.err}') from exc
    if not done:
        height, width = image.shape[:2]
        raise OutputError(f'OpenCV cannot encode {path} of {width}x{height} pixels')
    return encoded.tobytes()
