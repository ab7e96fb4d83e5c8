"""What a folder stands for: its pictures and videos, and on request those of folders in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import os
from pathlib import Path
import re
from typing import ClassVar

from openpose_ros.errors import SourceError
from openpose_ros.io.frame import Frame
from openpose_ros.io.pictures import PICTURE_SUFFIXES, Picture, is_picture
from openpose_ros.io.selection import ALL, Selection
from openpose_ros.io.video import Video, open_video
from openpose_ros.pictures.formats import ENOUGH_BYTES, is_video


@dataclass(frozen=True)
class Unreadable:
    """What cannot be opened, a video say: it is said in its turn, and the others go on."""

    name: str
    trouble: str
    total: ClassVar[int] = 0

    @property
    def stem(self) -> str:
        """What results would be called after."""
        return Path(self.name).stem

    def frames(self, selection: Selection = ALL) -> Iterator[Frame]:
        """
        Yield nothing.

        Raises
        ------
        SourceError
            Where the first frame is asked for, as of any other source, not before.

        """
        yield from ()
        raise SourceError(self.trouble)


def sources_in(
    folder: Path, *, max_pixels: int, recursive: bool = False, without: Path | None = None
) -> list[Picture | Video | Unreadable]:
    """
    Return the pictures and videos of a folder, in natural order: 2 before 10.

    Hidden files and folders are left out.

    Parameters
    ----------
    folder : Path
        That is looked into.
    max_pixels : int
        Larger pictures, and videos of larger frames, are refused.
    recursive : bool
        Take those of the folders in it too, after its own; links to folders are followed.
    without : Path, optional
        A folder that is not looked into: that of the results.

    Raises
    ------
    SourceError
        If a folder cannot be read, or there are none.

    """
    found: list[Picture | Video | Unreadable] = []
    below = 0
    seen = set() if without is None else {_identity(without)}
    waiting = [folder]
    while waiting:
        here = waiting.pop(0)
        seen.add(_identity(here))
        try:
            entries = sorted(
                (path for path in here.iterdir() if not path.name.startswith('.')),
                key=lambda path: natural(path.name),
            )
        except OSError as exc:
            trouble = f'cannot read the folder {here}: {exc.strerror}'
            if here == folder:
                raise SourceError(trouble) from exc
            found.append(Unreadable(str(here), trouble))
            continue
        inner = [path for path in entries if path.is_dir() and _identity(path) not in seen]
        below += len(inner)
        if recursive:
            seen.update(map(_identity, inner))
            waiting[:0] = inner
        for path in entries:
            if path.suffix.lower() in PICTURE_SUFFIXES and _may_wait(path):
                trouble = f'{path} is no file but a pipe or a device; name it itself to read it'
                found.append(Unreadable(str(path), trouble))
            elif _is_for_pictures(path):
                found.append(Picture(path, max_pixels))
            elif _is_for_video(path):
                found.append(_video(path, max_pixels))
    if not found:
        raise _nothing_in(folder, below, recursive=recursive)
    return found


def _nothing_in(folder: Path, below: int, *, recursive: bool) -> SourceError:
    if below and not recursive:
        folders = 'a folder' if below == 1 else f'{below} folders'
        return SourceError(
            f'the folder {folder} has no pictures or videos itself, but {folders}: '
            '--recursive looks there too'
        )
    inside = ' and those in it have' if recursive and below else ' has'
    return SourceError(
        f'the folder {folder}{inside} no pictures; looked for '
        f'{" ".join(sorted(PICTURE_SUFFIXES))}, and for files that begin as one or as a video'
    )


def _video(path: Path, max_pixels: int) -> Video | Unreadable:
    try:
        return open_video(str(path), max_pixels=max_pixels)
    except SourceError as exc:
        return Unreadable(str(path), str(exc))


def _is_for_pictures(path: Path) -> bool:
    """Tell whether a folder's entry is a picture, or meant as one that its error will name."""
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return not path.is_dir()
    try:
        return path.is_file() and is_picture(path, certain=True)
    except OSError:
        return False


def _may_wait(path: Path) -> bool:
    """Tell a pipe or a device: it may deliver nothing, and no signal ends who reads it."""
    return path.exists() and not path.is_dir() and not path.is_file()


def _is_for_video(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open('rb') as file:
            return is_video(memoryview(file.read(ENOUGH_BYTES)))
    except OSError:
        return False


def _identity(path: Path) -> tuple[int, int] | str:
    try:
        found = os.stat(path)
    except OSError:
        return str(path)
    return found.st_dev, found.st_ino


def natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """Return what names are sorted by, so that img2 comes before img10."""
    parts = re.split(r'([0-9]+)', name.lower())
    return [(int(part), '') if part.isdecimal() else (0, part) for part in parts], name
