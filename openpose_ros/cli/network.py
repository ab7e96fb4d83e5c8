"""What the verbs on the ROS network have in common."""

from __future__ import annotations

import argparse
from importlib.util import find_spec

from openpose_ros.errors import TransportError


def add_rules(parser: argparse.ArgumentParser) -> None:
    """Give the parser the remapping rules."""
    parser.add_argument(
        '-r',
        '--remap',
        action='append',
        default=[],
        metavar='FROM:=TO',
        help='a rule as in ROS: image:=/camera/image_raw, __ns:=/front, __node:=name',
    )
    # Only for the help: `fold_ros_arguments` has turned what follows into the flags above.
    parser.add_argument(
        '--ros-args',
        action='store_true',
        help="what follows, up to --, are arguments as ROS's own tools write them",
    )


def check_dds() -> None:
    """
    See that DDS can be spoken.

    Raises
    ------
    TransportError
        If not, with what to do.

    """
    missing = [name for name in ('cyclonedds', 'rosbags') if find_spec(name) is None]
    if missing:
        raise TransportError(
            f'this needs {" and ".join(missing)}: pip install {" ".join(missing)}. Where there is '
            'no wheel of cyclonedds, on a Jetson say, build the package in a ROS 2 workspace and '
            'run its node: ros2 run openpose_ros openpose_node'
        )
