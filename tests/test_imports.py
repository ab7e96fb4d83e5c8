"""Libraries that find what harms them, or are broken: the import goes on, or says why not."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
import subprocess
import sys

import pytest

from openpose_ros._imports import hidden

ROOT = Path(__file__).parents[1]
# What Debian 12 has of coverage 6.5, and Ubuntu 24.04 of 7.4, to Numba: no `types`.
OLD_COVERAGE = "__version__ = '6.5.0'\n"


def run_with(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with modules of a folder before those that are installed."""
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, 'PYTHONPATH': os.pathsep.join([str(folder), str(ROOT)])},
        capture_output=True,
        text=True,
        check=False,
    )


def test_hidden_module_is_as_not_installed_and_comes_back() -> None:
    assert 'colorsys' not in sys.modules or sys.modules.pop('colorsys')
    with hidden('colorsys'), pytest.raises(ImportError):
        importlib.import_module('colorsys')
    assert importlib.import_module('colorsys').rgb_to_hsv(0, 0, 0) == (0, 0, 0)


def test_module_that_was_imported_before_is_not_hidden() -> None:
    with hidden('pytest', 'surely_not_there'):
        assert importlib.import_module('pytest') is pytest
    assert 'surely_not_there' not in sys.modules


def test_module_comes_back_after_an_exception() -> None:
    with pytest.raises(ZeroDivisionError), hidden('surely_not_there'):
        _ = 1 / 0
    assert 'surely_not_there' not in sys.modules


@pytest.mark.parametrize(
    'use',
    [
        'from openpose_ros.parsing import parse_pafs; print(parse_pafs.__name__)',
        'import openpose_ros; openpose_ros.PoseEstimator; '
        'from openpose_ros.parsing.paf.parse import parse_pafs; print(parse_pafs.__name__)',
    ],
)
def test_parser_is_imported_beside_an_old_coverage(tmp_path: Path, use: str) -> None:
    (tmp_path / 'coverage').mkdir()
    (tmp_path / 'coverage/__init__.py').write_text(OLD_COVERAGE)
    run = run_with(tmp_path, '-c', f'{use}; import coverage; print(coverage.__version__)')
    assert run.stdout == 'parse_pafs\n6.5.0\n', run.stderr


@pytest.mark.parametrize(
    'source',
    [
        "raise AttributeError('half a library')",
        "raise ImportError('half a library')",
        "raise SystemError('half a library')",
    ],
)
def test_broken_numba_is_named_and_its_error_is_the_cause(tmp_path: Path, source: str) -> None:
    (tmp_path / 'numba').mkdir()
    (tmp_path / 'numba/__init__.py').write_text(source)
    run = run_with(tmp_path, '-c', 'from openpose_ros.parsing import parse_pafs')
    assert run.returncode == 1
    last = run.stderr.splitlines()[-1]
    assert 'half a library' in last
    assert 'cannot import name' not in last


@pytest.mark.parametrize('verb', ['estimate', 'demo'])
def test_broken_numba_is_one_line_of_a_verb(tmp_path: Path, verb: str) -> None:
    (tmp_path / 'numba').mkdir()
    (tmp_path / 'numba/__init__.py').write_text("raise AttributeError('half a library')")
    photo = str(ROOT / 'openpose_ros/cli/data/crew.jpg')
    run = run_with(tmp_path, '-m', 'openpose_ros', verb, photo)
    assert run.returncode == 1
    assert 'Traceback' not in run.stderr
    assert 'half a library' in run.stderr
    assert 'doctor' in run.stderr or verb == 'demo'  # whose node says it


def test_nothing_is_told_to_the_makers_of_engines(tmp_path: Path) -> None:
    """No thread and no process of anybody's telemetry is there after both engines ran."""
    pytest.importorskip('openvino', reason='OpenVINO is not installed')
    code = (
        'import multiprocessing, os, sys\n'
        'import openpose_ros\n'
        "for backend in ('onnxruntime', 'openvino'):\n"
        '    openpose_ros.open_engine(backend=backend).close()\n'
        "print([n for n in sys.modules if n.startswith('openvino_telemetry')])\n"
        'print(multiprocessing.active_children())\n'
        "print(os.environ['ORT_DISABLE_TELEMETRY'], os.listdir(os.environ['HOME']))\n"
    )
    home = tmp_path / 'home'
    home.mkdir()
    run = subprocess.run(
        [sys.executable, '-c', code],
        env={**os.environ, 'HOME': str(home), 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.splitlines()[:2] == ['[]', '[]'], run.stderr
    assert run.stdout.splitlines()[2] == '1 []'


def test_scipy_is_not_imported_with_the_parser_and_still_there_for_others() -> None:
    pytest.importorskip('scipy.linalg')
    code = """
import sys
import numba
import numpy as np
from openpose_ros.parsing import parse_pafs
print('scipy.linalg' in sys.modules)
print(numba.njit(lambda a: (a @ a)[1, 1])(2 * np.eye(2)))
"""
    run = run_with(ROOT, '-c', code)
    assert run.stdout.split() == ['False', '4.0'], run.stderr


def test_memory_that_is_missing_is_named(tmp_path: Path) -> None:
    """What llvmlite raises under `ulimit -v`: a guess, and below it what the loader said."""
    (tmp_path / 'numba').mkdir()
    (tmp_path / 'numba/__init__.py').write_text(
        'try:\n'
        "    raise OSError('libllvmlite.so: failed to map segment from shared object')\n"
        'except OSError:\n'
        "    raise OSError('Could not find libllvmlite.so; permissions may be incorrect')\n"
    )
    ended = run_with(tmp_path, '-c', 'import openpose_ros.parsing._kernels')
    assert ended.stderr.splitlines()[-1] == (
        'ImportError: Numba cannot be imported (libllvmlite.so: failed to map segment from shared '
        'object: too little memory is left, or allowed by ulimit -v)'
    )
