"""Importing the package and asking for help load nothing heavy."""

from __future__ import annotations

from pathlib import Path
import subprocess
import sys

import pytest

from openpose_ros.cli import VERBS

ROOT = Path(__file__).parents[1]
HEAVY = {'numpy', 'numba', 'cv2', 'onnxruntime', 'onnx', 'rclpy', 'cyclonedds'}
FRONTS = ('drawing', 'engine', 'io', 'models', 'parsing', 'ros.messages', 'skeletons')
IN_MODELS = ('list', 'show', 'fetch', 'import')


def loaded_by(code: str) -> set[str]:
    """Return the modules that are loaded when code has been run in a process of its own."""
    run = subprocess.run(
        [
            *(sys.executable, '-W', 'error', '-c'),
            f'import atexit, sys\natexit.register(lambda: print("", *sys.modules))\n{code}',
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return set(run.stdout.splitlines()[-1].split())


@pytest.mark.parametrize('name', ['openpose_ros', *(f'openpose_ros.{name}' for name in FRONTS)])
def test_importing_a_front_is_light(name: str) -> None:
    loaded = loaded_by(f'import {name}')
    assert name in loaded
    assert not HEAVY & loaded


@pytest.mark.parametrize(
    'words',
    [
        *(['--help'], ['--version']),
        *([verb, '--help'] for verb in VERBS),
        *(['models', verb, '--help'] for verb in IN_MODELS),
    ],
    ids=' '.join,
)
def test_asking_the_command_line_is_light(words: list[str]) -> None:
    loaded = loaded_by(f'from openpose_ros.cli import main\nmain({words!r})')
    verbs = {VERBS[word][0] for word in words[:1] if word in VERBS}
    if words[0] == 'view':
        verbs.add(VERBS['estimate'][0])  # which it is, with a page
    assert {name for name, *_ in VERBS.values()} & loaded == verbs  # and no other verb
    assert not HEAVY & loaded


def test_what_is_heavy_is_found() -> None:
    assert loaded_by('import numpy') & HEAVY == {'numpy'}
