"""A protobuf message in which fields are looked up, within the limits of this folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.models import wire
from openpose_ros.models.importing.limits import check_nesting

_MOST_FIELDS = 1 << 20  # of one message; a million weights one by one take a second
_MOST_IN_ALL = 1 << 22  # of a message and all in it; a network has some hundred thousand
_SIGN, _MODULUS = 1 << 63, 1 << 64


class Message:
    """
    One message; a field that is not there is empty, as protobuf has it.

    Parameters
    ----------
    data : bytes or memoryview
        Kept, not copied.
    depth : int
        How many messages it lies in.
    left : list of int, optional
        How many fields may still be read of what it lies in, as one number; it is counted down.

    Raises
    ------
    ValueError
        From here and from each method: if the bytes are no such message.

    """

    def __init__(
        self, data: bytes | memoryview, depth: int = 0, left: list[int] | None = None
    ) -> None:
        check_nesting(depth)
        self._depth = depth
        self._left = [_MOST_IN_ALL] if left is None else left
        self._fields: dict[int, list[int | memoryview]] = {}
        for count, (number, value) in enumerate(wire.fields(memoryview(data))):
            if count >= _MOST_FIELDS:
                raise ValueError(f'a message has more than {_MOST_FIELDS} fields')
            self._left[0] -= 1
            if self._left[0] < 0:
                raise ValueError(f'it has more than {_MOST_IN_ALL} fields')
            self._fields.setdefault(number, []).append(value)

    def __contains__(self, number: int) -> bool:
        return number in self._fields

    @property
    def numbers(self) -> frozenset[int]:
        """The numbers of the fields that are there."""
        return frozenset(self._fields)

    def messages(self, number: int) -> Iterator[Message]:
        """Yield each message of a field."""
        for value in self._fields.get(number, ()):
            yield Message(wire.message(value), self._depth + 1, self._left)

    def message(self, number: int) -> Message:
        """Return the last message of a field, an empty one where there is none."""
        values = self._fields.get(number)
        data = wire.message(values[-1]) if values else b''
        return Message(data, self._depth + 1, self._left)

    def texts(self, number: int) -> list[str]:
        """Return each text of a field."""
        return [str(wire.message(value), 'utf-8') for value in self._fields.get(number, ())]

    def text(self, number: int, default: str = '') -> str:
        """Return the last text of a field."""
        return (self.texts(number) or [default])[-1]

    def content(self, number: int) -> memoryview:
        """Return the last bytes of a field."""
        values = self._fields.get(number)
        return wire.message(values[-1]) if values else memoryview(b'')

    def whole_numbers(self, number: int) -> list[int]:
        """Return each int32, int64, enum or bool of a field, packed or not."""
        found: list[int] = []
        for value in self._fields.get(number, ()):
            if isinstance(value, int):
                found.append(_signed(value))
                continue
            at = 0
            while at < len(value):
                if len(found) >= _MOST_FIELDS:
                    raise ValueError(f'a field has more than {_MOST_FIELDS} numbers')
                plain, at = wire.varint(value, at)
                found.append(_signed(plain))
        return found

    def whole(self, number: int, default: int = 0) -> int:
        """Return the last int32, int64, enum or bool of a field."""
        return (self.whole_numbers(number) or [default])[-1]

    def floats(self, number: int, dtype: Any = '<f4') -> npt.NDArray[Any]:
        """Return each float of a field, packed or not; of doubles with '<f8'."""
        parts = [wire.message(value) for value in self._fields.get(number, ())]
        item = np.dtype(dtype).itemsize
        if any(len(part) % item for part in parts):
            raise ValueError(f'a list of numbers of {item} bytes ends within one')
        return np.frombuffer(_joined(parts), dtype)

    def number(self, number: int, default: float = 0.0) -> float:
        """Return the last float of a field."""
        found = self.floats(number)
        return float(found[-1]) if found.size else default


def _signed(value: int) -> int:
    """Return a varint as int64; protobuf writes negative int32 in as many bytes."""
    value %= _MODULUS
    return value - _MODULUS if value >= _SIGN else value


def _joined(parts: Sequence[memoryview]) -> bytes | memoryview:
    return parts[0] if len(parts) == 1 else b''.join(parts)
