"""From what a user names to sources of frames."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import re
import stat
from typing import Protocol
from urllib.parse import unquote, urlsplit

from openpose_ros.errors import SourceError
from openpose_ros.io.frame import Frame
from openpose_ros.io.pictures import PICTURE_SUFFIXES, Picture, is_picture
from openpose_ros.io.video import Camera, open_video
from openpose_ros.pictures import MAX_IMAGE_PIXELS


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


def find_sources(name: str, *, max_pixels: int = MAX_IMAGE_PIXELS) -> list[Source]:
    """
    Return the sources behind a name.

    Parameters
    ----------
    name : str
        A picture, a video, a folder (its pictures, in natural order: 2 before 10), a camera's
        index or device file, or the address of a stream (with ://). What a file is, its first
        bytes say; its name, if these say nothing.
    max_pixels : int
        Larger pictures, and videos of larger frames, are refused.

    Raises
    ------
    SourceError
        If there is nothing of that name, it cannot be read, a folder has no pictures, or a file
        is neither a picture nor a video.

    """
    if '://' in name:
        return [open_video(name, max_pixels=max_pixels)]
    try:
        kind = os.stat(name).st_mode
    except OSError as exc:
        if name.isdecimal():
            return [Camera(name)]
        raise SourceError(f'cannot read {name}: {exc.strerror}') from exc
    if stat.S_ISDIR(kind):
        return _pictures_in(Path(name), max_pixels)
    if stat.S_ISCHR(kind):
        return [Camera(name)]
    if not stat.S_ISREG(kind):  # looking into a pipe would take bytes out of it
        pictured = Path(name).suffix.lower() in PICTURE_SUFFIXES
        return [
            Picture(Path(name), max_pixels)
            if pictured
            else open_video(name, max_pixels=max_pixels)
        ]
    try:
        if is_picture(Path(name)):
            return [Picture(Path(name), max_pixels)]
    except OSError as exc:
        raise SourceError(f'cannot read {name}: {exc.strerror}') from exc
    if not os.path.getsize(name):  # OpenCV says only that it did not open
        raise SourceError(f'{name} is empty (0 bytes)')
    return [open_video(name, max_pixels=max_pixels)]


def paths_of(source: Source) -> Iterator[Path]:
    """Yield the files and devices that a source is read from, none for an address."""
    if isinstance(source, Camera) and source.name.isdecimal():
        yield Path(f'/dev/video{source.name}')
    elif source.name.startswith('file:'):
        yield Path(unquote(urlsplit(source.name).path))
    elif '://' not in source.name:
        yield Path(source.name)


def is_live(source: Source) -> bool:
    """Tell whether what a source delivers cannot be had again: of a camera, a stream, a pipe."""
    return not os.path.isfile(source.name)


def _pictures_in(folder: Path, max_pixels: int) -> list[Source]:
    try:
        paths = [
            path
            for path in folder.iterdir()
            if not path.name.startswith('.') and _is_for_pictures(path)
        ]
    except OSError as exc:
        raise SourceError(f'cannot read the folder {folder}: {exc.strerror}') from exc
    if not paths:
        raise SourceError(
            f'the folder {folder} has no pictures; looked for '
            f'{" ".join(sorted(PICTURE_SUFFIXES))} and for files that begin as one'
        )
    return [Picture(path, max_pixels) for path in sorted(paths, key=_natural)]


def _is_for_pictures(path: Path) -> bool:
    """Tell whether a folder's entry is a picture, or meant as one that its error will name."""
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return not path.is_dir()
    try:
        return path.is_file() and is_picture(path, certain=True)
    except OSError:
        return False


def _natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Sort img2 before img10."""
    parts = re.split(r'([0-9]+)', path.name.lower())
    return [(int(part), '') if part.isdecimal() else (0, part) for part in parts], path.name
