"""Processes that get signals at random moments of their lives, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
import os
import random
import signal
import subprocess
import sys
from threading import Timer
import time
from typing import Any, NamedTuple, TypeVar

from tests.cli.processes import PATIENCE_S, ROOT

# Before the first thing that the program does, Python alone says what a signal does.
_PROGRAM = """
import os, signal
from openpose_ros.__main__ import main
hold = signal.pthread_sigmask
def hold_and_tell(*arguments):
    before = hold(*arguments)
    signal.pthread_sigmask = hold
    os.write({number}, b'x')
    os.close({number})
    return before
signal.pthread_sigmask = hold_and_tell
main()
"""
Result = TypeVar('Result')
_AT_ONCE = min(4, os.cpu_count() or 1)
_TROUBLE = ('Traceback', 'Exception', 'Fatal', 'terminate called', 'Error')


class Case(NamedTuple):
    """
    What happens to a process.

    Attributes
    ----------
    after_s : float
        When, in seconds from its beginning.
    signals : tuple of int
        More than one follow each other as fast as somebody hits Ctrl-C twice.
    group : bool
        Whether they go to its process group.

    """

    after_s: float
    signals: tuple[int, ...]
    group: bool


class Ended(NamedTuple):
    """
    What became of it.

    Attributes
    ----------
    case : Case
    status : int
    said : str
        On stderr.

    """

    case: Case
    status: int
    said: str

    def is_quiet(self) -> bool:
        """Tell whether nothing was said that is for programmers."""
        return not any(word in self.said for word in _TROUBLE)


def start(arguments: Sequence[str]) -> subprocess.Popen[str]:
    """Start a verb as a service manager does, without a terminal, and wait until it has begun."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, '-c', _PROGRAM.format(number=writing), *arguments],
        pass_fds=[writing],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=ROOT,
    )
    os.close(writing)
    os.read(reading, 1)
    os.close(reading)
    return process


def life_s(arguments: Sequence[str], mark: str = '') -> float:
    """Return the seconds until a verb says something, by default until it has ended."""
    with start(arguments) as process:
        began_s = time.monotonic()
        try:
            if mark:
                until(process, mark)
            else:
                process.communicate(timeout=PATIENCE_S)
            return time.monotonic() - began_s
        finally:
            process.kill()


def until(process: subprocess.Popen[str], mark: str) -> str:
    """Return what a process says until it says something; one that never does is killed."""
    assert process.stderr is not None
    said = ''
    enough = Timer(PATIENCE_S, process.kill)
    enough.start()
    try:
        while mark not in said:
            line = process.stderr.readline()
            assert line, f"it ended, or was killed, and did not say '{mark}': {said}"
            said += line
    finally:
        enough.cancel()
    return said


def random_cases(
    seed: int, count: int, span_s: float, numbers: Sequence[int], times: Sequence[int] = (1, 1, 2)
) -> list[Case]:
    """Return cases, over a span of seconds, of one signal or several."""
    chance = random.Random(seed)
    return [
        Case(
            chance.uniform(0, span_s),
            tuple(chance.choices(numbers, k=chance.choice(times))),
            chance.random() < 0.5,
        )
        for _ in range(count)
    ]


def storm(arguments: Sequence[Sequence[str]], cases: Sequence[Case]) -> list[Ended]:
    """Let each case happen to a process of its own, which has its own arguments."""
    return side_by_side(_happen, arguments, cases)


def side_by_side(function: Callable[..., Result], *arguments: Iterable[Any]) -> list[Result]:
    """Do what `map` does, several at once."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(function, *arguments))


def _happen(arguments: Sequence[str], case: Case) -> Ended:
    process = start(arguments)
    try:
        time.sleep(case.after_s)
        for index, number in enumerate(case.signals):
            if index:
                time.sleep(0.2)  # nobody is faster: before that it is one request
            _send(process, number, case.group)
        _, said = process.communicate(timeout=PATIENCE_S)
    finally:
        _send(process, signal.SIGKILL, group=True)
        process.communicate()
    return Ended(case, process.returncode, said)


def _send(process: subprocess.Popen[str], number: int, group: bool) -> None:
    if process.poll() is None:
        (os.killpg if group else os.kill)(process.pid, number)
