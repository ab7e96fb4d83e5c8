"""
CUDA's driver interface, as far as TensorRT needs it, from pycuda or NVIDIA's cuda-python.

Both adapters do the same few things with the same names. What they return for a device's memory
and for a stream is an int, or becomes its address with `int`. Memory, streams and copies belong
to the context that is current in the calling thread.

The names that are called are those of pycuda 2020.1 to 2026.1 and cuda-python 11.8 to 13.5;
tests/engine/tensorrt/test_api.py compares them with the libraries.
"""

from __future__ import annotations

from contextlib import suppress
import ctypes
from importlib import import_module
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from openpose_ros.commands import command, install_cuda_python
from openpose_ros.errors import MissingError, MissingLibraryError

Bytes = npt.NDArray[np.uint8]

_NAME_LENGTH = 256
_PACKAGES_OF_CUDA_PYTHON = ('cuda.bindings.driver', 'cuda.cuda')  # the second before 12.6


class GpuFacts(NamedTuple):
    """
    What a GPU is.

    Attributes
    ----------
    name : str
        As NVIDIA calls it.
    compute_capability : (int, int)
        Major and minor: (8, 7) is sm_87.
    driver : str
        The newest CUDA that the driver supports, '12.6' say; not the driver's own number.

    """

    name: str
    compute_capability: tuple[int, int]
    driver: str


class Driver(Protocol):
    """
    A library that speaks to CUDA's driver.

    Making one imports the library and initialises CUDA: it raises ImportError if it is not there,
    and what else the library pleases if it finds no driver or no GPU. Every method may raise one
    of `errors`.
    """

    name: str
    errors: tuple[type[Exception], ...]

    def facts(self, ordinal: int) -> GpuFacts:
        """Return what the GPU of a number is."""
        ...

    def is_out_of_memory(self, exc: Exception) -> bool:
        """Return whether one of `errors` says that memory ran out."""
        ...

    def retain(self, ordinal: int) -> Any:
        """Return a GPU's primary context, which all libraries of a process share."""
        ...

    def push(self, context: Any) -> None:
        """Make a context current in this thread."""
        ...

    def pop(self) -> None:
        """Undo `push`."""
        ...

    def release(self, context: Any) -> None:
        """Give a context back; it is current in no thread."""
        ...

    def make_stream(self) -> Any:
        """Return a stream that does not wait for the default one."""
        ...

    def free_stream(self, stream: Any) -> None:
        """Free a stream on which nothing is going on."""
        ...

    def stream_address(self, stream: Any) -> int:
        """Return a stream's cudaStream_t."""
        ...

    def synchronize(self, stream: Any) -> None:
        """Wait until everything on a stream is done."""
        ...

    def allocate(self, size: int) -> Any:
        """Return memory of the GPU, bytes."""
        ...

    def free(self, memory: Any) -> None:
        """Free memory of the GPU."""
        ...

    def allocate_host(self, size: int) -> Bytes:
        """Return page-locked memory of the machine, from which the GPU copies by itself."""
        ...

    def free_host(self, memory: Bytes) -> None:
        """Free what `allocate_host` returned; it must not be used any more."""
        ...

    def to_device(self, memory: Any, source: Bytes, stream: Any) -> None:
        """Begin to copy to the GPU."""
        ...

    def to_host(self, target: Bytes, memory: Any, stream: Any) -> None:
        """Begin to copy from the GPU."""
        ...

    def memory_info(self) -> tuple[int, int]:
        """Return how many bytes are free and how many there are on the current context's GPU."""
        ...


class PycudaDriver:
    """CUDA through pycuda (https://documen.tician.de/pycuda); without pycuda.autoinit."""

    def __init__(self) -> None:
        self._cuda = import_module('pycuda.driver')
        self.name = f'pycuda {import_module("pycuda").VERSION_TEXT}'
        self.errors: tuple[type[Exception], ...] = (self._cuda.Error,)
        self._cuda.init()

    def facts(self, ordinal: int) -> GpuFacts:
        device = self._cuda.Device(ordinal)
        version = self._cuda.get_driver_version()
        return GpuFacts(device.name(), device.compute_capability(), _version_text(version))

    def is_out_of_memory(self, exc: Exception) -> bool:
        return isinstance(exc, self._cuda.MemoryError)

    def retain(self, ordinal: int) -> Any:
        return self._cuda.Device(ordinal).retain_primary_context()

    def push(self, context: Any) -> None:
        context.push()

    def pop(self) -> None:
        self._cuda.Context.pop()

    def release(self, context: Any) -> None:
        # pycuda leaves a context alone that another thread made, unless it is current. It then
        # forgets to pop a primary one (2026.1 still), which leaves in this thread what
        # cudaSetDevice would have made current.
        context.push()
        context.detach()

    def make_stream(self) -> Any:
        return self._cuda.Stream(1)  # CU_STREAM_NON_BLOCKING

    def free_stream(self, stream: Any) -> None:
        """Do nothing: pycuda frees a stream with the last reference to it."""

    def stream_address(self, stream: Any) -> int:
        return int(stream.handle)

    def synchronize(self, stream: Any) -> None:
        stream.synchronize()

    def allocate(self, size: int) -> Any:
        return self._cuda.mem_alloc(size)

    def free(self, memory: Any) -> None:
        memory.free()

    def allocate_host(self, size: int) -> Bytes:
        memory: Bytes = self._cuda.pagelocked_empty(size, np.uint8)
        return memory

    def free_host(self, memory: Bytes) -> None:
        allocation: Any = memory.base
        allocation.free()

    def to_device(self, memory: Any, source: Bytes, stream: Any) -> None:
        self._cuda.memcpy_htod_async(memory, source, stream)

    def to_host(self, target: Bytes, memory: Any, stream: Any) -> None:
        self._cuda.memcpy_dtoh_async(target, memory, stream)

    def memory_info(self) -> tuple[int, int]:
        free, total = self._cuda.mem_get_info()
        return free, total


