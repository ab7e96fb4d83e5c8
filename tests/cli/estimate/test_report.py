"""The closing table says what was measured, and a repeated trouble is said once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import io
from pathlib import Path
import pickle
import re

import numpy as np
import pytest

from openpose_ros.cli.estimate import report as module
from openpose_ros.cli.estimate.report import STAGES, RunReport
from openpose_ros.io import find_sources
from openpose_ros.io.selection import Selection
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton

NOBODY = People.empty(load_skeleton('coco_18'))


def test_table_has_median_and_95th_percentile_in_milliseconds() -> None:
    report = RunReport()
    for milliseconds in range(101):
        report.took({'read': 0.002, 'infer': milliseconds / 1000})
        report.found(NOBODY)
    lines = report.table().splitlines()
    assert lines[0].startswith('101 frames, 0 people in ')
    assert lines[1].split() == ['stage', 'median', '95', '%', 'ms', 'a', 'frame']
    assert [line.split() for line in lines[2:]] == [
        ['read', '2.00', '2.00'],
        ['infer', '50.00', '95.00'],
    ]


def test_table_says_what_ran() -> None:
    first = RunReport().table('a network in int8 with a library').splitlines()[0]
    assert first.endswith(' frames/s), a network in int8 with a library')


def test_clock_stands_still_while_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]
    monkeypatch.setattr(module, 'perf_counter', lambda: now_s[0])
    report = RunReport()
    for _ in range(2):
        now_s[0] += 1
        with report.paused():
            now_s[0] += 30
        report.found(NOBODY)
    assert report.table().startswith('2 frames, 0 people in 2.0 s (1.0 frames/s)')


def test_table_of_nothing() -> None:
    (line,) = RunReport().table().splitlines()
    assert line.startswith('0 frames, 0 people in ')


def test_table_reports_overflow_troubles_and_interruption() -> None:
    report = RunReport()
    report.found(replace(NOBODY, overflow=3))
    report.found(replace(NOBODY, overflow=4))
    report.trouble('first')
    report.interrupted = True
    text = report.table()
    assert text.startswith('interrupted; what was written is kept\n')
    assert '7 candidates found no room and were left out: raise --max-peaks' in text
    assert '1 trouble, see above' in text


def test_trouble_is_counted_always_and_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    report = RunReport()
    for message in ('a is bad', 'a is bad', 'b is bad'):
        report.trouble(message)
    assert report.troubles == 3
    assert capsys.readouterr().err == 'openpose-ros: a is bad\nopenpose-ros: b is bad\n'


def test_timed_leaves_out_what_failed() -> None:
    report = RunReport()

    def fail() -> None:
        with report.timed('draw'):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    with report.timed('write'):
        pass
    assert 'draw' not in report.table()
    assert 'write' in report.table()


def test_report_of_an_endless_source_does_not_grow(capsys: pytest.CaptureFixture[str]) -> None:
    report = RunReport()
    sizes = []
    for _ in range(3):
        for number in range(12_000):
            report.took(dict.fromkeys(STAGES, number / 1e6))
            report.trouble(f'frame {number} is bad')
        sizes.append(len(pickle.dumps(vars(report))))
    capsys.readouterr()
    assert report.troubles == 36_000
    assert sizes[2] < 1.01 * sizes[0]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_bar_has_rate_time_left_people_and_failures(
    make_picture: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        folder = make_picture(f'in/{number}.png').parent
    monkeypatch.setattr('sys.stderr', _Terminal())
    report = RunReport()
    with report.progress(find_sources(str(folder)), Selection(), None):
        report.found(NOBODY)
        three = np.ones((3, 18, 3), np.float32)
        report.found(replace(NOBODY, keypoints=three, scores=np.ones(3, np.float32)))
        report.finished(1)
        report.trouble('the third is damaged')
        report.finished(2)
        assert report._bar is not None
        text = str(report._bar)
    assert ' 3/5 [' in text
    assert re.search(r'\[\d\d:\d\d<\d\d:\d\d, .*(frames/s|s/ frames)', text), text
    assert text.endswith('3 people, 1 failure]')
