"""Pictures and videos that come through a pipe: standard input, or one with a name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
import os
from pathlib import Path
import shutil
import struct
import tempfile
import threading
from typing import Any, BinaryIO

from openpose_ros.errors import SourceError
from openpose_ros.io.frame import Frame
from openpose_ros.io.pictures import Picture, frames_of, most_bytes
from openpose_ros.io.selection import ALL, Selection
from openpose_ros.io.video import Video, facts_of, opened
from openpose_ros.pictures.decoding import decode_picture
from openpose_ros.pictures.formats import ENOUGH_BYTES, find_format

STANDARD_INPUT = '-'
_CALLED = 'standard input'
_PIECE = 1 << 16
_MOST_BOXES, _FARTHEST = 64, 1 << 20  # before the index of an mp4, or its pictures


@dataclass(frozen=True)
class PipedPicture(Picture):
    """A picture that came through a pipe, whole."""

    data: bytes = field(default=b'', repr=False)

    @property
    def stem(self) -> str:
        """What results are called after."""
        return _stem(self.name)

    def frames(self, selection: Selection = ALL) -> Iterator[Frame]:
        """Yield the one frame; see `Picture.frames`."""
        called = _called(self.name)
        picture = decode_picture(self.data, called, max_pixels=self.max_pixels)
        return frames_of(picture, self.name, called)


@dataclass(frozen=True)
class PipedVideo(Video):
    """
    A video that comes through a pipe: once.

    Attributes
    ----------
    capture : cv2.VideoCapture
        Open.

    """

    total: int | None = None
    capture: Any = field(default=None, compare=False, repr=False)

    @property
    def stem(self) -> str:
        """What results are called after."""
        return _stem(self.name)

    @contextmanager
    def _captured(self) -> Iterator[Any]:
        if not self.capture.isOpened():
            raise SourceError(f'{_called(self.name)} was read to its end, and comes only once')
        try:
            yield self.capture
        finally:
            self.capture.release()


def open_standard_input(*, max_pixels: int) -> Picture | Video:
    """
    Look into standard input: a picture or a video, by its first bytes.

    Raises
    ------
    SourceError
        If it is a terminal, closed, empty, or neither.

    """
    try:
        file = os.fdopen(os.dup(0), 'rb', buffering=0)
    except OSError as exc:
        raise SourceError(f'{_CALLED} is closed; name a file, or send one with <') from exc
    if file.isatty():
        file.close()
        raise SourceError(
            f'{_CALLED} is the terminal: send a picture or a video with < FILE, or through a pipe'
        )
    return open_piped(file, STANDARD_INPUT, max_pixels=max_pixels)


def open_piped(file: BinaryIO, name: str, *, max_pixels: int) -> Picture | Video:
    """
    Look into what comes through a pipe.

    A picture is read whole. A video is read as it comes; but the index of an mp4 that stands at
    its end, and without which nothing of it can be read, is waited for.

    Parameters
    ----------
    file : binary file
        Owned by what is returned.
    name : str
        What the user calls it.
    max_pixels : int
        Larger pictures and frames are refused.

    Raises
    ------
    SourceError
        If it is empty, cannot be read, or is neither.

    """
    called = _called(name)
    with ExitStack() as stack:
        stack.enter_context(file)
        try:
            head = _taken(file, b'', ENOUGH_BYTES)
            if not head:
                raise SourceError(f'{called} is empty (0 bytes)')
            if find_format(memoryview(head)) is not None:
                pieces = iter(lambda: file.read(_PIECE), b'')
                data = head + b''.join(islice(pieces, most_bytes(max_pixels) // _PIECE + 1))
                return PipedPicture(Path(name), max_pixels, data)
            head, is_last = _index_is_last(file, head)
            if is_last:
                whole = stack.enter_context(tempfile.TemporaryFile(prefix='openpose_ros_'))
                whole.write(head)
                shutil.copyfileobj(file, whole)
                whole.flush()
                return _video(whole.fileno(), name, max_pixels)
            reading = _pumped(head, file)
            stack.pop_all()  # the file is the pump's
        except OSError as exc:
            raise SourceError(f'cannot read {called}: {exc.strerror}') from exc
    try:
        return _video(reading, name, max_pixels)
    finally:
        os.close(reading)


def _video(descriptor: int, name: str, max_pixels: int) -> PipedVideo:
    """Return what OpenCV finds behind a descriptor, of which it makes its own."""
    called = _called(name)
    capture = opened(f'/dev/fd/{descriptor}', called)
    try:
        fps, total = facts_of(capture, called, max_pixels=max_pixels)
    except SourceError:
        capture.release()
        raise
    return PipedVideo(name, fps, total, capture)


def _index_is_last(file: BinaryIO, head: bytes) -> tuple[bytes, bool]:
    """Return what was read of an mp4, and whether its pictures come before their index."""
    place = 0
    for _ in range(_MOST_BOXES):
        head = _taken(file, head, place + 16)
        if len(head) < place + 16 or (place == 0 and head[4:8] != b'ftyp'):
            return head, False
        length, kind = struct.unpack_from('>I4s', head, place)
        if kind == b'mdat':
            return head, True
        if length == 1:
            (length,) = struct.unpack_from('>Q', head, place + 8)
        if kind == b'moov' or length < 8 or place + length > _FARTHEST:
            return head, False
        place += length
    return head, False


def _taken(file: BinaryIO, head: bytes, size: int) -> bytes:
    """Read on until there are so many bytes, or no more."""
    while len(head) < size:
        piece = file.read(size - len(head))
        if not piece:
            break
        head += piece
    return head


def _pumped(head: bytes, file: BinaryIO) -> int:
    """Return a descriptor to read from: what was taken already, and then the rest."""
    reading, writing = os.pipe()

    def pump() -> None:
        with file, os.fdopen(writing, 'wb', buffering=0) as there:
            try:
                rest = memoryview(head)
                while rest:
                    rest = rest[there.write(rest) :]
                    if not rest:
                        rest = memoryview(file.read(_PIECE) or b'')
            except OSError:  # it has seen enough; or nothing more comes
                return

    threading.Thread(target=pump, name='pipe', daemon=True).start()
    return reading


def _called(name: str) -> str:
    return _CALLED if name == STANDARD_INPUT else name


def _stem(name: str) -> str:
    return 'stdin' if name == STANDARD_INPUT else Path(name).stem
