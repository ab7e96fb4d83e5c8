"""The demo finds somebody over the network, or says what it lacks; it leaves no process behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from openpose_ros.cli import demo, main
from openpose_ros.models.default import default_name, processor_flags
from tests.cli.processes import run

MakeFile = Callable[..., Path]

pytestmark = pytest.mark.usefixtures('network')


@pytest.fixture
def no_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv('OPENPOSE_ROS_MODEL_PATH', raising=False)
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(tmp_path / 'cache'))


def test_demo_finds_the_person_in_a_photograph(
    shared: Path, tmp_path: Path, no_models: None
) -> None:
    photo = shared / 'images/000000000785.jpg'
    ended = run('demo', str(photo), '-o', str(tmp_path))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f'{default_name("cpu", processor_flags())} runs with' in ended.stderr
    assert 'person 0: score ' in ended.stdout
    assert 'nose' in ended.stdout
    assert 'listening to /image' in ended.stderr  # the node's own words
    assert (tmp_path / '000000000785.jpg').is_file()
    assert (tmp_path / '000000000785_keypoints.json').is_file()


@pytest.mark.slow  # waits for people who do not come
def test_demo_fails_where_nobody_is(
    make_picture: MakeFile, tmp_path: Path, no_models: None
) -> None:
    ended = run('demo', str(make_picture()), '--output', str(tmp_path / 'out'))
    assert ended.returncode == 1
    assert 'nobody was found with 8 keypoints or more' in ended.stdout


def test_demo_fails_when_a_process_does(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('ROS_DOMAIN_ID', 'robot')
    photo = shared / 'images/000000000785.jpg'
    ended = run('demo', str(photo), '--output', str(tmp_path))
    assert ended.returncode == 1
    assert 'ended before a message came' in ended.stderr
    assert "ROS_DOMAIN_ID is 'robot'" in ended.stderr


@pytest.mark.usefixtures('no_models')
def test_demo_without_a_model_says_what_to_do(
    make_picture: MakeFile, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ['--model', 'mobilenetv2-pose-dm14', '--output', str(tmp_path / 'out')]
    assert main(['demo', str(make_picture()), *arguments]) == 1
    captured = capsys.readouterr()
    assert 'is not on this machine; ' in captured.err
    assert captured.err.count('\n') == 1


def test_demo_has_a_photograph_of_its_own(tmp_path: Path, no_models: None) -> None:
    ended = run('demo', '--output', str(tmp_path))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert 'crew.jpg: 3 received' in ended.stdout
    assert (tmp_path / 'crew.jpg').is_file()
    assert 'public domain' in (demo.PHOTO.parent / 'README.md').read_text(encoding='utf-8')
