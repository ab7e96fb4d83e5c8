"""Faults: once while they last, and each of them."""

from __future__ import annotations

import pytest

from openpose_ros.ros.node import throttle
from openpose_ros.ros.node.faults import Faults
from openpose_ros.ros.node.throttle import Throttle, Warnings


class Bench:
    """Faults that are said to a list, and a clock that stands still."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 100.0
        self.lines: list[str] = []
        monkeypatch.setattr(throttle, 'monotonic', lambda: self.now_s)
        self.faults = Faults(Warnings(lambda _, text: self.lines.append(text), Throttle(5.0)))


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def test_what_lasts_is_said_once_whatever_is_measured(bench: Bench) -> None:
    for number in range(20):
        bench.now_s += 10
        bench.faults.tell('pairing', f'0.{number} s too late')
    assert bench.lines == ['0.0 s too late']


def test_what_is_wrong_besides_is_said_too(bench: Bench) -> None:
    for _ in range(3):
        for text in ('no depth image comes', 'the depth is 3 s late', 'it holds metres'):
            bench.faults.tell('depth', text)
    assert bench.lines == ['no depth image comes', 'the depth is 3 s late', 'it holds metres']


def test_what_may_settle_must_last(bench: Bench) -> None:
    for text in ('no depth', 'no depth', 'late', 'late', 'late'):
        bench.faults.tell('depth', text, may_settle=True)
    assert bench.lines == ['late']


def test_what_comes_back_soon_and_lasts_is_said_when_it_is_due(bench: Bench) -> None:
    bench.faults.tell('depth', 'it holds metres')
    bench.faults.fine('depth')
    for _ in range(8):
        bench.now_s += 1
        bench.faults.tell('depth', 'it holds metres')
    assert bench.lines == ['it holds metres', 'it holds metres (and 4 more like this)']


def test_what_is_another_one_all_the_time_has_an_end(bench: Bench) -> None:
    for number in range(10_000):
        bench.faults.tell('depth', f"the encoding is '{chr(number + 100)}'")
    assert len(bench.lines) == 10
    for number in range(100):
        bench.faults.tell('frame', f'of the frame {chr(number + 100)}', cause='frame')
    assert len(bench.lines) == 11
