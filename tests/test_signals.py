"""What a signal does in each stretch of a process, in processes that get real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
import os
from pathlib import Path
import signal
from signal import SIGHUP, SIGINT, SIGTERM
import subprocess
import sys
import threading
import time

import pytest

from openpose_ros.signals import watched

ROOT = Path(__file__).parents[1]
PATIENCE_S = 30.0
HEAD = """
import hashlib, signal, sys, threading, time
from openpose_ros.signals import leave, watched
def say(text): print(text, flush=True)
def busy():  # in C, where no Python handler runs
    hashlib.pbkdf2_hmac('sha256', b'a', b'b', 10 ** 9)
"""
Run = Callable[..., 'subprocess.Popen[str]']


@pytest.fixture
def start() -> Iterator[Run]:
    """Return a function that runs code until it says 'ready'."""
    with ExitStack() as stack:

        def run(code: str, *, before: str = '') -> subprocess.Popen[str]:
            command = [sys.executable, '-c', HEAD + before + code]
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
            )
            stack.callback(process.communicate)
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == 'ready\n'
            return process

        yield run


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Return the status and what was said since."""
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


@pytest.mark.parametrize(('number', 'status'), [(SIGINT, 0), (SIGTERM, 0), (SIGHUP, 129)])
def test_who_serves_in_the_end_ends_well(start: Run, number: int, status: int) -> None:
    process = start(
        'with watched() as stop, stop.noted():\n'
        '    stop.serve(); say("ready"); stop.wait()\n'
        'leave(stop.status)\n'
    )
    process.send_signal(number)
    assert process.wait(60) == status


@pytest.mark.parametrize(
    ('number', 'serves', 'status'),
    [
        (SIGINT, False, 130),
        (SIGTERM, False, 143),
        (SIGHUP, False, 129),
        (SIGINT, True, 0),
        (SIGTERM, True, 0),
        (SIGHUP, True, 129),
    ],
)
@pytest.mark.parametrize('work', ['time.sleep(60)', 'busy()'])
def test_at_once_ends_where_it_stands(
    start: Run, number: int, serves: bool, status: int, work: str
) -> None:
    process = start(
        f'with watched(serves={serves}, farewell="bye") as stop, stop.at_once():\n'
        f'    say("ready"); {work}\n'
    )
    process.send_signal(number)
    assert ended(process) == (status, '', 'bye' if status else '')


@pytest.mark.parametrize(
    ('number', 'serves', 'status'),
    [(SIGINT, False, 130), (SIGTERM, False, 143), (SIGHUP, False, 129), (SIGTERM, True, 0)],
)
def test_noted_is_seen_by_who_looks(start: Run, number: int, serves: bool, status: int) -> None:
    process = start(
        f'with watched(serves={serves}) as stop, stop.noted():\n'
        '    say("ready")\n'
        '    while not stop.requested: stop.wait()\n'
        '    say("tidy"); leave(stop.status)\n'
    )
    process.send_signal(number)
    assert ended(process) == (status, 'tidy\n', '')


@pytest.mark.parametrize(('number', 'status'), [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)])
def test_raising_is_a_ctrl_c_once(start: Run, number: int, status: int) -> None:
    process = start(
        'with watched() as stop:\n'
        '    try:\n'
        '        with stop.raising(): say("ready"); time.sleep(60)\n'
        '    except KeyboardInterrupt: say("raised")\n'
        '    with stop.raising(): say("not again")\n'
        '    leave(stop.status)\n'
    )
    process.send_signal(number)
    assert ended(process) == (status, 'raised\nnot again\n', '')


def test_raising_raises_what_was_noted_before(start: Run) -> None:
    process = start(
        'with watched() as stop:\n'
        '    with stop.noted(): say("ready"); stop.wait()\n'
        '    try:\n'
        '        with stop.raising(): say("never")\n'
        '    except KeyboardInterrupt: leave(stop.status)\n'
    )
    process.send_signal(SIGINT)
    assert ended(process) == (130, '', '')


