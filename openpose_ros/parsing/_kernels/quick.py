"""
How Numba compiles kernels, without what takes it long and says nothing.

Whenever it looks up what an operator means, it compares all that it was told, some hundred times a
line, and asks for each of two dozen options by its name: a tenth of all compiling. Another tenth
goes into looking for closures, and for expressions of whole arrays, which kernels have not.
"""

from __future__ import annotations

from numba.core.compiler import Compiler, Flags
from numba.core.typed_passes import NopythonRewrites
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


class QuickCompiler(Compiler):
    """Numba's way to compile, with quick flags and without the passes that change nothing."""

    def __init__(self, *args):
        super().__init__(*args)
        self.state.flags = quick(self.state.flags)

    def define_pipelines(self):
        """Return how a kernel is compiled."""
        pipelines = super().define_pipelines()
        for pipeline in pipelines:
            pipeline.passes = [each for each in pipeline.passes if each[0] not in IDLE]
        return pipelines
