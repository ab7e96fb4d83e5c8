"""A hundred damaged bags of each storage; benchmarks/fuzz_bags.py tries thousands, more kinds."""

from __future__ import annotations

import pytest

from benchmarks.damaging import run_apart
from benchmarks.fuzz_bags import MODULE

COUNT = 100


@pytest.mark.parametrize('name', ['mcap', 'sqlite'])
def test_damaged_bags_are_worked_on_or_refused(name: str) -> None:
    """In a process with little memory: what kills it, or has no end, fails this test only."""
    outcome = run_apart(MODULE, name, seed=1, first=0, count=COUNT)
    assert outcome.findings == []
    assert outcome.done + outcome.refused == COUNT
    assert outcome.done > 0
    assert outcome.refused > 0
