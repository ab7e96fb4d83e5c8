"""From what a user names to sources of frames."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import re
import stat
from typing import Protocol

from openpose_ros.errors import SourceError
from openpose_ros.io.frame import Frame
from openpose_ros.io.pictures import PICTURE_SUFFIXES, Picture
from openpose_ros.io.video import Camera, Video, open_video


class Source(Protocol):
    """Something that delivers frames: `Picture`, `Video` or `Camera`."""

    @property
    def name(self) -> str:
        """What the user calls it."""

    @property
    def stem(self) -> str:
        """What results are called after."""

    @property
    def total(self) -> int | None:
        """How many frames it claims to have; None if that is not known."""

    def frames(self) -> Iterator[Frame]:
        """Yield the frames in order; raises a SourceError where they end too early."""


def find_sources(name: str) -> list[Source]:
    """
    Return the sources behind a name.

    Parameters
    ----------
    name : str
        A picture, a video, a folder (its pictures, in natural order: 2 before 10), a camera's
        index or device file, or the address of a stream (with ://).

    Raises
    ------
    SourceError
        If there is nothing of that name, it cannot be read, a folder has no pictures, or a file
        is neither a picture nor a video.

    """
    if '://' in name:
        return [open_video(name)]
    try:
        kind = os.stat(name).st_mode
    except OSError as exc:
        if name.isdecimal():
            return [Camera(name)]
        raise SourceError(f'cannot read {name}: {exc.strerror}') from exc
    if stat.S_ISDIR(kind):
        return _pictures_in(Path(name))
    if stat.S_ISCHR(kind):
        return [Camera(name)]
    if Path(name).suffix.lower() in PICTURE_SUFFIXES:
        return [Picture(Path(name))]
    return [_video_file(name)]


def _pictures_in(folder: Path) -> list[Source]:
    try:
        paths = [
            path
            for path in folder.iterdir()
            if path.suffix.lower() in PICTURE_SUFFIXES
            and not path.name.startswith('.')
            and not path.is_dir()
        ]
    except OSError as exc:
        raise SourceError(f'cannot read the folder {folder}: {exc.strerror}') from exc
    if not paths:
        raise SourceError(
            f'the folder {folder} has no pictures; looked for {" ".join(sorted(PICTURE_SUFFIXES))}'
        )
    return [Picture(path) for path in sorted(paths, key=_natural)]


def _natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Sort img2 before img10."""
    parts = re.split(r'([0-9]+)', path.name.lower())
    return [(int(part), '') if part.isdecimal() else (0, part) for part in parts], path.name


def _video_file(name: str) -> Video:
    # OpenCV says only that it did not open; these are the reasons that a user can act on.
    try:
        with open(name, 'rb') as file:
            if not file.read(1):
                raise SourceError(f'{name} is empty (0 bytes)')
    except OSError as exc:
        raise SourceError(f'cannot read {name}: {exc.strerror}') from exc
    return open_video(name)
