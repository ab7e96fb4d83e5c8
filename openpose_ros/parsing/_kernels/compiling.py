"""
How the kernels are compiled, and the types of their arguments.

What Numba compiles for itself costs most: a function of NumPy takes a tenth of a second for each
type of its arguments, a way in from Python half as much, and machine code of each function that
another one calls is made twice. So kernels call no function of NumPy, only those that are
`compiled` can be called from Python at once, and the pieces that these consist of are `parts`.
"""

from __future__ import annotations

from contextlib import contextmanager
import gc
from typing import Any

import numba
from numba import types
from numba.extending import typeof_impl

from openpose_ros.parsing._kernels.cache import keep_compiled
from openpose_ros.parsing._kernels.parts import (
    OptimisedPartCompiler,
    PartCompiler,
    WholeCompiler,
)
from openpose_ros.parsing._kernels.quick import QuickCompiler

_OPTIONS = {'error_model': 'numpy', 'nogil': True, 'no_cfunc_wrapper': True}

MAPS = types.Array(types.float32, 3, 'C', readonly=True)
MAP = types.Array(types.float32, 2, 'C', readonly=True)
ROW = types.Array(types.float32, 1, 'C', readonly=True)
COUNTS = types.Array(types.int64, 1, 'C', readonly=True)
TABLE = types.Array(types.int64, 2, 'C', readonly=True)
VALUES = types.Array(types.float64, 1, 'C', readonly=True)
FLAGS = types.Array(types.uint8, 1, 'C', readonly=True)
NUMBERS = types.Array(types.int64, 1, 'C')

IS_COMPILED = not numba.config.DISABLE_JIT  # then signatures are checked at each call

NOT_FINITE = -1  # returned where a count is expected: a map holds NaN or infinity


def _options(allocating):
    return _OPTIONS if allocating else {**_OPTIONS, '_nrt': False}


@contextmanager
def _no_collecting():
    """Leave garbage: whoever looks for it looks at all that Numba holds, a tenth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def compiled(signature, *, allocating=False):
    """
    Compile now, or take what Numba's cache has.

    Parameters
    ----------
    signature : Numba's
        Of arguments and what is returned.
    allocating : bool
        Whether arrays are made in it. Without that nothing counts who holds which array, which
        compiles a tenth quicker.

    """

    def compile_function(function):
        if numba.config.DISABLE_JIT:
            return function
        compiler = QuickCompiler if allocating else WholeCompiler
        dispatcher = numba.njit(pipeline_class=compiler, **_options(allocating))(function)
        keep_compiled(dispatcher)
        with _no_collecting():
            dispatcher.compile(signature)
        dispatcher.disable_compile()
        return dispatcher

    return compile_function


def piece(signature, *, early=False, alone=False, allocating=False):
    """
    Compile with the kernels that call it; from Python, where that is seldom, at the first call.

    Parameters
    ----------
    signature : Numba's
        Of arguments and what is returned.
    early : bool
        Whether LLVM optimises it before its callers get it, too, where measuring says so.
    alone : bool
        It is called from Python, too, see `from_python`.
    allocating : bool
        As of `compiled`.

    """

    def make_piece(function):
        if numba.config.DISABLE_JIT:
            return function
        return Piece(function, signature, early, alone, allocating)

    return make_piece


class Piece:
    """A function that kernels call, see `piece`."""

    def __init__(self, function, signature, early, alone, allocating):
        self.py_func, self.alone = function, alone
        self._allocating = allocating
        self._compiler = OptimisedPartCompiler if early else PartCompiler
        self.targetoptions = {'inline': 'never'}  # Numba asks for these
        self._signature = signature
        self._inner = self._outer = None
        self.__module__, self.__name__ = function.__module__, function.__name__

    def __call__(self, *args):
        return self.standing_alone()(*args)

    def standing_alone(self):
        """Return it with a way in from Python."""
        if self._outer is None:
            compile_function = compiled(self._signature, allocating=self._allocating)
            self._outer = compile_function(self.py_func)
        return self._outer

    def within(self):
        """Return it as other kernels call it; there is no way in from Python."""
        if self._inner is None:
            options = {**_options(self._allocating), 'no_cpython_wrapper': True}
            self._inner = numba.njit(pipeline_class=self._compiler, **options)(self.py_func)
            self._inner.compile(self._signature)
            self._inner.disable_compile()
        return self._inner


def from_python(kernel: Any) -> Any:
    """Return a piece compiled now, so that the first call need not wait."""
    return kernel.standing_alone() if isinstance(kernel, Piece) else kernel


@typeof_impl.register(Piece)
def _type_of_piece(value, context):
    return types.Dispatcher(value.within())