def test_raising_waits_until_what_is_imported_is_there(start: Run, tmp_path: Path) -> None:
    """Where it is C++ that imports, an exception may end the process."""
    (tmp_path / 'slow_import.py').write_text(
        'import time\nprint("ready", flush=True)\nfor _ in range(40): time.sleep(0.01)\n'
        'print("imported", flush=True)\n'
    )
    process = start(
        'with watched() as stop:\n'
        '    try:\n'
        '        with stop.raising():\n'
        '            import slow_import\n'
        '            time.sleep(60)\n'
        '    except KeyboardInterrupt: say("raised")\n'
        '    leave(stop.status)\n',
        before=f'sys.path.insert(0, {str(tmp_path)!r})\n',
    )
    process.send_signal(SIGINT)
    assert ended(process) == (130, 'imported\nraised\n', '')


@pytest.mark.parametrize('place', ['__del__', 'weakref'])
def test_raising_raises_again_what_python_dropped(start: Run, place: str) -> None:
    """As where a finalizer runs at the moment of the signal."""
    process = start(
        'import weakref\n'
        'def wait(*_):\n'
        '    say("ready")\n'
        '    while not stop.requested: time.sleep(0.01)\n'
        '    time.sleep(1)\n'
        'class Thing:\n'
        f'    {"__del__ = wait" if place == "__del__" else "pass"}\n'
        'with watched() as stop:\n'
        '    try:\n'
        '        with stop.raising():\n'
        '            thing = Thing()\n'
        f'            watcher = weakref.ref(thing, wait if {place == "weakref"} else None)\n'
        '            del thing\n'
        '            while True: time.sleep(60)\n'
        '    except KeyboardInterrupt: say("interrupted")\n'
        '    leave(stop.status)\n'
    )
    process.send_signal(SIGINT)
    assert ended(process) == (130, 'interrupted\n', '')


def test_raising_still_reports_what_others_dropped(start: Run) -> None:
    process = start(
        'class Thing:\n'
        '    def __del__(self): raise ValueError("mine")\n'
        'hook = sys.unraisablehook\n'
        'with watched() as stop:\n'
        '    with stop.raising(): Thing()\n'
        '    say("ready")\n'
        '    assert sys.unraisablehook is hook\n'
        '    time.sleep(60)\n'
    )
    process.send_signal(SIGINT)
    status, _, said = ended(process)
    assert status == 130
    assert 'ValueError: mine' in said


