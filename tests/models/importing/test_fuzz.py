"""A hundred damaged networks of each format; benchmarks/fuzz.py tries thousands."""

from __future__ import annotations

import pytest

from benchmarks.fuzz import SEEDS, run_apart

COUNT = 100
_NEEDS = {'openvino-ir': 'openvino', 'keras': 'h5py'}
NO_NETWORK = 'torch-zip'  # PyTorch's file of that form holds tensors alone


@pytest.mark.parametrize('name', SEEDS)
def test_damaged_networks_are_converted_or_refused(name: str) -> None:
    """In a process with little memory: what kills it, or wants gigabytes, fails this test only."""
    if name in _NEEDS:
        pytest.importorskip(_NEEDS[name], reason='needs an extra')
    outcome = run_apart(name, seed=1, first=0, count=COUNT)
    assert outcome.findings == []
    assert outcome.converted + outcome.refused == COUNT
    assert outcome.refused > 0
    assert (outcome.converted > 0) == (name != NO_NETWORK)
