"""The door that every compressed picture comes in by, from files and from messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import re
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from openpose_ros.errors import FrameError
from openpose_ros.pictures.formats import FILE_FORMATS, find_format
from openpose_ros.pictures.header import CutOffError, DamagedError, Data, Format, Header, Still
from openpose_ros.pictures.jpeg import JPEG, NO_END, find_damage, is_warning
from openpose_ros.pictures.limits import MAX_IMAGE_PIXELS, check_pixels
from openpose_ros.pictures.orientation import turned_upright
from openpose_ros.pictures.stderr import caught_stderr

# What helps where a picture is cut off: that of a file, and that of a message.
COPY, SEND = 'copy it again', 'see whether its publisher sends all of it'
_LIBRARY = re.compile(r'libpng (?:warning|error): (.*)')


@dataclass(frozen=True, eq=False)
class Decoded:
    """
    What was decoded.

    Attributes
    ----------
    image : uint8 (H, W, 3)
        Blue, green, red; rows from the top. With other `flags`, what OpenCV makes by them.
    note : str
        What is odd about the file, in words that follow its name; '' if nothing is.
    damage : str
        What is wrong with the pixels, likewise: not all of them are the picture's.

    """

    image: npt.NDArray[Any]
    note: str = ''
    damage: str = ''


def check_header(
    data: Data,
    name: str,
    *,
    max_pixels: int,
    formats: Sequence[Format],
    total: int | None = None,
    cut_off: str = COPY,
) -> tuple[Format, Header] | None:
    """
    Find out what a picture is, and how large, before anything is decoded.

    Parameters
    ----------
    data : memoryview
        The file, or its beginning.
    name : str
        What errors call it.
    max_pixels : int
        More are refused.
    formats : sequence of Format
        Others are refused by name.
    total : int, optional
        The length of the file, if `data` is only its beginning.
    cut_off : str
        What helps where not all of it is there.

    Returns
    -------
    format, header
        None if the beginning is too short to tell.

    Raises
    ------
    FrameError
        If the picture is refused.

    """
    total = len(data) if total is None else total
    if not total:
        raise FrameError(f'{name} is empty (0 bytes)')
    found = find_format(data)
    if found is None:
        raise FrameError(
            f'{name} is damaged or no picture: it begins with {bytes(data[:12])!r}; expected '
            f'{_listed(formats)}'
        )
    kind = found if isinstance(found, str) else found.name
    if isinstance(found, str) or found not in formats:
        raise FrameError(f'{name} is {kind}, but must be {_listed(formats)}; convert it')
    header: Header | None = None
    try:
        header = found.read_header(data)
        check_pixels(name, header.width, header.height, most=max_pixels, decoded=header.decoded)
        if header.least_bytes > total:
            raise CutOffError(f'is cut off: it has {total} of {header.least_bytes} bytes')
    except CutOffError as exc:
        if len(data) < total and (header is None or header.least_bytes <= total):
            return None
        raise _refused(name, exc, total, cut_off) from exc
    except DamagedError as exc:
        raise _refused(name, exc, total, cut_off) from exc
    return found, header


def decode_picture(
    data: Data | bytes,
    name: str,
    *,
    max_pixels: int = MAX_IMAGE_PIXELS,
    formats: Sequence[Format] = FILE_FORMATS,
    upright: bool = True,
    flags: int = cv2.IMREAD_COLOR,
    cut_off: str = COPY,
) -> Decoded:
    """
    Decode a picture from the bytes of its file; of an animation, or of pages, the first one.

    Parameters
    ----------
    data : bytes or memoryview
        The whole file; only read.
    name : str
        What errors call it.
    max_pixels : int
        More are refused, before memory is asked for.
    formats : sequence of Format
        Others are refused by name.
    upright : bool
        Turn it as its orientation (EXIF and its like) says.
    flags : int
        As `cv2.imdecode` takes them; its orientation is never OpenCV's.
    cut_off : str
        What helps where not all of it is there.

    Raises
    ------
    FrameError
        If it is no picture, too large, or so damaged that nothing can be decoded.

    """
    data = memoryview(data).cast('B')
    checked = check_header(data, name, max_pixels=max_pixels, formats=formats, cut_off=cut_off)
    assert checked is not None  # all of it is here
    kind, header = checked
    try:
        still = kind.first_picture(data)
    except DamagedError as exc:
        raise _refused(name, exc, len(data), cut_off) from exc
    image, said = _decoded(still, name, kind, header, flags)
    found = find_damage(memoryview(still.data), said) if kind is JPEG else ''
    damage = still.damage or (f'is damaged or cut off ({found})' if found else '')
    note = '' if damage and still.note == NO_END else still.note
    if upright:
        image = turned_upright(image, still.orientation)
    return Decoded(image, note, damage)


def _decoded(
    still: Still, name: str, kind: Format, header: Header, flags: int
) -> tuple[npt.NDArray[Any], str]:
    """Return the picture, and what the libraries printed."""
    failure = ''
    image: npt.NDArray[Any] | None = None
    with caught_stderr(is_warning) as caught:
        try:
            image = cv2.imdecode(
                np.frombuffer(still.data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION
            )
        except (cv2.error, MemoryError) as exc:
            failure = ' '.join(str(getattr(exc, 'err', exc)).split()) or 'no memory'
    said = caught.text
    if image is None:
        library = _LIBRARY.search(said)
        reason = failure or (library[1] if library else said.partition('\n')[0][:200])
        raise FrameError(
            f'{name} is damaged, or {kind.name} of a kind that OpenCV {cv2.__version__} cannot '
            f'decode{f" ({reason})" if reason else ""}; convert it'
        )
    if still.canvas is not None:
        image = _on_canvas(image, still)
    if image.shape[:2] != (header.height, header.width):
        raise FrameError(
            f'{name} is damaged: its header says {header.width}x{header.height} pixels, and it '
            f'has {image.shape[1]}x{image.shape[0]}'
        )
    return image, said


def _on_canvas(image: npt.NDArray[Any], still: Still) -> npt.NDArray[Any]:
    assert still.canvas is not None
    width, height, left, top = still.canvas
    if image.shape[:2] == (height, width):
        return image
    canvas = np.zeros((height, width, *image.shape[2:]), image.dtype)
    part = image[: max(0, height - top), : max(0, width - left)]
    canvas[top : top + part.shape[0], left : left + part.shape[1]] = part
    return canvas


def _refused(name: str, exc: DamagedError, length: int, cut_off: str) -> FrameError:
    text = str(exc) or f'is cut off after {length} bytes, or damaged'
    advice = f'; {cut_off}' if isinstance(exc, CutOffError) else ''
    return FrameError(f'{name} {text}{advice}')


def _listed(formats: Sequence[Format]) -> str:
    *others, last = (kind.name for kind in formats)
    return f'{", ".join(others)} or {last}' if others else last
