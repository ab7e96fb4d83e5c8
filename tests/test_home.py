"""A home folder is found also where HOME is set to nothing, as in some containers."""

from __future__ import annotations

import os
from pathlib import Path
import pwd
import subprocess
import sys

import pytest

from openpose_ros.home import expand_user, forget_empty_home
from openpose_ros.models.finding import cache_folder

ROOT = Path(__file__).parents[1]
HOME = pwd.getpwuid(os.getuid()).pw_dir


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('HOME', '')
    for name in ('OPENPOSE_ROS_CACHE', 'XDG_CACHE_HOME'):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures('empty')
def test_an_empty_home_is_the_users() -> None:
    assert cache_folder() == Path(HOME, '.cache/openpose_ros')
    assert expand_user('~') == HOME
    assert expand_user(Path('~/net.onnx')) == f'{HOME}/net.onnx'
    assert expand_user('~root/net.onnx') == os.path.expanduser('~root/net.onnx')
    assert expand_user('a~/net.onnx') == 'a~/net.onnx'


def test_a_home_that_is_set_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('HOME', '/somewhere')
    assert expand_user('~/net.onnx') == '/somewhere/net.onnx'
    forget_empty_home()
    assert os.environ['HOME'] == '/somewhere'


@pytest.mark.usefixtures('empty')
def test_a_user_without_an_entry_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, 'getuid', lambda: 2**31 - 7)
    assert expand_user('~/net.onnx') == '~/net.onnx'


@pytest.mark.usefixtures('empty')
def test_commands_let_nothing_else_take_it_either() -> None:
    """Numba, which asks by itself, keeps what it compiled in ~/.cache."""
    program = (
        'import os\n'
        'from openpose_ros.cli import main\n'
        'main(["models", "list"])\n'
        'print(os.path.expanduser("~"))'
    )
    run = subprocess.run(
        [sys.executable, '-c', program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines()[-1] == HOME
