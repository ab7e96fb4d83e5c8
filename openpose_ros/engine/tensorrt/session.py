"""
A TensorRT engine that is loaded: every call of TensorRT's run-time API is here.

Tensors go by name, as all versions from 8.6 to 11 and TensorRT-RTX have it: the API of numbered
bindings is gone since 10 (https://docs.nvidia.com/deeplearning/tensorrt/latest/api/migration).
tests/engine/tensorrt/test_api.py compares the names that are called with those of each version.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
import re
from typing import Any, NamedTuple

import numpy as np

from openpose_ros.engine.base import FloatArray
from openpose_ros.engine.tensorrt.library import Library
from openpose_ros.engine.tensorrt.memory import Buffer, Gpu
from openpose_ros.engine.tensorrt.precision import count_engine_layers
from openpose_ros.errors import EngineError

Sides = tuple[int, ...]

_OUT_OF_MEMORY = re.compile(r'out ?of ?memory|could not be allocated|failed_allocation', re.I)
_PROFILE = 0  # the only one that `build_engine` makes


class GraphTensor(NamedTuple):
    """
    An input or an output of an engine.

    Attributes
    ----------
    name : str
    type : str
        TensorRT's word: 'FLOAT', 'HALF' and so on.
    shape : tuple of int or None
        None where the engine leaves a size open.

    """

    name: str
    type: str
    shape: tuple[int | None, ...]


class Session:
    """
    Runs an engine on a GPU; made, used and closed inside `with gpu.current():`.

    Parameters
    ----------
    library : Library
        The TensorRT that built the engine.
    gpu : Gpu
        Where its buffers are.
    plan : bytes
        The engine, known to be whole: TensorRT may crash on one that is not.

    Attributes
    ----------
    inputs, outputs : tuple of GraphTensor

    Raises
    ------
    EngineError
        If TensorRT refuses the engine, or the GPU has no room for it.

    """

    def __init__(self, library: Library, gpu: Gpu, plan: bytes) -> None:
        self._library, self._gpu = library, gpu
        self._engine: Any = None
        self._context: Any = None
        library.take_errors()  # of something else
        self._runtime: Any = library.module.Runtime(library.logger)
        try:
            self._engine = self._made(self._runtime.deserialize_cuda_engine(plan), 'be loaded')
            self._context = self._made(self._engine.create_execution_context(), 'be started')
            tensors = [self._describe(number) for number in range(self._engine.num_io_tensors)]
        except BaseException:
            self.close()
            raise
        self.inputs, self.outputs = (
            tuple(tensor for tensor, is_input in tensors if is_input is wanted)
            for wanted in (True, False)
        )

    def _made(self, what: Any, done: str) -> Any:
        if what is None:
            raise self._failure(f'the engine cannot {done}')
        return what

    def _describe(self, number: int) -> tuple[GraphTensor, bool]:
        engine, module = self._engine, self._library.module
        name = engine.get_tensor_name(number)
        shape = tuple(None if side < 0 else side for side in engine.get_tensor_shape(name))
        is_input = engine.get_tensor_mode(name) == module.TensorIOMode.INPUT
        return GraphTensor(name, engine.get_tensor_dtype(name).name, shape), is_input

    def limits(self, name: str) -> tuple[Sides, Sides, Sides]:
        """Return the smallest, the best and the largest shape that an input takes."""
        shape = tuple(self._engine.get_tensor_shape(name))
        if min(shape) >= 0:
            return shape, shape, shape
        low, best, high = self._engine.get_tensor_profile_shape(name, _PROFILE)
        return tuple(low), tuple(best), tuple(high)

    def count_layers(self, name: str) -> dict[str, int]:
        """Count layers as `count_engine_layers` does, for an input of the best shape."""
        self._set_shape(name, self.limits(name)[1])
        return count_engine_layers(self._library, self._engine, self._context)

    def run(self, name: str, fed: FloatArray, wanted: Sequence[str]) -> dict[str, FloatArray]:
        """
        Run the engine once.

        Parameters
        ----------
        name : str
            Of the input.
        fed : float32
            In a shape that the input takes; need not be contiguous. It is only read.
        wanted : sequence of str
            Names of the outputs to return.

        Returns
        -------
        dict of str to float32
            New arrays.

        """
        # No other name for TensorRT's objects: an exception that is kept would keep them, too.
        gpu = self._gpu
        self._set_shape(name, fed.shape)
        views = {}
        for tensor in (*self.inputs, *self.outputs):
            shape = tuple(self._context.get_tensor_shape(tensor.name))
            size = prod(shape) * fed.itemsize
            buffer = gpu.buffer(tensor.name, size)
            if not self._context.set_tensor_address(tensor.name, buffer.address):
                raise self._failure(f'it refuses memory for {tensor.name}')
            views[tensor.name] = buffer, size, _view(buffer, size, shape)
        buffer, size, view = views[name]
        np.copyto(view, fed)
        gpu.upload(buffer, size)
        if not self._context.execute_async_v3(gpu.stream):
            raise self._failure(f'it failed on an input of shape {fed.shape}')
        for output in wanted:
            buffer, size, _ = views[output]
            gpu.download(buffer, size)
        gpu.synchronize()
        return {output: views[output][2].copy() for output in wanted}

    def _set_shape(self, name: str, shape: Sides) -> None:
        if not self._context.set_input_shape(name, shape):
            raise self._failure(f'it refuses an input of shape {shape}')

    def _failure(self, what: str) -> EngineError:
        """Return why TensorRT gave up, as far as it says."""
        said = self._library.take_errors()
        reason = said or what
        return self._gpu.explain(reason, bool(_OUT_OF_MEMORY.search(said))) or EngineError(
            f'{self._library.title}: {what}{f" ({said})" if said else ""}'
        )

    def close(self) -> None:
        """Free what TensorRT holds, in the order that it wants; also twice."""
        self._context = None
        self._engine = None
        self._runtime = None


def _view(buffer: Buffer, size: int, shape: Sides) -> FloatArray:
    return buffer.host[:size].view(np.float32).reshape(shape)
