"""What every engine does, whatever runs the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from openpose_ros.closing import Closing
from openpose_ros.errors import EngineError
from openpose_ros.models import ModelSpec

FloatArray = npt.NDArray[np.float32]


class Maps(NamedTuple):
    """
    What a network of the decoder 'paf' returns for N pictures; both arrays are C-contiguous.

    Attributes
    ----------
    heatmaps : float32 (N, K + 1 or K, h / stride, w / stride)
        One a keypoint in the order of the skeleton, then the background if the network has one.
    pafs : float32 (N, 2 L, h / stride, w / stride)
        x and y of each limb, in the channels that the skeleton says.

    """

    heatmaps: FloatArray
    pafs: FloatArray


class PoseNetMaps(NamedTuple):
    """
    What a network of the decoder 'posenet' returns for N pictures; all are C-contiguous.

    Attributes
    ----------
    heatmaps : float32 (N, K, h / stride, w / stride)
        One a keypoint in the order of the skeleton; probabilities.
    offsets : float32 (N, 2 K, h / stride, w / stride)
        From a cell's centre to each keypoint, pixels of the network's input: K of y, K of x.
    displacement_forward, displacement_backward : float32 (N, 2 L, h / stride, w / stride)
        From each limb's start to its end, and back, pixels of the network's input, in the
        channels that the skeleton says.

    """

    heatmaps: FloatArray
    offsets: FloatArray
    displacement_forward: FloatArray
    displacement_backward: FloatArray


class Heatmaps(NamedTuple):
    """
    What a network of the decoder 'heatmaps' returns for N pictures, of one hand or face each.

    Attributes
    ----------
    heatmaps : float32 (N, K + 1 or K, h / stride, w / stride)
        One a keypoint in the order of the skeleton, then the background if the network has one.

    """

    heatmaps: FloatArray


AnyMaps = Maps | PoseNetMaps | Heatmaps

MAPS: dict[str, Callable[..., AnyMaps]] = {
    'paf': Maps,
    'posenet': PoseNetMaps,
    'heatmaps': Heatmaps,
}
"""The maps of each decoder, by the name that manifests have for it."""


class Engine(Closing, Protocol):
    """
    Runs one network. One thread at a time may use it; which one does not matter.

    As a context manager it closes itself. One that `open_engine` opened can be pickled: it is
    opened again where it is unpickled, with the same backend and the same file.

    Attributes
    ----------
    name : str
        The backend's, as `open_engine` takes it.
    description : str
        One line for logs: what runs the network, its version, on what, with how many threads.
    precision : str
        What the network's layers are in: 'fp32', 'fp16', 'int8' and so on; or 'fp16 and fp32',
        what most of them are in first.
    spec : ModelSpec
        The model that it runs.
    reopen : callable or None
        Opens one more like it; None if that is not known.

    """

    name: str
    description: str
    precision: str
    spec: ModelSpec
    reopen: Callable[[], Engine] | None = None

    def infer(self, batch: FloatArray) -> AnyMaps:
        """
        Run the network.

        Parameters
        ----------
        batch : float32 (N, 3, h, w)
            N from 1, colours and values as `spec.input` wants them. It is only read.

        Returns
        -------
        Maps, PoseNetMaps or Heatmaps
            As the decoder of `spec` takes them. The caller owns them: no later call changes them.

        Raises
        ------
        EngineError
            If the batch is not one that the network takes, the network fails, or the engine is
            closed.

        """
        ...

    def __reduce_ex__(self, protocol: Any) -> Any:
        # What runs a network lives in this process.
        return super().__reduce_ex__(protocol) if self.reopen is None else (self.reopen, ())


def check_batch(batch: FloatArray, spec: ModelSpec) -> None:
    """
    Check that a batch is one that a model takes.

    Raises
    ------
    EngineError
        With what was found and what was expected.

    """
    wanted = spec.input
    if not isinstance(batch, np.ndarray):
        raise EngineError(
            f'{spec.name} takes float32 (N, 3, h, w), N from 1, but got a '
            f'{type(batch).__name__}; make a NumPy array of it'
        )
    shape = batch.shape
    if batch.dtype != np.float32 or len(shape) != 4 or shape[1] != 3 or 0 in shape:
        raise EngineError(
            f'{spec.name} takes float32 (N, 3, h, w), N from 1, but got {batch.dtype} {shape}'
        )
    height, width = shape[2:]
    if wanted.fixed_size is not None and (width, height) != wanted.fixed_size:
        raise EngineError(
            f'{spec.name} runs at {wanted.fixed_size[0]}x{wanted.fixed_size[1]} only, but got '
            f'a batch of {width}x{height}'
        )
    if any(side % wanted.multiple != wanted.offset % wanted.multiple for side in (width, height)):
        plus = f' plus {wanted.offset}' if wanted.offset else ''
        raise EngineError(
            f'{spec.name} takes a width and height that are a multiple of {wanted.multiple}'
            f'{plus}, but got {width}x{height}'
        )
