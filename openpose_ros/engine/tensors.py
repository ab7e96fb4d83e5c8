"""A graph's tensors by name and number of channels, whatever their layout."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy.typing as npt

from openpose_ros.errors import EngineError
from openpose_ros.models import ModelSpec

Shape = Sequence[object]  # whole numbers; a name or None where a graph leaves a size open


def fitting(
    spec: ModelSpec, name: str, counts: Collection[int], shapes: Mapping[str, Shape]
) -> list[str]:
    """
    Return the names of the outputs that may be what the manifest calls `name`.

    That is the one of this name, if its channels are of these counts or open; where there is none,
    all with as many channels.
    """
    axis = spec.outputs.layout.index('C')
    if name in shapes:
        channels = shapes[name][axis] if len(shapes[name]) == 4 else None
        if isinstance(channels, int) and channels not in counts:
            return []
        return [name]
    return [name for name, shape in shapes.items() if len(shape) == 4 and shape[axis] in counts]


def listed(shapes: Mapping[str, Shape]) -> str:
    """Return all outputs, for a message."""
    return ', '.join(f"'{name}' ({', '.join(map(str, shape))})" for name, shape in shapes.items())


def as_nchw(array: npt.NDArray[Any], spec: ModelSpec) -> npt.NDArray[Any]:
    """
    Return an output as a view (N, C, h, w).

    Raises
    ------
    EngineError
        If it has another number of axes.

    """
    if array.ndim != 4:
        raise EngineError(f'{spec.name} returned an array of shape {array.shape}, expected 4 axes')
    return array.transpose(0, 3, 1, 2) if spec.outputs.layout == 'NHWC' else array


def cells_of(spec: ModelSpec, batch_shape: Sequence[int]) -> tuple[int, ...]:
    """Return height and width of the maps: a stride that does not divide the input rounds up."""
    return tuple(-(-side // spec.stride) for side in batch_shape[2:])
