"""Still pictures: files of the formats that OpenCV decodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
import os
from pathlib import Path
import stat
from typing import BinaryIO, ClassVar

from openpose_ros.errors import FrameError
from openpose_ros.frames import FrameArray
from openpose_ros.io.frame import Frame
from openpose_ros.io.selection import ALL, Selection
from openpose_ros.pictures import MAX_IMAGE_PIXELS
from openpose_ros.pictures.decoding import Decoded, check_header, decode_picture
from openpose_ros.pictures.formats import ENOUGH_BYTES, FILE_FORMATS, find_format, is_video
from openpose_ros.pictures.header import Format

# What is taken for a picture even if its bytes say nothing: its errors are a picture's.
# fmt: off
PICTURE_SUFFIXES = frozenset({
    '.avif', '.bmp', '.dib', '.gif', '.heic', '.heif', '.j2k', '.jfif', '.jp2', '.jpe', '.jpeg',
    '.jpg', '.pbm', '.pgm', '.png', '.pnm', '.ppm', '.tif', '.tiff', '.webp',
})
# fmt: on
_BYTES_PER_PIXEL, _BYTES_BESIDES = 8, 1 << 26
_PIECE = 1 << 20  # of a pipe
_HEADER_BYTES = 1 << 18  # enough to find the size of most pictures, without reading them all


@dataclass(frozen=True)
class Picture:
    """
    One picture file; a source of one frame.

    Attributes
    ----------
    path : Path
    max_pixels : int
        Larger ones are refused.

    """

    path: Path
    max_pixels: int = MAX_IMAGE_PIXELS
    total: ClassVar[int] = 1

    @property
    def name(self) -> str:
        """The path, as text."""
        return str(self.path)

    @property
    def stem(self) -> str:
        """What results are called after."""
        return self.path.stem

    def frames(self, selection: Selection = ALL) -> Iterator[Frame]:
        """
        Yield the one frame, which is always wanted.

        Raises
        ------
        FrameError
            If there is none; or after it, if not all of its pixels are the picture's.

        """
        picture = load_picture(self.path, max_pixels=self.max_pixels)
        yield from frames_of(picture, self.name, str(self.path))


def frames_of(picture: Decoded, source: str, called: str) -> Iterator[Frame]:
    """
    Yield the frame of a picture.

    Parameters
    ----------
    picture : Decoded
        What the frame is made of.
    source : str
        As `Frame.source`.
    called : str
        What messages call it.

    Raises
    ------
    FrameError
        After it, if not all of its pixels are the picture's.

    """
    yield Frame(picture.image, source, note=picture.note)
    if picture.damage:
        raise FrameError(f'{called} {picture.damage}; what could be read of it is used')


def read_picture(path: Path, *, max_pixels: int = MAX_IMAGE_PIXELS) -> FrameArray:
    """
    Read a picture as its photographer meant it to be seen, whole or not.

    Orientation is applied. Grey becomes three equal channels, transparency is dropped (the
    colours below it stay), of 16 bits the upper 8 are taken.

    Returns
    -------
    uint8 (H, W, 3)
        Blue, green, red.

    Raises
    ------
    FrameError
        If the file cannot be read, is empty, too large, no picture, or damaged so much that
        nothing can be decoded.

    """
    return load_picture(path, max_pixels=max_pixels).image


def load_picture(path: Path, *, max_pixels: int = MAX_IMAGE_PIXELS) -> Decoded:
    """
    Read a picture as `read_picture` does, and say what is odd or damaged.

    Raises
    ------
    FrameError
        As `read_picture`.

    """
    if '\0' in str(path):  # open() has a bare ValueError for it
        raise FrameError(f'cannot read {str(path)!r}: no name has a zero byte')
    most = most_bytes(max_pixels)
    try:
        with open(path, 'rb') as file:
            kind = os.fstat(file.fileno())
            if stat.S_ISREG(kind.st_mode):
                _check_beginning(file, path, kind.st_size, most, max_pixels)
                data = file.read()
            else:  # a pipe has no size, and maybe no end
                pieces = islice(iter(partial(file.read, _PIECE), b''), most // _PIECE + 1)
                data = b''.join(pieces)
    except OSError as exc:
        raise FrameError(f'cannot read {path}: {exc.strerror}') from exc
    return decode_picture(data, str(path), max_pixels=max_pixels)


def most_bytes(max_pixels: int) -> int:
    """Return how many bytes a picture of so many pixels has at most, in 16 bits too."""
    return _BYTES_PER_PIXEL * max_pixels + _BYTES_BESIDES


def _check_beginning(file: BinaryIO, path: Path, size: int, most: int, max_pixels: int) -> None:
    """Refuse what is no picture, or too large, before all of it is read."""
    beginning = memoryview(file.read(min(size, _HEADER_BYTES)))
    check_header(beginning, str(path), max_pixels=max_pixels, formats=FILE_FORMATS, total=size)
    if size > most:
        raise FrameError(
            f'{path} has {size} bytes, but a picture of {max_pixels} pixels at most {most}; '
            'raise max_image_pixels'
        )
    file.seek(0)


def is_picture(path: Path, *, certain: bool = False) -> bool:
    """
    Tell by its first bytes whether a file is a picture, or by its name if these say nothing.

    Parameters
    ----------
    path : Path
        Of a regular file.
    certain : bool
        Ask for one that can be decoded, by its bytes.

    Raises
    ------
    OSError
        If it cannot be read.

    """
    with open(path, 'rb') as file:
        data = memoryview(file.read(ENOUGH_BYTES))
    found = find_format(data)
    if certain:
        return isinstance(found, Format)
    if found is not None:
        return True
    return path.suffix.lower() in PICTURE_SUFFIXES and not is_video(data)
