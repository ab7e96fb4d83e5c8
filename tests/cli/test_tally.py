"""The closing table says what was measured, and a repeated trouble is said once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from openpose_ros.cli.tally import Tally
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton

NOBODY = People.empty(load_skeleton('coco_18'))


def test_table_has_median_and_95th_percentile_in_milliseconds() -> None:
    tally = Tally()
    for milliseconds in range(101):
        tally.took({'read': 0.002, 'infer': milliseconds / 1000})
        tally.found(NOBODY)
    lines = tally.table().splitlines()
    assert lines[0].startswith('101 frames, 0 people in ')
    assert lines[1].split() == ['stage', 'median', '95', '%', 'ms', 'a', 'frame']
    assert [line.split() for line in lines[2:]] == [
        ['read', '2.00', '2.00'],
        ['infer', '50.00', '95.00'],
    ]


def test_table_of_nothing() -> None:
    (line,) = Tally().table().splitlines()
    assert line.startswith('0 frames, 0 people in ')


def test_table_reports_overflow_troubles_and_interruption() -> None:
    tally = Tally()
    tally.found(replace(NOBODY, overflow=3))
    tally.found(replace(NOBODY, overflow=4))
    tally.trouble('first')
    tally.interrupted = True
    text = tally.table()
    assert text.startswith('interrupted; what was written is kept\n')
    assert '7 candidates found no room and were left out: raise --max-peaks' in text
    assert '1 trouble, see above' in text


def test_trouble_is_counted_always_and_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally()
    for message in ('a is bad', 'a is bad', 'b is bad'):
        tally.trouble(message)
    assert tally.troubles == 3
    assert capsys.readouterr().err == 'openpose-ros: a is bad\nopenpose-ros: b is bad\n'


def test_timed_leaves_out_what_failed() -> None:
    tally = Tally()

    def fail() -> None:
        with tally.timed('draw'):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    with tally.timed('write'):
        pass
    assert 'draw' not in tally.table()
    assert 'write' in tally.table()
