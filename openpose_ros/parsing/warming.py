"""Compiling everything at once, so that the first start on a robot has nothing to compile."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from openpose_ros.parsing._kernels.cache import kept_in, processor
from openpose_ros.parsing._kernels.compiling import from_python

_PACKAGE = __name__.partition('.')[0]
_KERNELS = '_kernels'  # a folder of a decoder, or of what is done with people


class Kernel(NamedTuple):
    """
    A compiled function.

    Attributes
    ----------
    name : str
        'paf.peaks.find_peaks'.
    kept_in : str or None
        The folder of the cache that has it; None if it will be compiled at every start.
    compiled : bool
        Whether it was compiled now.

    """

    name: str
    kept_in: str | None
    compiled: bool


def compile_kernels() -> tuple[list[Kernel], str]:
    """
    Compile what all decoders and the node consist of, as far as no cache has it.

    Returns
    -------
    list of Kernel
        None where NUMBA_DISABLE_JIT is set.
    str
        The processor that they are for, as LLVM calls it.

    """
    root = Path(__file__).parent.parent
    kernels: dict[str, Kernel] = {}
    for path in sorted(root.rglob(f'{_KERNELS}/*.py')):
        place = path.relative_to(root).with_suffix('').as_posix().replace('/', '.')
        module = import_module(f'{_PACKAGE}.{place}')
        for kernel in vars(module).values():
            if getattr(kernel, 'alone', False):
                kernel = from_python(kernel)
            if hasattr(kernel, 'overloads') and kernel.__module__ == module.__name__:
                *_, room, _, file = module.__name__.split('.')
                name = f'{room}.{file}.{kernel.__name__}'
                kernels[name] = Kernel(name, *kept_in(kernel))
    return list(kernels.values()), processor()
