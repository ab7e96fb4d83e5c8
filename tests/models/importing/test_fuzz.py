"""A hundred damaged networks of each format; benchmarks/fuzz.py tries thousands."""

from __future__ import annotations

import pytest

from benchmarks.damaging import run_apart
from benchmarks.fuzz import MODULE, SEEDS

COUNT = 100
_NEEDS = {'openvino-ir': 'openvino', 'keras': 'h5py'}
NO_NETWORK = 'torch-zip'  # PyTorch's file of that form holds tensors alone


@pytest.mark.parametrize('name', SEEDS)
def test_damaged_networks_are_converted_or_refused(name: str) -> None:
    """In a process with little memory: what kills it, or wants gigabytes, fails this test only."""
    if name in _NEEDS:
        pytest.importorskip(_NEEDS[name], reason='needs an extra')
    outcome = run_apart(MODULE, name, seed=1, first=0, count=COUNT)
    assert outcome.findings == []
    assert outcome.done + outcome.refused == COUNT
    assert outcome.refused > 0
    assert (outcome.done > 0) == (name != NO_NETWORK)
