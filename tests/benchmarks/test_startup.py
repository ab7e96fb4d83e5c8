"""The startup benchmark takes the lowest, and knows its limits."""

from __future__ import annotations

import subprocess

import pytest

from benchmarks import startup
from benchmarks.startup import STARTS, Start, cpu_s, main, measure, table

BUSY = Start(('-c', 'for i in range(3_000_000): pass'))


def test_cpu_s_of_what_fails_is_none() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        cpu_s(Start(('-c', 'raise SystemExit(3)')))


def test_measure_takes_the_lowest_less_the_idle_interpreter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = iter([0.5, 0.75, 2.0, 0.25, 1.25, 1.0])
    monkeypatch.setattr(startup, 'cpu_s', lambda start: next(taken))
    assert measure({'one': BUSY, 'two': BUSY}, 2) == {'one': 0.5, 'two': 0.75}


def test_table_has_the_limits() -> None:
    starts = {'import this': Start((), 0.03), 'help': Start(())}
    assert table({'import this': 0.0123, 'help': 0.2}, starts)[2:] == [
        '| `import this` | 0.012 | 0.03 |',
        '| `help` | 0.200 |  |',
    ]


@pytest.mark.parametrize(('limit_s', 'status'), [(100.0, 0), (-1.0, 1)])
def test_exit_status_says_whether_a_limit_is_kept(
    limit_s: float,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(startup, 'STARTS', {'busy': BUSY._replace(limit_s=limit_s)})
    assert main(['--repeats', '1']) == status
    said = capsys.readouterr()
    assert '| `busy` |' in said.out
    assert said.err == ('busy takes more than it may\n' if status else '')


def test_what_is_started_is_there() -> None:
    for start in STARTS.values():
        assert cpu_s(start) > 0
