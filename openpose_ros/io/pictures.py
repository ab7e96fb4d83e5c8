"""Still pictures: files of the formats that OpenCV decodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import re
from typing import ClassVar

import cv2
import numpy as np

from openpose_ros.errors import FrameError
from openpose_ros.frames import FrameArray
from openpose_ros.io.frame import Frame

# fmt: off
PICTURE_SUFFIXES = frozenset({
    '.avif', '.bmp', '.dib', '.jp2', '.jpe', '.jpeg', '.jpg', '.pbm', '.pgm', '.png', '.pnm',
    '.ppm', '.tif', '.tiff', '.webp',
})
# fmt: on
_JPEG_START, _PNG_START = b'\xff\xd8\xff', b'\x89PNG\r\n\x1a\n'
_PNG_END = b'IEND\xaeB`\x82'
_JPEG_SCAN, _JPEG_END = 0xDA, 0xD9
# Within a scan ff is followed by 00 (a data byte) or d0 to d7 (a restart); ff ff is filling.
_JPEG_AFTER_SCAN = re.compile(rb'\xff[^\x00\xff\xd0-\xd7]')


@dataclass(frozen=True)
class Picture:
    """
    One picture file; a source of one frame.

    Attributes
    ----------
    path : Path

    """

    path: Path
    total: ClassVar[int] = 1

    @property
    def name(self) -> str:
        """The path, as text."""
        return str(self.path)

    @property
    def stem(self) -> str:
        """What results are called after."""
        return self.path.stem

    def frames(self) -> Iterator[Frame]:
        """Yield the one frame; raises what `read_picture` raises."""
        yield Frame(read_picture(self.path), self.name)


def read_picture(path: Path) -> FrameArray:
    """
    Read a picture as its photographer meant it to be seen.

    Orientation (EXIF) is applied. Grey becomes three equal channels, transparency is dropped
    (the colours below it stay), of 16 bits the upper 8 are taken.

    Returns
    -------
    uint8 (H, W, 3)
        Blue, green, red.

    Raises
    ------
    FrameError
        If the file cannot be read, is empty, is cut off, or is no picture.

    """
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise FrameError(f'cannot read {path}: {exc.strerror}') from exc
    return decode_picture(data, str(path))


def decode_picture(data: bytes, name: str, *, flags: int = cv2.IMREAD_COLOR) -> FrameArray:
    """
    Read a picture from the bytes of its file.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        What errors call it.
    flags : int
        As `cv2.imdecode` takes them; IMREAD_COLOR is among them.

    Returns
    -------
    uint8 (H, W, 3)
        Blue, green, red.

    Raises
    ------
    FrameError
        If there are none, some are missing, or they are no picture.

    """
    if not data:
        raise FrameError(f'{name} is empty (0 bytes)')
    if _is_cut_off(data):
        raise FrameError(f'{name} is cut off after {len(data)} bytes; copy it again')
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as exc:  # too many pixels, say
        raise FrameError(f'OpenCV cannot decode {name}: {exc.err}') from exc
    if image is None:
        raise FrameError(
            f'{name} is damaged or no picture that OpenCV {cv2.__version__} can decode; '
            f'it begins with {data[:12]!r}'
        )
    return image  # type: ignore[no-any-return]


def _is_cut_off(data: bytes) -> bool:
    """
    Tell whether a JPEG or PNG ends before its end.

    OpenCV fills the missing half of a JPEG with grey and reports nothing (4.6 in memory, 5.0
    from a file).
    """
    if data.startswith(_PNG_START):
        return _PNG_END not in data
    if not data.startswith(_JPEG_START) or data.endswith(bytes((0xFF, _JPEG_END))):
        return False
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # filling
            place += 1
            continue
        place += 2 + int.from_bytes(data[place + 2 : place + 4], 'big')
        if marker == _JPEG_SCAN:
            following = _JPEG_AFTER_SCAN.search(data, place)
            if following is None:
                return True
            place = following.start()
            if data[place + 1] == _JPEG_END:
                return False
    return place >= len(data) - 4
