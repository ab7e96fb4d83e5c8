"""The node as a user runs it: parameters, signals, and what happens when it cannot begin."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import re
import signal
import threading

import pytest

from openpose_ros.cli import main
from tests.cli.processes import run, running

pytestmark = pytest.mark.usefixtures('network')

FAKE = ('-p', 'backend:=fake')


def parameters(path: Path, text: str) -> Path:
    """Write a parameter file of the node."""
    path.write_text(f'/openpose:\n  ros__parameters: {{{text}}}\n', encoding='utf-8')
    return path


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_node_ends_quietly(number: int) -> None:
    with running('node', *FAKE, '-r', 'image:=/camera/raw', '-r', '__node:=eye') as node:
        node.wait_for('[eye]: listening to /camera/raw')
        assert node.stop(number) == 0
        assert all(line.startswith('[INFO] ') for line in node.said().splitlines())


def test_node_does_not_wait_for_a_pipe_again(tmp_path: Path) -> None:
    """As `--params-file <(…)` is one: its writer is gone."""
    pipe = tmp_path / 'mine.yaml'
    os.mkfifo(pipe)
    text = '/openpose: {ros__parameters: {backend: fake, min_parts: 4}}'
    writer = threading.Thread(target=pipe.write_text, args=[text], daemon=True)
    writer.start()
    with running('node', '--params-file', str(pipe)) as node:
        node.wait_for('listening')
        node.process.send_signal(signal.SIGHUP)
        node.wait_for(f'the parameter file {pipe} is no regular file, and cannot be read again')
        assert node.stop() == 0


@pytest.mark.parametrize(
    ('words', 'status'),
    [
        (['node', '--params-file', '/dev/zero'], 2),
        (['camera', 'PHOTO', '--camera-info', '/dev/zero'], 2),
        (['estimate', 'PHOTO', '--view', '--view-token-file', '/dev/zero'], 2),
    ],
)
def test_file_without_an_end_is_one_line(
    words: list[str],
    status: int,
    make_picture: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    photo = str(make_picture())
    assert main([photo if word == 'PHOTO' else word for word in words]) == status
    assert capsys.readouterr().err.endswith('/dev/zero: it has more than 16 MB\n')


def test_node_tells_of_a_rule_that_no_camera_follows() -> None:
    cameras = ('-p', 'cameras:=[front, left]', '-r', 'left/image:=/usb')
    with running('node', *FAKE, *cameras, '-r', 'image:=/camera/raw') as node:
        node.wait_for('listening to /front/image, /usb')
        assert node.stop() == 0
        (line,) = [one for one in node.said().splitlines() if '[WARN]' in one]
        assert line.endswith(
            'no camera uses image:=/camera/raw: the cameras are front, left; remap front/image'
        )


def test_node_ends_while_it_loads() -> None:
    with running('node', *FAKE, '--log-level', 'debug') as node:
        assert node.stop() in (0, -signal.SIGTERM)  # the latter before Python has begun
        assert 'Traceback' not in node.said()


def test_node_reads_its_file_again_or_not_at_all(tmp_path: Path) -> None:
    path = parameters(tmp_path / 'my params é.yaml', 'backend: fake, peak_threshold: 0.2')
    with running('node', '--params-file', str(path), '-p', 'min_parts:=4') as node:
        node.wait_for('listening')
        for text, says in (
            ('backend: fake, peak_threshold: 1', 'the parameters were read again'),
            ('backend: fake, peak_threshold: 7, min_parts: 2', 'nothing was changed: peak_thresh'),
            ('backend: fake, threshold: 1', "nothing was changed: unknown parameter 'threshold'"),
            ('backend: auto', 'nothing was changed: backend cannot change'),
            (
                'backend: fake, use_sim_time: true',
                'nothing was changed: use_sim_time changes only',
            ),
            ('backend: [', 'is not YAML'),
            ('model: 2026-02-30', 'is not YAML: day'),
            ('model: &x [*x]', 'holds itself'),
            ('model: 0b_', 'is not YAML'),
            ('nms_radius: 30.0', 'the parameters were read again'),  # of another decoder
            (f'min_score: {"9" * 400}', 'min_score is'),
            (f'min_parts: {"9" * 5000}', 'is not YAML'),
            ('peak_threshold: 0.2', 'the parameters were read again'),
        ):
            parameters(path, text)
            node.process.send_signal(signal.SIGHUP)
            node.wait_for(says)
        path.unlink()
        node.process.send_signal(signal.SIGHUP)
        node.wait_for('cannot read the parameter file')
        assert node.stop() == 0
        assert 'Traceback' not in node.said()


def test_node_of_several_cameras_reads_what_is_said_of_one_again(tmp_path: Path) -> None:
    cameras = 'backend: fake, cameras: [front, left]'
    path = parameters(tmp_path / 'mine.yaml', f'{cameras}, front: {{rotate: 90}}')
    rules = ('-r', 'left/image:=/usb/image', '-p', 'left.image_transport:=compressed')
    with running('node', '--params-file', str(path), *rules) as node:
        node.wait_for('listening to /front/image, /usb/image/compressed')
        for text, says in (
            (f'{cameras}, front.rotate: 180, left.enabled: false', 'were read again'),
            (cameras, 'were read again'),
            (f'{cameras}, front.rotate: 91', 'nothing was changed: front.rotate is 91'),
            (f'{cameras}, right.rotate: 90', "nothing was changed: unknown parameter 'right.rot"),
            ('backend: fake, cameras: [front, rear]', "changed: unknown parameter 'left.image_tr"),
            ('backend: fake, cameras: [front, left, rear]', 'changed: cameras cannot change from'),
        ):
            parameters(path, text)
            node.process.send_signal(signal.SIGHUP)
            node.wait_for(says)
        assert node.stop() == 0
        assert 'Traceback' not in node.said()


def test_node_without_a_file_says_so_at_sighup() -> None:
    with running('node', *FAKE) as node:
        node.wait_for('listening')
        node.process.send_signal(signal.SIGHUP)
        node.wait_for('nothing was read at SIGHUP: start the node with --params-file F')
        assert node.stop() == 0


WRONG = [  # arguments, exit status, what the one line says
    (['-p', 'peak_threshold:=7'], 2, 'peak_threshold is 7.0, but must be from 0.0 to 1.0'),
    (['-p', 'peak_threshold'], 2, 'NAME:=VALUE'),
    (['-p', 'speed:=1'], 2, "unknown parameter 'speed'; known: "),
    (['-r', 'image'], 2, 'no remapping rule FROM:=TO'),
    (['-r', '__ns:=front'], 2, "'front' is not a namespace"),
    (['--params-file', 'gone.yaml'], 2, 'cannot read the parameter file gone.yaml'),
    ([*FAKE, '-p', 'qos_overrides./image.subscription.depth:=0'], 2, 'must be 1 to 1000'),
    (['-p', 'model:=gone'], 1, "the model 'gone' is neither"),
    ([*FAKE, '-p', 'nms_radius:=30.0'], 2, "another decoder than 'paf'"),
    ([*FAKE, '-p', 'model:=posenet-mobilenet-v1-075', '-p', 'min_parts:=4'], 2, "than 'posenet'"),
    ([*FAKE, '-p', 'precision:=int8'], 2, "precision is 'int8'"),
    (['-p', 'cameras:=front,left'], 2, 'must be a list of words: [one] or [one, other]'),
    (['-p', 'cameras:=[front, Left]'], 2, "'Left' is no name of a camera"),
    (['-p', 'cameras:=[front]', '-p', 'left.rotate:=90'], 2, "no camera is called 'left'"),
    (['-p', 'front.rotate:=90'], 2, 'cameras has one, which has no name'),
]


@pytest.mark.parametrize(('arguments', 'status', 'says'), WRONG)
def test_node_that_cannot_begin_says_why_in_one_line(
    arguments: list[str], status: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['node', *arguments]) == status
    lines = capsys.readouterr().err.splitlines()
    (reason,) = [line for line in lines if not line.startswith('[INFO] ')]
    assert reason.startswith('openpose-ros: ')
    assert says in reason


def test_node_needs_a_domain_that_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('ROS_DOMAIN_ID', 'robot')
    ended = run('node', *FAKE)
    assert ended.returncode == 1
    assert ended.stderr == (
        "openpose-ros: ROS_DOMAIN_ID is 'robot', but must be a whole number from 0 to 232\n"
    )


def test_node_without_dds_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr('openpose_ros.cli.network.find_spec', lambda name: None)
    assert main(['node']) == 2
    assert 'pip install cyclonedds rosbags' in capsys.readouterr().err


def test_node_serves_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    from urllib.request import urlopen

    with running('node', *FAKE, '--view', '127.0.0.1:0') as node:
        node.wait_for('listening to')
        (origin,) = re.findall(r'^openpose-ros: view: (http://127.0.0.1:\d+)/#', node.said(), re.M)
        with urlopen(origin) as page:
            assert b'openpose_ros' in page.read()
        assert node.stop(signal.SIGINT) == 0


@pytest.mark.parametrize('address', ['nowhere', ':::1'])
def test_node_with_no_address_for_its_page_says_so(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['node', *FAKE, '--view', address]) == 2
    assert f"view is '{address}', but must be HOST:PORT" in capsys.readouterr().err
