"""What diagnostics say, from what was measured."""

from __future__ import annotations

from typing import Any

import pytest

from openpose_ros.ros.dds.types import load_types
from openpose_ros.ros.node import diagnostics
from openpose_ros.ros.node.diagnostics import (
    ERROR,
    OK,
    WARN,
    Measurement,
    Recorder,
    Status,
    describe,
    diagnostic_array,
    status_name,
)
from openpose_ros.ros.node.slots import Counts
from tests.ros.fakes import TYPES

COUNTS = Counts(
    received=20,
    taken=15,
    outcomes={'processed': 9, 'too_old': 1},
    replaced=3,
    failed=1,
    in_flight=1,
    waiting=1,
    refused={'disabled': 4},
)


class Clock:
    """Stands still until it is moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 1000.0
        monkeypatch.setattr(diagnostics, 'monotonic', lambda: self.now_s)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def measured(latency_s: float = 0.1, age_s: float | None = 0.2, **changes: Any) -> Measurement:
    values = {'stages_s': {'infer': 0.08}, 'people': 2, 'overflow': 0, **changes}
    return Measurement(latency_s=latency_s, age_s=age_s, **values)


def status_of(
    recorder: Recorder, state: str = 'active', *, silent: bool = False, clockless: bool = False
) -> Status:
    summary = recorder.summary()
    return describe(state, {'model': 'mine'}, COUNTS, summary, silent=silent, clockless=clockless)


def test_times_are_median_and_95th_percentile(clock: Clock) -> None:
    recorder = Recorder()
    for number in range(101):
        recorder.processed(measured(number / 1000, 2 * number / 1000))
    values = status_of(recorder).values
    assert values['latency (ms, median)'] == '50.00'
    assert values['latency (ms, 95th percentile)'] == '95.00'
    assert values['age (ms, median)'] == '100.00'
    assert values['infer (ms, 95th percentile)'] == '80.00'


def test_rate_is_of_late(clock: Clock) -> None:
    recorder = Recorder()
    for _ in range(50):
        clock.now_s += 0.1
        recorder.processed(measured())
    assert recorder.summary().rate_hz == pytest.approx(10)
    clock.now_s += 60
    assert recorder.summary().rate_hz == 0


@pytest.mark.parametrize('gap_s', [4.0, 7.0, 25.0])
def test_rate_of_a_slow_network_is_one_too(clock: Clock, gap_s: float) -> None:
    recorder = Recorder()
    for _ in range(3):
        recorder.processed(measured())
        clock.now_s += gap_s
    clock.now_s -= 0.01  # just before the next one
    assert recorder.summary().rate_hz == pytest.approx(1 / gap_s)
    assert status_of(recorder).message == f'{1 / gap_s:.2f} images a second'
    clock.now_s += 2 * gap_s
    assert recorder.summary().rate_hz == 0


def test_memory_is_bounded(clock: Clock) -> None:
    recorder = Recorder()
    for _ in range(5000):
        recorder.processed(measured(overflow=1))
    assert len(recorder._window) == len(recorder._done_s) < 1000
    assert recorder.summary().overflow == 5000


def test_nothing_was_measured_yet() -> None:
    status = status_of(Recorder())
    assert (status.level, status.message) == (OK, '0.0 images a second')
    assert 'latency (ms, median)' not in status.values


def test_image_without_a_stamp_has_no_age() -> None:
    recorder = Recorder()
    recorder.processed(measured(age_s=None))
    recorder.unstamped()
    values = status_of(recorder).values
    assert values['images without a stamp'] == '1'
    assert 'age (ms, median)' not in values
    assert 'latency (ms, median)' in values


def test_every_count_is_shown() -> None:
    values = status_of(Recorder()).values
    assert {key: value for key, value in values.items() if key.startswith('images')} == {
        'images received': '20',
        'images taken': '15',
        'images processed': '9',
        'images replaced by a newer one': '3',
        'images too old': '1',
        'images failed': '1',
        'images in flight': '1',
        'images waiting': '1',
        'images refused: disabled': '4',
        'images without a stamp': '0',
    }
    assert values['model'] == 'mine'


def test_one_failure_is_a_warning_for_a_while(clock: Clock) -> None:
    recorder = Recorder()
    recorder.failed('too dark')
    status = status_of(recorder)
    assert (status.level, status.message) == (WARN, 'an image failed: too dark')
    recorder.processed(measured())
    assert status_of(recorder).level == WARN
    clock.now_s += 10
    status = status_of(recorder)
    assert status.level == OK
    assert status.values['last error'] == 'too dark'


def test_failures_in_a_row_are_an_error_until_one_succeeds(clock: Clock) -> None:
    recorder = Recorder()
    for _ in range(3):
        recorder.failed('out of memory')
    clock.now_s += 100
    status = status_of(recorder)
    assert (status.level, status.message) == (ERROR, 'the last 3 images failed: out of memory')
    recorder.processed(measured())
    assert status_of(recorder).level == OK


def test_silence_is_a_warning() -> None:
    status = status_of(Recorder(), silent=True)
    assert (status.level, status.message) == (WARN, 'no images')


def test_images_that_are_all_too_old_are_a_warning_until_one_is_not(clock: Clock) -> None:
    recorder = Recorder()
    recorder.processed(measured())
    recorder.too_old()
    status = status_of(recorder)
    assert (status.level, status.message) == (WARN, 'all images are too old')
    recorder.processed(measured())
    assert status_of(recorder).level == OK
    recorder.too_old()
    recorder.time_jumped()
    assert status_of(recorder).level == OK
    recorder.too_old()
    clock.now_s += 100
    assert status_of(recorder).level == OK


@pytest.mark.parametrize(
    ('age_s', 'level', 'message'),
    [
        (-0.4, OK, '0.0 images a second'),  # two clocks are never quite the same
        (-0.6, WARN, 'stamps are 0.6 s ahead: are the clocks the same?'),
        (-3600.0, WARN, 'stamps are 3600.0 s ahead: are the clocks the same?'),
        (None, OK, '0.0 images a second'),
    ],
)
def test_stamps_in_the_future_are_a_warning(
    clock: Clock, age_s: float | None, level: int, message: str
) -> None:
    recorder = Recorder()
    recorder.processed(measured(age_s=age_s))
    status = status_of(recorder)
    assert (status.level, status.message) == (level, message)
    recorder.time_jumped()
    assert status_of(recorder).level == OK
    recorder.processed(measured(age_s=age_s))
    clock.now_s += 100
    assert status_of(recorder).level == OK


@pytest.mark.parametrize('state', ['active', 'inactive', 'configuring'])
def test_clock_that_never_ticked_is_a_warning(state: str) -> None:
    status = status_of(Recorder(), state, clockless=True)
    assert status.level == WARN
    assert status.message.startswith('no time on /clock')


@pytest.mark.parametrize('state', ['unconfigured', 'inactive', 'finalized'])
def test_node_that_is_not_active_is_well(state: str) -> None:
    recorder = Recorder()
    recorder.failed('long ago')
    status = status_of(recorder, state)
    assert (status.level, status.message) == (OK, state)


def test_array_holds_every_status() -> None:
    status = Status(WARN, 'no images', {'rate (Hz)': '0.00', 'last error': ''})
    statuses = {status_name(''): status, status_name('left'): Status(OK, 'active', {})}
    stamp = TYPES.Time(sec=1, nanosec=2)
    message = diagnostic_array(TYPES, statuses, node='openpose', stamp=stamp)
    store, name = load_types().store, 'diagnostic_msgs/msg/DiagnosticArray'
    back, left = store.deserialize_cdr(store.serialize_cdr(message, name), name).status
    assert (back.level, back.message, back.name) == (1, 'no images', 'openpose: pose estimation')
    assert (left.level, left.name) == (0, 'openpose: pose estimation of left')
    assert {pair.key: pair.value for pair in back.values} == status.values
