"""What libraries print is caught; what others print meanwhile is not lost."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from openpose_ros.pictures.stderr import caught_stderr

LINES = [
    b'libpng error: IDAT: CRC error\n',
    b'[ERROR:0@2.266] global loadsave.cpp:1705 imdecode_ cannot\n',
    b'[INFO] [1700000000.123] [openpose]: images come again\n',
    b'mine\n',
]


def test_lines_are_told_apart(capfd: pytest.CaptureFixture[str]) -> None:
    with caught_stderr(lambda line: line == 'mine') as caught:
        for line in LINES:
            os.write(2, line)
    assert caught.text.encode() == LINES[0] + LINES[1] + LINES[3]
    assert capfd.readouterr().err.encode() == LINES[2]


def test_lines_are_passed_on_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with caught_stderr(lambda _: False):
            os.write(2, LINES[2])
            raise ValueError('oops')

    with pytest.raises(ValueError, match='oops'):
        fail()
    assert capfd.readouterr().err.encode() == LINES[2]


def test_no_file_stays_open() -> None:
    before = os.listdir('/proc/self/fd')
    for _ in range(5):
        with caught_stderr(lambda _: True):
            pass
    assert len(os.listdir('/proc/self/fd')) == len(before)


def test_closed_stderr_is_no_trouble() -> None:
    program = (
        'from benchmarks.fuzz_pictures import encoded\n'
        'from openpose_ros.pictures import decode_picture\n'
        'import os; os.close(2)\n'
        "print(decode_picture(encoded('.jpg')[:-400], 'it').image.shape)\n"
    )
    process = subprocess.run(
        [sys.executable, '-c', program], stdout=subprocess.PIPE, text=True, check=False
    )
    assert (process.returncode, process.stdout) == (0, '(47, 61, 3)\n')


def test_process_that_was_forked_meanwhile_decodes() -> None:
    program = (
        'import os\n'
        'from benchmarks.fuzz_pictures import encoded\n'
        'from openpose_ros.pictures import decode_picture\n'
        'from openpose_ros.pictures.stderr import caught_stderr\n'
        'with caught_stderr(lambda _: False):\n'
        '    child = os.fork()\n'
        '    if not child:\n'
        "        os._exit(decode_picture(encoded('.jpg'), 'it').image.shape[0])\n"
        'print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n'
    )
    process = subprocess.run(
        [sys.executable, '-c', program],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    assert process.stdout == '47\n'
