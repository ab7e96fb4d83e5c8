"""Pieces of kernels, of which machine code is made in their callers only."""

from __future__ import annotations

from collections.abc import Callable
import operator
from typing import Any

from llvmlite.binding import ModulePassManager, ModuleRef
import numba
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Flags, StateDict
from numba.core.compiler_machinery import CompilerPass, PassManager
import numpy as np
import pytest

from openpose_ros.parsing._kernels import parts, quick
from openpose_ros.parsing._kernels.compiling import piece

pytestmark = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason='nothing is compiled with NUMBA_DISABLE_JIT'
)


@pytest.fixture
def machine_code(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list of the functions that machine code is made of from now on."""
    made: list[str] = []
    make = JITCodeLibrary._finalize_specific

    def note(library: JITCodeLibrary) -> None:
        if library.name != 'nrt':  # Numba's own, made with the first kernel of a process
            made.append(library.name)
        make(library)

    monkeypatch.setattr(JITCodeLibrary, '_finalize_specific', note)
    return made


def compiled_in_three() -> tuple[Callable[..., float], Callable[..., float]]:
    """Return a kernel that calls a piece that calls a piece, and the last of them."""

    @piece('float64(float64)')
    def twice(x):
        return 2.0 * x

    @piece('float64(float64)', early=True)
    def twice_and_one(x):
        return twice(x) + 1.0

    @numba.njit('float64(float64)')
    def kernel(x):
        return twice_and_one(x) + twice(x)

    return kernel, twice.within()


def test_machine_code_is_made_once_of_a_kernel_and_its_pieces(machine_code: list[str]) -> None:
    kernel, _ = compiled_in_three()
    assert [name.rpartition('.')[2] for name in machine_code] == ['kernel']
    assert kernel(3.0) == 13.0


def test_a_piece_without_a_way_in_is_refused_in_python() -> None:
    _, twice = compiled_in_three()
    with pytest.raises(TypeError):
        twice(3.0)


def test_pieces_compile_where_numba_is_not_as_we_know_it(
    machine_code: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, '_PARTS_ARE_KNOWN', False)
    kernel, _ = compiled_in_three()
    assert len(machine_code) == 3
    assert kernel(3.0) == 13.0


@pytest.mark.parametrize('known', [True, False])
def test_kernels_compile_where_llvmlite_is_not_as_we_know_it(
    machine_code: list[str], monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    optimised: list[str] = []
    run = ModulePassManager.run

    def note(self: ModulePassManager, module: ModuleRef, *args: object) -> None:
        optimised.append(module.name)
        run(self, module, *args)

    monkeypatch.setattr(ModulePassManager, 'run', note)
    if not known:
        monkeypatch.setattr(parts, 'binding', None)

    @numba.njit('float64(float64[::1])', pipeline_class=parts.WholeCompiler, _nrt=False)
    def total(values):
        result = 0.0
        for value in values:
            result += value
        return result

    assert total(np.arange(9.0)) == 36.0
    assert machine_code.count('kernel') == 1
    assert optimised.count('kernel') == (1 if known else 2)  # as often as Numba does


def flags_of_a_kernel() -> Flags:
    flags = Flags()
    flags.nrt, flags.error_model = False, 'numpy'
    return flags


def test_quick_flags_are_numbas_to_numba() -> None:
    flags = flags_of_a_kernel()
    quicker = quick.quick(flags)
    assert type(quicker) is quick.QuickFlags
    assert quicker == flags
    assert flags == quicker
    assert hash(quicker) == hash(flags)
    assert {flags: 'found'}[quicker.copy()] == 'found'
    quicker.nrt = True
    assert quicker != flags


def test_flags_stay_as_they_are_where_numba_is_not_as_we_know_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flags = flags_of_a_kernel()
    monkeypatch.setattr(quick, '_DEFAULTS', {})
    assert quick.quick(flags) is flags


def test_kernels_are_compiled_without_what_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[str] = []
    run = PassManager._runPass

    def note(self: PassManager, index: int, each: CompilerPass, state: StateDict) -> None:
        ran.append(each.name())
        run(self, index, each, state)

    monkeypatch.setattr(PassManager, '_runPass', note)
    kernel, _ = compiled_in_three()
    names = {kind().name() for kind in quick.IDLE}
    assert kernel(3.0) == 13.0
    assert ran.count('native_lowering') == 3
    assert [name for name in ran if name in names] == sorted(names)  # of numba.njit's one alone


class Context:
    """Stands for Numba's, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def resolve_function_type(self, func: Any, args: Any, kws: dict[str, Any]) -> str:
        self.asked.append((func, *args))
        if not args:
            raise TypeError('no arguments')
        return f'{func} of {args}'


def test_operators_are_looked_up_once_a_kernel() -> None:
    context = Context()
    for _ in range(2):
        context.asked.clear()
        with quick.remembering(context):
            ask = context.resolve_function_type
            for _ in range(3):
                assert ask(operator.add, (1, 2), {}) == f'{operator.add} of (1, 2)'
                assert ask(operator.add, (1, 3), {}) == f'{operator.add} of (1, 3)'
        assert context.asked == [(operator.add, 1, 2), (operator.add, 1, 3)]
    context.resolve_function_type(operator.add, (1, 2), {})
    assert len(context.asked) == 3  # outside it is as it was


def test_what_fails_and_functions_of_others_are_looked_up_each_time() -> None:
    context = Context()
    with quick.remembering(context):
        for _ in range(2):
            with pytest.raises(TypeError, match='no arguments'):
                context.resolve_function_type(operator.add, (), {})
            context.resolve_function_type('static_getitem', (1, slice(2)), {})
            context.resolve_function_type(operator.add, (1, 2), {'dtype': 3})
    assert len(context.asked) == 6
