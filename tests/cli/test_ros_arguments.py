"""ROS's own arguments, folded into the flags of our verbs."""

from __future__ import annotations

from pathlib import Path

import pytest

from openpose_ros.cli import main
from openpose_ros.cli.log_levels import LogLevel, level_of, log_level
from openpose_ros.cli.ros_arguments import fold_ros_arguments
from tests.cli.processes import running

FOLDED = [  # words, what they become
    ('node -r a:=b', 'node -r a:=b'),  # no group
    ('node --ros-args', 'node'),
    ('node --ros-args -p x:=-1 --param y:=2', 'node --param=x:=-1 --param=y:=2'),
    ('node --ros-args -r a:=b --remap __ns:=/front', 'node --remap=a:=b --remap=__ns:=/front'),
    ('node --ros-args --params-file f --log-level e', 'node --params-file=f --log-level=e'),
    # a group ends with --, and another one may follow
    (
        'node --ros-args -p x:=1 -- -p y:=2 --ros-args -p z:=3',
        'node --param=x:=1 -p y:=2 --param=z:=3',
    ),
    ('node --ros-args -p', 'node --param'),  # which argparse complains about
    ('echo topic --ros-args -r a:=b', 'echo topic --remap=a:=b'),
    ('estimate --ros-args -r a:=b', 'estimate --ros-args -r a:=b'),  # no node
]


@pytest.mark.parametrize(('words', 'expected'), FOLDED)
def test_ros_arguments_become_flags(
    words: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = words.split()
    assert fold_ros_arguments(given, given[0]) == expected.split()
    assert capsys.readouterr().err == ''


IGNORED = [  # words, what is left, what the line names
    (
        'node --ros-args --disable-rosout-logs -p x:=1',
        'node --param=x:=1',
        '--disable-rosout-logs',
    ),
    (
        'node --ros-args -e /room --log-file-name a -- -p x:=1',
        'node -p x:=1',
        '-e /room --log-file-name a',
    ),
    ('camera a.mp4 --ros-args -p use_sim_time:=true', 'camera a.mp4', '-p use_sim_time:=true'),
]


@pytest.mark.parametrize(('words', 'expected', 'named'), IGNORED)
def test_other_ros_arguments_are_ignored_with_one_line(
    words: str, expected: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = words.split()
    assert fold_ros_arguments(given, given[0]) == expected.split()
    assert capsys.readouterr().err == f'openpose-ros: {given[0]} ignores {named} of --ros-args\n'


LEVELS = [  # --log-level, the level of front.openpose
    ([], 'info'),
    (['WARN'], 'warning'),
    (['front.openpose:=debug'], 'debug'),
    (['front:=error', 'debug'], 'error'),  # the nearer name goes before
    (['front:=error', 'front.openpose:=fatal', 'front:=debug'], 'fatal'),
    (['error', 'warning'], 'warning'),  # the last of equals
    (['openpose:=debug', 'fron:=debug'], 'info'),  # other loggers
]


@pytest.mark.parametrize(('given', 'level'), LEVELS)
def test_log_level_is_that_of_the_nearest_name(given: list[str], level: str) -> None:
    assert level_of('front.openpose', list(map(log_level, given))) == level


def test_log_level_names_its_logger() -> None:
    assert log_level('a.b:=Warn') == LogLevel('a.b', 'warning')


@pytest.mark.parametrize('text', ['loud', 'openpose:=loud', ':=info', ''])
def test_log_level_that_is_none(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(['node', '--ros-args', '--log-level', text]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"'{text}' is no level; choose one of debug, info, warning, error, fatal" in line


def ended(arguments: list[str]) -> int | str | None:
    try:
        return main(arguments)
    except SystemExit as exc:
        return exc.code


@pytest.mark.usefixtures('network')
def test_node_with_arguments_of_ros(tmp_path: Path) -> None:
    path = tmp_path / 'own.yaml'
    path.write_text('/front/eye:\n  ros__parameters: {backend: fake}\n')
    words = (
        *('--ros-args', '-r', '__ns:=/front', '-r', '__node:=eye', '-r', 'image:=/camera/raw'),
        *('--params-file', str(path), '-p', 'eye:min_parts:=4', '-p', 'other:speed:=9'),
        *('--enable-rosout-logs', '--', '--ros-args', '--log-level', 'front:=debug'),
        *('--log-level', 'rcl:=fatal'),
    )
    with running('node', *words) as node:
        node.wait_for('[front.eye]: listening to /camera/raw')
        assert node.stop() == 0
        said = node.said()
    assert said.startswith('openpose-ros: node ignores --enable-rosout-logs of --ros-args\n')
    assert '[WARN] [' in said
    assert 'no level of rcl: the logger here is front.eye' in said


@pytest.mark.usefixtures('network')
def test_node_warns_of_its_file_before_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / 'strange.yaml'
    path.write_text('/camera:\n  ros__parameters: {rate: 5}\n')
    with running('node', '-p', 'backend:=fake', '--params-file', str(path)) as node:
        node.wait_for('listening')
        assert 'has no section for /openpose, and changes nothing' in node.said()
        assert node.stop() == 0
