"""
Kernels as LLVM gets them: machine code is made once, of a kernel with all its pieces.

Numba makes machine code of every function that it compiles, even if it can only be called by
others, which get a copy of its own and are made machine code of with that. In a row of callers the
last is made so often as there are callers.
"""

from __future__ import annotations

from llvmlite import binding
from numba.core import config
from numba.core.codegen import JITCodeLibrary

from openpose_ros.parsing._kernels.quick import QuickCompiler


class _Part(JITCodeLibrary):
    """The code of a piece, optimised by itself; only callers make machine code of it."""

    def _finalize_final_module(self):
        self._finalized = True


class _RawPart(_Part):
    """Optimised with its caller, which has this and its other pieces, only."""

    def _optimize_final_module(self):
        """Leave it to the caller."""


# Else, in some later version of Numba, it makes machine code of each as it did.
_PARTS_ARE_KNOWN = all(
    hasattr(JITCodeLibrary, name) for name in ('_finalize_final_module', '_optimize_final_module')
)


class _Whole(JITCodeLibrary):
    """The code of a kernel in which nothing counts who holds which array."""

    def _optimize_final_module(self):
        """
        Optimise once; where something counts, Numba does twice, to find what cancels out.

        And do not do several turns of a loop at a time, besides the vector's: a row of a map is so
        short that much of it remains, cell by cell, and code that nobody asked for lately is slow.
        """
        if not hasattr(binding, 'create_pipeline_tuning_options'):  # some earlier version
            super()._optimize_final_module()
            return
        tuning = binding.create_pipeline_tuning_options(speed_level=int(config.OPT))
        tuning.loop_vectorization = bool(config.LOOP_VECTORIZE)
        tuning.loop_interleaving = False
        builder = binding.create_pass_builder(self._codegen._tm, tuning)
        builder.getModulePassManager().run(self._final_module, builder)


class WholeCompiler(QuickCompiler):
    """Numba's way to compile, for kernels that allocate nothing."""

    _library_class = _Whole

    def __init__(self, typingctx, targetctx, *args):
        super().__init__(typingctx, targetctx, *args)
        if _PARTS_ARE_KNOWN:
            self.state.library = self._library_class(targetctx.codegen(), 'kernel')
            self.state.library.enable_object_caching()


class PartCompiler(WholeCompiler):
    """The same, which ends with a part."""

    _library_class = _RawPart

    def __init__(self, typingctx, targetctx, *args):
        super().__init__(typingctx, targetctx, *args)
        if _PARTS_ARE_KNOWN:
            self.state.targetctx.get_executable = _stand_in  # the state's own copy


class OptimisedPartCompiler(PartCompiler):
    """The same for what ends as quicker code if it is optimised before its callers get it, too."""

    _library_class = _Part


def _stand_in(library, fndesc, env):
    """
    Return what Numba knows the piece by where there is no machine code to call.

    It must be a builtin, another one each time. Numba calls it as one with any arguments, which
    most are not; this one is, and objects to what is no mapping.
    """
    library.finalize()
    return {}.update
