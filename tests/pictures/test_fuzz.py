"""A hundred damaged pictures of each format; benchmarks/fuzz_pictures.py tries thousands."""

from __future__ import annotations

import pytest

from benchmarks.damaging import run_apart
from benchmarks.fuzz_pictures import MODULE, SEEDS, seeds

COUNT = 100


@pytest.mark.parametrize('name', SEEDS)
def test_damaged_pictures_are_decoded_or_refused(name: str) -> None:
    """In a process with little memory: what kills it, or wants gigabytes, fails this test only."""
    if not seeds(name):
        pytest.skip('this OpenCV does not write this format')
    outcome = run_apart(MODULE, name, seed=1, first=0, count=COUNT)
    assert outcome.findings == []
    assert outcome.done + outcome.refused == COUNT
    assert outcome.done > 0
    assert outcome.refused > 0
