"""Which of a graph's inputs takes the picture, and how it takes it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
import logging
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from openpose_ros.engine.base import FloatArray, check_batch
from openpose_ros.engine.tensors import Shape
from openpose_ros.errors import EngineError
from openpose_ros.models import ModelSpec

_LOGGER = logging.getLogger(__name__)


class GraphInput(Protocol):
    """An input as a backend describes it: `type` in the backend's words."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def shape(self) -> Shape: ...


Found = TypeVar('Found', bound=GraphInput)


def choose_input(spec: ModelSpec, inputs: Sequence[Found], types: Collection[str]) -> Found:
    """
    Return the graph's input that the manifest means, if the graph and it agree about it.

    Parameters
    ----------
    spec : ModelSpec
        Its `input` names the tensor and says its layout.
    inputs : sequence of GraphInput
        All of the graph.
    types : collection of str
        Those that the engine can feed: float32 and float16 in the backend's words.

    Raises
    ------
    EngineError
        If none fits; the message lists all inputs and their shapes.

    """
    wanted = spec.input
    listed = ', '.join(f"'{item.name}' {item.type} {tuple(item.shape)}" for item in inputs)
    named = [item for item in inputs if item.name == wanted.name] or list(inputs)
    if len(named) != 1:
        raise EngineError(
            f"{spec.path} has no input '{wanted.name}', but {listed}; name one in its manifest"
        )
    found = named[0]
    shape = found.shape
    channels = shape[wanted.layout.index('C')] if len(shape) == 4 else 0
    # Where the graph leaves the channels open, a 3 elsewhere says that they are there.
    fits = channels == 3 or (not isinstance(channels, int) and 3 not in shape)
    if not fits or found.type not in types:
        raise EngineError(
            f'the input of {spec.path} is {listed}, but expected float32 or float16 in the '
            f'layout {wanted.layout} with 3 channels; correct "input" in its manifest'
        )
    size = shape[wanted.layout.index('W')], shape[wanted.layout.index('H')]
    if all(isinstance(side, int) for side in size) and size != wanted.fixed_size:
        raise EngineError(
            f'{spec.path} runs at {size[0]}x{size[1]} only; write "fixed_size": {list(size)} '
            'under "input" in its manifest'
        )
    return found


def fixed_batch(spec: ModelSpec, shape: Shape) -> int | None:
    """
    Return how many pictures a graph takes at once, and say so where that is more than one.

    Parameters
    ----------
    spec : ModelSpec
        What the graph is of.
    shape : sequence
        Of its input, the number of pictures first.

    Returns
    -------
    int or None
        None: any number.

    """
    first = shape[0]
    if not isinstance(first, int):
        return None
    if first > 1:
        _LOGGER.warning(
            '%s takes %d pictures at once, whatever it is given: one picture is worked on %d '
            'times; export it with an open batch',
            spec.name,
            first,
            first,
        )
    return first


def split_batch(
    batch: FloatArray, spec: ModelSpec, graph_batch: int | None, dtype: npt.DTypeLike
) -> list[npt.NDArray[Any]]:
    """
    Return a batch as a graph takes it, in one part or several.

    Parameters
    ----------
    batch : float32 (N, 3, h, w)
        As `Engine.infer` takes it.
    spec : ModelSpec
        Its `input` says the layout.
    graph_batch : int or None
        How many pictures the graph takes at once; None: any number.
    dtype : dtype
        What the graph takes.

    Returns
    -------
    list of arrays
        In the graph's layout and type, C-contiguous; of `batch` itself where that is so already.
        The last one is filled up with its last picture; `make_maps` leaves out what comes of that.

    Raises
    ------
    EngineError
        If the model does not take such a batch.

    """
    check_batch(batch, spec)
    count, step = len(batch), graph_batch or len(batch)
    laid = batch.transpose(0, 2, 3, 1) if spec.input.layout == 'NHWC' else batch
    fed = np.ascontiguousarray(laid, dtype)
    parts = [fed[at : at + step] for at in range(0, count, step)]
    parts[-1] = fill_up(parts[-1], step)
    return parts


def fill_up(part: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    """Return a batch of at least `count` pictures: its last one stands for those that lack."""
    lacking = count - len(part)
    return part if lacking <= 0 else np.concatenate([part, *[part[-1:]] * lacking])
