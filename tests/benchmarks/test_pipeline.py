"""The pipeline benchmark counts every stage once, and leaves OpenCV as it was."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip('scipy')
from benchmarks.pipeline import YARDSTICK, measure, table


def test_measure_total_is_the_sum_of_the_stages() -> None:
    threads = cv2.getNumThreads()
    samples = measure(2, (320, 240), 3)
    assert list(samples) == ['preprocess', 'parse', 'draw', 'total', YARDSTICK]
    assert {len(values) for values in samples.values()} == {3}
    stages = np.array([samples[name] for name in ('preprocess', 'parse', 'draw')])
    assert (stages > 0).all()
    np.testing.assert_allclose(samples['total'], stages.sum(axis=0))
    assert cv2.getNumThreads() == threads


def test_table_gives_milliseconds_and_the_ratio() -> None:
    rows = table({'draw': [0.001, 0.002, 0.003], YARDSTICK: [0.004, 0.004, 0.004]})
    assert rows[2:] == [
        '| draw | 2.00 | 2.90 | 0.50 |',
        '| SciPy maximum_filter 5×5 | 4.00 | 4.00 | 1.00 |',  # noqa: RUF001
    ]
