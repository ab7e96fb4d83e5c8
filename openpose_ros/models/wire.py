"""
Protobuf messages, field by field, without a schema.

The wire format is described at https://protobuf.dev/programming-guides/encoding. The walk is our
own as a file may come from anywhere: nothing is copied or made before its bytes are known to be
there, and what is not asked for, a gigabyte of weights say, is skipped. protobuf's own parser
makes an object of each message of a file first.
"""

from __future__ import annotations

from collections.abc import Iterator


def fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """
    Yield the number and the value of each field: an int, or the bytes of anything longer.

    Raises
    ------
    ValueError
        If the bytes are no message.

    """
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
            yield key >> 3, value
            continue
        if kind == 2:
            size, at = varint(data, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError('it is no protobuf message')
        if at + size > len(data):
            raise ValueError('it ends too early')
        yield key >> 3, data[at : at + size]
        at += size


def varint(data: memoryview, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, the lowest first; return it and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise ValueError('it ends too early')
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError('it is no protobuf message')


def message(value: int | memoryview) -> memoryview:
    """Return the bytes of what must be a message or text."""
    if isinstance(value, int):
        raise ValueError('a number stands where a message is expected')
    return value
