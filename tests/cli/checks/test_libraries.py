"""Libraries as they are here, and as they break elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import shutil
import subprocess
import sys

import cv2
import numba
import numpy as np
import pytest

from openpose_ros.cli.checks import libraries

ROOT = Path(__file__).parents[3]
Put = Callable[[str, str], None]


def test_libraries_here_are_well() -> None:
    [numpy], [numba_found], [opencv] = (
        libraries.check_numpy(),
        libraries.check_numba(),
        libraries.check_opencv(),
    )
    assert numpy == ('NumPy', 'ok', np.__version__, '')
    assert numba_found.found.startswith(numba.__version__)
    assert opencv.found.startswith(f'{cv2.__version__}, with')
    has_ffmpeg = 'FFMPEG:                      YES' in cv2.getBuildInformation()
    assert (', with FFmpeg' in opencv.found) == has_ffmpeg


@pytest.mark.parametrize(
    ('built', 'found'),
    [
        ('  GUI:                           NONE', 'without windows'),
        ('  GUI:                           QT5', 'with windows'),
        ('  GUI: \n    GTK+:                        YES (ver 3.24)', 'with windows'),  # Ubuntu
    ],
)
def test_opencv_tells_what_it_was_built_with(built: str, found: str, fake_module: Put) -> None:
    lines = f'{built}\n    FFMPEG:                      YES\n    GStreamer:          NO\n'
    fake_module('cv2', f'__version__ = "4.5.4"\ndef getBuildInformation(): return {lines!r}')
    [finding] = libraries.check_opencv()
    assert finding.found.startswith(f'4.5.4, {found}, with FFmpeg, without GStreamer')


def test_opencv_installed_twice_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    both = {'opencv-python': '4.9', 'opencv-python-headless': '5.0'}
    monkeypatch.setattr(libraries, 'version_of', lambda package: both.get(package, ''))
    [finding] = libraries.check_opencv()
    assert finding.state == 'warning'
    assert finding.fix == (
        'pip uninstall -y opencv-python opencv-python-headless && pip install opencv-python'
    )


def test_broken_library_is_one_line(fake_module: Put) -> None:
    fake_module('cv2', 'raise ImportError("libGL.so.1: cannot open shared object file: No such")')
    [finding] = libraries.check_opencv()
    assert finding.state == 'broken'
    assert finding.found == 'it needs libGL.so.1, which cannot be found'
    assert finding.fix == 'pip install --force-reinstall opencv-python-headless'


def test_library_that_is_not_there_is_broken(fake_module: Put) -> None:
    fake_module('numpy', 'raise ModuleNotFoundError("No module named \'numpy\'")')
    [finding] = libraries.check_numpy()
    assert finding.state == 'broken'
    assert finding.fix.endswith('numpy')


def test_numba_that_does_not_compile_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('NUMBA_DISABLE_JIT', '1')
    [finding] = libraries.check_numba()
    assert (finding.state, finding.fix) == ('warning', 'unset NUMBA_DISABLE_JIT')


def test_numba_without_a_cache_is_a_warning(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / 'openpose_ros',
        tmp_path / 'openpose_ros',
        ignore=shutil.ignore_patterns('__pycache__'),
    )
    # A file where the folder would be: that stops even root.
    (tmp_path / 'openpose_ros/parsing/_kernels/__pycache__').touch()
    code = (
        'from openpose_ros.cli.checks import libraries\n'
        'print(*libraries.check_numba()[0], sep="|")'
    )
    nowhere = {'HOME': '/dev/null', 'XDG_CACHE_HOME': '/dev/null', 'PATH': ''}
    run = subprocess.run(
        [sys.executable, '-c', code], cwd=tmp_path, env=nowhere, capture_output=True, text=True
    )
    assert run.stdout.startswith('Numba|warning|'), run.stderr
    assert '|export NUMBA_CACHE_DIR=' in run.stdout
