"""Compiling everything at once, so that the first start on a robot has nothing to compile."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from openpose_ros.parsing.paf._kernels.cache import kept_in, processor

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
    for path in sorted(root.glob(f'**/{_KERNELS}/*.py')):
        place = path.relative_to(root).with_suffix('').as_posix().replace('/', '.')
        for function in vars(import_module(f'{_PACKAGE}.{place}')).values():
            if hasattr(function, 'py_func') and function.__module__.startswith(_PACKAGE):
                *_, room, _, module = function.__module__.split('.')
                name = f'{room}.{module}.{function.__name__}'
                kernels[name] = Kernel(name, *kept_in(function))
    return list(kernels.values()), processor()
