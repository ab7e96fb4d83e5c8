"""
Every kernel is spoiled once, and its twin must object: what the twins let pass is not tested.

A kernel is spoiled in its source, and run without the compiler.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
import sys
from types import ModuleType

import numba
import numpy as np
import pytest

from openpose_ros.parsing import PafParams
import openpose_ros.parsing._kernels as shared
import openpose_ros.parsing.paf._kernels as kernels
from openpose_ros.parsing.paf._kernels import optimal  # noqa: F401  else imported when asked for
from openpose_ros.parsing.paf.peaks import Peaks
from tests.parsing.paf import naive, test_assembly, test_matching
from tests.parsing.paf.agreement import (
    check_assembly,
    check_limbs,
    check_peaks,
    check_scene,
    peaks_of,
)
from tests.parsing.paf.strategies import KITE, Array, Scene, noise, smooth

MODULES = (
    'sorting',
    'peaks',
    'matching',
    'pairs',
    'limbs',
    'assembly',
    'parse',
    'optimal',
)  # in the order of imports
HOMES = {name: shared if name == 'sorting' else kernels for name in MODULES}

SPOILED = {  # a line of each kernel, and what is wrong instead
    'end_of_run': ('place = first + 1', 'place = first + 2'),
    'lengthen_runs': ('< value', '<= value'),  # of equals the last
    'argsort_descending': ('>= values[other]', '> values[other]'),  # of equals the last
    'log_of': ('else _LOWEST', 'else 1.0'),
    'vertex': ('log_before - log_after', 'log_after - log_before'),
    'find_local_maxima': ('row[width - 1] > threshold', 'False'),  # the border is no peak
    'around': ('size - 1 if', 'size - 2 if'),
    'count_maxima': ('row < y or (row == y', 'row > y or (row == y'),  # of equals the last
    'refined': ('0 < y < height - 1', '0 <= y < height - 1'),  # also at the border
    'plateau': ('range(first_row, last_row + 1)', 'range(first_row, last_row)'),
    'keep_strongest': ('scores[i] = -order[i]', 'scores[i] = -i'),  # the first stay
    'find_map_peaks': ('if cells > 0.0:', 'if True:'),
    'find_peaks': ('left_out += count - room', 'left_out += 1'),
    'match_greedy': ('and taken[end] != stamp', ''),  # ends are used twice
    'match_optimal': ('- column_potential[c]', ''),
    'field_at': ('(1.0 - part_x) * part_y', 'part_x * part_y'),
    'field_along': ('here_x * along_x + here_y * along_y', 'here_x + here_y'),
    'look_at_peaks': ('float(peaks[i, 0]), float', 'float(peaks[0, 0]), float'),
    'mask_weak_cells': ('here[cell] | right[cell] |', 'here[cell] |'),
    'count_weak_samples': ('+= weak[np', '+= 1 - weak[np'),
    'candidate_pairs': ('misses[j] <= may_miss', 'misses[j] < may_miss'),
    'has_gap': ('elif begun:', 'else:'),  # what the start lacks is a gap
    'has_weak_gap': ('np.int64(most) + 1', '1'),  # one step is a gap
    'score_pairs': (
        'missed > may_miss:\n            continue',
        'missed > 0:\n            continue',
    ),
    'weigh_by_peaks': ('limbs[limb, 5] != 0', 'limbs[limb, 5] == 0'),
    'score_limb': ('pafs[limbs[limb, 2]], pafs[limbs[limb, 3]]', 'pafs[limb], pafs[limb + 1]'),
    'keep_pairs': ('scores[pair]', 'scores[c]'),
    'find_limbs': ('taken, most, limb, order', 'taken, most, 0, order'),  # used in other limbs
    'assemble': ('if contradict:', 'if False:'),
    'select_people': ('total / num_parts', 'total / max(1, count)'),
    'find_candidates': ('else left_out', 'else 1 + left_out'),
    'join_limbs': (
        'ends, strengths, connected',
        'ends, 0.0 * strengths, connected',
    ),  # none is stronger
    'parse': ('strengths,\n        people', '-strengths,\n        people'),  # the weakest first
    'find_limbs_optimally': ('ends, strengths, total', 'ends, strengths, 0'),
    'parse_optimally': (
        'strengths,\n        people',
        '-strengths,\n        people',
    ),  # the weakest first
}


def functions_of(module: str) -> dict[str, str]:
    """Return the source of each kernel of a module."""
    source = (Path(HOMES[module].__file__).parent / f'{module}.py').read_text(encoding='utf-8')
    return {
        node.name: ast.get_source_segment(source, node) or ''
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.decorator_list
    }


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return a function that puts uncompiled kernels in place, one of them perhaps spoiled."""

    def put_in_place(spoiled: str | None = None) -> None:
        for name in MODULES:
            source = (Path(HOMES[name].__file__).parent / f'{name}.py').read_text(encoding='utf-8')
            if spoiled in functions_of(name):
                function = functions_of(name)[spoiled]
                line, wrong = SPOILED[spoiled]
                assert function.count(line) == 1, f'{spoiled} has not one {line}: spoil another'
                source = source.replace(function, function.replace(line, wrong))
            module = ModuleType(f'{HOMES[name].__name__}.{name}')
            exec(compile(source, f'{name}, uncompiled', 'exec'), module.__dict__)
            monkeypatch.setitem(sys.modules, module.__name__, module)
            monkeypatch.setattr(HOMES[name], name, module)
        for name in ('peaks', 'limbs', 'assembly', 'parse'):
            monkeypatch.setattr(
                f'openpose_ros.parsing.paf.{name}._kernels', getattr(kernels, name)
            )
        for name in ('sorting', 'matching'):
            monkeypatch.setattr(test_matching, name, getattr(HOMES[name], name))

    monkeypatch.setattr(numba.config, 'DISABLE_JIT', True)
    with np.errstate(all='ignore'):
        yield put_in_place


