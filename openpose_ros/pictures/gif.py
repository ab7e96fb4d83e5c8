"""GIF: its first picture, with what goes before it left out."""

from __future__ import annotations

from openpose_ros.pictures.header import (
    CutOffError,
    DamagedError,
    Data,
    Format,
    Header,
    Still,
    take,
    unpack,
)

_SCREEN = 13  # bytes: signature and logical screen descriptor
_IMAGE, _EXTENSION, _TRAILER, _CONTROL = 0x2C, 0x21, 0x3B, 0xF9
_CONTROL_BYTES, _DISPOSAL = 8, 0x1C
_TABLE, _TABLE_SIZE = 0x80, 0x07
_LONGEST_BLOCK = 255
# A pixel has a code of 12 bits at most. Others begin a new table, for which OpenCV takes its time.
_MOST_BYTES_PER_PIXEL, _LEAST_BYTES = 2, 1024


def read_header(data: Data) -> Header:
    width, height = unpack('<HH', data, 6)
    header = Header(width, height)
    place, _ = _find_image(data, _screen_end(data))
    left, top, own_width, own_height = unpack('<HHHH', data, place + 1)
    if left + own_width > width or top + own_height > height or not own_width * own_height:
        raise DamagedError(
            f'is damaged: its first picture is {own_width}x{own_height} at {left}, {top}, on a '
            f'screen of {width}x{height}'
        )
    return header


def first_picture(data: Data) -> Still:
    screen_end = _screen_end(data)
    place, control = _find_image(data, screen_end)
    table = _table_bytes(take(data, place + 9, 1)[0])
    start = place + 10 + table + 1
    end = _end_of_blocks(data, start)
    width, height = unpack('<HH', data, place + 5)
    if end - start > _MOST_BYTES_PER_PIXEL * width * height + _LEAST_BYTES:
        raise DamagedError(
            f'is damaged: {end - start} bytes for a picture of {width}x{height} pixels'
        )
    screen = bytearray(data[:screen_end])
    # OpenCV refuses a background that the table does not have.
    if screen[11] * 3 >= len(screen) - _SCREEN:
        screen[11] = 0
    alone = bytes(screen) + control + bytes(data[place:end]) + bytes((_TRAILER,))
    try:
        _find_image(data, end)
    except DamagedError:
        return Still(alone)
    return Still(alone, note='is an animation; its first picture is used')


def _screen_end(data: Data) -> int:
    return _SCREEN + _table_bytes(take(data, 10, 1)[0])


def _find_image(data: Data, place: int) -> tuple[int, bytes]:
    """Return where the next image begins, and the graphic control extension before it."""
    control = b''
    for _ in range(_most_blocks(data)):
        (kind,) = take(data, place, 1)
        if kind == _IMAGE:
            return place, control
        if kind != _EXTENSION:
            raise DamagedError('is damaged: it has no picture')
        if take(data, place + 1, 1)[0] == _CONTROL:
            packed = bytearray(take(data, place, _CONTROL_BYTES))
            packed[3] &= 0xFF ^ _DISPOSAL  # of what comes after it, nothing is left
            if packed[2] != 4 or packed[7]:
                raise DamagedError('is damaged: an extension is too long')
            control = bytes(packed)
        place = _end_of_blocks(data, place + 2)
    raise DamagedError('is damaged: it has too many extensions')


def _table_bytes(packed: int) -> int:
    return 3 << (packed & _TABLE_SIZE) + 1 if packed & _TABLE else 0


def _end_of_blocks(data: Data, place: int) -> int:
    """Return where a sequence of blocks ends."""
    try:
        for _ in range(_most_blocks(data)):
            length = data[place]
            place += 1 + length
            if not length:
                return place
    except IndexError:
        raise CutOffError from None
    raise DamagedError('is damaged: its blocks are too short')


def _most_blocks(data: Data) -> int:
    """Return how many blocks are walked along: encoders fill them, and damage does not."""
    return len(data) // (_LONGEST_BLOCK // 2) + 4096


GIF = Format('GIF', read_header, first_picture)
