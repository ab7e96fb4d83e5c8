"""Annotated pictures and videos in a folder, with OpenPose's JSON beside them."""

from __future__ import annotations

from collections.abc import Sequence
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2

from openpose_ros.errors import OutputError
from openpose_ros.frames import FrameArray
from openpose_ros.io.frame import Frame
from openpose_ros.io.people_json import to_openpose
from openpose_ros.io.sources import Source
from openpose_ros.people import People

# What has no room for colours.
_GREY_SUFFIXES = frozenset({'.pbm', '.pgm'})
# What MPEG-4 can hold; OpenCV 4.5 crashes above it.
_VIDEO_SIDE = (2, 8191)


def unique_stems(stems: Sequence[str]) -> list[str]:
    """
    Make stems differ by numbers: a, a, b, a become a, a_2, b, a_3.

    No result is equal to another one, nor to a stem further back in the list.
    """
    given, taken = set(stems), set[str]()
    unique: list[str] = []
    for stem in stems:
        found, number = stem, 1
        while found in taken or (number > 1 and found in given):
            number += 1
            found = f'{stem}_{number}'
        taken.add(found)
        unique.append(found)
    return unique


def prepare_folder(folder: Path, sources: Sequence[Source]) -> None:
    """
    Make the folder, and see that results can go there.

    Raises
    ------
    OutputError
        If it cannot be made or written to, or is where a source lies, which a result of the same
        name would overwrite.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise OutputError(f'cannot make the folder {folder}: {exc.strerror}') from exc
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f'cannot write into the folder {folder}: choose another one')
    for source in sources:
        path = Path(source.name)
        if path.is_file() and path.parent.resolve() == folder.resolve():
            raise OutputError(
                f'{path} lies in the folder for the results and would be overwritten: choose '
                f'another folder, {folder / "openpose"} say'
            )


class Results:
    """
    The files of one source; use it as a context, which finishes the video.

    Parameters
    ----------
    folder : Path
        Where they go; it must exist.
    stem : str
        What they are called: STEM.jpg (.png, .tiff, as the source) and STEM_keypoints.json of a
        picture; STEM.mp4 and STEM_000000000012_keypoints.json of frame 12 of a video.

    """

    def __init__(self, folder: Path, stem: str) -> None:
        self._base = folder / stem
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

        """
        if frame.fps is None:
            number = ''
            path = self._named(_picture_suffix(frame.source))
            _write(path, _encoded(path, drawn))
        else:
            number = f'_{frame.index:012d}'  # OpenPose's own twelve digits
            if self._video is None:
                self._video = _VideoFile(self._named('.mp4'), frame.fps, drawn)
            self._video.write(drawn)
        text = json.dumps(to_openpose(people), separators=(',', ':'), allow_nan=False)
        _write(self._named(f'{number}_keypoints.json'), text.encode())

    def _named(self, ending: str) -> Path:
        return self._base.with_name(self._base.name + ending)


class _VideoFile:
    """An MPEG-4 file of the size of its first frame."""

    def __init__(self, path: Path, fps: float, first: FrameArray) -> None:
        height, width = first.shape[:2]
        self._path, self._size, self._written = path, (width, height), 0
        low, high = _VIDEO_SIDE
        if not (low <= min(self._size) and max(self._size) <= high):
            raise OutputError(
                f'cannot write {path}: frames of {width}x{height} pixels; an mp4 takes from '
                f'{low} to {high} a side'
            )
        fourcc = cv2.VideoWriter.fourcc(*'mp4v')
        self._writer: Any = cv2.VideoWriter(str(path), fourcc, fps, self._size)
        if not self._writer.isOpened():
            raise OutputError(
                f'OpenCV cannot write {path}: is the folder writable, and does its build have '
                'FFmpeg?'
            )

    def write(self, image: FrameArray) -> None:
        if image.shape[1::-1] != self._size:  # OpenCV would drop it without a word
            image = cv2.resize(image, self._size)
        self._writer.write(image)
        self._written += 1

    def finish(self) -> None:
        """Write the index without which nothing plays it, and see that it is there."""
        self._writer.release()
        written = cv2.VideoCapture(str(self._path))
        found = max(0, int(written.get(cv2.CAP_PROP_FRAME_COUNT)))
        written.release()
        if found < self._written:
            raise OutputError(
                f'{self._path} is not whole: {found} of {self._written} frames; is the disk full?'
            )


def _picture_suffix(source: str) -> str:
    """Return the source's own suffix, where OpenCV writes such files; else one without loss."""
    suffix = Path(source).suffix.lower()
    kept = suffix and suffix not in _GREY_SUFFIXES and cv2.haveImageWriter(f'picture{suffix}')
    return suffix if kept else '.png'


def _encoded(path: Path, image: FrameArray) -> bytes:
    try:
        done, encoded = cv2.imencode(path.suffix, image)
    except cv2.error as exc:
        raise OutputError(f'OpenCV cannot encode {path}: {exc.err}') from exc
    if not done:
        height, width = image.shape[:2]
        raise OutputError(f'OpenCV cannot encode {path} of {width}x{height} pixels')
    return encoded.tobytes()


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as exc:
        raise OutputError(f'cannot write {path}: {exc.strerror}') from exc
