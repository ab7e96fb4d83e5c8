"""Files written behind the work are all there at its end, and none that failed goes unsaid."""

from __future__ import annotations

from pathlib import Path

import pytest

from openpose_ros.errors import OutputError
from openpose_ros.io.behind import WriteBehind


def test_all_is_written_at_the_end(tmp_path: Path) -> None:
    with WriteBehind() as behind:
        for number in range(100):
            behind.write(tmp_path / f'{number}', str(number).encode())
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        str(number): str(number) for number in range(100)
    }


def test_all_that_came_is_written_after_an_interrupt(tmp_path: Path) -> None:
    def stop() -> None:
        with WriteBehind() as behind:
            behind.write(tmp_path / 'a', b'1')
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert (tmp_path / 'a').read_bytes() == b'1'


def test_one_that_failed_is_said_at_the_end(tmp_path: Path) -> None:
    def work() -> None:
        with WriteBehind() as behind:
            behind.write(tmp_path / 'none/a', b'1')

    with pytest.raises(OutputError, match=r'cannot write .*none/a: No such file'):
        work()


def test_one_that_failed_ends_the_work(tmp_path: Path) -> None:
    def work() -> None:
        with WriteBehind() as behind:
            for number in range(1000):
                behind.write(tmp_path / 'none' / str(number), b'1')
            raise AssertionError('it went on and on')

    with pytest.raises(OutputError, match=r'cannot write .*none/\d+: No such file'):
        work()