class _CudaPythonError(Exception):
    """What cuda-python returns instead of raising it."""

    def __init__(self, call: str, code: str) -> None:
        super().__init__(f'{call} failed: {code}')
        self.code = code


class CudaPythonDriver:
    """CUDA through NVIDIA's cuda-python (https://nvidia.github.io/cuda-python)."""

    errors: tuple[type[Exception], ...] = (_CudaPythonError,)

    def __init__(self) -> None:
        self._cuda = _first_module(_PACKAGES_OF_CUDA_PYTHON)
        self._call('cuInit', 0)
        self._version = self._call('cuDriverGetVersion')
        self.name = f'cuda-python for CUDA {_version_text(self._cuda.CUDA_VERSION)}'

    def _call(self, name: str, *arguments: Any) -> Any:
        code, *results = getattr(self._cuda, name)(*arguments)
        if code != self._cuda.CUresult.CUDA_SUCCESS:
            raise _CudaPythonError(name, getattr(code, 'name', str(code)))
        return results[0] if len(results) == 1 else results

    def facts(self, ordinal: int) -> GpuFacts:
        device = self._call('cuDeviceGet', ordinal)
        attributes = self._cuda.CUdevice_attribute
        major, minor = (
            int(self._call('cuDeviceGetAttribute', attribute, device))
            for attribute in (
                attributes.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                attributes.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
            )
        )
        name = bytes(self._call('cuDeviceGetName', _NAME_LENGTH, device))
        return GpuFacts(
            name.split(b'\0')[0].decode(), (major, minor), _version_text(self._version)
        )

    def is_out_of_memory(self, exc: Exception) -> bool:
        return isinstance(exc, _CudaPythonError) and exc.code == 'CUDA_ERROR_OUT_OF_MEMORY'

    def retain(self, ordinal: int) -> Any:
        device = self._call('cuDeviceGet', ordinal)
        return device, self._call('cuDevicePrimaryCtxRetain', device)

    def push(self, context: Any) -> None:
        self._call('cuCtxPushCurrent', context[1])

    def pop(self) -> None:
        self._call('cuCtxPopCurrent')

    def release(self, context: Any) -> None:
        self._call('cuDevicePrimaryCtxRelease', context[0])

    def make_stream(self) -> Any:
        return self._call('cuStreamCreate', 1)  # CU_STREAM_NON_BLOCKING

    def free_stream(self, stream: Any) -> None:
        self._call('cuStreamDestroy', stream)

    def stream_address(self, stream: Any) -> int:
        return int(stream)

    def synchronize(self, stream: Any) -> None:
        self._call('cuStreamSynchronize', stream)

    def allocate(self, size: int) -> Any:
        return self._call('cuMemAlloc', size)

    def free(self, memory: Any) -> None:
        self._call('cuMemFree', memory)

    def allocate_host(self, size: int) -> Bytes:
        address = int(self._call('cuMemAllocHost', size))
        return np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(address))

    def free_host(self, memory: Bytes) -> None:
        self._call('cuMemFreeHost', memory.ctypes.data)

    def to_device(self, memory: Any, source: Bytes, stream: Any) -> None:
        self._call('cuMemcpyHtoDAsync', memory, source.ctypes.data, source.nbytes, stream)

    def to_host(self, target: Bytes, memory: Any, stream: Any) -> None:
        self._call('cuMemcpyDtoHAsync', target.ctypes.data, memory, target.nbytes, stream)

    def memory_info(self) -> tuple[int, int]:
        free, total = self._call('cuMemGetInfo')
        return free, total


def find_driver() -> Driver:
    """
    Return pycuda's driver, or where there is no pycuda cuda-python's.

    Raises
    ------
    MissingError
        If neither can be imported (a MissingLibraryError where neither is installed), or there is
        no driver or no GPU.

    """
    cuda = _cuda_of_driver()
    if not cuda:
        raise _no_gpu('there is no driver, libcuda.so.1')
    missing: list[str] = []
    broken = False
    for library in (PycudaDriver, CudaPythonDriver):
        try:
            return library()
        except ImportError as exc:
            broken |= not isinstance(exc, ModuleNotFoundError)
            missing.append(str(exc))
        except Exception as exc:  # cuda-python has no class for a driver that is not there
            raise _no_gpu(_one_line(exc)) from exc
    raise (MissingError if broken else MissingLibraryError)(
        f'neither pycuda nor cuda-python can be imported ({"; ".join(missing)}), and TensorRT '
        'needs one of them to reach the GPU',
        install_cuda_python(cuda),
    )


def _cuda_of_driver() -> float:
    """Return the newest CUDA that the driver can do, 12.6 say, asked by C; 0: no driver."""
    version = ctypes.c_int()
    with suppress(OSError):
        ctypes.CDLL('libcuda.so.1').cuDriverGetVersion(ctypes.byref(version))
    return float(_version_text(version.value))


def _no_gpu(cause: str) -> MissingError:
    return MissingError(f'no NVIDIA GPU can be used ({cause})', f'{command("doctor")} says why')


def _first_module(names: tuple[str, ...]) -> Any:
    for name in names[:-1]:
        try:
            return import_module(name)
        except ImportError:
            continue
    return import_module(names[-1])


def _version_text(version: Any) -> str:
    major, rest = divmod(int(version), 1000)
    return f'{major}.{rest // 10}'


def _one_line(exc: Exception) -> str:
    return ' '.join(str(exc).split()) or type(exc).__name__
