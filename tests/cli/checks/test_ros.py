"""ROS as it is found by those who have not got it, and by those whose Python is another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import sys

import pytest

from openpose_ros.cli.checks import ros

Put = Callable[[str, str], None]
RCLPY = """
def get_rmw_implementation_identifier():
    return 'rmw_cyclonedds_cpp'
"""
# What NumPy 2 writes to stderr, and what the import of such a module then raises.
OLD_CV_BRIDGE = """
import sys
print('''
A module that was compiled using NumPy 1.x cannot be run in
NumPy 2.4.6 as it may crash. To support both 1.x and 2.x
''', file=sys.stderr)
raise ImportError('numpy.core.multiarray failed to import')
"""


@pytest.fixture
def sourced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('ROS_DISTRO', 'jazzy')
    monkeypatch.setenv('AMENT_PREFIX_PATH', '/home/me/ws/install/openpose_ros:/opt/ros/jazzy')
    monkeypatch.delenv('RMW_IMPLEMENTATION', raising=False)


def by_name(name: str) -> tuple[str, str, str]:
    [found] = [finding for finding in ros.check_ros() if finding.name == name]
    return found[1:]


def test_ros_that_is_not_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv('ROS_DISTRO', raising=False)
    monkeypatch.setattr(ros, 'INSTALLATIONS', tmp_path)
    [finding] = ros.check_ros()
    assert (finding.state, finding.fix) == ('missing', '')
    (tmp_path / 'jazzy').mkdir()
    (tmp_path / 'jazzy/setup.bash').touch()
    [finding] = ros.check_ros()
    assert finding.fix == f'source {tmp_path}/jazzy/setup.bash'


def test_middleware_that_is_not_installed_is_named(
    sourced: None, fake_module: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('RMW_IMPLEMENTATION', 'rmw_connextdds')
    fake_module(  # rcl ends the process
        'rclpy',
        'import os, sys\n'
        'sys.stderr.write("librmw_connextdds.so: cannot open shared object file: No such file")\n'
        'sys.stderr.flush()\n'
        'os._exit(1)',
    )
    state, found, fix = by_name('rclpy')
    assert state == 'broken'
    assert 'rmw_connextdds' in found
    assert fix == 'sudo apt install ros-jazzy-rmw-connextdds'


def test_rclpy_of_another_python_is_named(
    sourced: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / 'rclpy'
    package.mkdir()
    (package / '__init__.py').write_text('from rclpy import _rclpy_pybind11')
    (package / '_rclpy_pybind11.cpython-38-aarch64-linux-gnu.so').touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, 'rclpy', raising=False)  # that of other tests
    state, found, fix = by_name('rclpy')
    assert state == 'broken'
    assert found.startswith('built for Python 3.8, but this is 3.')
    assert fix.startswith('ros2 run')


def test_middleware_that_is_no_dds_is_a_warning(sourced: None, fake_module: Put) -> None:
    fake_module('rclpy', RCLPY.replace('cyclonedds', 'zenoh'))
    assert by_name('rclpy')[0] == 'warning'


def test_messages_that_are_not_built_are_missing(sourced: None, fake_module: Put) -> None:
    fake_module('rclpy', RCLPY)
    state, _, fix = by_name('openpose_ros.msg')
    assert state in ('missing', 'broken')  # broken where a workspace is sourced
    assert fix.startswith('colcon build --packages-select openpose_ros')


def test_cv_bridge_of_another_numpy_is_a_warning(sourced: None, fake_module: Put) -> None:
    fake_module('rclpy', RCLPY)
    fake_module('cv_bridge', OLD_CV_BRIDGE)
    state, found, fix = by_name('cv_bridge')
    assert state == 'warning'
    assert found.startswith('compiled for NumPy 1.x, but here is 2.4.6')
    assert 'numpy' in fix


def test_cv_bridge_that_crashes_python_is_a_warning(sourced: None, fake_module: Put) -> None:
    fake_module('cv_bridge', 'import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)')
    state, found, _ = by_name('cv_bridge')
    assert (state, found.split(';')[0]) == ('warning', 'it crashes (SIGSEGV)')


def test_messages_of_others_are_counted(
    sourced: None, fake_module: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_module('hri_msgs', '')
    there = ros.find_spec
    monkeypatch.setattr(  # on a machine that has them
        ros, 'find_spec', lambda name: None if name[:6] in ('vision', 'foxglo') else there(name)
    )
    state, found, fix = by_name('messages of others')
    assert (state, 'hri_msgs' in found) == ('missing', False)
    assert 'vision_msgs, foxglove_msgs; only the parameters detections, image_annot' in found
    assert fix == 'sudo apt install ros-jazzy-vision-msgs ros-jazzy-foxglove-msgs'


def test_messages_of_others_that_are_all_there(sourced: None, fake_module: Put) -> None:
    for name in ('hri_msgs', 'vision_msgs', 'foxglove_msgs'):
        fake_module(name, '')
    assert by_name('messages of others')[0] == 'ok'
