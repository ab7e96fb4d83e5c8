"""
Constants of OpenVINO IR: computed at once, and kept in 8 bits where the file has them so.

A compressed weight of IR is a Const of int8, a Convert, a Subtract of its zero point, a Multiply
by its scale and perhaps a Reshape. These become one `Quantized`, so that an ONNX file can hold the
same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

LEVELS = 256
# IR in float16 rounds zero points a little off their whole numbers, by up to 0.05 in
# human-pose-estimation-0001; what is less than this off is meant to be whole.
MOST_OFF_WHOLE = 0.1
_LEAST_STEP = 1e-10  # for a channel that is always the same, instead of 0


@dataclass(frozen=True)
class Quantized:
    """
    A constant that is (stored - zero_point) * scale.

    Attributes
    ----------
    stored : int8 or uint8 array
    zero_point, scale : float32 arrays that broadcast to its shape

    """

    stored: Array
    zero_point: Array
    scale: Array

    def floats(self) -> Array:
        """Return the values, float32."""
        return (self.stored.astype(np.float32) - self.zero_point) * self.scale

    def per_channel(self) -> tuple[Array, Array] | None:
        """
        Return scale and zero point of each entry of the first axis.

        Returns
        -------
        (float32 (C,), of the type of `stored` (C,)) or None
            None where scale or zero point change within an entry, or are not such as ONNX has.

        """
        channels = self.stored.shape[0]
        rows = []
        for values in (self.scale, self.zero_point):
            row = np.broadcast_to(values, self.stored.shape).reshape(channels, -1)
            if not (row == row[:, :1]).all():
                return None
            rows.append(row[:, 0])
        scale, zero_point = rows
        limits = np.iinfo(self.stored.dtype)
        whole = np.rint(zero_point)
        fits = (np.abs(zero_point - whole) < MOST_OFF_WHOLE) & (scale > 0) & np.isfinite(scale)
        if not (fits & (whole >= limits.min) & (whole <= limits.max)).all():
            return None
        return scale.astype(np.float32), whole.astype(self.stored.dtype)


Constant = Array | Quantized  # arrays of floats are float32


def constant(values: Array) -> Array:
    """Return the values of a Const: floats as float32."""
    return values.astype(np.float32) if values.dtype.kind == 'f' else values


def floats(value: Constant) -> Array:
    """Return a constant as float32."""
    return value.floats() if isinstance(value, Quantized) else value.astype(np.float32)


def convert(value: Constant, destination: str) -> Constant:
    """Compute a Convert; 8 bits to floats is where compressed weights begin."""
    if destination in ('f16', 'f32', 'f64'):
        if isinstance(value, Quantized) or value.dtype.itemsize > 1:
            return floats(value) if isinstance(value, Quantized) else value.astype(np.float32)
        return Quantized(value, np.zeros((), np.float32), np.ones((), np.float32))
    if destination in ('i32', 'i64'):
        return floats(value).astype(np.int64)
    raise ValueError(f"it converts a constant to '{destination}', which is not known here")


def combine(kind: str, left: Constant, right: Constant) -> Constant:
    """Compute an operation of two constants that `ELEMENTWISE` names."""
    shapes = left_shape, right_shape = shape_of(left), shape_of(right)
    shape = np.broadcast_shapes(*shapes)
    # What compresses weights never makes more of them; two vectors could fill the memory.
    if prod(shape) > max(map(prod, shapes)):
        raise ValueError(f'its constants of shapes {left_shape} and {right_shape} do not fit')
    if isinstance(left, Quantized) and shape == left_shape:
        other = floats(right)
        if kind == 'Subtract':
            return Quantized(left.stored, left.zero_point + other / left.scale, left.scale)
        if kind == 'Multiply':
            return Quantized(left.stored, left.zero_point, left.scale * other)
    result: Array = ELEMENTWISE[kind](floats(left), floats(right))
    return result


def shape_of(value: Constant) -> tuple[int, ...]:
    """Return the shape of a constant."""
    return value.stored.shape if isinstance(value, Quantized) else value.shape


ELEMENTWISE: dict[str, Callable[[Array, Array], Array]] = {
    'Add': np.add,
    'Subtract': np.subtract,
    'Multiply': np.multiply,
    'Divide': np.divide,
    'Maximum': np.maximum,
    'Minimum': np.minimum,
}


def reshape(value: Constant, shape: Sequence[int], special_zero: bool) -> Constant:
    """Compute a Reshape; -1 takes what is left, 0 the old size if `special_zero`."""
    old = shape_of(value)
    if special_zero and len(shape) > len(old) and 0 in shape[len(old) :]:
        raise ValueError(f'a constant of shape {old} cannot get the shape {tuple(shape)}')
    new = [old[at] if size == 0 and special_zero else size for at, size in enumerate(shape)]
    if isinstance(value, Quantized):
        scale, zero_point = (
            np.broadcast_to(part, old).reshape(new) if part.size > 1 else part.reshape(())
            for part in (value.scale, value.zero_point)
        )
        return Quantized(value.stored.reshape(new), zero_point, scale)
    return value.reshape(new)


@dataclass(frozen=True)
class Range:
    """
    What a FakeQuantize does.

    Attributes
    ----------
    low, high : float32 arrays
        Values are brought into this range and to the nearest of its levels.
    out_low, out_high : float32 arrays
        The range of as many levels that stand for those.
    levels : int

    """

    low: Array
    high: Array
    out_low: Array
    out_high: Array
    levels: int

    def __post_init__(self) -> None:
        if not 2 <= self.levels <= 1 << 16:
            raise ValueError(f'it has {self.levels} levels, expected 2 to 65536')
        if (self.low > self.high).any():
            raise ValueError('its input range ends before it begins')

    @property
    def step(self) -> Array:
        """Distance of the levels."""
        return np.maximum((self.high - self.low) / np.float32(self.levels - 1), _LEAST_STEP)

    @property
    def out_step(self) -> Array:
        """Distance of the levels in what comes out."""
        return (self.out_high - self.out_low) / np.float32(self.levels - 1)

    def as_uint8(self) -> tuple[Array, Array] | None:
        """
        Return scale and zero point of the same in ONNX's form.

        Returns
        -------
        (float32, uint8 arrays of one shape) or None
            None where this is not what QuantizeLinear and DequantizeLinear do.

        """
        zero_point = -self.low / self.step
        whole = np.rint(zero_point)
        same = all(
            np.allclose(given, out, rtol=0, atol=float(self.step.min()) * MOST_OFF_WHOLE)
            for given, out in ((self.low, self.out_low), (self.high, self.out_high))
        )
        close = (np.abs(zero_point - whole) < MOST_OFF_WHOLE) & (whole >= 0) & (whole < LEVELS)
        if not (same and close.all() and self.levels == LEVELS):
            return None
        scale, whole = np.broadcast_arrays(self.step, whole)
        return scale.astype(np.float32), whole.astype(np.uint8)

    def apply(self, values: Array) -> Constant:
        """Quantise a constant; it is kept in 8 bits if it fits."""
        index = np.rint((np.clip(values, self.low, self.high) - self.low) / self.step)
        scale = self.out_step
        if self.levels <= LEVELS and (scale > 0).all():
            middle = np.float32(self.levels // 2)
            stored = (index - middle).astype(np.int8)
            return Quantized(stored, -self.out_low / scale - middle, scale)
        result: Array = index * scale + self.out_low
        return result
