"""What the verbs on the ROS network have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
import signal

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


@contextmanager
def on_stop(action: Callable[[], None]) -> Iterator[None]:
    """
    Do something at Ctrl-C, in the background too, and at a service manager's stop.

    Who receives messages must not raise then; see `Participant.spin`.
    """
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: action()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before):
            signal.signal(number, handler)


def interrupt() -> None:
    """Raise what Ctrl-C raises, as an action of `on_stop`."""
    raise KeyboardInterrupt
