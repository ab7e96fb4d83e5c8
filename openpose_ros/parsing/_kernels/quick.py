"""
How Numba compiles kernels, without what takes it long and says nothing.

Whenever it looks up what an operator means, it compares all that it was told, some hundred times a
line, and asks for each of two dozen options by its name: a tenth of all compiling. Another tenth
goes into looking the same up again and again, and another one into looking for closures, and for
expressions of whole arrays, which kernels have not.
"""

from __future__ import annotations

from contextlib import contextmanager
from types import BuiltinFunctionType

from numba.core.compiler import Compiler, Flags
from numba.core.compiler_lock import global_compiler_lock
from numba.core.typed_passes import NopythonRewrites
from numba.core.types import Function
from numba.core.untyped_passes import InlineClosureLikes

IDLE = (InlineClosureLikes, NopythonRewrites)


class QuickFlags(Flags):
    """The same, equal to it, and of the same hash."""

    def values(self):
        """Return the values of all options."""
        return {**_DEFAULTS, **self._values}


# Numba's own are kept where, in some other version, they are no such values.
_DEFAULTS = {name: option.default for name, option in getattr(Flags, 'options', {}).items()}


def quick(flags: Flags) -> Flags:
    """Return flags as quick ones; the same object where Numba's are not as we know them."""
    try:
        quicker = QuickFlags(flags)
        return quicker if quicker.values() == flags.values() else flags
    except (AttributeError, TypeError):
        return flags


@contextmanager
def remembering(context):
    """
    Let a typing context look up once what operators and functions of Numba's own return.

    It asks again at each mention, and goes through all mentions until no type is new.
    """
    known = {}

    def resolved(func, args, kws):
        if kws or not isinstance(func, (Function, BuiltinFunctionType)):
            return resolve(func, args, kws)
        key = func, tuple(args)
        found = known.get(key)
        if found is None:
            found = known[key] = resolve(func, args, kws)
        return found

    with global_compiler_lock:  # one after the other, or what is restored may be another's
        resolve, context.resolve_function_type = context.resolve_function_type, resolved
        try:
            yield
        finally:
            context.resolve_function_type = resolve


class QuickCompiler(Compiler):
    """Numba's way to compile, without what this module says."""

    def __init__(self, *args):
        super().__init__(*args)
        self.state.flags = quick(self.state.flags)

    def _compile_core(self):
        with remembering(self.state.typingctx):
            return super()._compile_core()

    def define_pipelines(self):
        """Return how a kernel is compiled."""
        pipelines = super().define_pipelines()
        for pipeline in pipelines:
            pipeline.passes = [each for each in pipeline.passes if each[0] not in IDLE]
        return pipelines
