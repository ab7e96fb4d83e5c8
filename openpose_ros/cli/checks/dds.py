"""What decides whether nodes find each other, and whether large images arrive."""

from __future__ import annotations

import os
from pathlib import Path

from openpose_ros.cli.checks.finding import Finding
from openpose_ros.cli.checks.libraries import version_of
from openpose_ros.cli.checks.probe import ask_python
from openpose_ros.cli.network import check_dds
from openpose_ros.commands import command
from openpose_ros.errors import LibraryError, TransportError
from openpose_ros.ros.dds.environment import cyclone_config, domain_of

RECEIVE_BUFFER = Path('/proc/sys/net/core/rmem_max')
_ENOUGH_BYTES = 1 << 22  # for raw images of 1280x720
_ADVISED_BYTES = 1 << 24  # what we ask of Cyclone DDS
# Values that tell nothing about anybody's network; of the others only the name is shown.
_SHOWN = ('ROS_DOMAIN_ID', 'ROS_AUTOMATIC_DISCOVERY_RANGE', 'ROS_LOCALHOST_ONLY')
_NAMED = ('ROS_STATIC_PEERS', 'CYCLONEDDS_URI', 'FASTRTPS_DEFAULT_PROFILES_FILE')
_JOIN = """
from openpose_ros.ros.dds.participant import Participant
from openpose_ros.ros.node.names import Names
with Participant(Names('openpose_doctor')):
    facts = {}
"""


def check_settings() -> list[Finding]:
    """Return the domain, and the environment variables that say who is looked for."""
    try:
        domain = domain_of(os.environ)
        cyclone_config(os.environ)
    except TransportError as exc:
        return [Finding('discovery', 'broken', str(exc), f'unset {str(exc).split()[0]}')]
    found = [f'domain {domain}']
    found += [f'{name}={os.environ[name]}' for name in _SHOWN[1:] if os.environ.get(name)]
    found += [f'{name} is set' for name in _NAMED if os.environ.get(name)]
    text = ', '.join(found)
    if os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE') == 'OFF':
        fix = 'unset ROS_AUTOMATIC_DISCOVERY_RANGE'
        return [Finding('discovery', 'warning', f'{text}: no node will be found', fix)]
    return [Finding('discovery', 'ok', text)]


def check_buffers() -> list[Finding]:
    """Return the largest buffer that the kernel lets a socket have."""
    try:
        size = int(RECEIVE_BUFFER.read_text(encoding='ascii'))
    except (OSError, ValueError):
        return [Finding('net.core.rmem_max', 'ok', 'cannot be read here, as in some containers')]
    found = f'{size / (1 << 20):.1f} MB'
    if size < _ENOUGH_BYTES:
        found += f'; raw images of 1280x720 need {_ENOUGH_BYTES >> 20} MB or packets are lost'
        fix = f'sudo sysctl -w net.core.rmem_max={_ADVISED_BYTES}'
        return [Finding('net.core.rmem_max', 'warning', found, fix)]
    return [Finding('net.core.rmem_max', 'ok', found)]


def check_cyclone() -> list[Finding]:
    """Join the network as `openpose-ros node` does, and leave it again."""
    try:
        check_dds()
    except LibraryError:
        found = f"not installed; '{command('node')}', camera and echo need it"
        return [Finding('Cyclone DDS', 'missing', found, 'pip install cyclonedds rosbags')]
    _, trouble, _ = ask_python(_JOIN)
    if trouble:
        return [Finding('Cyclone DDS', 'broken', trouble)]
    return [Finding('Cyclone DDS', 'ok', f'{version_of("cyclonedds")}, joins the domain')]
