"""Matching: greedy and optimal held to their twins, ties included."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
import numpy as np
import pytest

from openpose_ros.parsing._kernels import compiling, sorting
from openpose_ros.parsing.paf._kernels import matching
from tests.parsing.paf import naive, strategies
from tests.parsing.paf.strategies import Array

Pairs = list[tuple[int, int]]

sides = st.sampled_from([1, 2, 3, 5, 8])  # 8 x 8 pairs are merged, few are not
tied = st.sampled_from([0.0, 0.0, 0.25, 0.5, 0.75, 1.0])  # 0: no limb
matrices = st.tuples(sides, sides).flatmap(
    lambda shape: npst.arrays(np.float64, shape, elements=tied)
)


def matched(scores: Array, kind: str) -> Pairs:
    """Return the pairs that a kernel keeps, in its order; its scores must be theirs."""
    ends, values, most = np.argwhere(scores > 0), scores[scores > 0], max(scores.shape)
    pairs, order = ends[:, 0] << matching.END_BITS | ends[:, 1], np.empty(2 * len(ends), np.int64)
    if kind == 'optimal':
        scratch = np.empty((most + 1) * (most + 4), np.int64), np.empty(3 * (most + 1))
        count = matching.match_optimal(pairs, values, len(pairs), *scores.shape, order, *scratch)
    else:
        taken = np.full(2 * most, -1, np.int64)
        count = matching.match_greedy(pairs, values, len(pairs), taken, most, 0, order)
    return [(start, end) for start, end in ends[order[:count]].tolist()]


def total(scores: Array, pairs: Pairs) -> float:
    return float(sum(scores[pair] for pair in pairs))


@strategies.examples()
@given(matrices)
def test_greedy_agrees_with_the_twin(scores):
    assert matched(scores, 'greedy') == naive.match_greedy(scores)


@strategies.examples()
@given(matrices)
def test_optimal_has_the_total_of_the_twin_and_uses_no_end_twice(scores):
    pairs = matched(scores, 'optimal')
    assert total(scores, pairs) == total(scores, naive.match_optimal(scores))
    for ends in zip(*pairs):
        assert len(set(ends)) == len(ends)
    assert all(scores[pair] > 0 for pair in pairs)


@pytest.mark.parametrize('shape', [(1, 1), (3, 7), (7, 3), (12, 12), (20, 30)])
def test_optimal_without_ties_keeps_the_pairs_of_the_twin(shape):
    for seed in range(10):
        random = np.random.default_rng(seed)
        scores = random.random(shape) * (random.random(shape) < 0.6)
        assert sorted(matched(scores, 'optimal')) == naive.match_optimal(scores)
        assert matched(scores, 'greedy') == naive.match_greedy(scores)


def test_greedy_takes_the_best_pair_and_optimal_the_best_sum():
    scores = np.array([[0.9, 0.8], [0.8, 0.1]])
    assert matched(scores, 'greedy') == [(0, 0), (1, 1)]
    assert sorted(matched(scores, 'optimal')) == [(0, 1), (1, 0)]


@pytest.mark.parametrize('count', [0, 1, 2, 15, 16, 17, 31, 32, 33, 100, 1000])
def test_falling_sorts_and_keeps_the_order_of_equals(count):
    values = np.random.default_rng(count).integers(0, 5, count).astype(np.float64)
    order = np.empty(2 * count, np.int64)
    sorting.argsort_descending(values, count, order)
    assert order[:count].tolist() == sorted(range(count), key=lambda place: -values[place])


def test_a_function_that_cannot_be_cached_is_compiled_all_the_same():
    """As where neither the package nor the home folder can be written."""
    namespace: dict[str, object] = {}
    exec('def double(value):\n    return 2 * value', namespace)  # of no file: no cache
    signature = compiling.types.int64(compiling.types.int64)
    assert compiling.compiled(signature)(namespace['double'])(4) == 8
