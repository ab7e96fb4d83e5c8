"""The ROS 2 installation; without one, a single line."""

from __future__ import annotations

from importlib.machinery import PathFinder
from importlib.util import find_spec
import os
from pathlib import Path
import re
import site
import sys

from openpose_ros.cli.checks.finding import Finding
from openpose_ros.cli.checks.probe import ask_python
from openpose_ros.commands import command

INSTALLATIONS = Path('/opt/ros')
_RCLPY = 'import rclpy\nfacts = {"rmw": rclpy.get_rmw_implementation_identifier()}'
_MESSAGES = """
from rclpy.type_support import check_for_type_support
from openpose_ros.msg import PersonArray
check_for_type_support(PersonArray)
facts = {}
"""
# What the node does with an image; the compiled half is not touched before that.
_CV_BRIDGE = """
import numpy
import cv_bridge
from sensor_msgs.msg import Image
image = Image(height=2, width=2, encoding='rgb8', step=6, data=bytes(12))
cv_bridge.CvBridge().imgmsg_to_cv2(image, 'bgr8')
facts = {'numpy': numpy.__version__}
"""


def check_ros() -> list[Finding]:
    """Return the distribution, and whether the ROS node can run here."""
    distro = os.environ.get('ROS_DISTRO')
    if not distro:
        return [_not_sourced()]
    first = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)[-1]
    findings = [Finding('ROS 2', 'ok', f'{distro}, {first}'), _rclpy(distro)]
    if findings[-1].state != 'broken':
        findings.append(_messages())
    return [*findings, _others(distro), _cv_bridge()]


def _not_sourced() -> Finding:
    setups = sorted(INSTALLATIONS.glob('*/setup.bash'))
    if setups:
        return Finding('ROS 2', 'missing', 'installed, not sourced', f'source {setups[-1]}')
    return Finding('ROS 2', 'missing', f"not installed; '{command('node')}' does without")


def _rclpy(distro: str) -> Finding:
    """Import rclpy, which loads the middleware."""
    facts, trouble, errors = ask_python(_RCLPY)
    wanted = os.environ.get('RMW_IMPLEMENTATION', '')
    if wanted and f'lib{wanted}.so' in errors:
        found = f'its middleware {wanted}, from RMW_IMPLEMENTATION, is not installed'
        fix = f'sudo apt install ros-{distro}-{wanted.replace("_", "-")}'
        return Finding('rclpy', 'broken', found, fix)
    if trouble:
        theirs, ours = _built_for(), '.'.join(map(str, sys.version_info[:2]))
        if theirs not in ('', ours):
            found = f'built for Python {theirs}, but this is {ours}'
            return Finding('rclpy', 'broken', found, 'ros2 run openpose_ros openpose-ros doctor')
        return Finding('rclpy', 'broken', trouble, f'sudo apt install ros-{distro}-rclpy')
    if facts['rmw'] == 'rmw_zenoh_cpp':
        ours = f"'{command('node')}', camera and echo"
        found = f'rmw_zenoh_cpp; {ours} speak DDS and do not meet it'
        return Finding('rclpy', 'warning', found)
    return Finding('rclpy', 'ok', facts['rmw'])


def _built_for() -> str:
    """Return the Python that rclpy's compiled half is for, from its file's name; '' unknown."""
    spec = find_spec('rclpy')
    for folder in (spec and spec.submodule_search_locations) or ():
        for path in Path(folder).glob('_rclpy_pybind11.cpython-*.so'):
            if match := re.search(r'cpython-(\d)(\d+)', path.name):
                return f'{match[1]}.{match[2]}'
    return ''


def _messages() -> Finding:
    """Import our generated messages; where they were built with another Python they fail too."""
    _, trouble, _ = ask_python(_MESSAGES)
    if not trouble:
        return Finding('openpose_ros.msg', 'ok', 'built and found')
    if PathFinder.find_spec('openpose_ros.msg', _package_path()) is None:
        state, found = 'missing', 'not built or not sourced; only the ROS node needs them'
    else:
        state, found = 'broken', trouble
    fix = 'colcon build --packages-select openpose_ros && source install/setup.bash'
    return Finding('openpose_ros.msg', state, found, fix)


def _others(distro: str) -> Finding:
    """Look for the messages of others that the node can publish people in."""
    from openpose_ros.ros.node.transport import OTHERS

    lacking = {name: package for name, package in OTHERS.items() if find_spec(package) is None}
    if not lacking:
        return Finding('messages of others', 'ok', ', '.join(OTHERS.values()))
    packages = ' '.join(f'ros-{distro}-{name.replace("_", "-")}' for name in lacking.values())
    found = (
        f'not installed: {", ".join(lacking.values())}; only the parameters '
        f'{", ".join(lacking)} want them'
    )
    return Finding('messages of others', 'missing', found, f'sudo apt install {packages}')


def _package_path() -> list[str]:
    import openpose_ros

    return list(openpose_ros.__path__)


def _cv_bridge() -> Finding:
    """Import cv_bridge, which is compiled for one NumPy and can crash with another."""
    if find_spec('cv_bridge') is None:
        return Finding('cv_bridge', 'missing', 'not needed: we convert images ourselves')
    facts, trouble, errors = ask_python(_CV_BRIDGE)
    if not trouble:
        return Finding('cv_bridge', 'ok', f'works with NumPy {facts["numpy"]}')
    versions = re.search(r'compiled using NumPy (\S+) cannot be run in\s+NumPy (\S+)', errors)
    if versions:
        trouble = f'compiled for NumPy {versions[1]}, but here is {versions[2]}'
    found = f'{trouble}; we convert images ourselves, other nodes cannot'
    return Finding('cv_bridge', 'warning', found, _older_numpy() if versions else '')


def _older_numpy() -> str:
    """Return how to get rid of the NumPy that cv_bridge does not take."""
    spec = find_spec('numpy')
    if spec and spec.origin and spec.origin.startswith(f'{site.getusersitepackages()}/'):
        return 'pip uninstall numpy'  # pip put it before the system's
    return "pip install 'numpy<2' 'opencv-python-headless<4.12'"  # later ones want NumPy 2
