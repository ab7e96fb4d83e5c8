"""The verb `warm-up`: what would be compiled at the first start is compiled now."""

from __future__ import annotations

import argparse
import sys
from time import perf_counter

from openpose_ros.errors import OutputError

SUMMARY = 'compile now what the first start would compile'
EXAMPLES = (
    ('warm-up', 'in a Dockerfile or on a robot, after the installation; says where it is'),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the parser what `run` needs: nothing."""


def run(args: argparse.Namespace) -> int:
    """
    Compile.

    Returns
    -------
    int
        0: later starts find everything in the cache.

    Raises
    ------
    OutputError
        If something cannot be kept.

    """
    from openpose_ros.parsing.warming import compile_kernels

    print('compiling the parser, which takes up to a minute …', file=sys.stderr, flush=True)
    started = perf_counter()
    kernels, processor = compile_kernels()
    seconds = perf_counter() - started
    if not kernels:
        raise OutputError('nothing is compiled: unset NUMBA_DISABLE_JIT')
    lost = [kernel.name for kernel in kernels if kernel.kept_in is None]
    if lost:
        raise OutputError(
            f'{len(lost)} of {len(kernels)} functions cannot be kept, so that every start '
            'compiles them; export NUMBA_CACHE_DIR=/a/folder/that/can/be/written'
        )
    new = sum(kernel.compiled for kernel in kernels)
    print(
        f'{len(kernels)} functions: {new} compiled in {seconds:.1f} s, {len(kernels) - new} were '
        f'there; for the processor {processor}, others compile anew'
    )
    for folder in sorted({kernel.kept_in for kernel in kernels if kernel.kept_in}):
        print(folder)
    return 0
