"""Who does what next: ranges, joins, deaths of workers, and the end."""

from __future__ import annotations

import pytest

from openpose_ros.archive.items import VIDEO, Item, Outcome, Range, Task
from openpose_ros.archive.schedule import Schedule, failures


def item(name: str, size: int = 100) -> Item:
    return Item(name, f'/{name}', VIDEO, f'{name}.jsonl', {'size': size, 'mtime_ns': 1})


A, B = item('a'), item('b')
RANGES = (Range(0, 10), Range(10, 20), Range(20, None))


def taken(schedule: Schedule) -> Task:
    task = schedule.next_task()
    assert task is not None
    return task


def test_items_come_one_after_the_other_until_all_are_over() -> None:
    schedule = Schedule([A, B], retries=2)
    first, second = taken(schedule), taken(schedule)
    assert (first.item, second.item) == (A, B)
    assert schedule.next_task() is None
    assert not schedule.is_over
    record = schedule.finished(second, Outcome(frames=7, people=2, seconds=1.5))
    assert record is not None
    assert (record.item, record.frames, record.people, record.seconds) == (B, 7, 2, 1.5)
    schedule.finished(first, Outcome(failure='a is damaged'))
    assert schedule.is_over
    assert [record.failure for record in failures(schedule.records.values())] == ['a is damaged']
    assert (schedule.frames, schedule.bytes_left) == (7, 0)


def test_ranges_are_looked_at_before_they_are_joined() -> None:
    schedule = Schedule([A, B], retries=2)
    assert schedule.finished(taken(schedule), Outcome(ranges=RANGES)) is None
    tasks = [taken(schedule) for _ in RANGES]
    assert [task.range for task in tasks] == list(RANGES), 'before what is not begun'
    for task in tasks[:2]:
        assert schedule.finished(task, Outcome(frames=10)) is None
    assert schedule.bytes_left == pytest.approx(100 + 100 / 3)
    other = taken(schedule)
    assert other.item == B
    schedule.finished(tasks[2], Outcome(frames=5))
    joins = taken(schedule)
    assert (joins.item, joins.joined) == (A, RANGES)
    record = schedule.finished(joins, Outcome(frames=25, people=1, seconds=9.0))
    assert record is not None
    assert (record.frames, record.seconds) == (25, 9.0)
    assert schedule.frames == 25, 'no frame counts twice'
    schedule.finished(other, Outcome())
    assert schedule.is_over


def test_video_that_cannot_be_entered_is_looked_at_as_a_whole() -> None:
    schedule = Schedule([A], retries=2)
    schedule.finished(taken(schedule), Outcome(ranges=RANGES))
    for _ in RANGES:
        schedule.finished(taken(schedule), Outcome())
    schedule.finished(taken(schedule), Outcome(inexact=True))
    task = taken(schedule)
    assert task == Task(A, whole=True)
    assert schedule.finished(task, Outcome(frames=3)) is not None
    assert schedule.is_over
    assert schedule.bytes_left == pytest.approx(0)


def test_task_that_ends_its_worker_comes_again_behind_the_others() -> None:
    schedule = Schedule([A, B], retries=1)
    assert schedule.died(taken(schedule), 'a crash') is None
    assert taken(schedule).item == B
    last = taken(schedule)
    assert last.item == A
    record = schedule.died(last, 'a crash')
    assert record is not None
    assert record.failure == 'a ended its worker 2 times (a crash); it is left out'


@pytest.mark.parametrize('retries', [0, 2])
def test_retries_are_counted(retries: int) -> None:
    schedule = Schedule([A], retries)
    times = 0
    while (task := schedule.next_task()) is not None:
        times += 1
        schedule.died(task, 'a crash')
    assert times == retries + 1
    assert schedule.is_over


def test_range_that_fails_takes_the_others_of_its_video_along() -> None:
    schedule = Schedule([A, B], retries=0)
    schedule.finished(taken(schedule), Outcome(ranges=RANGES, seconds=1.0))
    first, second = taken(schedule), taken(schedule)
    record = schedule.died(first, 'a crash')
    assert record is not None
    assert schedule.finished(second, Outcome(frames=10)) is None, 'it was given up'
    assert taken(schedule).item == B
    assert schedule.next_task() is None
    assert schedule.bytes_left == pytest.approx(100)


def test_what_fails_for_all_ends_all() -> None:
    schedule = Schedule([A, B], retries=2)
    assert schedule.finished(taken(schedule), Outcome(failure='disk full', fatal=True)) is None
    assert schedule.fatal == 'disk full'
    assert schedule.is_over
    assert schedule.next_task() is None
    assert schedule.records == {}


def test_what_an_earlier_run_did_is_counted_and_not_given_out() -> None:
    schedule = Schedule([A], retries=2)
    schedule.already(B, frames=9, people=2, seconds=3.0)
    assert taken(schedule).item == A
    assert schedule.next_task() is None
    record = schedule.records[B.result]
    assert (record.before, record.frames) == (True, 9)
    assert schedule.frames == 0
