"""The node and the camera as processes: signals at any moment, alone or to the whole group."""

from __future__ import annotations

import os
from pathlib import Path
import random
import signal
import subprocess
import sys
from time import monotonic, sleep

import pytest

pytest.importorskip('rclpy', reason='needs rclpy')
pytestmark = pytest.mark.usefixtures('domain')

ROOT = Path(__file__).parents[3]
RUNS = 20
PATIENCE_S = 30.0


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    code = f'from openpose_ros.ros.rclpy.programs import {program}; raise SystemExit({program}())'
    return subprocess.Popen(
        [sys.executable, '-c', code, '--ros-args', *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={
            **os.environ,
            'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        },
    )


@pytest.mark.parametrize('seed', range(RUNS))
def test_node_ends_well_at_any_moment(seed: int) -> None:
    chance = random.Random(seed)
    process = start('openpose_node')
    # From its first import until it works; before that Python itself is interrupted.
    sleep(0.3 + chance.uniform(0, 1) ** 2 * 5)
    number = chance.choice([signal.SIGINT, signal.SIGTERM])
    twice, hup = chance.random() < 0.3, chance.random() < 0.3
    send = os.killpg if chance.random() < 0.5 else os.kill
    if hup:
        send(process.pid, signal.SIGHUP)
        sleep(chance.uniform(0, 0.3))
    assert process.poll() is None, process.communicate()[0]
    asked_s = monotonic()
    send(process.pid, number)
    if twice:
        sleep(chance.uniform(0.15, 0.3))
        if process.poll() is None:
            send(process.pid, number)
    said = process.communicate(timeout=PATIENCE_S)[0]
    assert process.returncode in ((0, 128 + number) if twice else (0,)), said
    assert 'Traceback' not in said
    assert monotonic() - asked_s < PATIENCE_S


@pytest.mark.parametrize('program', ['openpose_node', 'openpose_camera', 'openpose_follow'])
@pytest.mark.parametrize(
    'arguments',
    [
        ('-p', 'use_sim_time:=maybe'),
        ('--params-file', 'nowhere.yaml'),
        ('-r', 'a b:='),
        ('--log-level', 'loud'),
    ],
)
def test_what_ros_itself_refuses_is_one_line(program: str, arguments: tuple[str, ...]) -> None:
    process = start(program, *arguments)
    said = process.communicate(timeout=PATIENCE_S)[0]
    assert process.returncode == 1, said
    assert 'Traceback' not in said
    assert f'{program}: error: ' in said.splitlines()[-1]


@pytest.mark.parametrize('period', ['.nan', '-1.0'])
def test_diagnostics_that_cannot_be_so_often_are_one_line(period: str) -> None:
    process = start('openpose_node', '-p', f'diagnostic_updater.period:={period}')
    said = process.communicate(timeout=PATIENCE_S)[0]
    assert process.returncode == 1, said
    assert 'Traceback' not in said


def test_parameter_that_no_node_has_is_told() -> None:
    process = start('openpose_node', '-p', 'backend:=fake', '-p', 'peak_treshold:=0.5')
    assert process.stdout is not None
    try:
        for line in process.stdout:
            assert 'loaded and warm' not in line
            if 'cannot configure' in line:
                assert "unknown parameter 'peak_treshold'; the nearest is" in line
                break
        else:
            pytest.fail('the node ended')
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def test_node_reads_its_files_again_at_sighup(tmp_path: Path) -> None:
    file = tmp_path / 'params.yaml'
    section = '/**:\n  ros__parameters:\n    backend: fake\n    peak_threshold: {}\n'
    file.write_text(section.format(0.2))
    process = start('openpose_node', '--params-file', str(file))
    assert process.stdout is not None

    def until(text: str) -> None:
        for line in process.stdout or ():
            if text in line:
                return
        pytest.fail(f"the node ended without saying '{text}'")

    try:
        until('loaded and warm')
        for content, said in [
            (section.format(0.3), 'the parameters were read again'),
            (section.format(7), 'nothing was changed: peak_threshold'),
            ('/**: {ros__parameters: {model: 2026-02-30}}', 'nothing was changed: the parameter'),
            (section.format(0.4), 'the parameters were read again'),
        ]:
            file.write_text(content)
            process.send_signal(signal.SIGHUP)
            until(said)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0


def test_node_does_not_wait_for_a_pipe_again(tmp_path: Path) -> None:
    pipe = tmp_path / 'params.yaml'
    os.mkfifo(pipe)
    process = start('openpose_node', '--params-file', str(pipe))
    assert process.stdout is not None
    # Opened once ROS reads it; nobody writes to it a second time.
    pipe.write_text('/openpose: {ros__parameters: {backend: fake, min_parts: 4}}')
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if 'loaded and warm' in line:
                process.send_signal(signal.SIGHUP)
            if 'is no regular file, and cannot be read again' in line:
                break
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert 'fake engine' in ''.join(said)
    assert not [line for line in said if 'has no section' in line]


def test_camera_goes_on_past_a_damaged_picture(tmp_path: Path) -> None:
    photo = (ROOT / 'openpose_ros/cli/data/crew.jpg').read_bytes()
    for name, content in [('1.jpg', photo), ('2.jpg', b'no picture'), ('3.jpg', photo)]:
        (tmp_path / name).write_bytes(content)
    process = start('openpose_camera', '-p', f'source:={tmp_path}', '-p', 'rate:=20.0')
    sleep(4)
    assert process.poll() is None, process.communicate()[0]
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=PATIENCE_S)[0]
    assert process.returncode == 0
    assert said.count('2.jpg') == 1
    assert 'Traceback' not in said
