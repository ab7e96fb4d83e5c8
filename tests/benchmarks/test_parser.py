"""The parser benchmark times every stage of every repetition, and says what it measured."""

from __future__ import annotations

import pytest

pytest.importorskip('scipy')
from benchmarks.parser import YARDSTICK, measure, table


@pytest.mark.parametrize('num_people', [0, 2])
def test_measure_times_everything_and_its_stages(num_people: int) -> None:
    samples = measure(num_people, 5)
    assert list(samples) == [YARDSTICK, 'first', 'again', 'peaks', 'limbs', 'assembly']
    assert [len(samples[name]) for name in samples] == [5, 5, 25, 5, 5, 5]
    assert all(seconds > 0 for values in samples.values() for seconds in values)


def test_table_gives_milliseconds_and_the_ratios_of_medians() -> None:
    stages = {'peaks': [1e-5], 'limbs': [2e-5], 'assembly': [3e-6]}
    samples = {YARDSTICK: [1e-3, 2e-3, 3e-3], 'first': [8e-5], 'again': [3e-5, 4e-5, 9e-5]}
    rows = table({5: {**samples, **stages}, 50: {**samples, **stages}})
    assert len(rows) == 4
    assert rows[2] == (
        '| 5 | 0.080 | 0.040 | 0.030 | 0.010 | 0.020 | 0.003 | 2.000 | 0.040 | 0.020 |'
    )
    assert {row.count('|') for row in rows} == {11}
