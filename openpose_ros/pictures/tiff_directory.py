"""The first directory of a TIFF, which EXIF is too: its tags, and where they lie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import struct
from typing import Literal

import numpy as np
import numpy.typing as npt

from openpose_ros.pictures.header import CutOffError, DamagedError, Data, unpack

# TIFF 6.0, "Image File Directory": bytes of each type; 13, 16, 17, 18 are later additions.
_SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_WHOLE_NUMBERS = {1: 'B', 3: 'H', 4: 'I', 13: 'I', 16: 'Q', 18: 'Q'}
_MOST_VALUES = 16  # of a tag that are read; strips have more


@dataclass(frozen=True)
class Directory:
    """
    The tags that were asked for.

    Attributes
    ----------
    order : str
        '<' or '>', as struct takes it.
    values : mapping of int to tuple of int
        The first whole numbers of each tag.
    counts : mapping of int to int
        How many each tag has.
    places : mapping of int to int
        Where the first number of each tag lies.
    next_place : int
        Where the place of the next directory is written.
    next_form : str
        How, as struct takes it.

    """

    order: str
    values: Mapping[int, tuple[int, ...]]
    counts: Mapping[int, int]
    places: Mapping[int, int]
    next_place: int
    next_form: str

    def first(self, tag: int, default: int) -> int:
        """Return the first number of a tag."""
        values = self.values.get(tag)
        return values[0] if values else default


def read_directory(data: Data, wanted: Iterable[int], *, strict: bool = False) -> Directory:
    """
    Read the first directory of a TIFF or BigTIFF.

    Parameters
    ----------
    data : memoryview
        The whole file.
    wanted : iterable of int
        The tags to return.
    strict : bool
        Look at the other tags too; cameras write EXIF that is a little damaged.

    Raises
    ------
    DamagedError
        If there is none, or values lie beyond the end.

    """
    orders: dict[bytes, Literal['<', '>']] = {b'II': '<', b'MM': '>'}
    order = orders.get(bytes(data[:2]))
    version = unpack(f'{order}H', data, 2)[0] if order else 0
    if order is None or version not in (42, 43):
        raise DamagedError('is damaged: it is no TIFF')
    big = version == 43
    (place,) = unpack(f'{order}Q', data, 8) if big else unpack(f'{order}I', data, 4)
    (count,) = unpack(f'{order}Q' if big else f'{order}H', data, place)
    number, start = ('u8', place + 8) if big else ('u4', place + 2)
    layout = np.dtype(
        [('tag', 'u2'), ('type', 'u2'), ('count', number), ('value', number)]
    ).newbyteorder(order)
    if not count:
        raise DamagedError('is damaged: its directory is empty')
    next_place = start + count * layout.itemsize
    unpack(f'{order}Q' if big else f'{order}I', data, next_place)  # is it all there?
    entries = np.frombuffer(data, layout, count, start)
    if strict:
        _check_within(entries, len(data))
    values, counts, places = {}, {}, {}
    for tag in wanted:
        found = np.flatnonzero(entries['tag'] == tag)
        if not found.size:
            continue
        entry = entries[found[0]]
        kind, items = int(entry['type']), int(entry['count'])
        form = _WHOLE_NUMBERS.get(kind)
        if form is None:
            continue
        inside = items * _SIZES[kind] <= entries.dtype['value'].itemsize
        here = start + int(found[0] + 1) * layout.itemsize - entries.dtype['value'].itemsize
        at = here if inside else int(entry['value'])
        counts[tag], places[tag] = items, at
        values[tag] = unpack(f'{order}{min(items, _MOST_VALUES)}{form}', data, at)
    return Directory(order, values, counts, places, next_place, f'{order}{"Q" if big else "I"}')


def patched(data: Data, changes: Iterable[tuple[str, int, int]]) -> bytearray:
    """Return a copy with numbers written over it: each how (as struct takes it), where, what."""
    copy = bytearray(data)
    for form, place, number in changes:
        struct.pack_into(form, copy, place, number)
    return copy


def _check_within(entries: npt.NDArray[np.void], length: int) -> None:
    """Check that no tag has more values than the file has bytes for."""
    sizes = np.zeros(256)
    for kind, size in _SIZES.items():
        sizes[kind] = size
    # Floats do not overflow, and are exact for all that could fit.
    needed = entries['count'] * sizes[np.minimum(entries['type'], 255)]
    outside = needed > entries.dtype['value'].itemsize
    ends = entries['value'].astype(np.float64) + needed
    if (outside & (ends > length)).any():
        raise CutOffError('is damaged or cut off: values of its directory lie beyond its end')
