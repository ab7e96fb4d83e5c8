"""
A pretended CUDA driver and TensorRT: they keep the rules of the real ones, and compute nothing.

What passes with these says nothing of inference. It says who calls what, in which thread, in
which order, and what becomes of errors.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path
import threading
from types import SimpleNamespace
from typing import Any

import numpy as np

from openpose_ros.engine.tensorrt.cache import store_engine
from openpose_ros.engine.tensorrt.cuda import GpuFacts
from openpose_ros.engine.tensorrt.engine import TensorrtEngine
from openpose_ros.engine.tensorrt.key import EngineKey
from openpose_ros.engine.tensorrt.library import Library
from openpose_ros.engine.tensorrt.memory import Gpu
from openpose_ros.engine.tensorrt.shapes import InputShapes
from openpose_ros.models import load_model
from tests.engine.graphs import PAIR, write_network

RANGE = (1, 3, 32, 32), (1, 3, 64, 96), (2, 3, 128, 160)
FACTS = GpuFacts('Pretended GPU', (8, 7), '12.6')


class CudaError(Exception):
    """What the driver reports."""


class Memory:
    """Memory of the GPU, which only the driver and TensorRT look into."""

    _addresses = count(0x1000, 0x100000)

    def __init__(self, size: int) -> None:
        self.content = np.zeros(size, np.uint8)
        self.address = next(self._addresses)

    def __int__(self) -> int:
        return self.address


class PretendedDriver:
    """
    Keeps one primary context, a stack of contexts for each thread, and what is not freed.

    Attributes
    ----------
    calls : list of str
        What was called, in order.
    fails : dict of str to exception
        What a call shall raise, the next time only.
    lost : bool
        Whether every call in the context fails.

    """

    name = 'pretended'
    errors: tuple[type[Exception], ...] = (CudaError,)

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.fails: dict[str, Exception] = {}
        self.lost = False
        self.retained = 0
        self.live: dict[int, Any] = {}
        self.pinned: dict[int, Any] = {}
        self.streams = 0
        self._threads = threading.local()

    @property
    def stack(self) -> list[Any]:
        """The contexts of this thread, the current one last."""
        if not hasattr(self._threads, 'stack'):
            self._threads.stack = []
        stack: list[Any] = self._threads.stack
        return stack

    def _called(self, name: str, *, in_context: bool = True) -> None:
        self.calls.append(name)
        if name in self.fails:
            raise self.fails.pop(name)
        if in_context and not self.stack:
            raise CudaError(f'{name} failed: invalid context')
        if in_context and self.lost:
            raise CudaError(f'{name} failed: an illegal memory access was encountered')

    def facts(self, ordinal: int) -> GpuFacts:
        self._called('facts', in_context=False)
        return FACTS

    def is_out_of_memory(self, exc: Exception) -> bool:
        return 'out of memory' in str(exc)

    def retain(self, ordinal: int) -> Any:
        self._called('retain', in_context=False)
        self.retained += 1
        return 'primary context'

    def push(self, context: Any) -> None:
        self._called('push', in_context=False)
        self.stack.append(context)

    def pop(self) -> None:
        self._called('pop', in_context=False)
        self.stack.pop()

    def release(self, context: Any) -> None:
        self._called('release', in_context=False)
        assert not self.stack, 'a context that is current was released'
        self.retained -= 1

    def make_stream(self) -> Any:
        self._called('make_stream')
        self.streams += 1
        return SimpleNamespace(handle=77)

    def free_stream(self, stream: Any) -> None:
        self._called('free_stream')
        self.streams -= 1

    def stream_address(self, stream: Any) -> int:
        return int(stream.handle)

    def synchronize(self, stream: Any) -> None:
        self._called('synchronize')

    def allocate(self, size: int) -> Any:
        self._called('allocate')
        memory = Memory(size)
        self.live[int(memory)] = memory
        return memory

    def free(self, memory: Any) -> None:
        self._called('free')
        del self.live[int(memory)]

    def allocate_host(self, size: int) -> Any:
        self._called('allocate_host')
        memory = np.zeros(size, np.uint8)
        self.pinned[id(memory)] = memory
        return memory

    def free_host(self, memory: Any) -> None:
        self._called('free_host')
        del self.pinned[id(memory)]

    def to_device(self, memory: Any, source: Any, stream: Any) -> None:
        self._called('to_device')
        memory.content[: source.nbytes] = source

    def to_host(self, target: Any, memory: Any, stream: Any) -> None:
        self._called('to_host')
        target[:] = memory.content[: target.nbytes]

    def memory_info(self) -> tuple[int, int]:
        self._called('memory_info')
        return 100 << 20, 1024 << 20

    @property
    def leaks(self) -> tuple[int, ...]:
        """How much is still there: contexts, streams, memory of the GPU, of the machine."""
        return self.retained, self.streams, len(self.live), len(self.pinned)


class PretendedTensorrt:
    """
    A TensorRT whose engines copy: every output is its number, plus the mean of the input.

    Parameters
    ----------
    driver : PretendedDriver
        Where the tensors are.
    shapes : tuple of (N, 3, h, w)
        The smallest, the best and the largest input.
    outputs : dict of str to int
        Channels of each output, of a stride of 8.

    Attributes
    ----------
    fails : dict of str to str
        Which call shall return nothing, and what is logged then.
    freed : list of str
        What was freed, in order.
    alive : int
        How many engines and contexts there are.
    layers : str
        What the inspector says.

    """

    def __init__(self, driver: PretendedDriver, shapes: Any, outputs: dict[str, int]) -> None:
        self.driver, self.shapes, self.outputs = driver, shapes, outputs
        self.fails: dict[str, str] = {}
        self.freed: list[str] = []
        self.layers = '{"Layers": []}'
        self.types: dict[str, str] = {}
        self.logger = SimpleNamespace(errors=[])
        pretended = self

        class Freed:
            def __del__(self) -> None:
                pretended.freed.append(type(self).__name__)

        class Runtime(Freed):
            def __init__(self, logger: Any) -> None:
                assert driver.stack, 'TensorRT was called without a current context'

            def deserialize_cuda_engine(self, plan: bytes) -> Any:
                return pretended._unless('deserialize', Engine())

        class Engine(Freed):
            num_io_tensors = 1 + len(outputs)

            def get_tensor_name(self, number: int) -> str:
                return ['input', *outputs][-1 - number]  # the input last: order means nothing

            def get_tensor_shape(self, name: str) -> Any:
                fixed = shapes[0] == shapes[2]
                channels = outputs.get(name, 3)
                return shapes[0] if fixed and name == 'input' else (-1, channels, -1, -1)

            def get_tensor_mode(self, name: str) -> str:
                return 'OUTPUT' if name in outputs else 'INPUT'

            def get_tensor_dtype(self, name: str) -> Any:
                return SimpleNamespace(name=pretended.types.get(name, 'FLOAT'))

            def get_tensor_profile_shape(self, name: str, profile: int) -> Any:
                return list(shapes)

            def create_execution_context(self) -> Any:
                return pretended._unless('create_execution_context', Context())

            def create_engine_inspector(self) -> Any:
                def get_engine_information(form: Any) -> str:
                    return pretended.layers

                return SimpleNamespace(get_engine_information=get_engine_information)

        class Context(Freed):
            def __init__(self) -> None:
                self.shape: Any = None
                self.addresses: dict[str, int] = {}

            def set_input_shape(self, name: str, shape: Any) -> bool:
                self.shape = tuple(shape)
                return bool(pretended._unless('set_input_shape', True))

            def get_tensor_shape(self, name: str) -> Any:
                number, _, height, width = self.shape
                if name == 'input':
                    return self.shape
                return number, outputs[name], height // 8, width // 8

            def set_tensor_address(self, name: str, address: int) -> bool:
                self.addresses[name] = address
                return True

            def execute_async_v3(self, stream: int) -> bool:
                assert stream == 77
                assert driver.stack, 'TensorRT was called without a current context'
                mean = self._floats('input').mean()
                for number, name in enumerate(outputs, 1):
                    self._floats(name)[:] = number + mean
                return bool(pretended._unless('execute', True))

            def _floats(self, name: str) -> Any:
                size = 4 * int(np.prod(self.get_tensor_shape(name)))
                return driver.live[self.addresses[name]].content[:size].view(np.float32)

        self.module = SimpleNamespace(
            Runtime=Runtime,
            TensorIOMode=SimpleNamespace(INPUT='INPUT'),
            LayerInformationFormat=SimpleNamespace(JSON='JSON'),
        )

    def _unless(self, name: str, result: Any) -> Any:
        if name not in self.fails:
            return result
        self.logger.errors.append(self.fails.pop(name))
        return None

    @property
    def library(self) -> Library:
        """As `load_library` returns it."""
        return Library(self.module, 'tensorrt', '10.3.0', self.logger)


class Stage:
    """A pretended GPU, a pretended TensorRT, and an engine of both in a cache."""

    def __init__(
        self, folder: Path, shapes: Any = RANGE, outputs: dict[str, int] = PAIR, **network: Any
    ) -> None:
        self.driver = PretendedDriver()
        self.tensorrt = PretendedTensorrt(self.driver, shapes, outputs)
        self.spec = load_model(write_network(folder / 'net.onnx', outputs, **network).path)
        key = EngineKey(
            self.spec.sha256, 'tensorrt', '10.3.0', 'x', ('sm_87',), 'fp16', InputShapes(*shapes)
        )
        self.built = store_engine(key, 'net', 'fp16', b'a plan', {})

    def open(self) -> TensorrtEngine:
        return TensorrtEngine(self.spec, self.tensorrt.library, Gpu(self.driver), self.built)
