"""Which inputs a TensorRT engine takes: one shape, or a range around the one it is tuned for."""

from __future__ import annotations

from typing import NamedTuple

from openpose_ros.errors import ParameterError
from openpose_ros.models import ModelSpec
from openpose_ros.placement import Size, place_frame

Shape = tuple[int, int, int, int]  # (N, 3, h, w)

_PICTURE = 1920, 1080  # whose aspect is taken where the resolution leaves a side to the picture
_SMALLEST = 128  # pixels a side, where nobody says what the smallest input is
_LARGEST = 2  # times the one it is tuned for, where nobody says what the largest input is


class InputShapes(NamedTuple):
    """
    An optimisation profile.

    Attributes
    ----------
    minimum, optimum, maximum : (N, 3, h, w)
        What the engine takes at least, is tuned for, and takes at most; all the same for an
        engine of one shape.

    """

    minimum: Shape
    optimum: Shape
    maximum: Shape

    @property
    def is_fixed(self) -> bool:
        """Whether the engine takes one shape only."""
        return self.minimum == self.maximum

    def holds(self, size: Size) -> bool:
        """Return whether the engine takes pictures of that size; -1 must be left open by it."""
        wanted = size[1], size[0]
        sides = zip(wanted, self.minimum[2:], self.maximum[2:])
        return all(low < high if side == -1 else low <= side <= high for side, low, high in sides)

    def __str__(self) -> str:
        """Width and height, as '656x368', or as '128x128 to 1312x736, best at 656x368'."""
        low, best, high = (f'{shape[3]}x{shape[2]}' for shape in self)
        return best if self.is_fixed else f'{low} to {high}, best at {best}'


def choose_shapes(
    spec: ModelSpec,
    *,
    minimum: Size | None = None,
    optimum: Size | None = None,
    maximum: Size | None = None,
    fixed: bool = False,
    batch: int = 1,
) -> InputShapes:
    """
    Choose the inputs that an engine of a model shall take.

    Parameters
    ----------
    spec : ModelSpec
        Its `fixed_size` leaves no choice.
    minimum, optimum, maximum : (int, int), optional
        Width and height, pixels; -1 in `optimum` is what keeps 16:9. By default the resolution
        that the manifest says, from 128x128 to twice of it.
    fixed : bool
        Only `optimum`: the engine is a little faster and takes less memory.
    batch : int
        Pictures at once.

    Raises
    ------
    ParameterError
        If a size is not one that the network takes, or the three are not in order.

    """
    only = spec.input.fixed_size
    best = _whole_size(spec, optimum or only or spec.net_resolution)
    if fixed or only is not None:
        low, high = minimum or best, maximum or best
    else:
        width, height = best
        low = minimum or _aligned(spec, (min(_SMALLEST, width), min(_SMALLEST, height)))
        high = maximum or _aligned(spec, (_LARGEST * width, _LARGEST * height))
    for size in (low, best, high):
        _check_size(spec, size, fixed=best if fixed else only)
    if any(not a <= b <= c for a, b, c in zip(low, best, high)):
        raise ParameterError(
            f'the smallest input {_text(low)}, the best {_text(best)} and the largest '
            f'{_text(high)} must be in this order, in width and in height'
        )
    return InputShapes(*((batch, 3, height, width) for width, height in (low, best, high)))


def _whole_size(spec: ModelSpec, size: Size) -> Size:
    multiple, remainder = spec.input.multiple, spec.input.offset
    return place_frame(
        _PICTURE, size, stride=spec.stride, multiple=multiple, remainder=remainder
    ).input_size


def _aligned(spec: ModelSpec, size: Size) -> Size:
    """Round down to what the network takes."""
    multiple, offset = spec.input.multiple, spec.input.offset
    width, height = (max(1, (side - offset) // multiple) * multiple + offset for side in size)
    return width, height


def _check_size(spec: ModelSpec, size: Size, fixed: Size | None) -> None:
    multiple, offset = spec.input.multiple, spec.input.offset
    if fixed not in (None, size):
        raise ParameterError(
            f'{_text(size)} was asked for, but the engine takes {_text(fixed)} only'
        )
    if any(side < 1 or side % multiple != offset % multiple for side in size):
        plus = f' plus {offset}' if offset else ''
        raise ParameterError(
            f'{spec.name} takes a width and height that are a multiple of {multiple}{plus}, '
            f'but got {_text(size)}'
        )


def _text(size: Size) -> str:
    return f'{size[0]}x{size[1]}'
