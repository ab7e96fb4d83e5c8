"""Engines in the child of a fork, as gunicorn --preload makes it: left alone, whole ends."""

from __future__ import annotations

from pathlib import Path
import subprocess
import sys

import pytest

from tests.engine.graphs import write_network

PROGRAM = """
import os, sys
import numpy as np
from openpose_ros import open_engine
from openpose_ros.errors import EngineError

def run(engine):
    return engine.infer(np.zeros((1, 3, 16, 16), np.float32)).pafs.shape

path, backend, what = sys.argv[1:]
engine = open_engine(path, backend=backend)
assert run(engine) == (1, 38, 2, 2)
child = os.fork()
if child == 0:
    if what == 'close':
        engine.close()
    elif what == 'forget':
        del engine
    elif what == 'use':
        try:
            run(engine)
        except EngineError as exc:
            print(exc, flush=True)
    elif what == 'open':
        with open_engine(path, backend=backend) as own:
            print(*run(own), flush=True)
    sys.exit(7)
_, status = os.waitpid(child, 0)
assert run(engine) == (1, 38, 2, 2)
engine.close()
print('child', os.waitstatus_to_exitcode(status))
"""


@pytest.fixture(scope='module')
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('forks')
    return write_network(folder / 'tiny.onnx', {'heatmaps': 19, 'pafs': 38}).path


@pytest.mark.parametrize('backend', ['onnxruntime', 'openvino'])
@pytest.mark.parametrize(
    ('what', 'said'),
    [
        ('exit', ''),
        ('close', ''),
        ('forget', ''),
        ('use', 'open an engine after the fork, not before it'),
        ('open', '1 38 2 2'),
    ],
)
def test_child_of_a_fork_ends_and_leaves_the_engine_alone(
    model: Path, backend: str, what: str, said: str
) -> None:
    pytest.importorskip(backend, reason=f'{backend} is not installed')
    run = subprocess.run(
        [sys.executable, '-W', 'ignore::DeprecationWarning', '-c', PROGRAM, model, backend, what],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    *child, parent = run.stdout.splitlines()
    assert parent == 'child 7'
    assert said in ' '.join(child)
    assert not run.stderr
