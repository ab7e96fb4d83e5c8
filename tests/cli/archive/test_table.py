"""The live table of an archive, where stderr is a terminal."""

from __future__ import annotations

import io
import sys

import pytest

from openpose_ros.archive.items import VIDEO, Item, Outcome
from openpose_ros.archive.schedule import Schedule
from openpose_ros.cli.archive.table import Table


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def item(name: str) -> Item:
    return Item(name, f'/{name}', VIDEO, f'{name}.jsonl', {'size': 100, 'mtime_ns': 1})


def worked(table: Table, schedule: Schedule) -> None:
    """Let one of three items fail, and two workers be at the others."""
    with table.shown(2):
        task = schedule.next_task()
        assert task is not None
        record = schedule.finished(task, Outcome(frames=40, failure='a.mp4 is damaged'))
        assert record is not None
        table.finished(record)
        table.look([('b.mp4', 7), ('c.mp4', 9)])


@pytest.fixture
def schedule() -> Schedule:
    schedule = Schedule([item('a.mp4'), item('b.mp4'), item('c.mp4')], retries=2)
    schedule.already(item('d.mp4'), 1, 1, 1.0)
    return schedule


def test_terminal_shows_workers_rate_time_left_and_failures(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, 'stderr', screen)
    monkeypatch.setattr('openpose_ros.cli.archive.table._AGAIN_S', 0.0)
    table = Table(schedule)
    assert table.is_seen
    worked(table, schedule)
    shown = screen.getvalue()
    for text in (
        '1/4 files',
        '2/4 files',
        'b.mp4: frame 7',
        'c.mp4: frame 9',
        ' frames/s, 00:00 left, 1 failure',
        'openpose-ros: a.mp4 is damaged\n',
    ):
        assert text in shown


@pytest.mark.parametrize('screen', [Terminal(), io.StringIO()])
def test_elsewhere_and_if_quiet_only_failures_are_said(
    screen: io.StringIO, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, 'stderr', screen)
    table = Table(schedule, quiet=screen.isatty())
    assert not table.is_seen
    worked(table, schedule)
    assert screen.getvalue() == 'openpose-ros: a.mp4 is damaged\n'
