"""The verb `doctor`, as a user with a problem types it."""

from __future__ import annotations

import json
import os
from pathlib import Path
import subprocess
import sys

import pytest

from openpose_ros.cli import doctor, main
from openpose_ros.cli.checks import models
from openpose_ros.cli.checks.finding import Finding
from tests.cli.processes import ROOT

FINE = Finding('thing', 'ok', '1.0')


def diagnose(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, '-m', 'openpose_ros', 'doctor', *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        timeout=300,
        check=False,
    )


def only(monkeypatch: pytest.MonkeyPatch, *checks: doctor.Check, estimate: Finding = FINE) -> None:
    monkeypatch.setattr(doctor, '_CHECKS', {'group': checks})
    monkeypatch.setattr(models, 'check_estimate', lambda model: [estimate])


def test_machine_of_the_tests_can_estimate(shared: Path) -> None:
    run = diagnose(OPENPOSE_ROS_MODEL_PATH=str(shared / 'models'))
    assert run.returncode == 0, run.stdout
    assert run.stderr == ''
    lines = run.stdout.splitlines()
    assert 'machine:' in lines
    assert lines[-1].split()[:2] == ['ok', 'estimate']
    assert sum(line.startswith('  ok ') for line in lines) > 10


def test_machine_in_a_mess_is_one_line_each(tmp_path: Path) -> None:
    (tmp_path / 'onnxruntime.py').write_text('import os, signal\nos.kill(os.getpid(), 11)')
    (tmp_path / 'cv2.py').write_text('import numpy\nnumpy.float')  # as for NumPy 1.19
    program = tmp_path / 'nvidia-smi'
    program.write_text('#!/bin/sh\necho "NVIDIA-SMI has failed" && exit 9')
    program.chmod(0o755)
    run = diagnose(
        '--json',
        '-',
        PYTHONPATH=str(tmp_path),
        PATH=f'{tmp_path}:{os.environ["PATH"]}',
        HOME='',
        OPENPOSE_ROS_MODEL_PATH=str(tmp_path),
        OPENPOSE_ROS_CACHE='/proc/cache',
        ROS_DOMAIN_ID='many',
    )
    assert run.returncode == 1
    assert 'Traceback' not in run.stdout + run.stderr
    document = json.loads(run.stdout)
    assert document['can_estimate'] is False
    states = {item['name']: item['state'] for item in document['findings']}
    for name in ('ONNX Runtime', 'OpenCV', 'NVIDIA driver', 'discovery', 'estimate'):
        assert states[name] == 'broken', document
    assert states['cache'] == 'warning'
    assert states['models'] == 'missing'
    assert states['NumPy'] == 'ok'
    assert all('\n' not in item['found'] for item in document['findings'])


@pytest.mark.parametrize('distro', ['', 'jazzy'])
def test_broken_numpy_breaks_no_more_than_needs_it(distro: str, tmp_path: Path) -> None:
    (tmp_path / 'numpy.py').write_text('import os\nos.abort()')
    run = diagnose('--json', '-', PYTHONPATH=str(tmp_path), ROS_DISTRO=distro)
    assert run.returncode == 1, 'something that the doctor imports (models?) imports NumPy'
    states = {item['name']: item['state'] for item in json.loads(run.stdout)['findings']}
    assert states['NumPy'] == states['estimate'] == 'broken'
    assert states['Python'] == 'ok'


def test_finding_is_printed_with_its_fix(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv('HOME', '/home/me')
    old = Finding('old', 'warning', '/home/me/old.so', 'pip install new')
    only(monkeypatch, lambda: [FINE, old])
    assert main(['doctor']) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ['group:'],
        ['ok', 'thing', '1.0'],
        ['warning', 'old', '~/old.so'],
        ['fix:', 'pip', 'install', 'new'],
        ['all', 'together:'],
        ['ok', 'thing', '1.0'],
    ]


def test_check_that_fails_itself_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def check_disk() -> list[Finding]:
        raise RuntimeError('first\nsecond')

    only(monkeypatch, check_disk, lambda: [FINE])
    assert main(['doctor', '--json', '-']) == 0
    failed, fine, _ = json.loads(capsys.readouterr().out)['findings']
    assert (failed['name'], failed['state']) == ('disk', 'broken')
    assert failed['found'] == 'could not be looked at: RuntimeError: first'
    assert fine['state'] == 'ok'


@pytest.mark.parametrize(('state', 'status'), [('ok', 0), ('warning', 0), ('broken', 1)])
def test_only_estimate_decides(
    state: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = Finding('optional', 'broken', 'beyond repair')
    only(monkeypatch, lambda: [broken], estimate=Finding('estimate', state, 'as said'))
    assert main(['doctor']) == status
    assert 'beyond repair' in capsys.readouterr().out
