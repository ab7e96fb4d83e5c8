"""What the verbs on the ROS network have in common."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path

from openpose_ros.errors import LibraryError


def add_node_parameters(parser: argparse._ActionsContainer, *, again: str = '') -> None:
    """Give a parser, or a group of it, the flags for a node's parameters."""
    parser.add_argument(
        '--params-file',
        type=Path,
        action='append',
        default=[],
        metavar='F',
        help=f'parameters in YAML, as ROS has them; {again}may be given several times',
    )
    parser.add_argument(
        '-p',
        '--param',
        action='append',
        default=[],
        metavar='NAME:=VALUE',
        help='a parameter (see config/openpose.yaml); may be given several times',
    )


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


def check_bags(feature: str) -> None:
    """
    See that bags can be read.

    Parameters
    ----------
    feature : str
        What needs that, as a user calls it.

    Raises
    ------
    LibraryError
        If not, with what to do.

    """
    if find_spec('rosbags') is None:  # as in a workspace, with ROS's own Python
        raise LibraryError(feature, 'rosbags', "pip install 'rosbags>=0.11'")


def check_dds() -> None:
    """
    See that DDS can be spoken.

    Raises
    ------
    LibraryError
        If not, with what to do.

    """
    missing = [name for name in ('cyclonedds', 'rosbags') if find_spec(name) is None]
    if missing:
        raise LibraryError(
            'speaking DDS',
            ' and '.join(missing),
            f'pip install {" ".join(missing)}. Where there is no wheel of cyclonedds, on a Jetson '
            'say, build the package in a ROS 2 workspace and run its node: '
            'ros2 run openpose_ros openpose_node',
        )
