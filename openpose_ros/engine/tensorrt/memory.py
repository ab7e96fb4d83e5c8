"""A GPU as an engine holds it: a context that is current only while it is used, and memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import logging
from threading import Lock
from typing import Any, NamedTuple

from openpose_ros.engine.tensorrt.cuda import Bytes, Driver
from openpose_ros.errors import EngineError

_LOGGER = logging.getLogger(__name__)
_MIB = 1 << 20


class Buffer(NamedTuple):
    """
    The same number of bytes twice.

    Attributes
    ----------
    host : uint8 (size,)
        Page-locked memory of the machine.
    device : object
        Memory of the GPU; `int` makes its address of it.

    """

    host: Bytes
    device: Any

    @property
    def address(self) -> int:
        """Where the GPU's half is."""
        return int(self.device)


class Gpu:
    """
    One GPU's context, one stream, and buffers that are made once and reused.

    The context is the GPU's primary one, which ONNX Runtime and whatever else is in the process
    share. It is pushed and popped by `current`, so that none is left current in any thread: one
    thread at a time may use a Gpu, everything but `close` inside `with gpu.current():`.

    Parameters
    ----------
    driver : Driver
    ordinal : int
        Which GPU, from 0, of those that CUDA_VISIBLE_DEVICES leaves.

    Attributes
    ----------
    facts : GpuFacts
        What the GPU is.
    library : str
        What speaks to it, and its version.

    Raises
    ------
    EngineError
        If there is no such GPU, or no room on it.

    """

    def __init__(self, driver: Driver, ordinal: int = 0) -> None:
        self._driver = driver
        self._buffers: dict[str, Buffer] = {}
        self._stream: Any = None
        self._lock = Lock()
        self._users = 0  # how often it is current now, in whichever thread
        self._is_closed = False
        self.library = driver.name
        try:
            self.facts = driver.facts(ordinal)
            self._context = driver.retain(ordinal)
        except driver.errors as exc:
            raise EngineError(
                f'GPU {ordinal} cannot be used ({exc}): see with nvidia-smi (on a Jetson: '
                'tegrastats) whether it is there, free and in order'
            ) from exc
        try:
            with self.current():
                self._stream = driver.make_stream()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def current(self) -> Iterator[None]:
        """
        Make the context current in this thread, for a with statement.

        Raises
        ------
        EngineError
            For what CUDA reports inside; see `explain`.

        """
        with self._lock:
            if self._is_closed:
                raise EngineError('the GPU was given back already; open another engine')
            try:
                self._driver.push(self._context)
            except self._driver.errors as exc:
                raise _lost(str(exc)) from exc
            self._users += 1
        try:
            yield
        except self._driver.errors as exc:
            reason = str(exc)
            raise (
                self.explain(reason, self._driver.is_out_of_memory(exc))
                or EngineError(f'the GPU refused its work: {reason}')
            ) from exc
        finally:
            self._quietly(self._driver.pop)
            with self._lock:
                self._users -= 1
                self._release_if_unused()

    @property
    def stream(self) -> int:
        """The stream's cudaStream_t."""
        return self._driver.stream_address(self._stream)

    def buffer(self, name: str, size: int) -> Buffer:
        """Return the buffer of a name, of at least `size` bytes; a small one makes way."""
        found = self._buffers.get(name)
        if found is not None and len(found.host) >= size:
            return found
        if found is not None:
            self._free(self._buffers.pop(name))
        host = self._driver.allocate_host(size)
        try:
            made = Buffer(host, self._driver.allocate(size))
        except BaseException:
            self._quietly(self._driver.free_host, host)
            raise
        self._buffers[name] = made
        return made

    def upload(self, buffer: Buffer, size: int) -> None:
        """Begin to copy the first bytes of a buffer to the GPU."""
        self._driver.to_device(buffer.device, buffer.host[:size], self._stream)

    def download(self, buffer: Buffer, size: int) -> None:
        """Begin to copy the first bytes of a buffer from the GPU."""
        self._driver.to_host(buffer.host[:size], buffer.device, self._stream)

    def synchronize(self) -> None:
        """Wait until everything that was begun is done."""
        self._driver.synchronize(self._stream)

    def explain(self, reason: str, out_of_memory: bool) -> EngineError | None:
        """
        Return what a failure means for the user if it lies with the GPU, else None.

        Parameters
        ----------
        reason : str
            What was reported, one line.
        out_of_memory : bool
            Whether that was it.

        """
        try:
            free, total = self._driver.memory_info()
            if self._stream is not None:
                # After a failed kernel the context answers nothing but the same error.
                self._driver.synchronize(self._stream)
        except self._driver.errors:
            return _lost(reason)
        if not out_of_memory:
            return None
        return EngineError(
            f'the GPU is out of memory, {free // _MIB} of {total // _MIB} MiB are free '
            f'({reason}): end what else uses it or take a smaller net_resolution, then clean up '
            'and configure the node again, or open another engine'
        )

    def close(self) -> None:
        """
        Free buffers, stream and context, in this order; from any thread, also twice.

        A thread that is inside `current` meanwhile, in a build that nothing can stop, does it
        when it leaves.
        """
        with self._lock:
            self._is_closed = True
            self._release_if_unused()

    def _release_if_unused(self) -> None:
        context = self._context
        if not self._is_closed or self._users or context is None:
            return
        try:
            self._driver.push(context)
        except self._driver.errors as exc:  # a lost context took everything with it
            _LOGGER.debug('%s', exc)
        else:
            for buffer in self._buffers.values():
                self._free(buffer)
            if self._stream is not None:
                self._quietly(self._driver.free_stream, self._stream)
            self._stream = None  # while the context is current: pycuda frees it now
            self._quietly(self._driver.pop)
        self._buffers.clear()
        self._context = None
        self._quietly(self._driver.release, context)

    def _free(self, buffer: Buffer) -> None:
        self._quietly(self._driver.free, buffer.device)
        self._quietly(self._driver.free_host, buffer.host)

    def _quietly(self, call: Callable[..., None], *arguments: Any) -> None:
        """Go on where something cannot be freed: what follows still can be."""
        try:
            call(*arguments)
        except self._driver.errors as exc:
            _LOGGER.debug('%s', exc)


def _lost(reason: str) -> EngineError:
    return EngineError(
        f'the GPU context is lost ({reason}): clean up and configure the node again, or open '
        'another engine; if that fails too, restart the process'
    )
