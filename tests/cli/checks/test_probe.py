"""Programs that crash, hang or talk too much are one answer each."""

from __future__ import annotations

from pathlib import Path
import subprocess
import sys
import time

import pytest

from openpose_ros.cli.checks.probe import ask_python, missing_libraries, run


def test_facts_come_back_among_the_noise_of_libraries() -> None:
    answer = ask_python('print("loading …", end="")\nfacts = {"größe": [1, "zwei"]}')
    assert answer == ({'größe': [1, 'zwei']}, '', '')


@pytest.mark.parametrize(
    ('code', 'trouble'),
    [
        ('import nothing_of_that_name', "ModuleNotFoundError: No module named 'nothing_of_that_n"),
        ('raise ValueError("first\\nsecond")', 'ValueError: first'),
        ('raise ValueError', 'ValueError:'),  # nothing to say
        ('import os, signal; os.kill(os.getpid(), signal.SIGSEGV)', 'it crashes (SIGSEGV)'),
        ('import sys; sys.exit(3)', 'exit status 3'),
        ('import os; os._exit(0)', 'it ended without an answer'),
        (
            'import ctypes; ctypes.CDLL("libnothing.so.7")',
            'it needs libnothing.so.7, which cannot be found',
        ),
        (  # a sentence already, so without its class
            'from openpose_ros.models import load_model; load_model("nonsense")',
            "the model 'nonsense' is neither a file nor a known name",
        ),
    ],
)
def test_failure_is_one_line(code: str, trouble: str) -> None:
    answer = ask_python(code)
    assert answer.facts == {}
    assert answer.trouble.startswith(trouble), answer
    assert '\n' not in answer.trouble


def test_path_is_this_process_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / 'numpy.py').write_text('raise SystemExit("the wrong numpy")')
    monkeypatch.chdir(tmp_path)
    assert ask_python('import numpy\nfacts = {}').trouble == ''
    monkeypatch.syspath_prepend(str(tmp_path))
    assert ask_python('import numpy\nfacts = {}').trouble == 'the wrong numpy'


def test_what_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    started = tmp_path / 'child'
    # The child keeps stdout open and ignores the end of its parent.
    command = f'sleep 600 & echo $! > {started}; echo so far; wait'
    before = time.monotonic()
    output, trouble, _ = run(['sh', '-c', command], 0.5)
    assert time.monotonic() - before < 60, 'it waited for the child'
    assert (output, trouble) == ('so far\n', 'no answer within 0.5 s')
    state = Path(f'/proc/{started.read_text().strip()}/stat')
    assert not state.exists() or state.read_text().split()[2] == 'Z'


def test_program_that_cannot_start_says_so() -> None:
    assert run(['/nowhere/nvidia-smi'], 1)[1].startswith('/nowhere/nvidia-smi cannot be started')


def test_missing_libraries_are_named_once() -> None:
    line = 'libcublasLt.so.12: cannot open shared object file: No such file or directory'
    assert missing_libraries(f'{line}\nand again {line}') == ['libcublasLt.so.12']


def test_process_that_is_asked_does_not_outlive_who_asks(tmp_path: Path) -> None:
    """Whatever ends that: a second Ctrl-C leaves no time to kill anybody."""
    number = tmp_path / 'number'
    command = ['bash', '-c', f'echo $$ > {number}.new; mv {number}.new {number}; exec sleep 600']
    code = f'from openpose_ros.cli.checks.probe import run; run({command!r}, 600)'
    deadline_s = time.monotonic() + 30
    with subprocess.Popen([sys.executable, '-c', code]) as asking:
        while not number.exists():
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
        asking.kill()
    while Path(f'/proc/{int(number.read_text())}').exists():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
