"""Warnings now and then."""

from __future__ import annotations

import pytest

from openpose_ros.ros.node import throttle
from openpose_ros.ros.node.throttle import Throttle, Warnings


def test_first_passes_and_the_rest_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(throttle, 'monotonic', lambda: now)
    warnings = Throttle(5.0)
    assert warnings.passes('a') == 0
    assert [warnings.passes('a') for _ in range(3)] == [None] * 3
    assert warnings.passes('b') == 0  # another kind
    now = 104.9
    assert warnings.passes('a') is None
    now = 105.0
    assert warnings.passes('a') == 4
    assert warnings.passes('a') is None
    now = 200.0
    assert warnings.passes('a') == 1


def test_memory_is_bounded() -> None:
    warnings = Throttle(1000.0)
    assert all(warnings.passes(f'kind {number}') == 0 for number in range(5000))
    assert warnings.passes('kind 4999') is None
    assert warnings.passes('kind 0') == 0  # long forgotten


def test_warnings_are_one_line_whatever_others_named_their_frames() -> None:
    lines: list[str] = []
    warn = Warnings(lambda _, text: lines.append(text), Throttle(1000.0))
    warn("the frame 'ä b\n/\x1b[31m' is " + 'x' * 100_000)
    assert lines[0].startswith("the frame 'ä b /?[31m' is xx")
    assert len(lines[0]) < 1000
