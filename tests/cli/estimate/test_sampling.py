"""Percentiles of a stream that does not end, in memory that does not grow."""

from __future__ import annotations

import numpy as np

from openpose_ros.cli.estimate.sampling import ROOM, Sample


def test_percentiles_are_exact_while_there_is_room() -> None:
    numbers = np.random.default_rng(0).lognormal(size=ROOM)
    sample = Sample()
    for number in numbers:
        sample.add(number)
    assert sample.percentiles(50, 95) == list(np.percentile(numbers, (50, 95)))


def test_sample_is_fair_and_does_not_grow() -> None:
    sample = Sample()
    total = 20 * ROOM
    for number in range(total):  # later ones are larger: who keeps the last has a wrong median
        sample.add(float(number))
    assert sample.count == total
    assert len(sample) == ROOM
    median, slow = sample.percentiles(50, 95)
    assert abs(median / total - 0.50) < 0.02  # four standard deviations
    assert abs(slow / total - 0.95) < 0.01