def test_second_signal_ends_an_import(start: Run, tmp_path: Path) -> None:
    (tmp_path / 'slow_import.py').write_text(
        'import __main__\n__main__.say("ready")\n__main__.busy()'
    )
    process = start(
        'with watched() as stop, stop.raising():\n    import slow_import\n',
        before=f'sys.path.insert(0, {str(tmp_path)!r})\n',
    )
    process.send_signal(SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(SIGTERM)
    assert ended(process) == (143, '', '')


def test_raising_that_ends_with_an_import_ends_the_process(start: Run, tmp_path: Path) -> None:
    (tmp_path / 'slow_import.py').write_text(
        'import time\nprint("ready", flush=True)\nfor _ in range(40): time.sleep(0.01)\n'
    )
    process = start(
        'with watched(farewell="bye") as stop:\n'
        '    with stop.raising(): import slow_import\n'
        '    time.sleep(60)\n',
        before=f'sys.path.insert(0, {str(tmp_path)!r})\n',
    )
    process.send_signal(SIGTERM)
    assert ended(process) == (143, '', 'bye')


@pytest.mark.parametrize(('number', 'status'), [(SIGINT, 130), (SIGTERM, 143)])
@pytest.mark.parametrize('stretch', ['noted', 'raising'])
def test_second_signal_ends_whatever_it_is_in(
    start: Run, number: int, status: int, stretch: str
) -> None:
    process = start(
        f'with watched(serves=True) as stop, stop.{stretch}():\n'
        '    try: say("ready"); stop.wait()\n'
        '    except KeyboardInterrupt: pass\n'
        '    say("first"); busy()\n'
    )
    process.send_signal(SIGINT)
    assert process.stdout is not None
    assert process.stdout.readline() == 'first\n'
    time.sleep(0.15)
    process.send_signal(number)
    assert ended(process) == (status, '', '')


def test_same_signal_to_process_and_group_is_one_request(start: Run) -> None:
    process = start(
        'with watched(serves=True) as stop, stop.noted():\n'
        '    say("ready"); stop.wait(); time.sleep(0.5); say("tidy"); leave(stop.status)\n'
    )
    for _ in range(3):
        process.send_signal(SIGINT)
        time.sleep(0.005)
    assert ended(process) == (0, 'tidy\n', '')


def test_noted_ends_when_patience_does(start: Run) -> None:
    process = start(
        'with watched(serves=True) as stop, stop.noted(0.2):\n    say("ready"); busy()\n'
    )
    process.send_signal(SIGTERM)
    assert ended(process) == (0, '', '')


def test_join_is_safe_from_signals(start: Run) -> None:
    """Interrupted, it took a living thread for one that had ended (bpo-45274)."""
    process = start(
        'def work():\n'
        '    for _ in range(30): time.sleep(0.01)\n'
        'with watched() as stop, stop.noted():\n'
        '    thread = threading.Thread(target=work); thread.start()\n'
        '    say("ready"); thread.join()\n'
        '    leave(stop.status if stop.requested and not thread.is_alive() else 9)\n'
    )
    for _ in range(5):
        process.send_signal(SIGINT)
        time.sleep(0.01)
    assert ended(process) == (130, '', '')


def test_hangup_may_mean_reload(start: Run) -> None:
    process = start(
        'with watched(serves=True, reloads=True) as stop:\n'
        '    say("ready"); time.sleep(0.3)\n'  # as it loads: afterwards
        '    with stop.noted():\n'
        '        while not stop.requested:\n'
        '            if stop.take_reload(): say("again")\n'
        '            stop.wait(0.01)\n'
        '        leave(stop.status)\n'
    )
    assert process.stdout is not None
    for _ in range(2):
        process.send_signal(SIGHUP)
        assert process.stdout.readline() == 'again\n'
    process.send_signal(SIGTERM)
    assert ended(process) == (0, '', '')


def test_hangup_that_nohup_ignores_stays_ignored_and_interrupt_does_not(start: Run) -> None:
    process = start(
        'with watched() as stop, stop.noted():\n'
        '    say("ready"); stop.wait(); say(stop.number); leave(stop.status)\n',
        before='for n in (signal.SIGHUP, signal.SIGINT): signal.signal(n, signal.SIG_IGN)\n',
    )
    process.send_signal(SIGHUP)
    time.sleep(0.2)
    process.send_signal(SIGINT)
    assert ended(process) == (130, '2\n', '')


def test_handlers_are_as_before_when_nothing_came() -> None:
    numbers = (SIGINT, SIGTERM, SIGHUP)
    before, threads = [signal.getsignal(number) for number in numbers], threading.active_count()
    with watched() as stop:
        assert [signal.getsignal(number) for number in numbers] == [stop.handle] * 3
    assert [signal.getsignal(number) for number in numbers] == before
    assert threading.active_count() == threads
    assert not stop.requested
    signal.raise_signal(signal.SIGCHLD)  # no wakeup into a pipe that is closed


def test_other_threads_hear_nothing_and_go_on() -> None:
    heard = []

    def serve() -> None:
        with watched(serves=True) as stop, stop.noted():
            heard.append((stop.wait(0.01), stop.status, signal.getsignal(SIGTERM)))

    before = signal.getsignal(SIGTERM)
    thread = threading.Thread(target=serve)
    thread.start()
    thread.join(PATIENCE_S)
    assert heard == [(False, 0, before)]


def test_leave_flushes_what_was_printed() -> None:
    code = HEAD + 'print("kept", end=""); leave(7)'
    run = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert (run.returncode, run.stdout, run.stderr) == (7, 'kept', '')
    reading, writing = os.pipe()
    os.close(reading)
    buffered = {**os.environ, 'PYTHONUNBUFFERED': ''}
    run = subprocess.run(
        [sys.executable, '-c', code],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=buffered,
    )
    os.close(writing)
    assert (run.returncode, run.stderr) == (7, '')
