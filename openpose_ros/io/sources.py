"""From what a user names to sources of frames."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import stat
from typing import Protocol
from urllib.parse import unquote, urlsplit

from openpose_ros.errors import SourceError
from openpose_ros.io.folders import sources_in
from openpose_ros.io.frame import Frame
from openpose_ros.io.pictures import Picture, is_picture
from openpose_ros.io.selection import ALL, Selection
from openpose_ros.io.standard_input import STANDARD_INPUT, open_piped, open_standard_input
from openpose_ros.io.video import Camera, open_video
from openpose_ros.pictures import MAX_IMAGE_PIXELS


class Source(Protocol):
    """Something that delivers frames: `Picture`, `Video`, `Camera`, or what is like them."""

    @property
    def name(self) -> str:
        """What the user calls it."""

    @property
    def stem(self) -> str:
        """What results are called after."""

    @property
    def total(self) -> int | None:
        """How many frames it claims to have; None if that is not known."""

    def frames(self, selection: Selection = ALL, /) -> Iterator[Frame]:
        """Yield what is wanted, in order; raises a SourceError where it ends too early."""


def find_sources(
    name: str,
    *,
    max_pixels: int = MAX_IMAGE_PIXELS,
    recursive: bool = False,
    without: Path | None = None,
) -> list[Source]:
    """
    Return the sources behind a name.

    Parameters
    ----------
    name : str
        A picture, a video, a folder (its pictures and videos, in natural order: 2 before 10), a
        camera's index or device file, the address of a stream (with ://), or '-' for standard
        input. What a file is, its first bytes say; its name, if these say nothing.
    max_pixels : int
        Larger pictures, and videos of larger frames, are refused.
    recursive : bool
        Take what is in the folders of a folder, too.
    without : Path, optional
        A folder that is then not looked into: that of the results.

    Raises
    ------
    SourceError
        If there is nothing of that name, it cannot be read, nothing listens at an address, a
        folder has no pictures and no videos, or a file is neither.

    """
    if not name:
        raise SourceError(
            'the name of a source is empty; name a picture, a video, a folder, an address or a '
            'camera'
        )
    if '\0' in name:
        raise SourceError(f'the name of a source is {name!r}, but no name has a zero byte')
    if name == STANDARD_INPUT:
        return [open_standard_input(max_pixels=max_pixels)]
    if '://' in name:
        return [open_video(name, max_pixels=max_pixels)]
    try:
        kind = os.stat(name).st_mode
    except OSError as exc:
        if name.isdecimal():
            return [Camera(name)]
        raise SourceError(f'cannot read {name}: {exc.strerror}') from exc
    if stat.S_ISDIR(kind):
        return [
            *sources_in(Path(name), max_pixels=max_pixels, recursive=recursive, without=without)
        ]
    if stat.S_ISCHR(kind):
        return [Camera(name)]
    if not stat.S_ISREG(kind):  # a pipe: what is taken from it to look is not there again
        try:
            file = open(name, 'rb', buffering=0)  # noqa: SIM115  the source's
        except OSError as exc:
            raise SourceError(f'cannot read {name}: {exc.strerror}') from exc
        return [open_piped(file, name, max_pixels=max_pixels)]
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
    files = getattr(source, 'paths', None)
    if files is not None:  # of one that is more than a file
        yield from files
    elif source.name == STANDARD_INPUT:
        yield Path('/dev/stdin')
    elif isinstance(source, Camera) and source.name.isdecimal():
        yield Path(f'/dev/video{source.name}')
    elif source.name.startswith('file:'):
        yield Path(unquote(urlsplit(source.name).path))
    elif '://' not in source.name:
        yield Path(source.name)


def is_live(source: Source) -> bool:
    """Tell whether what a source delivers cannot be had again: of a camera, a stream, a pipe."""
    return not hasattr(source, 'paths') and not os.path.isfile(source.name)
