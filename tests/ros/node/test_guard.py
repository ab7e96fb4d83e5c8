"""What callbacks raise: told now and then, counted always, never passed on."""

from __future__ import annotations

import pytest

from openpose_ros.errors import ParameterError
from openpose_ros.ros.node.guard import Guard, one_line


def fail(*_: object) -> None:
    raise RuntimeError('nobody thought\nof this')


def test_callback_that_works_is_as_before() -> None:
    guard = Guard(lambda *_: pytest.fail('nothing to say'))
    assert guard.around('adding', lambda a, b: a + b)(2, 3) == 5
    assert guard.count == 0


def test_failures_are_counted_and_told_now_and_then() -> None:
    lines: list[tuple[str, str]] = []
    guard = Guard(lambda *line: lines.append(line))
    callback = guard.around('an image', fail, lambda message: f'not {message}')
    assert [callback('taken') for _ in range(3)] == ['not taken'] * 3
    guard.around('a timer', fail)()
    assert guard.count == 4
    assert lines == [
        ('error', 'an image failed: RuntimeError: nobody thought of this'),
        ('error', 'a timer failed: RuntimeError: nobody thought of this'),
    ]


def test_log_that_fails_too_is_survived() -> None:
    def broken(level: str, text: str) -> None:
        raise BrokenPipeError

    guard = Guard(broken)
    assert guard.around('an image', fail)() is None
    assert guard.count == 1


@pytest.mark.parametrize('ending', [KeyboardInterrupt, SystemExit])
def test_what_ends_a_process_is_passed_on(ending: type[BaseException]) -> None:
    def stop() -> None:
        raise ending

    with pytest.raises(ending):
        Guard(lambda *_: None).around('an image', stop)()


def test_one_line_is_one_line() -> None:
    assert one_line(ParameterError('a\n b')) == 'a b'
    assert one_line(KeyError('x')) == "KeyError: 'x'"
    assert len(one_line(ValueError('y' * 10_000))) < 500