def ladder() -> tuple[Peaks, Array]:
    """Return nine limbs, each on a row; five miss just as many samples as they may."""
    fields = np.zeros((8, 17, 11), np.float32)
    rungs = fields[KITE.limbs[2].paf_x, ::2]
    rungs[:] = 1
    rungs[:5, :4] = 0  # the first three samples
    rungs[5:, 6:9] = 0  # two in the middle
    ends = [[(x, y, 0.9) for y in range(0, 17, 2)] for x in (0.5, 9.5)]
    return peaks_of([[], ends[0], [], ends[1]]), fields


def bridges(broken: int) -> tuple[Peaks, Array]:
    """Return nine long arms, each on a row, in which so many steps in a row do not count."""
    fields = np.zeros((8, 17, 20), np.float32)
    arms = fields[KITE.limbs[0].paf_x, ::2]
    arms[:] = 1
    arms[:, 8 : 9 + broken] = 0
    ends = [[(x, y, 0.9) for y in range(0, 17, 2)] for x in (0.5, 17.5)]
    return peaks_of([ends[0], ends[1], [], []]), fields


def check_all() -> None:
    """Hold all kernels to their twins, on a few small inputs that go every way through them."""
    random = np.random.default_rng(0)
    bumps = np.clip(smooth(4, (9, 11), 3), 0, 1)
    tied = random.integers(0, 4, (4, 9, 11)).astype(np.float32) / 4
    for heatmaps in (bumps, tied, bumps[:, :1], tied[:, :, :1]):
        for params in (PafParams(nms_window=3), PafParams(peak_threshold=0.3, max_peaks=2)):
            check_peaks(np.ascontiguousarray(heatmaps), params)
    for matching in ('greedy', 'optimal'):
        params = PafParams(paf_min_count=3, paf_max_gap=4, matching=matching)
        spots = peaks_of([random.uniform(0, 9, (4, 3)).tolist() for _ in range(4)])
        for order in ('field', 'peaks'):
            some = replace(params, limb_order=order)
            assert check_limbs(spots, noise(8, (10, 10), 1), KITE, some).ends[-1, 0] == 3
    assert len(check_limbs(*ladder(), KITE, PafParams(paf_min_count=7, paf_max_gap=2.5)).ends) == 9
    for broken, found in (2, 9), (3, 0):
        params = PafParams(paf_max_gap=2.5)
        assert len(check_limbs(*bridges(broken), KITE, params).ends) == found
    for last in (0.8, 0.75, 0.25):
        rows = [(0, 0, 0, 0.9), (1, 0, 0, 0.8), (2, 0, 0, 0.7), (2, 1, 1, 0.6), (3, 0, 1, last)]
        found = test_assembly.connections_of([*rows, (0, 2, 3, 0.5)])
        params = PafParams(min_parts=2, min_score=0.2)
        check_assembly(peaks_of(test_assembly.PEAKS), found, KITE, params)
    for shape in ((5, 3), (9, 9)):
        scores = random.integers(0, 4, shape) / 4
        assert test_matching.matched(scores, 'greedy') == naive.match_greedy(scores)
    for matching in ('greedy', 'optimal'):
        params = PafParams(paf_min_count=2, matching=matching)
        several = Scene(noise(4, (12, 12), 2), noise(8, (12, 12), 3), params)
        assert len(check_scene(several)) > 1
    test_matching.test_optimal_without_ties_keeps_the_pairs_of_the_twin((7, 9))
    for count in 9, 100:
        test_matching.test_falling_sorts_and_keeps_the_order_of_equals(count)


def test_every_kernel_is_spoiled_once():
    assert list(SPOILED) == [name for module in MODULES for name in functions_of(module)]


def test_kernels_that_nobody_spoiled_agree(install):
    install()
    check_all()


@pytest.mark.parametrize('name', SPOILED)
def test_the_twin_sees_a_spoiled_kernel(name, install):
    install(name)
    with pytest.raises(AssertionError) as caught:
        check_all()
    assert 'spoil another' not in str(caught.value)
