"""Threads take turns, and the child of a fork waits for none that it has not."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, sys, threading, time
import numpy as np
from openpose_ros import PoseEstimator
from openpose_ros.errors import OpenPoseError

class Slow:
    def __init__(self, engine):
        self.engine, self.spec = engine, engine.spec
        self.precision, self.description = engine.precision, engine.description
    def infer(self, batch):
        begun.set()
        ended.wait()
        return self.engine.infer(batch)
    def close(self):
        pass

begun, ended = threading.Event(), threading.Event()
fake = PoseEstimator.from_model(backend='fake')
estimator = PoseEstimator(fake.spec, Slow(fake.engine), {'min_score': 0.0}, (64, 64))
frame = np.zeros((48, 64, 3), np.uint8)
thread = threading.Thread(target=estimator, args=[frame])
thread.start()
begun.wait()
child = os.fork()
if child == 0:
    ended.set()
    if sys.argv[1] == 'use':
        print(len(estimator(frame)), flush=True)
    estimator.close()
    os._exit(7)
_, status = os.waitpid(child, 0)
ended.set()
thread.join()
print('child', os.waitstatus_to_exitcode(status), len(estimator(frame)))
"""


@pytest.mark.parametrize('what', ['use', 'close'])
def test_a_fork_while_another_thread_has_its_turn(what: str) -> None:
    run = subprocess.run(
        [sys.executable, '-W', 'ignore::DeprecationWarning', '-c', PROGRAM, what],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    *child, parent = run.stdout.splitlines()
    assert parent == 'child 7 3'
    assert child == (['3'] if what == 'use' else [])


def test_who_forks_in_her_turn_has_it_still() -> None:
    program = """
import os
from openpose_ros.turns import Turn
turn = Turn()
with turn:
    with turn:
        child = os.fork()
if child == 0:
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    run = subprocess.run(
        [sys.executable, '-c', program], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout == '7\n'
