"""The assignment is optimal."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from openpose_ros.tracking.assignment import assign


@pytest.mark.parametrize('seed', range(20))
def test_total_is_that_of_scipy(seed: int) -> None:
    random = np.random.default_rng(seed)
    profits = random.uniform(0.01, 1, random.integers(1, 9, 2))
    allowed = random.uniform(size=profits.shape) < 0.6
    pairs = assign(profits, allowed)
    rows, columns = linear_sum_assignment(np.where(allowed, profits, 0), maximize=True)
    assert allowed[pairs[:, 0], pairs[:, 1]].all()
    assert len(set(pairs[:, 0])) == len(set(pairs[:, 1])) == len(pairs)
    best = np.where(allowed, profits, 0)[rows, columns].sum()
    assert profits[pairs[:, 0], pairs[:, 1]].sum() == pytest.approx(best)


@pytest.mark.parametrize('shape', [(0, 0), (0, 3), (3, 0), (2, 2)])
def test_nothing_allowed_is_no_pair(shape: tuple[int, int]) -> None:
    assert assign(np.ones(shape), np.zeros(shape, np.bool_)).shape == (0, 2)
