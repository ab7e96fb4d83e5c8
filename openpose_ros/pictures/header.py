"""What a picture says of itself before it is decoded, and how its bytes are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import struct
from typing import Any, NamedTuple

Data = memoryview  # of bytes
_Bytes = bytes | bytearray | memoryview


class DamagedError(Exception):
    """What is wrong with a picture, in words that follow its name."""


class CutOffError(DamagedError):
    """
    The data end before something that must be there; with more of them it might be.

    Without words of its own it says after how many bytes they end.
    """


class UndecodableError(DamagedError):
    """A picture of a kind that is known, and that nobody here decodes."""


class Canvas(NamedTuple):
    """Where the first picture of an animation lies on its screen, pixels."""

    width: int
    height: int
    left: int
    top: int


@dataclass(frozen=True)
class Header:
    """
    The size of a picture, from its header.

    Attributes
    ----------
    width, height : int
        Of what is shown, before it is turned upright; pixels, from 1.
    decoded : int
        Pixels that a decoder keeps at once, where these are more than width times height.
    least_bytes : int
        So many the file must have to be whole.

    """

    width: int
    height: int
    decoded: int = 0
    least_bytes: int = 0

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise DamagedError(f'is damaged: its header says {self.width}x{self.height} pixels')


@dataclass(frozen=True)
class Still:
    """
    One picture as a decoder is to see it.

    Attributes
    ----------
    data : bytes-like
        The file, or one that holds its first picture only.
    orientation : int
        As EXIF counts it: 1 to 8, 1 is upright.
    canvas : Canvas or None
        Where the picture belongs, if it does not fill the screen.
    note : str
        What is odd about the file, in words that follow its name; '' if nothing is.
    damage : str
        What is missing for certain, likewise.

    """

    data: _Bytes
    orientation: int = 1
    canvas: Canvas | None = None
    note: str = ''
    damage: str = ''


class Format(NamedTuple):
    """
    A format that OpenCV decodes.

    Attributes
    ----------
    name : str
    read_header : callable
        Returns the `Header`; fast, whatever the data are.
    first_picture : callable
        Returns the `Still`, once the size was found to be allowed.

    """

    name: str
    read_header: Callable[[Data], Header]
    first_picture: Callable[[Data], Still]


def take(data: Data, place: int, count: int) -> bytes:
    """Return so many bytes from a place; raises CutOffError if they are not all there."""
    piece = bytes(data[place : place + count]) if count >= 0 else b''
    if len(piece) != count:
        raise CutOffError
    return piece


def unpack(form: str, data: Data, place: int) -> tuple[Any, ...]:
    """Return what struct reads at a place; raises CutOffError beyond the end."""
    if place < 0 or place + struct.calcsize(form) > len(data):
        raise CutOffError
    return struct.unpack_from(form, data, place)
