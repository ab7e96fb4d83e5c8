"""What takes long says so: compiling, and sources that are waited for."""

from __future__ import annotations

from collections.abc import Callable
import json
import os
from pathlib import Path
import pty
import shutil
import subprocess
import sys

import pytest

from openpose_ros.cli import waiting
from openpose_ros.cli.waiting import told_of_waiting

ROOT = Path(__file__).parents[2]
FAKE = ['--backend', 'fake']


def run(
    *words: str, root: Path = ROOT, code: str = 'from openpose_ros.__main__ import main'
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, 'PYTHONPATH': str(root)}
    return subprocess.run(
        [sys.executable, '-c', f'{code}; main()', *words],
        capture_output=True,
        text=True,
        env=environment,
        cwd=root,
        check=False,
    )


# What is compiled does not matter here; a minute would be waited for it.
UNCOMPILED = (
    'from openpose_ros.parsing._kernels import cache; '
    'load = cache.CheckedCacheFile._load; '
    'cache.CheckedCacheFile.load = lambda self, key: '
    '(cache._tell_of_compiling(), load(self, key))[1]; '
    'from openpose_ros.__main__ import main'
)


def test_first_start_says_that_it_compiles(make_picture: Callable[..., Path]) -> None:
    path = str(make_picture())
    first = run('estimate', path, *FAKE, code=UNCOMPILED)
    assert first.returncode == 0
    line = (
        'openpose-ros: compiling the parser, which takes up to a minute; later starts need not\n'
    )
    assert first.stderr.startswith(line)
    assert first.stderr.count('compiling') == 1
    assert 'compiling' not in run('estimate', path, *FAKE).stderr
    quiet = run('estimate', path, '--quiet', *FAKE, code=UNCOMPILED)
    assert (quiet.returncode, quiet.stderr) == (0, '')


def test_what_has_to_be_compiled_is_told_of(tmp_path: Path) -> None:
    """One function of the parser, where nothing is compiled yet, and then there again."""
    ignored = shutil.ignore_patterns('__pycache__', '*.onnx')
    shutil.copytree(ROOT / 'openpose_ros', tmp_path / 'openpose_ros', ignore=ignored)
    code = (
        'import logging; logging.basicConfig(level=logging.INFO, format="%(message)s"); '
        'from openpose_ros.parsing._kernels import compiling, sorting; '
        'compiling.from_python(sorting.argsort_descending); main = lambda: None'
    )
    first = run(root=tmp_path, code=code)
    assert 'compiling the parser, which takes up to a minute' in first.stderr, first
    assert 'compiling' not in run(root=tmp_path, code=code).stderr


def test_source_that_is_waited_for_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    with told_of_waiting('photo.jpg', said.append):
        pass
    assert said == [], 'what comes at once is not waited for'
    monkeypatch.setattr(waiting, '_PATIENCE_S', 0.0)
    reading, writing = os.pipe()
    with told_of_waiting('-', lambda line: os.write(writing, line.encode())):
        assert os.read(reading, 99) == b'waiting for -; Ctrl-C ends'
    os.close(reading)
    os.close(writing)


def test_terminal_gets_no_colours(make_picture: Callable[..., Path]) -> None:
    """ONNX Runtime's telemetry warned in yellow at each start, and before its first line."""
    path = make_picture()
    seen = b''

    def read(terminal: int) -> bytes:
        nonlocal seen
        data = os.read(terminal, 4096)
        seen += data
        return data

    words = [sys.executable, '-m', 'openpose_ros', 'estimate', str(path)]
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        status = pty.spawn([*words, '--backend', 'onnxruntime'], read, lambda _: b'')
    finally:
        os.chdir(before)
    assert os.waitstatus_to_exitcode(status) == 0
    assert seen.startswith(str(path).encode()) or b'compiling' in seen
    assert b'\x1b' not in seen


def test_table_never_lands_in_the_json(make_picture: Callable[..., Path]) -> None:
    words = f'"{sys.executable}" -m openpose_ros estimate "{make_picture()}" --backend fake'
    for closed in ('2>&-', '2>&- <&-'):
        ended = subprocess.run(
            ['bash', '-c', f'{words} --json - {closed}'],
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=True,
        )
        assert [json.loads(line)['frame'] for line in ended.stdout.splitlines()] == [0]
