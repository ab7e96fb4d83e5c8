"""
What NVIDIA's driver says, asked by its C interface: on a Jetson nvidia-smi says little.

Names and numbers are those of cuda.h (CUDA Driver API, "Device Management"). Loading a driver
can hang or crash: `read_gpus` belongs into a process of its own.
"""

from __future__ import annotations

import ctypes
from typing import Any

_CAPABILITY_MAJOR, _CAPABILITY_MINOR = 75, 76  # of CUdevice_attribute
_NAME_BYTES = 256


def read_gpus() -> dict[str, Any]:
    """
    Return the CUDA version that the driver can do, and the GPUs.

    Returns
    -------
    dict
        'cuda': '12.6'; 'gpus': a dict each, with 'name', 'sm' ('87') and 'memory' in bytes.

    Raises
    ------
    OSError
        If there is no driver, or it reports an error.

    """
    driver = ctypes.CDLL('libcuda.so.1')

    def call(function: str, *arguments: Any) -> None:
        status = getattr(driver, function)(*arguments)
        if status:
            text = ctypes.c_char_p()
            driver.cuGetErrorString(status, ctypes.byref(text))
            raise OSError(f'{function}: {(text.value or b"unknown").decode()} ({status})')

    def number(function: str, *arguments: Any) -> int:
        value = ctypes.c_int()
        call(function, ctypes.byref(value), *arguments)
        return value.value

    call('cuInit', 0)
    version = number('cuDriverGetVersion')
    gpus = []
    for device in range(number('cuDeviceGetCount')):
        name, memory = ctypes.create_string_buffer(_NAME_BYTES), ctypes.c_size_t()
        call('cuDeviceGetName', name, _NAME_BYTES, device)
        call('cuDeviceTotalMem_v2', ctypes.byref(memory), device)
        major, minor = (
            number('cuDeviceGetAttribute', attribute, device)
            for attribute in (_CAPABILITY_MAJOR, _CAPABILITY_MINOR)
        )
        gpus.append({'name': name.value.decode(), 'sm': f'{major}{minor}', 'memory': memory.value})
    return {'cuda': f'{version // 1000}.{version % 1000 // 10}', 'gpus': gpus}
