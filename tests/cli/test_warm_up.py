"""Warm-up as a Dockerfile runs it."""

from __future__ import annotations

import os
from pathlib import Path
import shutil
import subprocess
import sys

from openpose_ros.parsing.warming import compile_kernels

ROOT = Path(__file__).parents[2]


def ran(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, '-m', 'openpose_ros', 'warm-up'],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )


def test_warm_up_says_where_everything_is(tmp_path: Path) -> None:
    once = ran(ROOT, NUMBA_CACHE_DIR=str(tmp_path))
    assert once.returncode == 0, once.stderr
    assert once.stderr == 'compiling the parser, which takes up to a minute …\n'
    counts, *folders = once.stdout.splitlines()
    number, compiled, there = (int(word) for word in counts.split() if word.isdecimal())
    assert number == len(compile_kernels()[0])
    assert (number >= 4, number) == (True, compiled + there)
    for folder in folders:
        assert [path for path in Path(folder).iterdir() if path.suffix == '.nbc']
    again = ran(ROOT, NUMBA_CACHE_DIR=str(tmp_path)).stdout.splitlines()
    assert again[0].startswith(f'{number} functions: 0 compiled in ')
    assert f' s, {number} were there; for the processor ' in again[0]
    assert again[1:] == folders


def test_warm_up_thinks_of_more_than_the_parser() -> None:
    names = {kernel.name for kernel in compile_kernels()[0]}
    assert {'paf.parse.parse', 'spatial.depths.find_surfaces'} <= names or not names


def test_warm_up_without_a_cache_fails(tmp_path: Path) -> None:
    # Nothing is to be compiled in a test: one kernel is enough.
    shutil.copytree(
        ROOT / 'openpose_ros',
        tmp_path / 'openpose_ros',
        ignore=shutil.ignore_patterns('__pycache__', '*.onnx'),
    )
    package = tmp_path / 'openpose_ros'
    for path in package.glob('**/_kernels/*.py'):
        if path.name != '__init__.py' and path.parents[1].name != 'parsing':
            path.unlink()
    kernels = package / 'parsing/_kernels'
    (kernels / '__pycache__').touch()  # a file where the folder would be stops even root
    run = ran(tmp_path, NUMBA_CACHE_DIR='', HOME='/dev/null', XDG_CACHE_HOME='/dev/null')
    assert run.returncode == 1
    assert 'functions cannot be kept, so that every start compiles them' in run.stderr
    assert 'export NUMBA_CACHE_DIR=' in run.stderr.splitlines()[-1]


def test_warm_up_without_compiling_fails() -> None:
    run = ran(ROOT, NUMBA_DISABLE_JIT='1')
    assert (run.returncode, run.stdout) == (1, '')
    assert run.stderr.endswith('openpose-ros: nothing is compiled: unset NUMBA_DISABLE_JIT\n')
