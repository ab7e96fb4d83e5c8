"""The size that an AV1 picture was made for, from its sequence header."""

from __future__ import annotations

from openpose_ros.pictures.header import CutOffError, Data

_SEQUENCE_HEADER = 1
_MOST_UNITS = 16


class _Bits:
    """Reads numbers of so many bits, the highest first."""

    def __init__(self, data: bytes) -> None:
        self._number, self._left = int.from_bytes(data, 'big'), 8 * len(data)

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise CutOffError
        return self._number >> self._left & ((1 << count) - 1)

    def take_variable(self) -> int:
        """Take a uvlc()."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return self.take(min(zeros, 32))


def read_largest_size(data: Data) -> tuple[int, int] | None:
    """
    Return width and height of the first sequence header; None if there is none.

    Parameters
    ----------
    data : memoryview
        Open bitstream units (AV1 specification, 5.3).

    """
    place = 0
    for _ in range(_MOST_UNITS):
        if place >= len(data):
            break
        head = data[place]
        place += 2 if head & 4 else 1
        length, place = _leb128(data, place) if head & 2 else (len(data) - place, place)
        if head >> 3 & 15 == _SEQUENCE_HEADER:
            return _size(_Bits(bytes(data[place : place + min(length, 256)])))
        place += length
    return None


def _leb128(data: Data, place: int) -> tuple[int, int]:
    number = 0
    for index, byte in enumerate(bytes(data[place : place + 8])):
        number |= (byte & 0x7F) << 7 * index
        if not byte & 0x80:
            return number, place + index + 1
    raise CutOffError


def _size(bits: _Bits) -> tuple[int, int]:
    """Return the largest width and height (5.5.1, sequence_header_obu)."""
    bits.take(4)  # profile, still_picture
    if bits.take(1):  # reduced_still_picture_header
        bits.take(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    return bits.take(width_bits) + 1, bits.take(height_bits) + 1


def _skip_operating_points(bits: _Bits) -> None:
    delay_bits = 0
    if bits.take(1):  # timing_info_present_flag
        bits.take(64)
        if bits.take(1):
            bits.take_variable()
        if bits.take(1):  # decoder_model_info_present_flag
            delay_bits = bits.take(5) + 1
            bits.take(42)
    delays = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if delay_bits and bits.take(1):
            bits.take(2 * delay_bits + 1)
        if delays and bits.take(1):
            bits.take(4)
