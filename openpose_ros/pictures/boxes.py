"""Boxes within boxes: what AVIF, HEIC, JPEG 2000 and MP4 files are made of (ISO/IEC 14496-12)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from openpose_ros.pictures.header import CutOffError, DamagedError, Data, take, unpack

_MOST_BOXES = 4096


class Box(NamedTuple):
    """
    A box.

    Attributes
    ----------
    kind : bytes
        Four letters.
    start, end : int
        Where its content lies.

    """

    kind: bytes
    start: int
    end: int


def walk_boxes(data: Data, start: int, end: int) -> Iterator[Box]:
    """
    Yield the boxes that follow each other from `start` to `end`.

    The last one is yielded before it is found to be longer than what holds it: its own boxes may
    say what is wrong.

    Raises
    ------
    CutOffError
        If a box is longer than what holds it.
    DamagedError
        If there are too many.

    """
    place = start
    for _ in range(_MOST_BOXES):
        if place + 8 > end:
            return
        length, kind = unpack('>I4s', data, place)
        begin = place + 8
        if length == 1:
            (length,) = unpack('>Q', data, begin)
            begin += 8
        stop = place + length if length else end
        if stop < begin:
            raise DamagedError('is damaged: a box is shorter than its header')
        yield Box(kind, begin, min(stop, end))
        if stop > end:
            raise CutOffError(
                f'is damaged or cut off: a box of {length} bytes begins at byte {place} of {end}'
            )
        place = stop
    raise DamagedError(f'is damaged: it has more than {_MOST_BOXES} boxes')


def find_box(data: Data, start: int, end: int, kind: bytes) -> Box:
    """Return the first box of a kind; raises CutOffError where there is none."""
    for box in walk_boxes(data, start, end):
        if box.kind == kind:
            return box
    raise CutOffError(f'is damaged or cut off: it has no {kind.decode("latin-1")} box')


def brands(data: Data) -> frozenset[bytes]:
    """Return the brands of a file that begins with an ftyp box; none of any other."""
    if bytes(data[4:8]) != b'ftyp':
        return frozenset()
    (length,) = unpack('>I', data, 0)
    names = bytes(data[8 : min(length, 264)])
    return frozenset({names[:4], *(names[at : at + 4] for at in range(8, len(names) - 3, 4))})


def full_box(data: Data, box: Box) -> tuple[int, int, int]:
    """Return version, flags and where the content of a full box begins."""
    head = take(data, box.start, 4)
    return head[0], int.from_bytes(head[1:], 'big'), box.start + 4
